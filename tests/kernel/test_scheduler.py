"""Turns and meters: who waits, waits in order, and pays for nothing while waiting."""

from __future__ import annotations

import asyncio

import pytest

from kernel import scheduler as schedulers
from kernel.scheduler import Meter, Scheduler


async def test_turns_come_in_the_order_they_were_asked_for() -> None:
    scheduler, order = Scheduler(), []

    async def run(name: str) -> None:
        for _ in range(3):
            await scheduler.turn()
            order.append(name)

    await asyncio.gather(*(run(name) for name in "abc"))
    assert order == list("abc" * 3)


async def test_between_two_turns_the_loop_serves_others() -> None:
    scheduler, served = Scheduler(), []

    async def spin() -> None:
        for _ in range(5):
            await scheduler.turn()
            served.append("turn")

    async def other() -> None:
        for _ in range(5):
            await asyncio.sleep(0)
            served.append("other")

    await asyncio.gather(spin(), spin(), other())
    assert served[:6].count("other") >= 2


async def test_who_was_cancelled_in_the_queue_does_not_stop_it() -> None:
    scheduler = Scheduler()
    waiting = [asyncio.create_task(scheduler.turn()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    waiting[1].cancel()
    await waiting[2]
    assert [task.cancelled() for task in waiting] == [True, True, False]
    last = asyncio.create_task(scheduler.turn())
    await asyncio.sleep(0)
    last.cancel()
    await asyncio.sleep(0.01)
    await scheduler.turn()


class Clocks:
    """The thread's clock and the wall's, moved by hand."""

    def __init__(self) -> None:
        self.thread = self.wall = 100.0

    def thread_time(self) -> float:
        return self.thread

    def perf_counter(self) -> float:
        return self.wall


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    made = Clocks()
    monkeypatch.setattr(schedulers, "time", made)
    return made


def test_a_meter_counts_what_is_used_and_not_what_others_used(clocks: Clocks) -> None:
    meter = Meter()
    clocks.thread += 2
    assert meter.charge() == 2
    clocks.thread += 5
    meter.begin_slice()
    clocks.thread += 1
    assert meter.charge() == 3


def test_a_host_call_is_charged_up_to_its_most(clocks: Clocks) -> None:
    """What is beyond was others' work, while the call waited."""
    meter = Meter()
    clocks.thread += schedulers.HOST_CALL / 2
    meter.charge_host()
    assert meter.used == pytest.approx(schedulers.HOST_CALL / 2)
    clocks.thread += 5
    meter.charge_host()
    assert meter.used == pytest.approx(schedulers.HOST_CALL * 1.5)


def test_a_slice_is_over_after_its_time_and_not_before(clocks: Clocks) -> None:
    meter = Meter()
    assert not meter.slice_over()
    clocks.wall += schedulers.SLICE * 1.5
    assert meter.slice_over()


def test_a_host_call_does_not_begin_a_new_slice(clocks: Clocks) -> None:
    """A flood of calls would else keep the loop."""
    meter = Meter()
    clocks.wall += schedulers.SLICE * 1.5
    meter.charge_host()
    assert meter.slice_over()
    meter.begin_slice()
    assert not meter.slice_over()
