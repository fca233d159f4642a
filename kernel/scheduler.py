"""Whose turn it is: guests that run long take slices, one slice a turn of the event loop, in the order they came.

Everything about fairness is here. This file does not know what runs.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque

SLICE = 0.002
"""Seconds that one evaluation may keep the event loop."""
HOST_CALL = 0.0002
"""Seconds that one host call costs its evaluation at most: a flood of calls is paid for by who makes it."""


class Scheduler:
    """A queue of evaluations that want to go on; between two of them the loop serves its sockets."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._armed = False

    async def turn(self) -> None:
        """Let others run, then go on."""
        loop = asyncio.get_running_loop()
        mine = loop.create_future()
        self._waiting.append(mine)
        self._arm(loop)
        await mine

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._armed:
            self._armed = True
            loop.call_soon(self._next, loop)

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        self._armed = False
        while self._waiting:
            mine = self._waiting.popleft()
            if not mine.done():
                mine.set_result(None)
                break
        if self._waiting:
            self._arm(loop)


class Meter:
    """Processor seconds of one evaluation: its guests' and the kernel's work for them, on this thread; waiting costs nothing."""

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
