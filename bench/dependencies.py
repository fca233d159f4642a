"""A val that names five others of its author, a hundred kilobytes of JavaScript each, beside an empty one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bench import servers
from bench.figures import Figure, Row, at_most
from bench.load import Plan, Told
from bench.serving import add, compared, floor_plan
from bench.town import INC, Town, Val, town

VALS, KILOBYTES = 5, 100
MOST = 1.3
WARM = 60.0
"""Seconds that compiling and the first runs may take."""


def library(number: int, size: int) -> str:
    """Write a val of `size` bytes: functions as people write them, the last of which is its value."""
    functions, length, at = [], 0, 0
    while length < size:
        functions.append(_function(number, at))
        length += len(functions[-1]) + 1
        at += 1
    return "\n".join([*functions, f"export const pick{number} = (x) => step0(x) - x + {number};"])


def _function(number: int, at: int) -> str:
    return (
        f"function step{at}(value) {{\n"
        f'  const table = {{ kind: "step {at} of library {number}", list: [1, 2, 3, {at}], deep: {{ at: {at} }} }};\n'
        "  if (typeof value !== 'number') throw new TypeError(`not a number: ${String(value)}`);\n"
        "  for (const one of table.list) if (one > value) return value + table.deep.at;\n"
        "  return table.list.reduce((sum, one) => sum + one, 0) > 0 ? value + table.deep.at : value;\n"
        "}"
    )


def entry() -> str:
    """Write the val that calls each of them."""
    return "(x) => x + " + " + ".join(f"@bench.pick{number}(x)" for number in range(VALS))


def vals() -> tuple[Val, ...]:
    """The five, the one that names them, and an empty one."""
    libraries = tuple(("bench", f"pick{number}", library(number, KILOBYTES << 10)) for number in range(VALS))
    return (INC, *libraries, ("bench", "heavy", entry()))


def measure(*, quick: bool) -> Iterator[Row]:
    """The floor, the empty one and the heavy one, in turns, each of them warm."""
    with town(vals()) as on:
        light, heavy = asked(on, "inc", "2"), asked(on, "heavy", "11")
        for plan in (light, heavy):
            servers.drive(replace(plan, requests=20, seconds=WARM))
        rounds, seconds = (1, 0.5) if quick else (4, 1.0)
        floor, ours, theirs = Told(), Told(), Told()
        for _ in range(rounds):
            add(floor, servers.drive(floor_plan(on.floor, 1, seconds / 2)))
            add(ours, servers.drive(replace(light, seconds=seconds)))
            add(theirs, servers.drive(replace(heavy, seconds=seconds * 2)))
        yield from told(floor, ours, theirs)


def asked(on: Town, name: str, expect: str) -> Plan:
    """One connection that runs this val."""
    return Plan(on.port, f"/v1/run/bench.{name}", '{"args":[1]}', 1, 1_000_000, 1.0, expect)


def told(floor: Told, ours: Told, theirs: Told) -> tuple[Figure, Figure]:
    """Both, and how much longer the heavy one takes."""
    empty, full = compared("an empty val, c=1", floor, ours), compared("a val with 500 KB of vals, c=1", floor, theirs)
    return empty, replace(full, demands=(at_most("median over the empty one's", full.median / empty.median, MOST),))
