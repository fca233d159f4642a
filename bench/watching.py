"""What the bench knows of the kernel's inside: which methods of an evaluation are watched, and where one may be held.

When the kernel changes, this is the file to mend: nothing else in bench/ names a private part of it but `boundaries.py`.
It patches classes of this process while a block runs, and product code is never changed for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from kernel.evaluation import Entry, Evaluation
from kernel.wire import Value

BIRTH, BEGINNING, HOST_CALL, CROSSING = "_guest", "_request", "_ask_host", "_cross"
"""A guest is born, is given its first request, asks the host for something; a guest's operation on another's object."""


class Watched:
    """When a method began and ended (without an error), in seconds; `sizes` are the bytes of its messages, if they were asked for."""

    def __init__(self, *, sized: bool = False) -> None:
        """Begin with nothing."""
        self.began: list[float] = []
        self.ended: list[float] = []
        self.sizes: list[int] = []
        self.sized = sized


@contextmanager
def watched(method: str, *, sized: bool = False) -> Iterator[Watched]:
    """Note when a method of every evaluation begins and ends, be it a coroutine or not. One clock reading each: 50 ns."""
    original: Any = getattr(Evaluation, method)
    seen = Watched(sized=sized)

    def plain(self: Evaluation, *args: Any) -> Any:  # noqa: ANN401 - whatever the method takes and gives
        seen.began.append(perf_counter())
        if sized:
            seen.sizes.append(len(args[-1].payload))
        result = original(self, *args)
        seen.ended.append(perf_counter())
        return result

    async def coroutine(self: Evaluation, *args: Any) -> Any:  # noqa: ANN401
        seen.began.append(perf_counter())
        result = await original(self, *args)
        seen.ended.append(perf_counter())
        return result

    setattr(Evaluation, method, coroutine if asyncio.iscoroutinefunction(original) else plain)
    try:
        yield seen
    finally:
        setattr(Evaluation, method, original)


class Held:
    """Evaluations that stop at three places until they are let on: before their guest is born, before it is called, at their end."""

    PLACES = ("before birth", "born", "called")

    def __init__(self) -> None:
        """Let nobody on."""
        self.arrived = [0] * len(self.PLACES)
        self._turns = [asyncio.Semaphore(0) for _ in self.PLACES]
        self._moved = asyncio.Event()

    async def stop(self, place: int) -> None:
        """Stop here until there is a turn."""
        self.arrived[place] += 1
        self._moved.set()
        await self._turns[place].acquire()

    async def until(self, place: int, count: int) -> None:
        """Wait until so many have come to this place."""
        while self.arrived[place] < count:
            self._moved.clear()
            await self._moved.wait()

    def let_on(self, place: int, count: int) -> None:
        """Let so many on."""
        for _ in range(count):
            self._turns[place].release()


@contextmanager
def holding() -> Iterator[Held]:
    """Hold every evaluation that begins while the block runs."""
    original, held = Evaluation._live, Held()  # noqa: SLF001 - its private parts are the point

    async def live(self: Any, entry: Entry) -> tuple[Value, ...]:  # noqa: ANN401 - as above
        await held.stop(0)
        self._meter.begin_slice()
        self._guest(self._frame)
        await held.stop(1)
        self._meter.begin_slice()
        values = await original(self, entry)
        await held.stop(2)
        return values

    Evaluation._live = live  # type: ignore[method-assign]  # noqa: SLF001
    try:
        yield held
    finally:
        Evaluation._live = original  # type: ignore[method-assign]  # noqa: SLF001
