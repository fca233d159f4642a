"""The kernel's own costs, inside one process and without HTTP: a whole evaluation, a fresh guest, a host call, what crosses.

Each host call and each crossing is timed by itself, from one to the next in a loop inside the val: the guest's turn, the way
out, the decision, the effect, the record and the way back.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from time import perf_counter

from bench import servers
from bench.figures import Demand, Figure, Row, at_most, figure
from bench.serving import floor_plan
from bench.town import OWNERS, Val, furnish, quiet
from bench.watching import BEGINNING, BIRTH, CROSSING, HOST_CALL, watched
from host_api.house import Entry, House, Outcome
from host_api.settings import Settings

LOOPS, CALLS = 20, 200
EVALUATION, SECOND, LATER = 200.0, 150.0, 30.0
"""The most microseconds of a whole evaluation, of a first cross-owner call, of a later one and of a read."""

ROWS = "Array.from({ length: 10_000 }, (_, id) => ({ id, name: `row ${id}`, tags: ['a', 'b'], at: 1.5 }))"
"""About a megabyte as it crosses: ten thousand objects as an API answers them."""

VALS: tuple[Val, ...] = (
    ("other", "size", "(it) => it.length"),
    ("other", "box", "class Box { n = 1 }; export const box = new Box()"),
    ("other", "inc", "(x) => x + 1"),
    ("bench", "rows", f"(n) => {{ const it = {ROWS}; for (let i = 0; i < n; i++) @other.size(it); return n }}"),
    (
        "bench",
        "bytes",
        "(n) => { const it = new Uint8Array(1e6); for (let i = 0; i < n; i++) @other.size(it); return n }",
    ),
    ("bench", "look", "(n) => { const box = @other.box; let s = 0; for (let i = 0; i < n; i++) s += box.n; return s }"),
    ("bench", "cross", "(n) => { let sum = 0; for (let i = 0; i < n; i++) sum = @other.inc(sum); return sum }"),
    ("bench", "data", "({ answer: 42 })"),
    ("bench", "read", "(n) => { for (let i = 0; i < n; i++) @bench.data; return n }"),
    ("bench", "inc", "(x) => x + 1"),
)


def measure(*, quick: bool = False) -> list[Row]:
    """Measure everything here in a scratch house, after the floor with one connection."""
    low = floor(quick=quick)
    return [
        replace(row, floors=row.median / low) if isinstance(row, Figure) else row
        for row in asyncio.run(_measure(100 if quick else 1_000))
    ]


def floor(*, quick: bool = False) -> float:
    """The floor's median with one connection, in microseconds."""
    with servers.hello() as port:
        return statistics.median(servers.drive(floor_plan(port, 1, 0.3 if quick else 1.5)).times)


@asynccontextmanager
async def a_house(**settings: str) -> AsyncIterator[House]:
    """Open a scratch house with these vals."""
    quiet()
    with tempfile.TemporaryDirectory(prefix="valgate-bench-") as folder:
        given = {"VALGATE_DB": f"sqlite:///{Path(folder) / 'inside.db'}", "VALGATE_CPU": "60", **settings}
        async with House.open(Settings.load(given)) as house:
            for owner in OWNERS:
                await house.store.add_account(owner)
            await furnish(house, VALS)
            yield house


