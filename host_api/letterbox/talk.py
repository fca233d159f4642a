"""One connection: the library's SMTP, with its loose ends tied.

Everything about what a client may use up: time, commands, bytes; nothing about what is answered.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING

from aiosmtpd.smtp import SMTP

if TYPE_CHECKING:
    from host_api.letterbox.listening import Letterbox

IDLE_SECONDS = 120.0
"""How long a client may take for a command, or for a whole message."""
ARRIVING = 64 * 1024 * 1024
"""Bytes of messages that arrive at the same time, all together."""
COMMANDS = 1000
"""Commands of one kind on one connection."""
LINGER_SECONDS = 2.0
"""How long a message that was broken off is dropped as it comes, before the connection is cut."""
COMMAND_BYTES = 512
LINE_BYTES = 65_536
"""A line of a message. RFC 5321 allows 1000; programs that write longer ones are many."""
LINE_COST = 64
"""Bytes that a line of a message costs beside its own: the library keeps each by itself."""
MUCH = 4
"""How many times as much as it may have a message may be before nothing more of it is read."""
TOO_MUCH = b"552 5.3.4 Too much mail data\r\n"
FULL = b"421 4.3.2 Too much at once, try again later\r\n"
BUSY = b"421 4.3.2 Too many connections, try again later\r\n"
LATER = "451 4.3.2 Too much at once, try again later"


class Talk(SMTP):
    """A connection that the letterbox knows of until it is lost."""

    line_length_limit = LINE_BYTES

    def __init__(self, box: Letterbox) -> None:
        """Take the letterbox that this connection came to."""
        self._box, self._arrived, self._deaf = box, -1, False
        # The library's is one for all connections, and each of them changes it.
        self.command_size_limits = defaultdict(lambda: COMMAND_BYTES)
        super().__init__(
            box.handler,
            data_size_limit=box.settings.body,
            enable_SMTPUTF8=True,
            hostname=box.settings.domain_of_mail,
            ident="Valgate",
            timeout=IDLE_SECONDS,
            command_call_limit=COMMANDS,
            loop=asyncio.get_running_loop(),
        )

    @property
    def task(self) -> asyncio.Task[None] | None:
        """What reads the commands."""
        return self._handler_coroutine

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to talk."""
        self._box.talks.add(self)
        super().connection_made(transport)
        if self.task is not None:
            self.task.add_done_callback(_seen)

    def connection_lost(self, error: Exception | None) -> None:
        """End; the library cancels what runs."""
        self._box.talks.discard(self)
        self._forget()
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Take bytes in: those of a message cost memory, also where the library only looks for the end of a line."""
        if self._deaf:
            return None
        if self._arrived >= 0:
            cost = len(data) + LINE_COST * data.count(b"\n")
            self._arrived += cost
            self._box.arriving += cost
            if self._arrived > MUCH * self._box.settings.body:
                return self._break_off(TOO_MUCH)
            if self._box.arriving > ARRIVING:
                return self._break_off(FULL)
        return super().data_received(data)

    def _break_off(self, told: bytes) -> None:
        """Say why nothing more is read, and drop what comes until the client has had time to see it."""
        self._forget()
        self._deaf = True
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.write(told)
            self._reset_timeout(LINGER_SECONDS)

    def _forget(self) -> None:
        """No message arrives."""
        self._box.arriving -= max(self._arrived, 0)
        self._arrived = -1

    def hang_up(self, *, now: bool) -> None:
        """Close the connection: at once, or once what was answered has gone."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort() if now else self.transport.close()

    def _timeout_cb(self) -> None:
        # The library closes, and a client that reads nothing would keep the connection for ever.
        self.hang_up(now=True)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 — the library's name
        """Take a message; what arrives of it counts."""
        self._arrived = 0
        try:
            await super().smtp_DATA(arg)
        finally:
            self._forget()

    async def _call_handler_hook(self, command: str, *args: object) -> object:
        """Let what has arrived run, unless too many do; one that only arrives keeps nobody from it."""
        if command != "DATA":
            return await super()._call_handler_hook(command, *args)
        if not self._box.begin():
            return LATER
        try:
            return await super()._call_handler_hook(command, *args)
        finally:
            self._box.end()

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Find the address in a command; what the library's parser breaks at is none."""
        try:
            found: tuple[str | None, str | None] = super()._getaddr(arg)
        except Exception:  # noqa: BLE001 - it breaks in many ways, and each would be a line of the operator's log
            return None, None
        return found

    def take_time(self) -> None:
        """Let the client wait for as long as a val may run: its silence is ours."""
        self._reset_timeout(self._box.settings.limits.wall + IDLE_SECONDS)


class Refused(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say so, and close."""
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(BUSY)
            transport.close()


def _seen(task: asyncio.Task[None]) -> None:
    """Take note of how a connection ended: a reset is no event."""
    with suppress(asyncio.CancelledError):
        task.exception()
