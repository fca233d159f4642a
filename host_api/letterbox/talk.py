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
COMMANDS = 1000
"""Commands of one kind on one connection."""
COMMAND_BYTES = 512
LINE_BYTES = 65_536
"""A line of a message. RFC 5321 allows 1000; programs that write longer ones are many."""
BUSY = b"421 4.3.2 Too many connections, try again later\r\n"
LATER = "451 4.3.2 Too much at once, try again later"


class Talk(SMTP):
    """A connection that the letterbox knows of until it is lost."""

    line_length_limit = LINE_BYTES

    def __init__(self, box: Letterbox) -> None:
        """Take the letterbox that this connection came to."""
        self._box = box
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
        super().connection_lost(error)

    def hang_up(self, *, now: bool) -> None:
        """Close the connection: at once, or once what was answered has gone."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort() if now else self.transport.close()

    def _timeout_cb(self) -> None:
        # The library closes, and a client that reads nothing would keep the connection for ever.
        self.hang_up(now=True)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 — the library's name
        """Take a message, unless too many are under way: each may use memory, and runs vals."""
        if not self._box.begin():
            await self.push(LATER)
            return
        try:
            await super().smtp_DATA(arg)
        finally:
            self._box.end()

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
