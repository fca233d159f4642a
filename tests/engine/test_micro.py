"""The programs of the micro-suite come to what they come to natively: a measurement of a wrong result would be worth nothing."""

from __future__ import annotations

import pytest

from guests import micro
from tests.semantics.live import World


@pytest.mark.parametrize("name", micro.RESULTS)
async def test_a_program_of_the_micro_suite_comes_to_its_result(world: World, name: str) -> None:
    assert await world.eval(f"({micro.program(name)})()") == micro.RESULTS[name]


def test_every_program_has_its_result() -> None:
    assert {path.stem for path in micro.PROGRAMS.glob("*.js")} == set(micro.RESULTS)
