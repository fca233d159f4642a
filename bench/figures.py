"""What was measured, as values: times, amounts, and what was demanded of them.

Everything about how a figure is made of numbers is here; nothing is measured here, and nothing printed.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

MANY_DIGITS = 1000


@dataclass(frozen=True, slots=True)
class Demand:
    """What a figure is asked to be, and is: `limit` is the least or the most of `value`."""

    what: str
    value: float
    limit: float
    least: bool
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether it is as asked. What is not a number meets nothing."""
        return self.value >= self.limit if self.least else self.value <= self.limit

    @property
    def used(self) -> float:
        """How much of what is allowed it takes: 1 is just met, less is better."""
        part, whole = (self.limit, self.value) if self.least else (self.value, self.limit)
        return part / whole if whole else float("inf")

    def __str__(self) -> str:
        word = "met" if self.met else "NOT met"
        bound = "at least" if self.least else "at most"
        unit = f" {self.unit}" if self.unit else ""
        return f"{word}: {self.what} {number(self.value)}{unit}, {bound} {number(self.limit)}{unit}"


def at_least(what: str, value: float, limit: float, unit: str = "") -> Demand:
    """Demand no less."""
    return Demand(what, value, limit, least=True, unit=unit)


def at_most(what: str, value: float, limit: float, unit: str = "") -> Demand:
    """Demand no more."""
    return Demand(what, value, limit, least=False, unit=unit)


@dataclass(frozen=True, slots=True)
class Figure:
    """Times. They are microseconds; `rate` is a second's; `share` is the rate's of the floor in the same run.

    `floors` is the median as a multiple of the floor's, with as many connections; `busy` is the load generator's share of a core.
    """

    what: str
    n: int
    median: float
    p99: float
    rate: float | None = None
    share: float | None = None
    floors: float | None = None
    busy: float | None = None
    demands: tuple[Demand, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Amount:
    """One number that is no time of one thing: bytes, a ratio, seconds until ready."""

    what: str
    value: float
    unit: str
    demands: tuple[Demand, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """What could not be measured, and why."""

    what: str
    why: str
    demands: tuple[Demand, ...] = ()


Row = Figure | Amount | Missing


def number(value: float) -> str:
    """Write a number as people read it: four digits that count, and no exponent."""
    return f"{value:,.0f}" if abs(value) >= MANY_DIGITS else f"{value:.4g}"


def figure(what: str, times: Sequence[float], rate: float | None = None, share: float | None = None) -> Figure:
    """The figure of a list of times, in microseconds."""
    return Figure(what, len(times), statistics.median(times), quantile(times, 0.99), rate, share)


def quantile(values: Sequence[float], part: float) -> float:
    """The value below which this part of all lies; raise ValueError when there are none."""
    if not values:
        raise ValueError("nothing was measured")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """How much the second number grows with each of the first: the line of least squares."""
    return statistics.linear_regression([x for x, _ in points], [y for _, y in points]).slope


def growth(values: Sequence[float], window: int) -> float:
    """The median of the last `window` values as a multiple of that of the first ones."""
    return statistics.median(values[-window:]) / statistics.median(values[:window])
