"""The kernel's own costs, inside one process and without HTTP: a whole evaluation, a fresh guest, a host call, what crosses.

Each host call and each crossing is timed by itself, from one to the next in a loop inside the val: the guest's turn, the way
out, the decision, the effect, the record and the way back.
"""

from __future__ import annotations

import asyncio
import logging
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import structlog

from bench.report import Figure, figure
from host_api.house import Entry, House
from host_api.settings import Settings
from host_api.store.model import Privacy
from kernel.evaluation import Evaluation

RUNS = 1_000
LOOPS = 20
CALLS = 200

ROWS = "Array.from({ length: 10_000 }, (_, id) => ({ id, name: `row ${id}`, tags: ['a', 'b'], at: 1.5 }))"
"""About a megabyte as it crosses: ten thousand objects as an API answers them."""

VALS = (
    ("bench", "inc", "(x) => x + 1"),
    ("bench", "read", "(n) => { for (let i = 0; i < n; i++) @bench.data; return n }"),
    ("bench", "data", "({ answer: 42 })"),
    ("bench", "cross", "(n) => { let sum = 0; for (let i = 0; i < n; i++) sum = @other.inc(sum); return sum }"),
    (
        "bench",
        "look",
        "(n) => { const box = @other.box; let sum = 0; for (let i = 0; i < n; i++) sum += box.n; return sum }",
    ),
    (
        "bench",
        "bytes",
        "(n) => { const it = new Uint8Array(1_000_000); for (let i = 0; i < n; i++) @other.size(it); return n }",
    ),
    ("bench", "rows", f"(n) => {{ const it = {ROWS}; for (let i = 0; i < n; i++) @other.size(it); return n }}"),
    ("other", "inc", "(x) => x + 1"),
    ("other", "box", "class Box { n = 1 }; export const box = new Box()"),
    ("other", "size", "(it) => it.length"),
)


def measure() -> list[Figure]:
    """Measure everything here, in a scratch house."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory(prefix="valgate-bench-") as scratch:
        return asyncio.run(_measure(Path(scratch)))


async def _measure(scratch: Path) -> list[Figure]:
    settings = Settings.load({"VALGATE_DB": f"sqlite:///{scratch / 'inside.db'}", "VALGATE_CPU": "30"})
    async with House.open(settings) as house:
        await _furnish(house)
        await _times(house, "inc", b"[1]", 50)
        return [
            figure("evaluation (x) => x + 1, in process", await _times(house, "inc", b"[1]", RUNS)),
            figure("fresh guest, born to ready", await _turns(house, "_guest", "inc", 1, RUNS)),
            figure("host call (read of a val)", await _gaps(house, "_ask_host", "read")),
            figure("evaluation with one cross-owner call", await _times(house, "cross", b"[1]", RUNS)),
            figure("cross-owner call, later ones", await _gaps(house, "_cross", "cross")),
            figure("property read by reference", await _gaps(house, "_cross", "look")),
            await _copied(house, "1 MB of bytes copied (rate: bytes)", "bytes"),
            await _copied(house, "1 MB of objects copied (rate: bytes)", "rows"),
        ]


async def _copied(house: House, what: str, name: str) -> Figure:
    """A value of a megabyte given to another owner's function, again and again; the rate is bytes a second, one way."""
    sizes: list[int] = []
    times = await _gaps(house, "_cross", name, 20, sizes)
    found = figure(what, times)
    return replace(found, rate=statistics.mean(sizes) / found.median * 1e6)


async def _furnish(house: House) -> None:
    for owner in ("bench", "other"):
        await house.store.add_account(owner)
    for owner, name, code in reversed(VALS):
        await house.save(owner=owner, code=code, name=name, privacy=Privacy.PUBLIC)


async def _run(house: House, name: str, args: bytes) -> None:
    """Run one val as its author; anything but a value spoils the measurement."""
    entry = Entry(val=("bench", name, None))
    outcome = await house.evaluate(requester="bench", source="cli", entry=entry, args=args, as_author=True)
    if outcome.error is not None:
        raise RuntimeError(f"bench.{name}: {outcome.error}")


async def _times(house: House, name: str, args: bytes, runs: int) -> list[float]:
    """Microseconds of whole evaluations, one after another."""
    times = []
    for _ in range(runs):
        began = perf_counter()
        await _run(house, name, args)
        times.append((perf_counter() - began) * 1e6)
    return times


async def _gaps(
    house: House, method: str, name: str, calls: int = CALLS, sizes: list[int] | None = None
) -> list[float]:
    """Microseconds from each call of a method of the evaluation to its next call, in one loop of a val.

    `sizes`, if given, takes the bytes of each message that crossed.
    """
    gaps: list[float] = []
    for _ in range(LOOPS):
        with _watched(method, sizes) as (began, _ended):
            await _run(house, name, b"[%d]" % calls)
        # The first few load and look up what the rest find ready.
        gaps += [(later - earlier) * 1e6 for earlier, later in pairwise(began[2:])]
    if len(gaps) < LOOPS * calls / 2:
        raise RuntimeError(f"{method} was watched {len(gaps)} times only: the kernel has changed, mend this bench")
    return gaps


async def _turns(house: House, method: str, name: str, argument: int, runs: int) -> list[float]:
    """Microseconds of each call of a coroutine method of the evaluation."""
    with _watched(method) as (began, ended):
        await _times(house, name, b"[%d]" % argument, runs)
    return [(end - begin) * 1e6 for begin, end in zip(began, ended, strict=True)]


@contextmanager
def _watched(method: str, sizes: list[int] | None = None) -> Iterator[tuple[list[float], list[float]]]:
    """Note when a method of every evaluation begins, and ends where it is a coroutine. One clock reading each: 50 ns."""
    original: Any = getattr(Evaluation, method)
    began: list[float] = []
    ended: list[float] = []

    def plain(self: Evaluation, *args: Any) -> Any:  # noqa: ANN401 - whatever the method takes and gives
        began.append(perf_counter())
        if sizes is not None:
            sizes.append(len(args[-1].payload))
        return original(self, *args)

    async def coroutine(self: Evaluation, *args: Any) -> Any:  # noqa: ANN401
        began.append(perf_counter())
        result = await original(self, *args)
        ended.append(perf_counter())
        return result

    setattr(Evaluation, method, coroutine if asyncio.iscoroutinefunction(original) else plain)
    try:
        yield began, ended
    finally:
        setattr(Evaluation, method, original)
