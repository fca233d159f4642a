"""Every suite of `data/`: what is not a known failure passes, and what is one still fails."""

from __future__ import annotations

import pytest

from tests.conformance.harness import HERE, cases, furnish, known, run
from tests.semantics.live import World

SUITES = sorted(path.stem for path in (HERE / "data").glob("*.json"))
TABLES = (HERE / "tables.js").read_text()


@pytest.mark.parametrize("suite", SUITES)
async def test_the_cases_of(suite: str, world: World, counts: dict[str, str]) -> None:
    await furnish(world)
    result = await run(world, cases(suite), TABLES)
    counts[suite] = f"{result.count - len(result.failed)} of {result.count}"
    expected = known(suite)
    surprises = {name: why for name, why in result.failed.items() if name not in expected}
    assert surprises == {}
    assert sorted(set(expected) - set(result.failed)) == [], "listed as failing, and they pass"
