"""One peer beside the floor and beside ours, in turns: floor, ours, floor, theirs."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bench import servers
from bench.figures import Figure, Missing, Row, at_least
from bench.load import Plan, Told
from bench.peers.install import FOLDER
from bench.peers.known import NotThere, Peer
from bench.serving import ALONE, MANY, RUN, add, compared, floor_plan
from bench.town import Town

OURS = "Valgate, the whole stack"
WARM = 1.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Turns:
    """How many turns, and how many seconds each."""

    rounds: int
    seconds: float


def rows(peer: Peer, on: Town, turns: Turns) -> Iterator[Row]:
    """Measure one peer; one that cannot run says why."""
    port, log = servers.free_port(), FOLDER / f"{peer.name}.log"
    try:
        words = peer.words(port)
        with log.open("w", encoding="utf-8") as said, servers.running(words, port, os.environ, said, FOLDER):
            servers.drive(_plan(port, MANY, WARM))
            for connections in (ALONE, MANY):
                yield from _beside(peer, port, on, connections, turns)
    except NotThere as gone:
        yield Missing(peer.title, str(gone))
    except (OSError, RuntimeError, ValueError) as broken:
        yield Missing(peer.title, f"{broken}; what it said itself is in {log.name}")


def _plan(port: int, connections: int, seconds: float) -> Plan:
    return Plan(port, "/run", '{"args":[1]}', connections, 10_000_000, seconds, "2")


def _beside(peer: Peer, port: int, on: Town, connections: int, turns: Turns) -> Iterator[Figure]:
    """Ours and theirs, each after a turn of the floor; with many connections, what is demanded of ours."""
    low, ours, below, theirs = Told(), Told(), Told(), Told()
    times: list[float] = []
    for _ in range(turns.rounds):
        one = _turn(port, on, connections, turns.seconds)
        times.append(ratio(*one))
        for total, part in zip((low, ours, below, theirs), one, strict=True):
            add(total, part)
    found = compared(f"{peer.title}, c={connections}", below, theirs)
    beside, median = compared("", low, ours), statistics.median(times)
    note = f"isolation: {peer.isolation}; ours beside it: {beside.rate or 0:,.0f} a second, {median:,.2f} x, median {beside.median:,.0f} µs"
    wanted = peer.times is not None and connections == MANY
    demands = (at_least("ours, as many times its requests", median, peer.times or 0.0),) if wanted else ()
    yield replace(found, demands=demands, note=note)


def _turn(port: int, on: Town, connections: int, seconds: float) -> tuple[Told, Told, Told, Told]:
    """One turn of each: floor, ours, floor, theirs."""
    floor = floor_plan(on.floor, connections, seconds / 2)
    low, ours = servers.drive(floor), servers.drive(RUN.plan(on, connections, seconds))
    return low, ours, servers.drive(floor), servers.drive(_plan(port, connections, seconds))


def ratio(low: Told, ours: Told, below: Told, theirs: Told) -> float:
    """How many times their requests a second ours are, each as a share of the floor before it.

    The median of several turns is what counts: one turn that a neighbour on this machine slowed down does not decide.
    """
    return (ours.rate / low.rate) / (theirs.rate / below.rate)


def our_own(on: Town, turns: Turns) -> Iterator[Figure]:
    """Ours beside the floor alone."""
    for connections in (ALONE, MANY):
        low, ours = Told(), Told()
        for _ in range(turns.rounds):
            add(low, servers.drive(floor_plan(on.floor, connections, turns.seconds / 2)))
            add(ours, servers.drive(RUN.plan(on, connections, turns.seconds)))
        yield compared(
            f"{OURS}, c={connections}", low, ours, "isolation: a WebAssembly memory each, and a record of it"
        )
