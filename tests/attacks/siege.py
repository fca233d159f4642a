"""What every attack on the host must end in: a typed error within the budget, a responsive loop, and a clean next evaluation."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from host_api.house import Outcome
from kernel.limits import MIB, Limits
from tests.semantics.live import Machine, World, open_world

TIGHT = replace(Limits(), cpu=0.25, wall=20.0, memory=24 * MIB)
LONGEST_TURN = 0.15
"""Processor seconds that the loop's thread may work before it comes round: far more than it does, for a busy machine stretches
processor time too, and far less than what an attack that is not preempted takes: its whole budget."""


class Heart:
    """Beats on the loop; remembers the longest time that the loop's thread worked between two beats."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def beat(self) -> None:
        last = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            self.longest, last = max(self.longest, now - last), now


@asynccontextmanager
async def responsive() -> AsyncIterator[None]:
    """Insist that nothing inside keeps the loop from others."""
    heart = Heart()
    gc.collect()
    gc.disable()  # what all the tests before left behind takes longer to collect than an attack may hold the loop
    beating = asyncio.ensure_future(heart.beat())
    await asyncio.sleep(0)
    try:
        yield
    finally:
        gc.enable()
        beating.cancel()
    assert heart.longest < LONGEST_TURN, f"the loop was away for {heart.longest * 1000:.0f} ms of processor time"


async def besiege(made: Machine, folder: Path, code: str, limits: Limits = TIGHT) -> Outcome:
    """Evaluate hostile code beside others; return what it came to, when the next evaluation was seen to be clean."""
    async with open_world(made, folder, limits) as world:
        await world.outcome("0")
        async with responsive():
            outcome = await world.outcome(code)
        await insist_clean(world, outcome)
        return outcome


async def insist_clean(world: World, outcome: Outcome) -> None:
    row = (await world.record(outcome))["row"]
    assert row.cpu_us <= (world.house.settings.limits.cpu + 2 * LONGEST_TURN) * 1e6
    assert await world.eval("[1, 2].map((x) => x * 2)") == [2, 4]


def ended(outcome: Outcome) -> str:
    """Return how it ended: "value", the code of a limit, or the name of what was thrown."""
    if outcome.error is None:
        return "value"
    return outcome.error.name if outcome.error.code == "thrown" else outcome.error.code
