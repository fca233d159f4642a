"""The originals, unchanged, from a checkout that `WPT` names; without one there is nothing to run."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from tests.conformance.harness import HERE, furnish, known, run
from tests.conformance.originals import HERE_IS_A_CHECKOUT, run_script, scripts, tables
from tests.semantics.live import World

ROWS = tables() if HERE_IS_A_CHECKOUT else {}
SCRIPTS = scripts() if HERE_IS_A_CHECKOUT else []
TABLES = (HERE / "tables.js").read_text()


@pytest.mark.parametrize("table", ROWS)
async def test_every_row_of(table: str, world: World, counts: dict[str, str]) -> None:
    await furnish(world)
    result = await run(world, ROWS[table], TABLES)
    counts[f"{table} (original)"] = f"{result.count - len(result.failed)} of {result.count}"
    assert result.failed == {}


@pytest.mark.parametrize("script", SCRIPTS)
async def test_the_script(script: str, world: World, counts: dict[str, str]) -> None:
    result = await run_script(world, script)
    counts[f"{script} (original)"] = f"{result.count - len(result.failed)} of {result.count}"
    failed = {f"{script}: {name}": why for name, why in result.failed.items()}
    assert {name: why for name, why in failed.items() if not is_known(name)} == {}


def is_known(name: str) -> bool:
    """Whether one of the patterns in `known/originals.json` names it: hundreds fail there for one reason."""
    return any(fnmatchcase(name, pattern) for pattern in known("originals"))
