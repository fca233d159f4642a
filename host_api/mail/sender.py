"""The sender: what is due leaves the outbox, batch after batch, while a server runs.

Any number of processes may send from one database: each takes messages in hand, and others leave those alone.
It must never hand a message over twice: see carrier.py for where the line is drawn, store/deliveries.py for how it is kept.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import structlog
from aiosmtplib import SMTP

from host_api.mail.carrier import Result, Unreachable, connected, hand_over, ready_again
from host_api.mail.letter import Letter, Unwritable, write
from host_api.mail.retry import next_try
from host_api.mail.server import Server
from host_api.settings import Settings
from host_api.store import Mail, Stage, Store
from host_api.store.clock import now_ms
from kernel.errors import ValgateError

log = structlog.get_logger("valgate.mail")

BATCH = 25
"""Messages that one connection is opened for."""
CONNECTIONS = 2
POLL_SECONDS = 1.0
STOP_SECONDS = 10.0
"""How long a message under way may take once the server stops; after that it is in doubt."""
STOPPED = "the server was stopped before the mail server answered; whether it was taken is not known"


def _chance() -> float:
    return secrets.randbelow(1000) / 999


@dataclass(frozen=True, slots=True)
class Post:
    """Where mail goes, and who sends it: an address, whose domain we call ourselves."""

    server: Server
    sender: str

    @property
    def name(self) -> str:
        """What we call ourselves to a mail server."""
        return self.sender.rpartition("@")[2]


class Sender:
    """Sends what is due: `round` once, `run` until `stop`."""

    def __init__(
        self, store: Store, post: Post, now: Callable[[], int] = now_ms, chance: Callable[[], float] = _chance
    ) -> None:
        """Take the outbox; `now` is milliseconds since 1970, `chance` a number from 0 to 1."""
        self._store, self._post, self._now, self._chance = store, post, now, chance
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Begin no message more."""
        self._stopping.set()

    async def run(self) -> None:
        """Send until `stop`; what goes wrong here is logged, and tried again."""
        while not self._stopping.is_set():
            try:
                await self._store.recover_mail()
                while await self.round():
                    pass
            except ValgateError as error:
                log.exception("mail was not sent", exc_info=error)
            except Exception:
                log.exception("the sender of mail broke")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), POLL_SECONDS)

    async def round(self) -> bool:
        """Send some of what is due; False if nothing was, or the mail server cannot be reached."""
        if self._stopping.is_set() or not self._store.mail_is_due(self._now()):
            return False
        mails = await self._store.claim_mail(self._now(), BATCH * CONNECTIONS)
        try:
            async with asyncio.TaskGroup() as group:
                batches = [mails[start::CONNECTIONS] for start in range(CONNECTIONS)]
                tasks = [group.create_task(self._batch(batch)) for batch in batches if batch]
        finally:
            await self._store.release_mail()
        return any(task.result() for task in tasks)

    async def _batch(self, mails: list[Mail]) -> bool:
        """Send messages over as few connections as the server allows; False if there was none."""
        left = list(reversed(mails))
        try:
            while left and not self._stopping.is_set():
                async with connected(self._post.server, self._post.name) as client:
                    while left and client.is_connected and not self._stopping.is_set():
                        await self._send(client, left.pop())
        except Unreachable as error:
            for mail in left:
                await self._settle(mail, Result(Stage.WAITING, str(error)))
            return False
        except ValgateError as error:
            # Told here: the other batch must not be cancelled in its moment of doubt.
            log.exception("mail was not sent", exc_info=error)
            return False
        return True

    async def _send(self, client: SMTP, mail: Mail) -> None:
        try:
            # A megabyte of short lines takes the library half a second: not the loop's.
            letter = await asyncio.to_thread(write, mail, self._post.sender)
        except Unwritable as error:
            return await self._settle(mail, Result(Stage.FAILED, str(error)))
        return await self._hand_over(client, mail, letter)

    async def _hand_over(self, client: SMTP, mail: Mail, letter: Letter) -> None:
        begun = False

        async def begin() -> bool:
            nonlocal begun
            begun = await self._store.begin_delivery(mail.id)
            return begun

        try:
            result = await hand_over(client, letter, self._post.server, begin)
        except BaseException:
            if begun:
                await asyncio.shield(self._settle(mail, Result(Stage.UNKNOWN, STOPPED)))
            raise
        if result is not None:
            await self._settle(mail, result)
        if (result is None or result.stage is not Stage.SENT) and client.is_connected:
            await ready_again(client)

    async def _settle(self, mail: Mail, result: Result) -> None:
        """Write down what came of a try; one that may be made again has its time."""
        stage, due, error = result.stage, self._now(), result.error
        attempts = 1 + (mail.delivery.attempts if mail.delivery else 0)
        if stage is Stage.WAITING:
            again = next_try(mail.created_at, attempts, due, self._chance())
            stage, due = (Stage.FAILED, due) if again is None else (stage, again)
            error = f"given up after {attempts} tries: {error}" if again is None else error
        await self._store.settle_delivery(mail.id, stage, due, error)
        log.info("mail", mail=mail.id, evaluation=mail.evaluation, stage=str(stage), attempts=attempts, error=error)


@asynccontextmanager
async def delivering(store: Store, settings: Settings) -> AsyncIterator[None]:
    """Send mail while the block runs, if there is a server for it; stop within STOP_SECONDS."""
    if settings.smtp_url is None:
        yield
        return
    sender = Sender(store, Post(settings.smtp_url, settings.sender_of_mail))
    task = asyncio.create_task(sender.run())
    try:
        yield
    finally:
        sender.stop()
        await asyncio.wait([task], timeout=STOP_SECONDS)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
