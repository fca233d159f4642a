"""JavaScript in our engine, as the server runs it, beside the same quickjs-ng compiled for this machine.

Each program runs in a fresh guest and in a fresh native process, in turns; of each the quickest run counts, since what else the
machine does only adds. Native is the faster of the compilers that are here, for each program.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import geometric_mean

from bench.figures import Amount, Row, at_least
from bench.micro.ours import Ours
from guests import micro

ROUNDS, FEW = 8, 2
ALL, EACH = 0.6, 0.35
"""The least share of native speed: the geometric mean of all programs, and of each."""


@dataclass(frozen=True, slots=True)
class Run:
    """One program: the milliseconds of its quickest run, native and ours."""

    program: str
    native: float
    ours: float

    @property
    def share(self) -> float:
        """Ours as a share of native speed: 1 is as fast, more is better."""
        return self.native / self.ours


def measure(*, quick: bool) -> Iterator[Row]:
    """Run every program in both; the native engine is built first, where it is not there yet."""
    yield from told(asyncio.run(measured(FEW if quick else ROUNDS)))


async def measured(rounds: int) -> list[Run]:
    """Run every program in both, `rounds` times in turns."""
    natives = await asyncio.to_thread(micro.natives)
    native = dict.fromkeys(micro.RESULTS, float("inf"))
    ours = dict(native)
    async with Ours.open(micro.RESULTS) as engine:
        for _ in range(rounds):
            for name in micro.RESULTS:
                native[name] = min(native[name], *(micro.measure_native(each, name) for each in natives))
                ours[name] = min(ours[name], await engine.measure(name))
    return [Run(name, native[name], ours[name]) for name in micro.RESULTS]


def told(runs: Sequence[Run]) -> Iterator[Row]:
    """One row a program, then the mean of all."""
    for run in runs:
        demand = at_least("share of native", run.share, EACH)
        note = f"native {run.native:.1f} ms, ours {run.ours:.1f} ms"
        yield Amount(f"micro-suite: {run.program}", run.share, "of native", (demand,), note)
    mean = geometric_mean(run.share for run in runs)
    yield Amount("micro-suite, geometric mean", mean, "of native", (at_least("share of native", mean, ALL),))
