"""Turns and meters: who waits, waits in order, and pays for nothing while waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine

import pytest

from kernel import scheduler as schedulers
from kernel.scheduler import Meter, Scheduler, rest_of


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


async def test_who_was_cancelled_before_it_began_does_not_stop_the_others(clocks: Clocks) -> None:
    scheduler = Scheduler()

    async def begin() -> None:
        await scheduler.enter()
        clocks.wall += schedulers.ROOM * 2

    waiting = [asyncio.create_task(begin()) for _ in range(5)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    waiting[3].cancel()
    await asyncio.gather(waiting[2], waiting[4])
    assert [task.cancelled() for task in waiting] == [False, True, False, True, False]


async def test_the_first_few_begin_at_once(clocks: Clocks) -> None:
    """Where nobody is in the way nothing waits for the loop."""
    scheduler, order = Scheduler(), []

    async def begin(name: str) -> None:
        await scheduler.enter()
        order.append(name)

    entering = [begin("a"), begin("b")]
    for one in entering:
        with pytest.raises(StopIteration):
            one.send(None)
    assert order == ["a", "b"]


async def test_of_a_thousand_that_begin_a_few_do_in_each_turn_of_the_loop(clocks: Clocks) -> None:
    """The attacker has a thousand evaluations begin at once, each of which does some work: others wait for the work of a few."""
    scheduler, ended = Scheduler(), []

    async def begin(number: int) -> None:
        await scheduler.enter()
        clocks.wall += schedulers.ROOM / 3
        ended.append(number)

    all_of_them = asyncio.gather(*(begin(number) for number in range(1000)))
    most = before = 0
    while len(ended) < 1000:
        await asyncio.sleep(0)
        most, before = max(most, len(ended) - before), len(ended)
    await all_of_them
    assert ended == list(range(1000))
    assert most <= 8


async def test_however_little_they_do_not_all_begin_in_one_turn(clocks: Clocks) -> None:
    scheduler = Scheduler()
    ended: list[int] = []

    async def begin() -> None:
        await scheduler.enter()
        clocks.wall += 0 if ended else schedulers.ROOM * 2
        ended.append(1)

    all_of_them = asyncio.gather(*(begin() for _ in range(200)))
    most = before = 0
    while len(ended) < 200:
        await asyncio.sleep(0)
        most, before = max(most, len(ended) - before), len(ended)
    await all_of_them
    assert most <= schedulers.MOST


async def test_who_begins_does_not_wait_for_all_that_run_long(clocks: Clocks) -> None:
    """Ten spin for their whole budget, one slice a turn of the loop: one that comes between two of them begins there and then."""
    scheduler = Scheduler()
    slices: list[int] = []
    begun: list[int] = []
    enough = asyncio.Event()

    async def spin(number: int) -> None:
        while not begun:
            await scheduler.turn()
            slices.append(number)
            clocks.wall += schedulers.SLICE * 2
            if len(slices) == 25:
                enough.set()

    async def begin() -> None:
        await scheduler.enter()
        begun.append(len(slices))

    spinning = [asyncio.create_task(spin(number)) for number in range(10)]
    await enough.wait()
    before = len(slices)
    await begin()
    await asyncio.gather(*spinning)
    assert begun == [before]
    assert slices[:20] == list(range(10)) * 2


async def test_those_that_begin_do_not_keep_who_runs_long_from_its_slice(clocks: Clocks) -> None:
    """The attacker never stops beginning."""
    scheduler, over = Scheduler(), asyncio.Event()

    async def begin() -> None:
        while not over.is_set():
            await scheduler.enter()
            clocks.wall += schedulers.ROOM
            await asyncio.sleep(0)

    flood = [asyncio.create_task(begin()) for _ in range(50)]
    for _ in range(20):
        await scheduler.turn()
    over.set()
    await asyncio.gather(*flood)


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


# -- what was begun by hand ---------------------------------------------------------------------------------------


def begun(asking: Coroutine[object, object, str]) -> Awaitable[str]:
    return rest_of(asking, asking.send(None))


async def test_what_was_begun_by_hand_goes_on_as_if_it_was_awaited_from_the_start() -> None:
    """It waits for futures, for a turn of the loop, for others' coroutines; and says what it comes to."""
    loop = asyncio.get_running_loop()
    first = loop.create_future()

    async def asks() -> str:
        said: str = await first
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            return said + await asyncio.wait_for(asyncio.sleep(0.001, "!"), 5)

    rest = begun(asks())
    loop.call_soon(first.set_result, "yes")
    assert await rest == "yes!"


async def test_what_fails_while_it_goes_on_fails_whoever_waits() -> None:
    async def asks() -> str:
        await asyncio.sleep(0)
        raise LookupError("lost")

    with pytest.raises(LookupError, match="lost"):
        await begun(asks())


async def test_a_cancellation_comes_to_what_goes_on_and_may_be_taken_back_there() -> None:
    seen: list[str] = []

    async def asks() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("told")
        await asyncio.sleep(0)
        return "all the same"

    async def waits() -> str:
        return await begun(asks())

    task = asyncio.create_task(waits())
    await asyncio.sleep(0)
    task.cancel()
    assert await task == "all the same"
    assert seen == ["told"]


async def test_a_time_that_is_over_ends_what_goes_on() -> None:
    ended: list[bool] = []

    async def asks() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)
        return ""

    rest = begun(asks())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await rest
    assert ended == [True]


def test_what_nobody_waits_for_any_more_is_closed() -> None:
    ended: list[bool] = []

    async def asks() -> str:
        try:
            await asyncio.sleep(0)
        finally:
            ended.append(True)
        return ""

    async def waits() -> str:
        return await begun(asks())

    waiting = waits()
    waiting.send(None)
    waiting.close()
    assert ended == [True]
