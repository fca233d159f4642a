"""Memory of a guest that is born and not yet called, with the whole runtime in it; and what a first call adds.

A thousand evaluations are held before their guest is born, then half of them after it, then all, then after the call.
PSS: what processes or guests share counts by its share. In a process of its own: `python -m bench.memory COUNT`.
"""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Amount, Row, at_most, slope
from bench.servers import memory, page_tables
from bench.town import INC, OWNERS, furnish, quiet
from bench.watching import Held, holding
from host_api.house import Entry, House
from host_api.settings import Settings

GUESTS = 1_000
MOST = 100.0
"""KB, of a thousand bytes, a guest."""
KB = 1000


def measure(*, quick: bool) -> Iterator[Row]:
    """Ask a fresh process, and say what it saw."""
    count = 200 if quick else GUESTS
    words = [sys.executable, "-m", "bench.memory", str(count)]
    told = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    born = [(point["guests"], point["pss"]) for point in told["born"]]
    each = slope(born) / KB
    tables = slope([(point["guests"], point["tables"]) for point in told["born"]]) / KB
    note = f"by {', '.join(str(guests) for guests, _ in born)} guests; and {tables:.1f} KB of page tables each, which no PSS counts"
    demand = at_most("PSS of a guest that was not called", each, MOST, "KB")
    yield Amount("memory of a guest, born and not yet called", each, "KB", (demand,), note)
    called = (told["called"]["pss"] - born[-1][1]) / count / KB
    yield Amount("what a first call adds", called, "KB")
    yield Amount(
        "an evaluation without a guest", told["empty"] / count / KB, "KB", note="its record, task and tree of calls"
    )


def _seen(guests: int) -> dict[str, int]:
    gc.collect()
    return {"guests": guests, "pss": memory()["Pss"], "tables": page_tables()}


async def _held(house: House, count: int) -> dict[str, object]:
    """Hold so many evaluations at each place in turn; return what the process had of memory."""
    with holding() as held:
        before = _seen(0)["pss"]
        tasks = [asyncio.ensure_future(_one(house)) for _ in range(count)]
        await held.until(0, count)
        born = [_seen(0)]
        for half in (count // 2, count - count // 2):
            held.let_on(0, half)
            await held.until(1, born[-1]["guests"] + half)
            born.append(_seen(born[-1]["guests"] + half))
        called = await _moved(held, 1, count)
        held.let_on(2, count)
        await asyncio.gather(*tasks)
    return {"empty": born[0]["pss"] - before, "born": born, "called": called}


async def _moved(held: Held, place: int, count: int) -> dict[str, int]:
    held.let_on(place, count)
    await held.until(place + 1, count)
    return _seen(count)


async def _one(house: House) -> None:
    outcome = await house.evaluate(
        requester="bench", source="cli", entry=Entry(val=("bench", "inc", None)), args=b"[1]", as_author=True
    )
    if outcome.error is not None:
        raise RuntimeError(f"bench.inc: {outcome.error}")


async def main(count: int) -> dict[str, object]:
    """Measure in this process, after some evaluations that warm it up."""
    quiet()
    with tempfile.TemporaryDirectory(prefix="valgate-bench-") as folder:
        given = {
            "VALGATE_DB": f"sqlite:///{Path(folder) / 'bench.db'}",
            "VALGATE_WALL": "600",
        }  # they are held for long
        async with House.open(Settings.load(given)) as house:
            for owner in OWNERS:
                await house.store.add_account(owner)
            await furnish(house, (INC,))
            await asyncio.gather(*(_one(house) for _ in range(50)))
            return await _held(house, count)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(int(sys.argv[1])))))
