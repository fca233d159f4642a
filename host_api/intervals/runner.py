"""Who runs what is due: a loop beside the server, in each process that serves.

Any number of processes may share a database, and exactly one of them runs a due interval: the one whose claim is written.
A claim holds from before a run until its end is written; that of a process that died is void, and the run is due again.
So a val never runs twice at once, and a run that was cut off is made good, once, when somebody serves again.
Times that pass while nobody serves, or while the val still runs, are not made up for one by one.

What it must never do: let one val, or one owner, keep the others from their turn, or end because a run failed.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog

from host_api.house import House
from host_api.intervals.running import run_due
from host_api.intervals.schedule import SECOND_MS, UNITS_MS, load
from host_api.store import Interval, Store
from host_api.store.clock import now_ms
from kernel.errors import BadInput, Overloaded, TooMany

log = structlog.get_logger("valgate.intervals")

POLL_SECONDS = 1.0
"""How soon a schedule that another process has written is seen."""

RETRY_MS = 5000
"""When a run that found no room in the house, or whose end found none on the disk, is tried again."""

Perform = Callable[[Interval, int], Awaitable[bool]]
"""Runs an interval that is due, now; whether there was something to run."""


class Clock(Protocol):
    """The time, and waiting for it."""

    def now(self) -> int:
        """Return milliseconds since 1970."""

    async def wait(self, woken: asyncio.Event, seconds: float) -> None:
        """Return when this time has passed, or sooner when woken."""


class Wall:
    """The clock of the house."""

    def now(self) -> int:
        """Return milliseconds since 1970."""
        return now_ms()

    async def wait(self, woken: asyncio.Event, seconds: float) -> None:
        """Return when this time has passed, or sooner when woken."""
        with suppress(TimeoutError):
            await asyncio.wait_for(woken.wait(), seconds)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many run at once, the seconds between two runs of one at least, and those that a run has after the end."""

    at_once: int
    shortest: float
    drain: float

    @property
    def share(self) -> int:
        """How many of one owner's run at once."""
        return max(1, self.at_once // 2)


class Runner:
    """The loop of one process: `run` until told to stop."""

    def __init__(self, store: Store, perform: Perform, bounds: Bounds, clock: Clock) -> None:
        """Take the store, what is done with what is due, and the clock."""
        self._store, self._perform, self._bounds, self._clock = store, perform, bounds, clock
        self._underway: dict[asyncio.Task[None], str] = {}
        self._woken = asyncio.Event()
        self._stopped = False

    async def run(self, stop: asyncio.Event) -> None:
        """Run what is due until `stop`; what runs then may finish, for `drain` seconds, and is cancelled after."""
        async with asyncio.TaskGroup() as group:
            ticking = group.create_task(self._tick(group))
            try:
                await stop.wait()
            finally:
                self._stopped = True
            ticking.cancel()
            asyncio.get_running_loop().call_later(self._bounds.drain, self._cancel_late)

    async def _tick(self, group: asyncio.TaskGroup) -> None:
        while True:
            self._woken.clear()
            pause = POLL_SECONDS
            try:
                pause = await self._start_due(group)
            except Exception as error:  # a full disk now may be a free one in a second
                log.exception("looking for due intervals failed", exc_info=error)
            await self._clock.wait(self._woken, pause)

    async def _start_due(self, group: asyncio.TaskGroup) -> float:
        """Start what is due and finds room; return the seconds until it is worth looking again."""
        await self._store.void_intervals()
        while len(self._underway) < self._bounds.at_once:
            due = self._store.due_interval(self._clock.now(), self._full())
            if due is None:
                break
            # Whoever else claims it was first; then it is not due any more.
            if await self._store.claim_interval(due):
                self._start(group, due)
        now = self._clock.now()
        soonest = self._store.next_interval(now)
        return POLL_SECONDS if soonest is None else min(POLL_SECONDS, (soonest - now) / SECOND_MS)

    def _full(self) -> list[str]:
        """The owners who have their share."""
        return [owner for owner, count in Counter(self._underway.values()).items() if count >= self._bounds.share]

    def _start(self, group: asyncio.TaskGroup, interval: Interval) -> None:
        task = group.create_task(self._run(interval))
        self._underway[task] = interval.owner_id
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._underway[task]
        self._woken.set()

    def _cancel_late(self) -> None:
        for task in self._underway:
            task.cancel()

    async def _run(self, interval: Interval) -> None:
        """Run one to its end, and write that; whatever happens to it, its schedule stays."""
        started = self._clock.now()
        try:
            ran = await self._perform(interval, started)
        except asyncio.CancelledError:
            if not self._stopped:  # by its owner: that run is over, and the next comes in its time
                await self._settle(interval, started, self._next(interval, started))
                return
            # It is due again when somebody serves. Not awaited: a store that is closed finishes what is queued.
            self._store.settle_interval(interval, next_run=interval.next_run).add_done_callback(_seen)
            raise
        except (Overloaded, TooMany):
            await self._settle(interval, None, self._clock.now() + RETRY_MS)
        except Exception as error:  # the log has it, and the next run may go well
            log.exception("an interval did not run", interval=interval.id, val=interval.val_id, exc_info=error)
            await self._settle(interval, None, self._next(interval, started))
        else:
            await self._settle(interval, started if ran else None, self._next(interval, started))

    def _next(self, interval: Interval, started: int) -> int:
        now = self._clock.now()
        try:
            schedule = load(interval.schedule)
            following = schedule.next_after(schedule.base(interval.next_run, started), now)
        except BadInput as error:  # as a newer Valgate may write it
            log.exception("a schedule cannot be read", interval=interval.id, exc_info=error)
            following = now + UNITS_MS["d"]
        return max(following, started + int(self._bounds.shortest * SECOND_MS))

    async def _settle(self, interval: Interval, last_run: int | None, next_run: int) -> None:
        """Write how it ended, again and again: until it is written the claim holds, and the val does not run again."""
        while True:
            try:
                await self._store.settle_interval(interval, next_run=next_run, last_run=last_run)
            except Exception as error:
                log.exception("the end of an interval's run was not written", interval=interval.id, exc_info=error)
                await self._clock.wait(asyncio.Event(), RETRY_MS / SECOND_MS)
            else:
                return


@asynccontextmanager
async def intervals_run(house: House, stop: asyncio.Event, drain: float) -> AsyncIterator[None]:
    """Run the house's intervals beside the block, until `stop`, which the end of the block is too."""
    bounds = Bounds(house.settings.intervals_at_once, house.settings.shortest_interval, drain)
    runner = Runner(house.store, partial(run_due, house), bounds, Wall())
    async with asyncio.TaskGroup() as group:
        group.create_task(runner.run(stop))
        yield
        stop.set()


def _seen(done: asyncio.Future[None]) -> None:
    """Take a failure into the log, not into a lost future."""
    if not done.cancelled() and (broken := done.exception()) is not None:
        log.error("a claim was not released", exc_info=broken)
