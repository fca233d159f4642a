"""The whole stack over HTTP: HTTP, policy, image, a fresh guest, the record written, JSON. Beside the floor, in turns.

Before each turn of ours the floor has one, so that a machine that grows slower or faster does so for both.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from bench import servers
from bench.figures import Demand, Figure, Row, at_least, at_most, figure
from bench.load import Plan, Told
from bench.town import Town, town

CONNECTIONS = (1, 16, 32)
MORE = 250.0
"""Microseconds that one request may take beyond the floor's."""
SHARE, TAIL = 0.25, 4.0
ALONE, SOME, MANY = CONNECTIONS


@dataclass(frozen=True, slots=True)
class Asked:
    """One kind of request: what it is called, and what is sent and comes back."""

    what: str
    path: str
    body: str
    expect: str
    with_token: bool = False
    held_to: bool = False
    """Whether the demands are about it."""

    def plan(self, on: Town, connections: int, seconds: float) -> Plan:
        """Write it as a plan."""
        token = on.token if self.with_token else ""
        return Plan(on.port, self.path, self.body, connections, 10_000_000, seconds, self.expect, token=token)


RUN = Asked("POST /v1/run, (x) => x + 1", "/v1/run/bench.inc", '{"args":[1]}', "2", held_to=True)
CODE = json.dumps({"code": "(x) => x + 1", "args": [1]})
EVAL = Asked("POST /v1/eval, (x) => x + 1", "/v1/eval", CODE, "2", with_token=True)
CROSS = Asked("POST /v1/run, one cross-owner call", "/v1/run/bench.cross", '{"args":[1]}', "2")
DATA = Asked("POST /v1/run, a data val", "/v1/run/bench.data", '{"args":[]}', '{"answer":42}')


def measure(asked: Asked, *, quick: bool) -> Iterator[Row]:
    """Measure one kind of request, with one connection and with many."""
    with town() as on:
        servers.drive(asked.plan(on, MANY, 0.5))
        for connections in CONNECTIONS:
            yield pair(asked, on, connections, quick=quick)


run, evaluate, cross, data = (partial(measure, asked) for asked in (RUN, EVAL, CROSS, DATA))


def pair(asked: Asked, on: Town, connections: int, *, quick: bool) -> Figure:
    """The floor and ours, in turns."""
    rounds, seconds = (1, 0.5) if quick else (3, 1.0)
    floor, ours = Told(), Told()
    for _ in range(rounds):
        add(floor, servers.drive(floor_plan(on.floor, connections, seconds * 0.6)))
        add(ours, servers.drive(asked.plan(on, connections, seconds)))
    return held(asked, connections, floor, ours)


def floor_plan(port: int, connections: int, seconds: float) -> Plan:
    """Write the floor's plan."""
    return Plan(port, "/hello", '{"args":[1]}', connections, 10_000_000, seconds, "2")


def add(total: Told, part: Told) -> None:
    """Put a turn to what was told before; how busy the generator was is the most of any turn."""
    total.times += part.times
    total.seconds += part.seconds
    total.busy = max(total.busy, part.busy)


def compared(what: str, floor: Told, ours: Told, note: str = "") -> Figure:
    """The figure of ours, as a share and a multiple of the floor."""
    low, high = figure("", floor.times), figure(what, ours.times)
    note = note or f"floor: median {low.median:,.0f} µs, p99 {low.p99:,.0f} µs, {floor.rate:,.0f} a second"
    floors = high.median / low.median
    return replace(high, rate=ours.rate, share=ours.rate / floor.rate, floors=floors, busy=ours.busy, note=note)


def held(asked: Asked, connections: int, floor: Told, ours: Told) -> Figure:
    """The figure with its demands."""
    found = compared(f"{asked.what}, c={connections}", floor, ours)
    return replace(found, demands=_demands(connections, found, floor)) if asked.held_to else found


def _demands(connections: int, found: Figure, floor: Told) -> tuple[Demand, ...]:
    if connections == ALONE:
        more = found.median - figure("", floor.times).median
        return (at_most("median beyond the floor's", more, MORE, "µs"),)
    if connections == SOME:
        return (at_most("p99 over median", found.p99 / found.median, TAIL),)
    return (at_least("share of the floor", found.share or 0.0, SHARE),)
