"""`valgate val schedule` and `valgate run --as-interval`, as typed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Run

TICK = "export const tick = (i) => [i.delay, i.author.username, i.registeredAt instanceof Date, typeof i.lastRunAt]"


@pytest.fixture
def tick(valgate: Run) -> Run:
    valgate("user", "add", "alice").insist()
    valgate("val", "put", "alice", "-", stdin=TICK).insist()
    return valgate


def test_a_schedule_is_set_shown_and_taken_away(tick: Run) -> None:
    assert "has no schedule; --every 15m" in tick("val", "schedule", "alice.tick").err
    assert '{"every": "15m"}' in tick("val", "schedule", "alice.tick", "--every", "15m").insist()
    assert '{"every": "15m"}' in tick("val", "schedule", "@alice.TICK").insist()
    assert '{"cron": "30 8 * * *"}' in tick("val", "schedule", "alice.tick", "--cron", "30 8 * * *").insist()
    told = tick("val", "schedule", "alice.tick", "--off")
    assert (told.status, told.out) == (0, "")
    assert "by itself no more" in told.err


def test_when_it_ran_and_runs_next_is_there_for_programs(tick: Run) -> None:
    assert tick("val", "schedule", "alice.tick", "--json").insist() == "null\n"
    told = json.loads(tick("val", "schedule", "alice.tick", "--every", "1h", "--json").insist())
    assert told["schedule"] == {"every": "1h"}
    assert told["nextRunAt"] > told["registeredAt"]
    assert (told["lastRunAt"], told["running"]) == (None, False)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--every", "soon"), "as in"),
        (("--every", "500ms"), "whole number and a unit"),
        (("--cron", "* * *"), "five fields"),
        (("--cron", "61 * * * *"), "Bad minute"),
        (("--every", "1h", "--off"), "not allowed with"),
    ],
)
def test_a_mistake_is_told_with_the_form(tick: Run, words: tuple[str, ...], told: str) -> None:
    ended = tick("val", "schedule", "alice.tick", *words)
    assert ended.status != 0
    assert told in ended.err
    assert "Traceback" not in ended.err
    assert "has no schedule" in tick("val", "schedule", "alice.tick").err


def test_a_val_that_is_not_there_and_a_version_have_no_schedule(tick: Run) -> None:
    assert "no val 'alice.tock'" in tick("val", "schedule", "alice.tock", "--every", "1h").err
    assert "without a version" in tick("val", "schedule", "alice.tick@0", "--every", "1h").err


def test_data_has_no_schedule_and_what_became_data_says_that_it_does_not_run(tick: Run) -> None:
    tick("val", "schedule", "alice.tick", "--every", "1h").insist()
    tick("val", "put", "alice", "-", "--name", "tick", stdin="1").insist()
    assert "does not run now" in tick("val", "schedule", "alice.tick").err
    tick("val", "schedule", "alice.tick", "--off").insist()
    assert "Only code runs" in tick("val", "schedule", "alice.tick", "--every", "1h").err


def test_the_shortest_time_is_the_operators(tick: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VALGATE_SHORTEST_INTERVAL", "60")
    assert "at least 60 s" in tick("val", "schedule", "alice.tick", "--every", "59s").err
    tick("val", "schedule", "alice.tick", "--every", "60s").insist()


def test_it_can_be_tried(tick: Run) -> None:
    assert json.loads(tick("run", "alice.tick", "--as-interval").insist()) == [900_000, "@alice", True, "undefined"]
    tick("val", "schedule", "alice.tick", "--every", "1h").insist()
    assert json.loads(tick("run", "alice.tick@0", "--as-interval").insist())[0] == 3_600_000


@pytest.mark.parametrize("words", [("--args", "[1]"), ("--as", "alice")])
def test_a_try_takes_neither_arguments_nor_somebody_who_asks(tick: Run, words: tuple[str, ...]) -> None:
    ended = tick("run", "alice.tick", "--as-interval", *words)
    assert ended.status == 1
    assert "leave out --args and --as" in ended.err
