"""The published table, observed: every cell is a live evaluation in a scratch database.

Nothing here asks the policy what it would say: B's functions are run in A's evaluation, and what happened is looked at.
Source: semantics.md §2; "Restricted Library Mode", 4 May 2023.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from host_api.house import Entry, House, Outcome
from host_api.settings import Settings
from host_api.store import Privacy
from kernel.policy import Policy

COLUMNS = (Policy.API, Policy.LIBRARY, Policy.RESTRICTED)
UNDEFINED, NOOP, ERROR = "undefined", "no-op", "Error"

PUBLISHED: tuple[tuple[str, str, str, str], ...] = (
    ("@me.secrets.foo", "@B.secrets.foo", "@A.secrets.foo", UNDEFINED),
    ("@A.secrets.foo", ERROR, "@A.secrets.foo", UNDEFINED),
    ("@B.secrets.foo", "@B.secrets.foo", UNDEFINED, UNDEFINED),
    ("@me.privateFoo", "@B.privateFoo", "@A.privateFoo", UNDEFINED),
    ("@A.privateFoo", ERROR, "@A.privateFoo", UNDEFINED),
    ("@B.privateFoo", "@B.privateFoo", UNDEFINED, UNDEFINED),
    ("@me.publicFoo", "@B.publicFoo", "@B.publicFoo", "@B.publicFoo"),
    ("@A.publicFoo", "@A.publicFoo", "@A.publicFoo", "@A.publicFoo"),
    ("@B.publicFoo", "@B.publicFoo", "@B.publicFoo", "@B.publicFoo"),
    ("@me.foo = x", "@B.foo = x", "@A.foo = x", NOOP),
    ("@A.foo = x", ERROR, "@A.foo = x", "@A.foo = x"),
    ("@B.foo = x", "@B.foo = x", NOOP, NOOP),
    ("console.email", "emails B", "emails A", "emails A"),
)
"""Code in @B's function called by @A; then the columns api, library, restricted."""

WRITTEN = "x"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: what should be, and what was."""

    row: int
    code: str
    column: Policy
    expected: str
    observed: str

    @property
    def agrees(self) -> bool:
        """Whether they are the same."""
        return self.expected == self.observed


async def observe() -> list[Cell]:
    """Run all cells; raise BadSetting when the house cannot be opened."""
    async with _scratch() as house:
        for row, line in enumerate(PUBLISHED, 1):
            await house.save(owner="B", code=f"export const row{row} = {_function(line[0])}", privacy=Privacy.PUBLIC)
        return [
            Cell(row, code, column, expected, await _observed(house, row, code, column))
            for row, (code, *cells) in enumerate(PUBLISHED, 1)
            for column, expected in zip(COLUMNS, cells, strict=True)
        ]


async def show(out: Callable[[str], None], *, as_json: bool) -> int:
    """Print the observed table beside the published one; return 1 unless all agree."""
    cells = await observe()
    agree = sum(cell.agrees for cell in cells)
    if as_json:
        out(json.dumps([_as_dict(cell) for cell in cells], indent=2))
    else:
        out(_page(cells))
        out(f"{agree} of {len(cells)} as published")
    return 0 if agree == len(cells) else 1


def _function(code: str) -> str:
    if code == "console.email":
        return "() => console.email('hello', 'the table')"
    return f"(x) => {{ {code} }}" if "=" in code else f"() => {code}"


@asynccontextmanager
async def _scratch() -> AsyncIterator[House]:
    with tempfile.TemporaryDirectory(prefix="valgate-table-") as folder:
        async with House.open(Settings(db=str(Path(folder) / "table.db"))) as house:
            for owner in ("A", "B"):
                await house.store.add_account(owner, f"{owner.lower()}@example.com")
                await house.store.put_secret(owner, "foo", f"@{owner}.secrets.foo")
                for name, privacy in (("privateFoo", Privacy.PRIVATE), ("publicFoo", Privacy.PUBLIC)):
                    await house.save(owner=owner, name=name, code=json.dumps(f"@{owner}.{name}"), privacy=privacy)
            yield house


async def _observed(house: House, row: int, code: str, column: Policy) -> str:
    for owner in ("A", "B"):
        await house.save(owner=owner, name="foo", code='"before"', privacy=Privacy.PRIVATE)
    mails = _mails(house)
    outcome = await house.evaluate(
        requester="A",
        source="cli",
        entry=Entry(code=f"@B.row{row}({json.dumps(WRITTEN)})"),
        args=None,
        as_author=False,
        policy=column,
    )
    if outcome.error is not None:
        return ERROR if outcome.error.name == "PermissionError" else f"{outcome.error.name}: {outcome.error.message}"
    if "=" in code:
        return _written(house)
    return _mailed(house, mails) if code == "console.email" else _value(outcome)


def _value(outcome: Outcome) -> str:
    return UNDEFINED if outcome.type == UNDEFINED else str(json.loads(outcome.json))


def _written(house: House) -> str:
    changed = [f"@{owner}.foo = x" for owner in ("A", "B") if _foo(house, owner) == WRITTEN]
    return " and ".join(changed) or NOOP


def _foo(house: House, owner: str) -> object:
    val = house.store.val(owner, "foo")
    return None if val is None or val.json is None else json.loads(val.json)


def _mails(house: House) -> dict[str, int]:
    return {owner: len(house.store.mail(owner)) for owner in ("A", "B")}


def _mailed(house: House, before: dict[str, int]) -> str:
    after = _mails(house)
    return " and ".join(f"emails {owner}" for owner in after if after[owner] > before[owner]) or "emails nobody"


def _as_dict(cell: Cell) -> dict[str, object]:
    return {
        "row": cell.row,
        "code": cell.code,
        "column": cell.column.value,
        "expected": cell.expected,
        "observed": cell.observed,
        "agrees": cell.agrees,
    }


def _page(cells: list[Cell]) -> str:
    lines = [f"{'':2} {'code in @B, called by @A':24}" + "".join(f" {column.value:34}" for column in COLUMNS)]
    for row, (code, *_) in enumerate(PUBLISHED, 1):
        told = [_told(cell) for cell in cells if cell.row == row]
        lines.append(f"{row:2} {code:24}" + "".join(f" {text:34}" for text in told))
    return "\n".join(line.rstrip() for line in lines)


def _told(cell: Cell) -> str:
    return f"{cell.observed}  ✓" if cell.agrees else f"{cell.observed}  ✗ should be {cell.expected}"
