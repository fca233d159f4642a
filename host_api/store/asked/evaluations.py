"""The records of evaluations; those on their way to the disk are found too.

This file does not know the tables, nor who may ask.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from host_api.store import accounts, evaluations
from host_api.store.asked.base import Base, Opened, reading
from host_api.store.evaluations import Told
from host_api.store.model import Account, EvaluationRow
from host_api.store.records import Records

if TYPE_CHECKING:
    # Slow to load; a command that only reads does without.
    from asyncio import Future


class AboutEvaluations(Base):
    """What may be asked about records."""

    def __init__(self, opened: Opened) -> None:
        """Take what is opened already."""
        super().__init__(opened)
        self._records = Records(opened.writer, self._telling, evaluations.record)

    @reading
    def evaluation(self, evaluation_id: str) -> EvaluationRow | None:
        """Find one record, also one that is on its way to the disk."""
        return self._records.find(evaluation_id) or evaluations.by_id(self._db, evaluation_id)

    @reading
    def is_evaluation_of(self, evaluation_id: str, caller: str) -> bool:
        """Whether there is a record of this id that is this caller's."""
        row = self._records.find(evaluation_id)
        if row is not None:
            return row.caller is not None and row.caller.casefold() == caller.casefold()
        return evaluations.is_of(self._db, evaluation_id, caller)

    async def listed_evaluations(
        self, account: Account, *, limit: int, offset: int, which: evaluations.Filter
    ) -> list[EvaluationRow]:
        """Do as `evaluations`, beside the loop: a filter that nothing passes reads all there are; raise Overloaded."""
        return await self._beside.read(lambda db: evaluations.of(db, account.name, which, limit, offset), account.id)

    @reading
    def evaluations(
        self,
        caller: str | None,
        *,
        limit: int = 20,
        offset: int = 0,
        which: evaluations.Filter = evaluations.EVERY,
        whole: bool = False,
    ) -> list[EvaluationRow]:
        """A caller's records, newest first; None is anonymous. `await flush()` first to see the last 50 ms.

        Without args, logs, emails and calls, which may be large, unless `whole`.
        """
        return evaluations.of(self._db, caller, which, limit, offset, whole=whole)

    @reading
    def evaluations_after(self, caller: str | None, place: int) -> list[tuple[int, EvaluationRow]]:
        """A caller's records later than a place in the log, oldest first, each with its place."""
        return evaluations.after(self._db, caller, place)

    @reading
    def last_place(self) -> int:
        """The place of the newest record in the log."""
        return evaluations.last(self._db)

    @reading
    def changes(self) -> int:
        """Return a number that differs after any process but this connection has written."""
        version: int = self._db.execute("PRAGMA data_version").fetchone()[0]
        return version

    def start_evaluation(self, row: EvaluationRow) -> Future[None]:
        """Queue the start row: before any write queued later, and on the disk within LAZY_SECONDS.

        Raises Overloaded or HostFailure when this process cannot say that it lives.
        """
        self._enter()
        return self._records.write(row, urgent=False)

    def finish_evaluation(self, row: EvaluationRow) -> Future[None]:
        """Queue the whole row at its end; await it before the answer when there were effects. Without, it waits for others."""
        if not self._presence.entered:
            self._enter()
        return self._records.write(row, urgent=True) if row.effects else self._records.gather(row)

    def _telling(self, row: EvaluationRow, weight: int) -> Told:
        return evaluations.told(row, self._presence.id, weight)

    async def mark_interrupted(self) -> int:
        """Say of what dead processes left running that it was interrupted; return how many."""
        dead = [one for one in self._running_processes() if not (one and self._presence.alive(one))]
        self._presence.sweep()
        return sum([await self._writer.submit(partial(evaluations.interrupt, process=one)) for one in dead])

    @reading
    def _running_processes(self) -> list[str]:
        return evaluations.running_processes(self._db)

    async def forget_evaluations(self, before: int) -> int:
        """Forget the records of evaluations that started before, some at a time; return how many."""
        return await self._repeated(lambda db: evaluations.forget(db, before))

    async def forget_beyond(self, most: int) -> int:
        """Forget each caller's oldest records beyond so many, some at a time; return how many."""
        each = [partial(evaluations.forget_beyond, caller=one, most=most) for one in self._callers()]
        return sum([await self._repeated(some) for some in each])

    @reading
    def _callers(self) -> list[str | None]:
        return [None, *(account.name for account in accounts.everyone(self._db))]

    async def _repeated(self, some: Callable[[sqlite3.Connection], int]) -> int:
        """Do some work until there is none left; other writes get their turn in between."""
        done = 0
        while now := await self._writer.submit(some):
            done += now
        return done

    def is_behind(self, writes: int, size: int) -> bool:
        """Whether so many writes wait for the disk, or records of so many bytes."""
        records = self._records
        return self._writer.waiting() + len(records.gathered) >= writes or records.bytes >= size

    @property
    def backlog_bytes(self) -> int:
        """About how many bytes the records have that are on their way to the disk."""
        return self._records.bytes
