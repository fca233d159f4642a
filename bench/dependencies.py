"""A val that names five others of its author, a hundred kilobytes of JavaScript each, beside an empty one.

The demand is about the start: all 500 KB are in the image that its guests are born of, and with a positive number none is called.
With a negative one each is called once: five reads, each a host call that is decided and recorded, whatever the size of what is read.
"""

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
    """Write the val that names each of them, and calls them when it is given a negative number."""
    calls = " + ".join(f"@bench.pick{number}(x)" for number in range(VALS))
    return f"(x) => x < 0 ? x + {calls} : x + 1"


def vals() -> tuple[Val, ...]:
    """The five, the one that names them, and an empty one."""
    libraries = tuple(("bench", f"pick{number}", library(number, KILOBYTES << 10)) for number in range(VALS))
    return (INC, *libraries, ("bench", "heavy", entry()))


def measure(*, quick: bool) -> Iterator[Row]:
    """The floor, the empty one and the heavy one, in turns, each of them warm."""
    with town(vals()) as on:
        plans = asked(on, "inc", 1, "2"), asked(on, "heavy", 1, "2"), asked(on, "heavy", -1, "9")
        for plan in plans:
            servers.drive(replace(plan, requests=20, seconds=WARM))
        rounds, seconds = (1, 0.5) if quick else (4, 1.0)
        floor, all_told = Told(), [Told() for _ in plans]
        for _ in range(rounds):
            add(floor, servers.drive(floor_plan(on.floor, 1, seconds / 2)))
            for one, plan in zip(all_told, plans, strict=True):
                add(one, servers.drive(replace(plan, seconds=seconds)))
        yield from told(floor, *all_told)


def asked(on: Town, name: str, number: int, expect: str) -> Plan:
    """One connection that runs this val with this number."""
    return Plan(on.port, f"/v1/run/bench.{name}", f'{{"args":[{number}]}}', 1, 1_000_000, 1.0, expect)


def told(floor: Told, light: Told, heavy: Told, called: Told) -> tuple[Figure, ...]:
    """All three, and how much longer the heavy one takes to start."""
    empty, full = compared("an empty val, c=1", floor, light), compared("a val with 500 KB of vals, c=1", floor, heavy)
    demand = at_most("median over the empty one's", full.median / empty.median, MOST)
    return (
        empty,
        replace(full, demands=(demand,)),
        compared("the same, which calls each of the five, c=1", floor, called),
    )
