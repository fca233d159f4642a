"""Figures: how they are made of numbers, and what is demanded of them."""

from __future__ import annotations

import math

import pytest

from bench.figures import Demand, at_least, at_most, figure, growth, number, quantile, slope


def test_a_figure_has_the_median_and_the_p99_of_its_times() -> None:
    found = figure("times", [float(time) for time in range(1000, 0, -1)])
    assert (found.n, found.median, found.p99) == (1000, 500.5, 991.0)


@pytest.mark.parametrize(("part", "value"), [(0.0, 1), (0.5, 2), (0.99, 3), (1.0, 3)])
def test_a_quantile_is_one_of_the_values(part: float, value: int) -> None:
    assert quantile([3, 1, 2], part) == value


def test_a_quantile_of_nothing_is_an_error_and_not_a_zero() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        quantile([], 0.5)


@pytest.mark.parametrize(
    ("demand", "met"),
    [
        (at_least("share", 0.25, 0.25), True),
        (at_least("share", 0.249, 0.25), False),
        (at_most("median", 250.0, 250.0), True),
        (at_most("median", 250.1, 250.0), False),
        (at_least("share", math.nan, 0.25), False),
        (at_most("median", math.nan, 250.0), False),
    ],
)
def test_a_demand_is_met_at_its_limit_and_not_one_past_it(demand: Demand, *, met: bool) -> None:
    assert demand.met is met


def test_a_demand_says_what_it_is_and_what_was_asked() -> None:
    assert str(at_most("median", 1514.2, 250, "µs")) == "NOT met: median 1,514 µs, at most 250 µs"
    assert str(at_least("share", 0.5, 0.25)) == "met: share 0.5, at least 0.25"


def test_what_a_demand_uses_is_one_when_it_is_just_met() -> None:
    assert at_least("share", 0.25, 0.25).used == at_most("median", 250, 250).used == 1
    assert at_least("share", 0.5, 0.25).used == at_most("median", 125, 250).used == 0.5
    assert at_least("share", 0.0, 0.25).used == math.inf


def test_growth_is_that_of_the_last_over_the_first() -> None:
    assert growth([1.0] * 10 + [7.0] * 10 + [2.0] * 10, 10) == 2.0
    assert growth([3.0] * 30, 10) == 1.0


def test_a_slope_is_what_one_more_costs() -> None:
    assert slope([(0, 1000), (500, 16_000), (1000, 31_000)]) == pytest.approx(30)


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (0.03049, "0.03049"), (999.96, "1000"), (23_444.188, "23,444"), (5e6, "5,000,000")]
)
def test_a_number_is_written_without_an_exponent(value: float, text: str) -> None:
    assert number(value) == text
