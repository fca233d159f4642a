"""Charts: SVG that a reader opens, with bars as long as what they stand for."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench import drawing
from bench.charts import BAD, GOOD, WIDTH, Bar, bars
from bench.figures import Amount, Figure, Row, at_least, at_most

WHERE = {"processor": "P", "cores": 2, "python": "3", "commit": "c"}
SVG = "{http://www.w3.org/2000/svg}"


def lengths(chart: str) -> list[float]:
    """The widths of the bars, the background left out."""
    boxes = ET.fromstring(chart).iter(f"{SVG}rect")  # noqa: S314 - our own text
    return [float(box.get("width", "")) for box in boxes][1:]


def test_a_bar_twice_as_long_stands_for_twice_as_much() -> None:
    short, long = lengths(bars("title", "foot", [Bar("a", 1, "1"), Bar("b", 2, "2")]))
    assert long == pytest.approx(2 * short)


def test_on_a_logarithmic_scale_equal_ratios_are_equal_steps() -> None:
    one, ten, hundred = lengths(
        bars("title", "foot", [Bar(str(value), value, "") for value in (1, 10, 100)], logarithmic=True)
    )
    assert hundred - ten == pytest.approx(ten - one, abs=0.2)


def test_a_mark_beyond_every_bar_is_within_the_chart() -> None:
    chart = bars("title", "foot", [Bar("a", 1, "1", mark=10)])
    at = re.search(r'<line x1="([\d.]+)"', chart)
    assert at
    assert float(at[1]) < WIDTH


def test_a_name_that_looks_like_markup_is_text() -> None:
    chart = bars("<b>", "&", [Bar("(x) => x + 1 & <script>", 1, "1")])
    assert "(x) => x + 1 & <script>" in [text.text for text in ET.fromstring(chart).iter(f"{SVG}text")]  # noqa: S314


def test_a_chart_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing"):
        bars("title", "foot", [])


def test_a_logarithm_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="logarithm"):
        bars("title", "foot", [Bar("a", 0, "")], logarithmic=True)


def test_a_run_is_drawn_as_far_as_it_was_measured(tmp_path: Path) -> None:
    row = Figure("POST /v1/run, c=1", 10, 1400, 2800, 700, 0.1, demands=(at_least("share of the floor", 0.1, 0.25),))
    assert [path.name for path in drawing.draw({"run": [row]}, WHERE, tmp_path / "now")] == [
        "now-throughput.svg",
        "now-latency.svg",
        "now-demands.svg",
    ]
    assert drawing.draw({"rooms": []}, WHERE, tmp_path / "none") == []


def test_a_demand_that_is_not_met_is_red_and_one_that_is_met_green() -> None:
    rows: list[Row] = [
        Amount("a", 1, "GB", (at_most("memory", 1, 2),)),
        Amount("b", 3, "GB", (at_most("memory", 3, 2),)),
    ]
    assert re.findall(f"{GOOD}|{BAD}", drawing.asked(rows, "")) == [GOOD, BAD]
