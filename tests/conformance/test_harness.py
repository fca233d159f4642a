"""The harness itself: a case that fails is told by its name and why, and takes no other with it."""

from __future__ import annotations

import pytest

from tests.conformance.harness import HERE, Case, cases, furnish, known, run
from tests.semantics.live import World

GOOD = Case("good", "equal(1 + 1, 2);")


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("equal([1, { a: 2 }], [1, { a: 3 }]);", 'Error: [1,{"a":2}] instead of [1,{"a":3}]'),
        ("equal(-0, 0);", "Error: 0 instead of 0"),
        ("throws('TypeError', () => 5);", "Error: 5 instead of a TypeError"),
        ("throws('TypeError', () => { throw new RangeError('x') });", "RangeError (x) was thrown instead of TypeError"),
        ("await rejects('DataCloneError', Promise.resolve(5));", "Error: 5 instead of a DataCloneError"),
        ("B.evaluate('throw new RangeError(\"there\")');", "RangeError: there"),
        ("syntax error", "SyntaxError"),
    ],
)
async def test_a_case_that_fails_says_why(code: str, why: str, world: World) -> None:
    await furnish(world)
    result = await run(world, [GOOD, Case("bad", code)])
    assert result.count == 2
    assert list(result.failed) == ["bad"]
    assert why in result.failed["bad"]


async def test_a_case_that_ends_the_evaluation_takes_no_other_with_it(world: World) -> None:
    await furnish(world)
    result = await run(world, [GOOD, Case("bad", "Promise.reject(new RangeError('left behind'));")])
    assert list(result.failed) == ["bad"]
    assert "left behind" in result.failed["bad"]


@pytest.mark.parametrize(
    "suite", sorted(path.stem for path in (HERE / "known").glob("*.json") if path.stem != "originals")
)
def test_every_known_failure_is_a_case(suite: str) -> None:
    assert set(known(suite)) - {case.name for case in cases(suite)} == set()
