"""Ten thousand calls, gets or reads in one evaluation: the last thousand take as long as the first, and nothing grows."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from dataclasses import replace

from bench import servers
from bench.figures import Figure, Row, at_most, figure, growth
from bench.inside import a_house, floor, gaps, run
from bench.watching import CROSSING, HOST_CALL
from host_api.house import House

MANY, WINDOW = 10_000, 1_000
SLOWER = 1.25
"""The last thousand over the first: more than that is a growth, less is chance."""
LARGER = 1.05
"""The largest guest of ten thousand over that of a hundred."""
KINDS = (
    ("cross-owner calls", CROSSING, "cross"),
    ("gets by reference", CROSSING, "look"),
    ("reads of a val", HOST_CALL, "read"),
)


def measure(*, quick: bool) -> Iterator[Row]:
    """One kind after another, in one house."""
    low = floor(quick=quick)
    for row in asyncio.run(_measure(2_000 if quick else MANY)):
        yield replace(row, floors=row.median / low)


async def _measure(count: int) -> list[Figure]:
    # One more of each than is recorded one by one would change what is measured.
    async with a_house(VALGATE_CALLS=str(2 * MANY)) as house:
        return [await _kind(house, f"{count:,} {what}", method, name, count) for what, method, name in KINDS]


async def _kind(house: House, what: str, method: str, name: str, count: int) -> Figure:
    few = await _peak(house, name, 100)
    gc.collect()
    before = servers.memory()["Rss"]
    times = await gaps(house, method, name, count, loops=1)
    gc.collect()
    after, many = servers.memory()["Rss"], await _peak(house, name, count)
    window = min(WINDOW, count // 4)
    demands = (
        at_most(f"last {window:,} over first {window:,}", growth(times, window), SLOWER),
        at_most(f"largest guest, over that of 100 {what.split(' ', 1)[1]}", many / few, LARGER),
    )
    note = f"largest guest {many >> 10:,} KiB; the process {(after - before) / 1024:+,.0f} KiB after it"
    return replace(figure(what, times), demands=demands, note=note)


async def _peak(house: House, name: str, count: int) -> int:
    """The largest guest's bytes in a run of so many, as its record has them."""
    outcome = await run(house, name, b"[%d]" % count)
    row = house.store.evaluation(outcome.evaluation)
    if row is None:
        raise RuntimeError("an evaluation left no record")
    return row.peak_bytes
