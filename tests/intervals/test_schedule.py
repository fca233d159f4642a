from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_api.intervals.schedule import LONGEST_MS, Cron, Every, Schedule, dump, load, parse
from kernel.errors import BadInput

NOW = int(datetime(2027, 3, 27, 12, tzinfo=UTC).timestamp()) * 1000
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def read(value: object, shortest: float = 1.0) -> Schedule:
    return parse(value, shortest, NOW)


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp()) * 1000


@pytest.mark.parametrize(("text", "period"), [("1s", 1000), ("90s", 90_000), ("15m", 900_000), ("6h", 21_600_000)])
def test_every_is_a_whole_number_and_a_unit(text: str, period: int) -> None:
    assert read({"every": text}) == Every(text, period)


@pytest.mark.parametrize(
    "text",
    ["", "0s", "15", "m", "-1m", "+1m", "1.5h", "1 m", "15m ", "1e3s", "15M", "1w", "01m", "\u0661m", "9" * 30 + "s"],
)
def test_every_that_is_anything_else_is_refused_with_its_form(text: str) -> None:
    with pytest.raises(BadInput, match=r"whole number and a unit .* as in \{\"every\": \"15m\"\}"):
        read({"every": text})


def test_the_greatest_period_is_a_year_and_one_second_more_is_refused() -> None:
    assert read({"every": "366d"}) == Every("366d", LONGEST_MS)
    with pytest.raises(BadInput, match="at most 366d"):
        read({"every": f"{366 * 86_400 + 1}s"})


def test_the_least_period_is_the_operators_and_one_second_less_is_refused() -> None:
    assert read({"every": "60s"}, 60.0) == Every("60s", MINUTE)
    with pytest.raises(BadInput, match="at least 60 s"):
        read({"every": "59s"}, 60.0)


@pytest.mark.parametrize(
    "value",
    [
        "15m", 15, True, [], {}, {"every": "15m", "cron": "* * * * *"}, {"every": "15m", "x": 1},
        {"each": "15m"}, ["every", "15m"], 1.5,
    ],
)  # fmt: skip
def test_a_schedule_of_another_shape_is_refused_with_both_forms(value: object) -> None:
    with pytest.raises(BadInput, match=r'"every": "15m".*"cron"'):
        read(value)


@pytest.mark.parametrize("value", [{"every": 15}, {"every": None}, {"cron": 5}, {"cron": ["*"]}, {"cron": None}])
def test_a_schedule_that_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(BadInput, match="as in"):
        read(value)


@pytest.mark.parametrize(
    "text",
    [
        "", "* * * *", "* * * * * *", "@daily", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8",
        "*/0 * * * *", "5-1 * * * *", "a * * * *", "\u0663 * * * *", "\u00df * * * *", "* * * * MON#6", "1,,2 * * * *",
        "* * * * " + "1," * 60 + "1", "* * * * *; ls", "$(ls) * * * *", "-1 * * * *", "1.5 * * * *",
        "0 0 30 2 *", "0 0 31 2,4,6 *",
    ],
)  # fmt: skip
def test_cron_that_is_none_is_refused_with_its_form(text: str) -> None:
    with pytest.raises(BadInput, match=r"five fields .*UTC.* as in \{\"cron\""):
        read({"cron": text})


@pytest.mark.parametrize("text", ["0 0 */31 * MON#5", "0 0 */30 2 TUE#5"])
def test_cron_that_never_fires_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="no day that there is"):
        read({"cron": text})


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("* * * * *", at(2027, 3, 27, 12, 1)),
        ("  30   8 * *\tMON-FRI ", at(2027, 3, 29, 8, 30)),
        ("0 0 29 2 *", at(2028, 2, 29)),
        ("*/20 * * * *", at(2027, 3, 27, 12, 20)),
        ("0 12 27 3 *", at(2028, 3, 27, 12)),
        ("0 9 l * *", at(2027, 3, 31, 9)),
    ],
)
def test_cron_is_next_at_the_first_minute_it_names_after_now(text: str, first: int) -> None:
    assert read({"cron": text}).next_after(NOW, NOW) == first


def test_cron_is_utc_whatever_the_machines_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        # There the clock leaves this hour out the next morning.
        schedule = read({"cron": "30 2 * * *"})
        times = [schedule.next_after(0, at(2027, 3, day)) for day in (27, 28, 29)]
    finally:
        monkeypatch.undo()
        time.tzset()
    assert times == [at(2027, 3, day, 2, 30) for day in (27, 28, 29)]


def test_two_times_of_a_cron_expression_are_as_far_apart_as_the_operator_says() -> None:
    read({"cron": "*/10 * * * *"}, 600.0)
    with pytest.raises(BadInput, match="600 s apart"):
        read({"cron": "0,9 * * * *"}, 600.0)


@pytest.mark.parametrize("schedule", [Every("15m", 900_000), Cron("30 8 * * MON-FRI")])
def test_a_schedule_is_read_as_it_was_kept(schedule: Schedule) -> None:
    assert load(dump(schedule)) == schedule


times_of_a_day = st.integers(0, DAY)


@given(st.integers(1, 10**6), times_of_a_day, times_of_a_day)
def test_the_next_run_is_after_the_last_ended_and_whole_periods_from_when_it_was_due(
    period: int, late: int, took: int
) -> None:
    schedule, started = Every("", period), NOW + late
    base = schedule.base(NOW, started)
    following = schedule.next_after(base, started + took)
    assert following > started + took
    assert following - (started + took) <= period
    assert (following - base) % period == 0
    assert following - started >= period / 2


def test_a_moments_delay_adds_up_to_nothing() -> None:
    schedule, due = Every("1m", MINUTE), NOW
    for _ in range(100):
        started = due + 250
        due = schedule.next_after(schedule.base(due, started), started + 20)
    assert due == NOW + 100 * MINUTE


def test_the_delay_of_cron_is_the_time_to_the_next_run() -> None:
    daily = Cron("0 8 * * *")
    assert daily.delay(at(2027, 3, 27, 8), at(2027, 3, 27, 8) + 300) == DAY
    # Two days late: what is told is when it runs next, not what was missed.
    assert daily.delay(at(2027, 3, 25, 8), at(2027, 3, 27, 20)) == 12 * HOUR
