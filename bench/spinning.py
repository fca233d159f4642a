"""Four evaluations that spin for their whole budget, again and again, beside a stream of normal requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bench import servers
from bench.figures import Row, at_most, quantile
from bench.load import Plan
from bench.serving import compared, floor_plan
from bench.town import INC, town

SPINNERS, EVERY = 4, 0.02
MOST = 25.0
"""Milliseconds."""
SPIN = ("bench", "spin", "() => { for (;;); }")


def measure(*, quick: bool) -> Iterator[Row]:
    """Normal requests by themselves, then beside the spinners; one each twentieth of a second, late or not."""
    seconds = 3.0 if quick else 12.0
    with town((INC, SPIN)) as on:
        normal = Plan(on.port, "/v1/run/bench.inc", '{"args":[1]}', 1, 100_000, seconds / 3, "2", every=EVERY)
        spin = Plan(on.port, "/v1/run/bench.spin", "[]", SPINNERS, 100_000, seconds, "", status=422)
        servers.drive(replace(normal, requests=50, every=0.0))
        paced = replace(floor_plan(on.floor, 1, seconds / 3), every=EVERY)
        floor, quiet = servers.drive(paced), servers.drive(normal)
        yield replace(compared("normal requests, nobody spins", floor, quiet), rate=None, share=None)
        with servers.driving(spin) as spinning:
            beside = servers.drive(replace(normal, seconds=seconds))
            spun = servers.taken(spinning)
    found = compared(f"normal requests beside {SPINNERS} that spin", floor, beside)
    p99 = quantile(beside.times, 0.99) / 1000
    note = f"{len(spun.times)} evaluations spun for their budget and were answered 422; the slowest normal one took {max(beside.times) / 1000:.1f} ms"
    yield replace(
        found, rate=None, share=None, demands=(at_most("p99 of the normal ones", p99, MOST, "ms"),), note=note
    )
