"""Runs cases that are data in live guests: each is a name and JavaScript that throws when it fails.

Many cases share an evaluation, for an evaluation costs more than a case; what ends a whole evaluation is then looked for case by case.
A suite's known failures stand in `known/`, by name and with the reason: no other case may fail, and none of these may pass.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.semantics.live import World

HERE = Path(__file__).parent
GUEST = (HERE / "guest.js").read_text()
BATCH = 50
BATCH_BYTES = 200_000
ROOM = """(scripts, cases) => {
  const B = { echo: @B.echo, evaluate: @B.evaluate };
  for (const script of scripts) (0, eval)(script), B.evaluate(`${script}; 0`);
  return runCases(cases, B);
}"""


@dataclass(frozen=True)
class Case:
    """A sentence, and the body of an async function that throws when the sentence is not true."""

    name: str
    code: str


@dataclass(frozen=True)
class Result:
    """How many cases ran, and why each that failed did."""

    count: int
    failed: dict[str, str]


def known(suite: str) -> dict[str, str]:
    """Return the suite's known failures, each with its reason: `known/SUITE.json` has the reasons, and the names under each."""
    path = HERE / "known" / f"{suite}.json"
    reasons = json.loads(path.read_text()) if path.exists() else {}
    return {name: reason for reason, names in reasons.items() for name in names}


def cases(suite: str) -> list[Case]:
    """Return the cases of `data/SUITE.json`; two of one name are a mistake."""
    data = json.loads((HERE / "data" / f"{suite}.json").read_text())
    common = {"table": data["table"]} if "table" in data else {}
    found = [case for row in data["cases"] for case in EXPANDED[data.get("kind", "plain")](common | row)]
    assert len({case.name for case in found}) == len(found), "two cases have one name"
    return found


def plain(row: dict[str, Any]) -> Iterator[Case]:
    yield Case(row["name"], row["run"])


def cloned(row: dict[str, Any]) -> Iterator[Case]:
    """Three ways: `structuredClone`, to B and back, and seen by B; `crosses` is what §5 decides where it differs from a clone."""
    there = row.get("crosses", row)
    ways = {
        "cloned": (row, "structuredClone(x)"),
        "sent to B and back": (there, "B.echo(x)"),
        "seen by B": (there, "x"),
    }
    for way, (expected, made) in ways.items():
        yield Case(f"{row['name']}, {way}", _way(row["value"], expected, made))


def _way(value: str, expected: dict[str, str], made: str) -> str:
    if "throws" in expected:
        made = "B.echo(x)" if made == "x" else made
        return f"const x = ({value}); throws({json.dumps(expected['throws'])}, () => {made});"
    body = f"{{ {expected['check']} }}"
    if made == "x":
        return f"const x = ({value}); return B.evaluate({json.dumps(f'(y) => {body}')})(x);"
    return f"const x = ({value}), y = {made}; {_identity(expected)} {body}"


def _identity(expected: dict[str, str]) -> str:
    if expected.get("same"):
        return "ok(y === x, 'what came home is not the original');"
    return "ok(Object(x) !== x || y !== x, 'not a copy');"


def table(row: dict[str, Any]) -> Iterator[Case]:
    """A row of a table, for the function of `tables.js` that its `table` names."""
    told = {key: json.dumps(value) for key, value in row.items()}
    name = row.get("name") or NAMES[row["table"]].format_map({"base": "nothing", **told})
    yield Case(name, f"return tables[{told['table']}]({json.dumps(row)});")


NAMES = {"url": "{input} from {base}", "setter": "{set} = {new_value} of {href}"}
EXPANDED: dict[str, Callable[[dict[str, Any]], Iterator[Case]]] = {"plain": plain, "clone": cloned, "table": table}


async def furnish(world: World) -> None:
    """Give B what cases need of another owner, and A the room they run in."""
    await world.save("B", "(source) => (0, eval)(source)", name="evaluate")
    await world.save("B", "(value) => value", name="echo")
    await world.save("A", ROOM, name="room")


async def run(world: World, given: list[Case], *scripts: str) -> Result:
    """Run the cases in guests born for them, many in each."""
    failed: dict[str, str] = {}
    for batch in _batches(given):
        failed |= await _run_batch(world, batch, scripts)
    return Result(len(given), failed)


def _batches(given: list[Case]) -> Iterator[list[Case]]:
    batch: list[Case] = []
    size = 0
    for case in given:
        size += len(case.code)
        if batch and (len(batch) == BATCH or size > BATCH_BYTES):
            yield batch
            batch, size = [], len(case.code)
        batch.append(case)
    yield batch


async def _run_batch(world: World, batch: list[Case], scripts: tuple[str, ...]) -> dict[str, str]:
    outcome = await world.run("A.room", [GUEST, *scripts], [(case.name, case.code) for case in batch])
    if outcome.error is None:
        return dict(json.loads(outcome.json))
    if len(batch) == 1:
        return {batch[0].name: f"the evaluation ended: {outcome.error.name}: {outcome.error.message}"}
    failed: dict[str, str] = {}
    for case in batch:
        failed |= await _run_batch(world, [case], scripts)
    return failed
