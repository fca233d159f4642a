"""Charts as SVG, written by hand: bars beside their names, a mark where a demand is. No library, so nothing to install.

This file knows numbers and words, and no measurement.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, NAMES, TEXTS = 1200, 540, 210
"""Pixels: of all, of the names before the bars, of the figures behind them."""
ROW, BAR, HEAD, FOOT = 26, 16, 64, 34
FONT = 'font-family="system-ui, sans-serif" font-size="13"'
GOOD, BAD, PLAIN, LIGHT = "#2f7d4f", "#b3402f", "#5b7a9d", "#c9d3de"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its name, its length and how that is written; `light` is a second, paler length behind it; `mark` a limit."""

    name: str
    value: float
    text: str
    colour: str = PLAIN
    light: float | None = None
    mark: float | None = None


def bars(title: str, foot: str, rows: Sequence[Bar], *, logarithmic: bool = False) -> str:
    """A chart of bars; raise ValueError when there are none, or a logarithm of nothing is asked for."""
    if not rows:
        raise ValueError("a chart of nothing")
    scale = _Scale([length for row in rows for length in _lengths(row)], logarithmic=logarithmic)
    height = HEAD + ROW * len(rows) + FOOT
    drawn = [_drawn(row, HEAD + ROW * place, scale) for place, row in enumerate(rows)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" {FONT}>',
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            f'<text x="16" y="34" font-size="17" font-weight="600">{escape(title)}</text>',
            *drawn,
            f'<text x="16" y="{height - 12}" font-size="11" fill="#555555">{escape(foot)}</text>',
            "</svg>\n",
        ]
    )


class _Scale:
    """From a value to pixels."""

    def __init__(self, values: Sequence[float], *, logarithmic: bool) -> None:
        self._log = logarithmic
        if logarithmic and min(values) <= 0:
            raise ValueError("nothing has no logarithm")
        self._low = math.log10(min(values)) - 0.3 if logarithmic else 0.0
        high = math.log10(max(values)) if logarithmic else max(values)
        self._span = (high - self._low) or 1.0

    def __call__(self, value: float) -> float:
        at = math.log10(value) if self._log else value
        return max(1.0, (at - self._low) / self._span * (WIDTH - NAMES - TEXTS))


def _lengths(row: Bar) -> list[float]:
    return [row.value, *(length for length in (row.light, row.mark) if length is not None)]


def _drawn(row: Bar, top: float, scale: _Scale) -> str:
    middle = top + ROW / 2
    name = f'<text x="{NAMES - 10}" y="{middle + 4}" text-anchor="end">{escape(row.name)}</text>'
    longest = max(scale(length) for length in _lengths(row))
    text = f'<text x="{NAMES + longest + 8:.1f}" y="{middle + 4}" fill="#333333">{escape(row.text)}</text>'
    light = "" if row.light is None else _box(middle, scale(row.light), LIGHT)
    return name + light + _box(middle, scale(row.value), row.colour) + _mark(row, middle, scale) + text


def _box(middle: float, length: float, colour: str) -> str:
    return f'<rect x="{NAMES}" y="{middle - BAR / 2}" width="{length:.1f}" height="{BAR}" fill="{colour}"/>'


def _mark(row: Bar, middle: float, scale: _Scale) -> str:
    if row.mark is None:
        return ""
    at = NAMES + scale(row.mark)
    return (
        f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{middle - 12}" y2="{middle + 12}" stroke="#111111" stroke-width="2"/>'
    )
