from __future__ import annotations

import pytest

from host_api.load.rates import Rates
from kernel.errors import TooMany


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_minutes_worth_may_be_asked_at_once_and_not_one_more() -> None:
    clock = Clock()
    rates = Rates(60, clock=clock)
    for _ in range(60):
        rates.take("a")
    with pytest.raises(TooMany, match="60 times a minute") as told:
        rates.take("a")
    assert told.value.seconds == 1
    rates.take("b")


def test_who_waits_as_long_as_he_was_told_may_ask_once_more() -> None:
    clock = Clock()
    rates = Rates(2, clock=clock)
    rates.take("a")
    rates.take("a")
    with pytest.raises(TooMany) as told:
        rates.take("a")
    assert told.value.seconds == 30
    clock.now += 29.9
    with pytest.raises(TooMany) as told:
        rates.take("a")
    assert told.value.seconds == 1
    clock.now += 0.1
    rates.take("a")
    with pytest.raises(TooMany):
        rates.take("a")


def test_a_bucket_never_holds_more_than_a_minutes_worth() -> None:
    clock = Clock()
    rates = Rates(1, clock=clock)
    rates.take("a")
    clock.now += 1e6
    rates.take("a")
    with pytest.raises(TooMany):
        rates.take("a")


def test_a_million_addresses_take_no_more_room_than_is_kept_for_them() -> None:
    rates = Rates(1, most=10)
    for number in range(1000):
        rates.take(str(number))
    assert len(rates) == 10
    with pytest.raises(TooMany):
        rates.take("999")


def test_who_asked_last_is_remembered_longest() -> None:
    rates = Rates(1, most=2)
    rates.take("a")
    rates.take("b")
    with pytest.raises(TooMany):
        rates.take("a")
    rates.take("c")
    with pytest.raises(TooMany):
        rates.take("a")


def test_no_rate_is_no_limit_and_no_memory() -> None:
    rates = Rates(0)
    for _ in range(1000):
        rates.take("a")
    assert len(rates) == 0