async def _measure(runs: int) -> list[Row]:
    async with a_house() as house:
        await _times(house, "inc", b"[1]", 50)
        alone, with_second = await _in_turns(house, runs)
        return [
            demanding(figure("evaluation (x) => x + 1, in process", alone), EVALUATION),
            figure("fresh guest, born, its first request in it", await _births(house, runs)),
            figure("evaluation with one cross-owner call", with_second),
            second_guest(alone, with_second, await _first_calls(house, runs // 2)),
            demanding(figure("cross-owner call, later ones", await gaps(house, CROSSING, "cross")), LATER),
            demanding(figure("property read by reference", await gaps(house, CROSSING, "look")), LATER),
            demanding(figure("read of a val", await gaps(house, HOST_CALL, "read")), LATER),
            await _copied(house, "1 MB of bytes copied (rate: bytes)", "bytes"),
            await _copied(house, "1 MB of objects copied (rate: bytes)", "rows"),
        ]


def demanding(found: Figure, most: float) -> Figure:
    """The same figure, whose median is asked to be at most so many microseconds."""
    return replace(found, demands=(at_most("median", found.median, most, "µs"),))


def second_guest(alone: Sequence[float], with_second: Sequence[float], inside: Sequence[float]) -> Figure:
    """A first cross-owner call: by the clock inside, and as what it adds to an evaluation."""
    found = figure("first cross-owner call: the second guest", inside)
    adds = statistics.median(with_second) - statistics.median(alone)
    demands: tuple[Demand, ...] = (
        at_most("median, from the read to the next call", found.median, SECOND, "µs"),
        at_most("what it adds to a whole evaluation", adds, SECOND, "µs"),
    )
    return replace(found, demands=demands)


async def _in_turns(house: House, runs: int) -> tuple[list[float], list[float]]:
    """Whole evaluations without and with a cross-owner call, in turns."""
    alone: list[float] = []
    with_second: list[float] = []
    for _ in range(runs):
        alone += await _times(house, "inc", b"[1]", 1)
        with_second += await _times(house, "cross", b"[1]", 1)
    return alone, with_second


async def _first_calls(house: House, runs: int) -> list[float]:
    """From a guest's asking for another owner's val to its second call of that: load, birth, first call, answer."""
    found = []
    for _ in range(runs):
        with watched(HOST_CALL) as asked, watched(CROSSING) as crossed:
            await run(house, "cross", b"[2]")
        found.append((crossed.began[1] - asked.began[0]) * 1e6)
    return found


async def _copied(house: House, what: str, name: str) -> Figure:
    """A value of a megabyte given to another owner's function, again and again; the rate is bytes a second, one way."""
    sizes: list[int] = []
    times = await gaps(house, CROSSING, name, 20, sizes)
    found = figure(what, times)
    return replace(found, rate=statistics.mean(sizes) / found.median * 1e6)


async def run(house: House, name: str, args: bytes) -> Outcome:
    """Run one val as its author; anything but a value spoils the measurement."""
    entry = Entry(val=("bench", name, None))
    outcome = await house.evaluate(requester="bench", source="cli", entry=entry, args=args, as_author=True)
    if outcome.error is not None:
        raise RuntimeError(f"bench.{name}: {outcome.error}")
    return outcome


async def _times(house: House, name: str, args: bytes, runs: int) -> list[float]:
    """Microseconds of whole evaluations, one after another. Between two the loop has a turn, in which it buries the guests, as in a server."""
    times = []
    for _ in range(runs):
        began = perf_counter()
        await run(house, name, args)
        times.append((perf_counter() - began) * 1e6)
        await asyncio.sleep(0)
    return times


async def gaps(
    house: House, method: str, name: str, calls: int = CALLS, sizes: list[int] | None = None, loops: int = LOOPS
) -> list[float]:
    """Microseconds from each call of a method of the evaluation to its next call, in one loop of a val.

    `sizes`, if given, takes the bytes of each message that crossed.
    """
    found: list[float] = []
    for _ in range(loops):
        with watched(method, sized=sizes is not None) as seen:
            await run(house, name, b"[%d]" % calls)
        if sizes is not None:
            sizes += seen.sizes
        # The first few load and look up what the rest find ready.
        found += [(later - earlier) * 1e6 for earlier, later in pairwise(seen.began[2:])]
    if len(found) < loops * calls / 2:
        raise RuntimeError(f"{method} was seen {len(found)} times only: the kernel has changed, mend bench/watching.py")
    return found


async def _births(house: House, runs: int) -> list[float]:
    """From before a guest is born until its first request lies in its memory, and it would only have to run."""
    found = []
    for _ in range(runs):
        with watched(BIRTH) as born, watched(BEGINNING) as begun:
            await run(house, "inc", b"[1]")
        found.append((begun.ended[0] - born.began[0]) * 1e6)
    return found
