"""When Python looks at everything that is alive: not while thousands wait, and soon after."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from host_api.load.garbage import EACH, FEW, Garbage

LEAST = 10
"""What Python does of its own accord."""


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    """Leave the process as it was."""
    before = gc.get_threshold()
    gc.set_threshold(700, 10, LEAST)
    yield
    gc.set_threshold(*before)


def old() -> int:
    return gc.get_threshold()[2]


def test_a_few_evaluations_change_nothing() -> None:
    garbage = Garbage()
    for alive in range(FEW):
        garbage.begun(alive)
        garbage.ended(alive)
    assert gc.get_threshold() == (700, 10, LEAST)


def test_while_thousands_are_alive_all_is_looked_at_when_more_has_grown_old_than_they_account_for() -> None:
    """In truth the objects of some twenty grow old with one look at the young; young ones are looked at as ever."""
    garbage = Garbage()
    for alive in range(1, 5_001):
        garbage.begun(alive)
        assert LEAST + (alive - FEW) // EACH <= old() <= LEAST + alive / EACH + 1
    assert gc.get_threshold()[:2] == (700, 10)


def test_what_has_grown_old_is_looked_at_once_few_are_left_and_not_while_they_end() -> None:
    garbage = Garbage()
    garbage.begun(5_000)
    for alive in range(5_000, FEW - 1, -1):
        garbage.ended(alive)
        assert old() > 1_000
    garbage.ended(FEW - 1)
    assert old() == LEAST


def test_it_is_never_turned_off() -> None:
    garbage = Garbage()
    garbage.begun(1_000_000)
    assert 0 < old() < 1_000_000
