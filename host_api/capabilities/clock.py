"""clock: waiting.

    setTimeout(f, 100); await new Promise((done) => setTimeout(done, 5))

Authority: none. The time of day is no host call at all: `Date` reads the pure import `kernel.clock`.
Op 1 `sleep(milliseconds)`: no access; answers with a promise. Nothing is refused but what is no number.
Who pays: the evaluation, by its wall time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from host_api.capabilities import parts
from kernel.capability import Answer, Ask, Call, Later, Operation
from kernel.errors import BadRequest
from kernel.principals import Frame
from kernel.wire import Value

LONGEST = 2**31 - 1
SLEEPERS = 1_000
"""Timers that one evaluation may have under way."""


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wake me after so many milliseconds."""

    milliseconds: float
    name: ClassVar[str] = "sleep"
    target: ClassVar[str] = ""
    asks: ClassVar[tuple[Ask, ...]] = ()

    @classmethod
    def parse(cls, values: tuple[Value, ...]) -> Self:
        """Refuse what is no number between 0 and 2^31 - 1."""
        (wanted,) = parts.shape(values, 1)
        if not isinstance(wanted, int | float) or isinstance(wanted, bool) or not 0 <= wanted <= LONGEST:
            raise BadRequest("a timer takes milliseconds")
        return cls(float(wanted))


class Clock:
    """The capability."""

    name = "clock"
    parsers: Mapping[int, Callable[[tuple[Value, ...]], Operation]] = {1: Sleep.parse}

    def grant(self, frame: Frame) -> bool:  # noqa: ARG002 - everybody may wait
        """Every guest may wait."""
        return True

    async def perform(self, operation: Operation, call: Call) -> Answer:
        """Promise to wake it."""
        if not isinstance(operation, Sleep):
            raise BadRequest("clock has no such operation")
        call.run.spend("sleepers", 1, SLEEPERS, "timers at once")

        async def sleep() -> Value:
            try:
                await asyncio.sleep(operation.milliseconds / 1000)
            finally:
                call.run.spent["sleepers"] -= 1
            return None

        return Answer(Later(sleep), recorded=False)
