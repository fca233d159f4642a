"""Five thousand evaluations that wait for a slow fetch at once: memory, `/healthz` meanwhile, and that all of them finish.

They come at a part of the rate at which this server was just seen to run that val, and each waits until all have come and some seconds more:
so they are parked at once, and what is measured is their waiting, not a queue of five thousand at the door.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from bench import servers
from bench.figures import Amount, Row, at_least, at_most, figure
from bench.load import Plan, Told
from bench.serving import SOME, Asked, floor_plan
from bench.town import Town, town

PARKED, FEW = 5_000, 200
HOLD, EVERY = 5.0, 0.02
"""Seconds that all of them wait together, and from one look at `/healthz` to the next."""
PART, SOON, LATE = 0.7, 30.0, 1.2
"""How much of the rate that was seen they come at; but all within so many seconds; and how much longer than reckoned that may take."""
PATIENCE = 120.0
GIGABYTE, MOST, LATEST = 1e9, 2.5, 20.0
SETTINGS = {
    "VALGATE_FETCH_ALLOW": "127.0.0.1",  # the slow server stands on this machine
    "VALGATE_WALL": "600",  # nobody's time is up while they wait
}
"""What an operator would have to set; the rest are the defaults."""
AT_ONCE = Asked("the same val, answered at once", "/v1/run/bench.wait", '{"args":[0]}', '"at last"')


@dataclass(frozen=True, slots=True)
class Pace:
    """How many come, how many each second, and how many seconds all of them wait together."""

    count: int
    ramp: float
    hold: float

    @property
    def wait(self) -> float:
        """Seconds that each waits: until the last has come, and then some."""
        return self.count / self.ramp * LATE + self.hold


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen: `/healthz` by turns; when all waited and until when; the most at once; memory then; and the load's end."""

    looks: Told
    all_wait: float
    let_go: float
    most: int
    memory: dict[str, int]
    tables: int
    load: Told


def measure(*, quick: bool) -> Iterator[Row]:
    """Park them and let them go."""
    count = FEW if quick else PARKED
    servers.widen()
    with slow() as far:
        code = f"(s) => fetch(`http://127.0.0.1:{far}/slow?seconds=${{s}}`).then((answer) => answer.text())"
        with town((("bench", "wait", code),), **SETTINGS) as on:
            floor = servers.drive(replace(floor_plan(on.floor, 1, 1.0), every=EVERY, path="/healthz", method="GET"))
            rate = servers.drive(AT_ONCE.plan(on, SOME, 1.0)).rate
            pace = Pace(count, max(rate * PART, count / SOON), 1.0 if quick else HOLD)
            seen = park(on, far, pace)
    yield from told(pace, floor, seen)
    yield Amount(
        "they came", pace.ramp, "a second", note=f"of {rate:,.0f} that were answered at once, with {SOME} connections"
    )


@contextmanager
def slow() -> Iterator[int]:
    """Run the slow server; gives its port."""
    port = servers.free_port()
    with servers.running([sys.executable, "-m", "bench.slow", str(port)], port, os.environ):
        yield port


def park(on: Town, far: int, pace: Pace) -> Seen:
    """Send them, look meanwhile, and wait until the last has its answer."""
    count = pace.count
    body = f'{{"args":[{pace.wait:.2f}]}}'
    plan = Plan(on.port, "/v1/run/bench.wait", body, count, count, PATIENCE, '"at last"', ramp=pace.ramp)
    look = Plan(on.port, "/healthz", "", 1, 1_000_000, 10 * PATIENCE, "", method="GET", every=EVERY)
    with servers.driving(look) as looking, servers.driving(plan) as load:
        until = time.monotonic() + pace.count / pace.ramp + pace.wait
        while _waiting(far)[0] < count and load.poll() is None and time.monotonic() < until:
            time.sleep(EVERY)
        all_wait = time.monotonic()
        time.sleep(pace.hold / 2)  # they wait together: this is what is measured
        memory, tables = servers.memory(on.pid), servers.page_tables(on.pid)
        ended = servers.taken(load, tolerant=True)
        looking.terminate()
        return Seen(servers.taken(looking), all_wait, all_wait + pace.hold, _waiting(far)[1], memory, tables, ended)


def _waiting(far: int) -> tuple[int, int]:
    """How many wait at the slow server, and the most that did at once."""
    with urllib.request.urlopen(f"http://127.0.0.1:{far}/waiting", timeout=PATIENCE) as answer:
        now, most = json.load(answer)
        return now, most


def told(pace: Pace, floor: Told, seen: Seen) -> Iterator[Row]:
    """Say it in rows: `/healthz` over the whole time is what is demanded, and then its parts."""
    low, count = figure("", floor.times).median, pace.count
    for what, since, until in (
        ("all the time", 0.0, float("inf")),
        ("while they come", 0.0, seen.all_wait),
        ("while all wait", seen.all_wait, seen.let_go),
        ("while they finish", seen.let_go, float("inf")),
    ):
        times = [one for due, one in _by_turn(seen.looks) if since <= due < until]
        found = figure(f"/healthz, {count:,} parked, {what}", times or [0])
        demand = at_most("p99", found.p99 / 1000, LATEST, "ms")
        yield replace(found, floors=found.median / low, demands=(demand,))
    yield from _sizes(count, seen)


def _by_turn(looks: Told) -> Iterator[tuple[float, int]]:
    """Each look with when it was due."""
    return ((looks.began + place * EVERY, one) for place, one in enumerate(looks.times))


def _sizes(count: int, seen: Seen) -> Iterator[Row]:
    pss, each = seen.memory["Pss"] / GIGABYTE, seen.memory["Pss"] / count / 1000
    note = f"RSS {seen.memory['Rss'] / GIGABYTE:.2f} GB; {each:.0f} KB an evaluation; and {seen.tables / GIGABYTE:.2f} GB of page tables"
    yield Amount(f"memory with {count:,} parked", pss, "GB", (at_most("PSS", pss, MOST, "GB"),), note)
    finished = len(seen.load.times) - seen.load.wrong
    note = f"at most {seen.most:,} waited at once, all {seen.all_wait - seen.load.began:.1f} s after the first was sent; the last answer came after {seen.load.seconds:.1f} s"
    other = f"; the first other answer: {seen.load.sample}" if seen.load.wrong else ""
    demands = at_least("parked at once", seen.most, count), at_least("finished", finished, count)
    yield Amount("finished with 200", finished, "evaluations", demands, note + other)
