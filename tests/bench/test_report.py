"""The table, the JSON lines, and the page's own table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.figures import Amount, Figure, Missing, at_least, at_most
from bench.report import HEAD, lines, markdown, save, verdicts
from bench.rooms import BEGIN, END, PAGE, Costs, page, put, typical

RUN = Figure("run", 100, 1400.0, 2800.0, 700.0, 0.1, 10.0, 0.02, (at_least("share", 0.1, 0.25),), "a note")


def test_a_figure_stands_beneath_the_words_of_the_head() -> None:
    first, demand, note = lines(RUN)
    assert first.split() == ["run", "100", "1,400.0", "2,800.0", "700", "0.100", "10.00", "2%"]
    assert len(first) == len(HEAD)
    assert demand.strip() == "NOT met: share 0.1, at least 0.25"
    assert note.strip() == "a note"


def test_what_was_not_measured_says_why() -> None:
    assert lines(Missing("micro", "not there yet"))[-1].strip() == "not there yet"


def test_each_row_is_one_line_of_json_with_its_verdicts(tmp_path: Path) -> None:
    save(tmp_path / "deep" / "now.jsonl", {"cores": 2}, [RUN, Amount("memory", 2.0, "GB")])
    where, run, memory = map(json.loads, (tmp_path / "deep" / "now.jsonl").read_text().splitlines())
    assert where == {"cores": 2}
    assert (run["what"], run["demands"][0]["met"]) == ("run", False)
    assert (memory["value"], memory["unit"]) == (2.0, "GB")


def test_verdicts_are_all_demands_with_their_rows() -> None:
    both = Amount("memory", 2.0, "GB", (at_most("a", 1, 2), at_most("b", 3, 2)))
    assert [(row.what, demand.met) for row, demand in verdicts([RUN, both])] == [
        ("run", False),
        ("memory", True),
        ("memory", False),
    ]


def test_a_table_of_a_page_has_its_head_and_a_row_each() -> None:
    assert markdown(("room", "µs"), [("a", "1")]) == "| room | µs |\n|---|---|\n| a | 1 |\n"


def test_the_costs_replace_what_stood_between_the_marks() -> None:
    assert put(f"before\n{BEGIN}old\n{END}after\n", "new\n") == f"before\n{BEGIN}new\n{END}after\n"


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="no place"):
        put("no marks", "new")


def test_the_page_of_the_bench_has_the_marks() -> None:
    assert put(PAGE.read_text(), "new\n").count("new\n") == 1


def test_the_rooms_of_the_page_add_up_to_all_of_it() -> None:
    costs = Costs({"HTTP": 30.0, "guest": 70.0}, 130.0, 120.0, 60.0, 10, ())
    where = dict.fromkeys(("processor", "cores", "system", "python", "wasmtime", "commit"), "x")
    assert "| guest | 70.0 | 70% |" in page(costs, where)
    assert "**100.0**" in page(costs, where)


def test_only_requests_that_ran_a_guest_are_typical_and_of_these_the_middle_half() -> None:
    ran = [{"guest: runs": float(time)} for time in range(8)]
    assert typical([{"HTTP": 1.0}, *ran]) == ran[2:6]
    with pytest.raises(ValueError, match=r"boundaries\.py"):
        typical([{"HTTP": 1.0}])
