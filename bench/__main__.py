"""`make bench`: the floor and valgate over HTTP, in turns, then the kernel's own costs inside one process."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bench import inside, servers
from bench.load import Plan
from bench.report import HEAD, Figure, figure, line, machine, save

# In turns, so that a machine that grows slower or faster does so for both.
ROUNDS = 3
SECONDS = 4.0
RESULTS = Path(__file__).parent / "results"


def say(text: str) -> None:
    """Print now, also into a pipe."""
    print(text, flush=True)


def over_http(connections: int, requests: int) -> list[Figure]:
    """Hello and one run of `(x) => x + 1`, with this many connections."""
    floor: list[servers.Load] = []
    ours: list[servers.Load] = []
    with (
        tempfile.TemporaryDirectory(prefix="valgate-bench-") as scratch,
        servers.hello() as low,
        servers.valgate(Path(scratch)) as high,
    ):
        for _ in range(ROUNDS):
            floor.append(servers.drive(Plan(low, "/hello", '{"args":[1]}', connections, requests * 4, SECONDS, "2")))
            ours.append(
                servers.drive(Plan(high, "/v1/run/bench.inc", '{"args":[1]}', connections, requests, SECONDS, "2"))
            )
    at = f"{connections} connection{'s' if connections > 1 else ''}"
    return [
        merged(f"aiohttp hello, {at}", floor, 1.0),
        merged(f"POST /v1/run, {at}", ours, mean_rate(ours) / mean_rate(floor)),
    ]


def mean_rate(loads: list[servers.Load]) -> float:
    """Requests a second over all rounds."""
    return sum(load.rate for load in loads) / len(loads)


def merged(what: str, loads: list[servers.Load], share: float) -> Figure:
    """All rounds of one server as one figure."""
    return figure(what, [time for load in loads for time in load.times], mean_rate(loads), share)


def main() -> int:
    """Measure everything and print it."""
    where = machine()
    say("\n".join(f"{key:<12}{value}" for key, value in where.items()))
    say("\n" + HEAD)
    figures: list[Figure] = []
    parts: list[Callable[[], list[Figure]]] = [
        lambda: over_http(1, 2_000),
        lambda: over_http(32, 8_000),
        inside.measure,
    ]
    for part in parts:
        for found in part():
            figures.append(found)
            say(line(found))
    path = RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.jsonl"
    save(path, where, figures)
    say(f"\n{path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
