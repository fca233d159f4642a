"""Mail: the outbox, and what is under way from there.

This file does not know the tables, nor who may ask.
"""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import TYPE_CHECKING

from host_api.store import deliveries, outbox
from host_api.store.asked.base import Base, reading
from host_api.store.model import Mail, Stage

if TYPE_CHECKING:
    # Slow to load; a command that only reads does without.
    from asyncio import Future


class AboutMail(Base):
    """What may be asked about mail."""

    @reading
    def mail(self, owner: str, *, limit: int = 1000) -> list[Mail]:
        """What the outbox holds for an account, newest first."""
        return outbox.of(self._db, owner, limit)

    def add_mail(
        self,
        to_account: str,
        subject: str,
        *,
        text: str | None = None,
        html: str | None = None,
        reply_to: str | None = None,
        from_val: str | None = None,
        author: str | None = None,
        evaluation: str | None = None,
    ) -> Future[Mail]:
        """Keep a message for an account (by id); raise NotFound, or LimitError over the messages a minute."""
        parts = {
            "subject": subject,
            "text": text,
            "html": html,
            "reply_to": reply_to,
            "from_val": from_val,
            "author": author,
            "evaluation": evaluation,
        }

        def add(db: sqlite3.Connection) -> Mail:
            mail = outbox.add(db, to_account, self.quota, parts)
            if self._delivers:
                deliveries.add(db, mail)
            return mail

        return self._writer.submit(add)

    @reading
    def mail_is_due(self, now: int) -> bool:
        """Whether a message waits whose time has come and that nobody has in hand."""
        return deliveries.is_due(self._db, now)

    def claim_mail(self, now: int, most: int) -> Future[list[Mail]]:
        """Take some messages that are due in hand, for this process alone; raise Overloaded or HostFailure."""
        process = self._enter()
        return self._writer.submit(lambda db: deliveries.claim(db, process, now, most))

    def begin_delivery(self, mail_id: str) -> Future[bool]:
        """Say that a message is about to be handed over; False if it is not in this process's hand any more."""
        return self._writer.submit(lambda db: deliveries.begin(db, self._presence.id, mail_id))

    def settle_delivery(self, mail_id: str, stage: Stage, due: int, error: str | None) -> Future[None]:
        """Say what came of a try, and let go of the message."""
        return self._writer.submit(
            lambda db: deliveries.settle(db, self._presence.id, mail_id, stage=stage, due=due, error=error)
        )

    def release_mail(self) -> Future[None]:
        """Let go of what this process has in hand and did not begin to hand over."""
        return self._writer.submit(lambda db: deliveries.release(db, self._presence.id))

    async def recover_mail(self) -> None:
        """Take what dead processes had in hand from them; what was being handed over is never sent again."""
        dead = [one for one in self._delivering_processes() if not self._presence.alive(one)]
        for one in dead:
            await self._writer.submit(partial(deliveries.abandon, process=one))

    @reading
    def _delivering_processes(self) -> list[str]:
        return deliveries.processes(self._db)
