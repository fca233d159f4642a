"""Evaluations under way: one timer looks after all of them, and tells those that take a while, once."""

from __future__ import annotations

import asyncio

import pytest

from host_api.evaluating.underway import Stopped, Underway


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("host_api.evaluating.underway.LONG", 0.02)


async def test_who_takes_a_while_is_told_and_who_has_ended_is_not() -> None:
    underway, told, long = Underway(), list[str](), asyncio.Event()
    with underway.running("quick", None, lambda: told.append("quick")):
        pass
    with underway.running("slow", None, lambda: told.append("slow")):
        with underway.running("quick too", None, lambda: told.append("quick too")):
            pass
        with underway.running("slowest", None, long.set):
            await long.wait()
    assert told == ["slow"]


async def test_one_that_ends_when_it_is_about_to_be_told_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its start would be written over its end."""
    monkeypatch.setattr("host_api.evaluating.underway.LONG", 0)
    underway, told = Underway(), list[str]()
    with underway.running("one", None, lambda: told.append("one")):
        underway._look()
    for _ in range(3):
        await asyncio.sleep(0)
    assert told == []


async def test_one_that_comes_when_others_have_been_told_is_told_too() -> None:
    underway = Underway()
    for _ in range(3):
        long = asyncio.Event()
        with underway.running("one", None, long.set):
            await long.wait()


async def test_what_goes_wrong_when_one_is_told_keeps_no_other_from_it() -> None:
    underway, long, failures = Underway(), asyncio.Event(), list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _, what: failures.append(what["exception"]))
    with underway.running("broken", None, lambda: 1 / 0), underway.running("other", None, long.set):
        await long.wait()
    assert [type(one) for one in failures] == [ZeroDivisionError]


async def test_a_stop_is_told_from_a_cancellation_of_somebody_elses() -> None:
    underway, begun = Underway(), asyncio.Event()

    async def run() -> None:
        with underway.running("one", "alice", lambda: None):
            begun.set()
            await asyncio.Event().wait()

    stopped = asyncio.create_task(run())
    await begun.wait()
    assert underway.stop("one", "alice")
    assert not underway.stop("one", "alice")
    with pytest.raises(Stopped):
        await stopped
    begun.clear()
    cancelled = asyncio.create_task(run())
    await begun.wait()
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    assert underway.of("alice") == []
