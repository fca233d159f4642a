"""Whose turn it is: in each turn of the event loop one guest that runs long, and some that begin, each in the order they came.

Everything about fairness is here. This file does not know what runs.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Coroutine, Generator
from types import coroutine
from typing import TypeVar

T = TypeVar("T")

SLICE = 0.002
"""Seconds that one evaluation may keep the event loop."""
ROOM = 0.006
"""Seconds of each turn of the event loop for evaluations that begin, or go on after waiting."""
MOST = 16
"""Evaluations that begin in one turn of the loop, however little they do."""
HOST_CALL = 0.0002
"""Seconds that one host call costs its evaluation at most: a flood of calls is paid for by who makes it."""


class Scheduler:
    """Between two looks of the loop at its sockets, one that runs long has its slice, and then those that begin, or go on after waiting.

    Of these as many as a slice has room for: however many thousands there are, they cost others a few milliseconds.
    """

    def __init__(self) -> None:
        self._long: deque[asyncio.Future[None]] = deque()
        self._short: deque[asyncio.Future[None]] = deque()
        self._batch = 1
        self._armed = False
        self._began = 0.0

    async def turn(self) -> None:
        """Let others run, then go on."""
        await self._wait(self._long)

    def begins(self) -> bool:
        """Whether who begins now has its turn: unless this turn of the loop has done its work, or others wait."""
        if time.perf_counter() - self._began > ROOM:
            if self._short or self._armed:
                return False
            self._begin()  # the loop has looked since: what begins now is the first of its turn
            self._arm(asyncio.get_running_loop())
        return not self._short

    async def enter(self) -> None:
        """Begin, or go on after waiting: at once, or in order."""
        if not self.begins():
            await self._wait(self._short)

    async def _wait(self, queue: deque[asyncio.Future[None]]) -> None:
        loop = asyncio.get_running_loop()
        mine = loop.create_future()
        queue.append(mine)
        self._arm(loop)
        await mine

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._armed:
            self._armed = True
            loop.call_soon(self._next, loop)

    def _begin(self) -> None:
        self._began = time.perf_counter()

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wake the next: they run in this order in the loop's next turn, and this again behind them."""
        if self._short:
            over = time.perf_counter() - self._began > ROOM
            self._batch = max(1, self._batch // 2) if over else min(self._batch + 1, MOST)
        self._armed = False
        woken = _wake(self._long, 1)
        if woken or self._short:
            loop.call_soon(self._begin)
            _wake(self._short, self._batch)
            self._arm(loop)


def _wake(queue: deque[asyncio.Future[None]], most: int) -> int:
    """Wake so many of those that still wait; return how many there were."""
    woken = 0
    while queue and woken < most:
        mine = queue.popleft()
        if not mine.done():
            mine.set_result(None)
            woken += 1
    return woken


@coroutine
def rest_of(begun: Coroutine[object, object, T], waits_for: object) -> Generator[object, object, T]:
    """Await a coroutine that was begun by hand, and waits for this: hand up what it waits for, and down what comes of that."""
    while True:
        came: object = None
        thrown: BaseException | None = None
        try:
            came = yield waits_for
        except BaseException as error:  # noqa: BLE001 - it is for who waits: a cancellation, or that nobody waits any more
            thrown = error
        try:
            waits_for = begun.send(came) if thrown is None else begun.throw(thrown)
        except StopIteration as done:
            answer: T = done.value
            return answer


class Meter:
    """Processor seconds of one evaluation: its guests' and the kernel's work for them, on this thread; waiting costs nothing."""

    __slots__ = ("_since", "_slice", "used")

    def __init__(self) -> None:
        self.used = 0.0
        self._since = time.thread_time()
        self._slice = time.perf_counter()

    def charge(self) -> float:
        """Add what was used since the last charge or rest; return the sum."""
        now = time.thread_time()
        self.used += now - self._since
        self._since = now
        return self.used

    def charge_host(self) -> None:
        """Add the host's work of one call, up to HOST_CALL: what is beyond was others' while it waited. The slice goes on."""
        now = time.thread_time()
        self.used += min(now - self._since, HOST_CALL)
        self._since = now

    def begin_slice(self) -> None:
        """Begin anew after others had their turn."""
        self._since = time.thread_time()
        self._slice = time.perf_counter()

    def slice_over(self) -> bool:
        """Whether it is time to let others run."""
        return time.perf_counter() - self._slice > SLICE
