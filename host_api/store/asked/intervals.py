"""Intervals: which vals run by themselves, and who runs what is due.

This file does not know the tables, nor who may ask.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from host_api.store import intervals
from host_api.store.asked.base import Base, reading
from host_api.store.model import Interval

if TYPE_CHECKING:
    # Slow to load; a command that only reads does without.
    from asyncio import Future


class AboutIntervals(Base):
    """What may be asked about intervals."""

    @reading
    def interval(self, val_id: str) -> Interval | None:
        """Find a val's schedule."""
        return intervals.of(self._db, val_id)

    def put_interval(self, val_id: str, schedule: str, *, now: int, next_run: int) -> Future[None]:
        """Give a val a schedule; the same one again changes nothing.

        Raises NotFound, BadInput (data does not run), LimitError (quota).
        """
        most = self.quota.intervals
        return self._writer.submit(lambda db: intervals.put(db, val_id, schedule, most, now=now, next_run=next_run))

    def end_interval(self, val_id: str) -> Future[bool]:
        """Take a val's schedule away; False if it has none."""
        return self._writer.submit(lambda db: intervals.end(db, val_id))

    @reading
    def due_interval(self, now: int, passed_over: Sequence[str] = ()) -> Interval | None:
        """Find what has been due for longest and nobody has claimed, but for these owners' (ids)."""
        return intervals.due(self._db, now, passed_over)

    @reading
    def next_interval(self, after: int) -> int | None:
        """When the next one is due after a time."""
        return intervals.soonest(self._db, after)

    def claim_interval(self, interval: Interval) -> Future[bool]:
        """Take a due one for this process, as it was found; False if anything has changed since."""
        process = self._enter()
        return self._writer.submit(lambda db: intervals.claim(db, interval, process))

    def settle_interval(self, interval: Interval, *, next_run: int, last_run: int | None = None) -> Future[None]:
        """Give this process's claim back; what was changed or taken away meanwhile stays so."""
        process = self._presence.id
        return self._writer.submit(lambda db: intervals.settle(db, interval, process, next_run, last_run))

    async def void_intervals(self) -> None:
        """Take the claims of dead processes away."""
        for process in self._claimants():
            if not self._presence.alive(process):
                await self._writer.submit(partial(intervals.void, process=process))

    @reading
    def _claimants(self) -> list[str]:
        return intervals.claimants(self._db)
