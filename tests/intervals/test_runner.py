"""When it runs, with a clock that is moved by hand: the runner and the store as in life, and a stage for the vals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from host_api.intervals.runner import RETRY_MS, Bounds, Runner
from host_api.store import Account, Store
from kernel.errors import HostFailure, Overloaded
from tests.intervals.conftest import MINUTE, NOON, Hand, Stage, known, scheduled, until

BOUNDS = Bounds(at_once=4, shortest=1.0, drain=30.0)
DAILY = '{"cron": "0 8 * * *"}'

STOPPED = 1000 * MINUTE + 20_000
"""How long nobody served; it ends within a period."""

Serve = Callable[..., AbstractAsyncContextManager[asyncio.Event]]


@pytest.fixture
def serve(clock: Hand, stage: Stage) -> Serve:
    """Run what is due beside the block; the end of the block stops it, and what runs then is cancelled."""

    @asynccontextmanager
    async def run(store: Store, bounds: Bounds = BOUNDS) -> AsyncIterator[asyncio.Event]:
        stop = asyncio.Event()
        runner = Runner(store, stage.perform, bounds, clock)
        task = asyncio.create_task(runner.run(stop))
        try:
            await clock.rest()
            yield stop
        finally:
            stop.set()
            for ends in stage.inside.values():
                ends.cancel()
            await task

    return run


async def ended(store: Store, stage: Stage, val_id: str, name: str = "tick") -> None:
    """End a run well, and wait until that is written."""
    stage.end(name)
    await until(lambda: known(store, val_id).process is None)


async def test_a_val_runs_when_it_is_due_and_not_before(
    store: Store, alice: Account, clock: Hand, stage: Stage, serve: Serve
) -> None:
    interval = await scheduled(store, "tick", next_run=NOON + MINUTE)
    async with serve(store):
        await clock.move(MINUTE - 1)
        assert stage.began == []
        await clock.move(1)
        await until(lambda: stage.began == [("tick", MINUTE)])
        await ended(store, stage, interval.val_id)
        await clock.move(MINUTE)
        await until(lambda: stage.began == [("tick", MINUTE), ("tick", 2 * MINUTE)])


async def test_a_val_that_takes_longer_than_its_period_never_runs_twice_at_once(
    store: Store, alice: Account, clock: Hand, stage: Stage, serve: Serve
) -> None:
    interval = await scheduled(store, "tick")
    async with serve(store):
        await until(lambda: stage.names() == ["tick"])
        for _ in range(5):
            await clock.move(MINUTE // 2)
        assert stage.names() == ["tick"]
        await ended(store, stage, interval.val_id)
        await clock.rest()
        # What passed meanwhile is not made up for: the next is the next whole minute.
        assert stage.names() == ["tick"]
        await clock.move(MINUTE // 2)
        await until(lambda: stage.began == [("tick", 0), ("tick", 3 * MINUTE)])


async def test_two_processes_with_one_database_run_each_of_them_once(
    store: Store, other: Store, alice: Account, clock: Hand, stage: Stage, serve: Serve
) -> None:
    intervals = [await scheduled(store, f"tick{number}") for number in range(6)]
    bounds = Bounds(at_once=20, shortest=1.0, drain=30.0)
    async with serve(store, bounds), serve(other, bounds):
        await until(lambda: len(stage.began) == 6)
        await clock.move(MINUTE)
        assert sorted(stage.names()) == [f"tick{number}" for number in range(6)]
        for one in intervals:
            await ended(store, stage, one.val_id, one.name)
        await clock.move(MINUTE)
        await until(lambda: len(stage.began) == 12)


@pytest.mark.parametrize(("schedule", "following"), [('{"every": "1m"}', STOPPED + MINUTE), (DAILY, 24 * 60 * MINUTE)])
async def test_after_a_stop_it_catches_up_once(
    store: Store, alice: Account, clock: Hand, stage: Stage, serve: Serve, schedule: str, following: int
) -> None:
    clock.time = NOON + STOPPED
    interval = await scheduled(store, "tick", schedule=schedule)
    async with serve(store):
        await until(lambda: stage.began == [("tick", STOPPED)])
        await ended(store, stage, interval.val_id)
        await clock.rest()
        assert len(stage.began) == 1
        assert known(store, interval.val_id).next_run == NOON + following


async def test_what_a_dead_process_was_running_runs_again_once(
    store: Store, alice: Account, clock: Hand, stage: Stage, serve: Serve
) -> None:
    interval = await scheduled(store, "tick")
    async with Store.open(store.path) as dying:
        await dying.claim_interval(interval)
    async with serve(store):
        await until(lambda: stage.names() == ["tick"])
        await clock.move(1000)
        assert stage.names() == ["tick"]


async def test_a_schedule_that_another_process_writes_is_seen_within_a_second(
    store: Store, other: Store, alice: Account, clock: Hand, stage: Stage, serve: Serve
) -> None:
    async with serve(store):
        await scheduled(other, "tick")
        await clock.move(1000)
        await until(lambda: stage.names() == ["tick"])


@pytest.mark.parametrize("error", [HostFailure(), RuntimeError("a bug of ours")])
async def test_a_run_that_fails_keeps_its_schedule(
    store: Store, alice: Account, clock: Hand, stage: Stage, serve: Serve, error: Exception
) -> None:
    interval = await scheduled(store, "tick")
    async with serve(store):
        await until(lambda: stage.names() == ["tick"])
        stage.end("tick", error=error)
        await until(lambda: known(store, interval.val_id).process is None)
        assert known(store, interval.val_id).last_run is None
        await clock.move(MINUTE)
        await until(lambda: stage.names() == ["tick", "tick"])


async def test_a_run_that_finds_no_room_is_tried_again_soon(
    store: Store, alice: Account, clock: Hand, stage: Stage, serve: Serve
) -> None:
    interval = await scheduled(store, "tick", schedule=DAILY)
    async with serve(store):
        await until(lambda: stage.names() == ["tick"])
        stage.end("tick", error=Overloaded("full"))
        await until(lambda: known(store, interval.val_id).process is None)
        assert known(store, interval.val_id).last_run is None
        await clock.move(RETRY_MS)
        await until(lambda: stage.names() == ["tick", "tick"])


async def test_a_val_with_nothing_to_run_has_not_run(
    store: Store, alice: Account, clock: Hand, stage: Stage, serve: Serve
) -> None:
    interval = await scheduled(store, "tick")
    async with serve(store):
        await until(lambda: stage.names() == ["tick"])
        stage.end("tick", ran=False)
        await until(lambda: known(store, interval.val_id).process is None)
        assert known(store, interval.val_id).last_run is None
        assert known(store, interval.val_id).next_run == NOON + MINUTE


async def test_no_more_run_at_once_than_the_operator_says(
    store: Store, alice: Account, clock: Hand, stage: Stage, serve: Serve
) -> None:
    for owner in ("bob", "carol"):
        await store.add_account(owner)
    intervals = {
        name: await scheduled(store, name, owner=owner)
        for owner in ("alice", "bob", "carol")
        for name in (f"{owner}1", f"{owner}2")
    }
    async with serve(store):
        await until(lambda: len(stage.inside) == 4)
        await clock.move(1000)
        assert len(stage.began) == 4
        first = stage.began[0][0]
        await ended(store, stage, intervals[first].val_id, first)
        # Without waiting for the clock.
        await until(lambda: len(stage.began) == 5)
        assert len(stage.inside) == 4


async def test_who_has_many_due_does_not_keep_others_from_their_turn(
    store: Store, alice: Account, clock: Hand, stage: Stage, serve: Serve
) -> None:
    await store.add_account("bob")
    for number in range(10):
        await scheduled(store, f"many{number}")
    await scheduled(store, "his", owner="bob", next_run=NOON + 1000)
    async with serve(store):
        await until(lambda: len(stage.inside) == 2)
        await clock.move(1000)
        await until(lambda: "his" in stage.inside)
        assert len(stage.inside) == 3


async def test_after_the_end_nothing_starts_and_what_runs_may_finish(
    store: Store, alice: Account, clock: Hand, stage: Stage, serve: Serve
) -> None:
    interval = await scheduled(store, "tick")
    late = await scheduled(store, "late", next_run=NOON + MINUTE)
    async with serve(store) as stop:
        await until(lambda: stage.names() == ["tick"])
        stop.set()
        await until(lambda: not clock._asleep)
        clock.time += 2 * MINUTE
        await ended(store, stage, interval.val_id)
    assert stage.names() == ["tick"]
    assert stage.cancelled == []
    assert known(store, interval.val_id).last_run == NOON
    assert known(store, late.val_id).last_run is None


async def test_what_does_not_finish_in_time_is_cancelled_and_is_due_again(
    store: Store, alice: Account, stage: Stage, serve: Serve
) -> None:
    interval = await scheduled(store, "tick")
    async with serve(store, Bounds(at_once=4, shortest=1.0, drain=0.0)) as stop:
        await until(lambda: stage.names() == ["tick"])
        stop.set()
        await until(lambda: stage.cancelled == ["tick"])
    await store.flush()
    assert store.due_interval(NOON) == interval


async def test_a_run_that_its_owner_cancels_is_over_and_the_next_comes_in_its_time(
    store: Store, alice: Account, clock: Hand, stage: Stage, serve: Serve
) -> None:
    interval = await scheduled(store, "tick")
    async with serve(store):
        await until(lambda: stage.names() == ["tick"])
        stage.inside["tick"].cancel()
        await until(lambda: known(store, interval.val_id).process is None)
        assert known(store, interval.val_id).next_run == NOON + MINUTE
        assert stage.cancelled == stage.names() == ["tick"]


async def test_a_val_that_is_taken_off_its_schedule_or_deleted_while_it_runs_ends_well(
    store: Store, alice: Account, clock: Hand, stage: Stage, serve: Serve
) -> None:
    off, gone = await scheduled(store, "off"), await scheduled(store, "gone")
    async with serve(store):
        await until(lambda: sorted(stage.names()) == ["gone", "off"])
        await store.end_interval(off.val_id)
        await store.delete_val_by_id(gone.val_id)
        for name in ("off", "gone"):
            stage.end(name)
        await until(lambda: not stage.inside)
        await scheduled(store, "next")
        await clock.move(MINUTE)
        await until(lambda: stage.names()[2:] == ["next"])


async def test_a_schedule_that_nobody_can_read_stops_nobody(
    store: Store, alice: Account, clock: Hand, stage: Stage, serve: Serve
) -> None:
    strange = await scheduled(store, "strange", schedule='{"moon": "full"}')
    await scheduled(store, "tick")
    async with serve(store):
        await until(lambda: sorted(stage.names()) == ["strange", "tick"])
        await ended(store, stage, strange.val_id, "strange")
        assert known(store, strange.val_id).next_run > NOON + 60 * MINUTE
        assert "tick" in stage.inside


async def test_what_was_set_before_the_operator_allowed_less_is_spaced_out(
    store: Store, alice: Account, stage: Stage, serve: Serve
) -> None:
    interval = await scheduled(store, "tick")
    async with serve(store, Bounds(at_once=4, shortest=300.0, drain=30.0)):
        await until(lambda: stage.names() == ["tick"])
        await ended(store, stage, interval.val_id)
        assert known(store, interval.val_id).next_run == NOON + 5 * MINUTE


async def test_until_its_end_is_written_a_val_does_not_run_again(
    store: Store, alice: Account, clock: Hand, stage: Stage, serve: Serve
) -> None:
    interval = await scheduled(store, "tick")
    # Fails as a full disk does.
    full = (
        "CREATE TRIGGER full BEFORE UPDATE ON intervals WHEN new.process IS NULL BEGIN SELECT raise(ABORT, 'full'); END"
    )
    await store._writer.submit(lambda db: db.execute(full).fetchone())
    async with serve(store):
        await until(lambda: stage.names() == ["tick"])
        stage.end("tick")
        await until(lambda: len(clock._asleep) == 2)
        await clock.move(MINUTE)
        assert stage.names() == ["tick"]
        await store._writer.submit(lambda db: db.execute("DROP TRIGGER full").fetchone())
        await clock.move(RETRY_MS)
        await until(lambda: known(store, interval.val_id).process is None)
        assert known(store, interval.val_id).last_run == NOON


async def test_a_database_that_cannot_be_asked_now_is_asked_again(
    store: Store, alice: Account, clock: Hand, stage: Stage, serve: Serve
) -> None:
    await store._writer.submit(lambda db: db.execute("ALTER TABLE intervals RENAME TO away").fetchone())
    async with serve(store):
        await clock.move(1000)
        await store._writer.submit(lambda db: db.execute("ALTER TABLE away RENAME TO intervals").fetchone())
        await scheduled(store, "tick")
        await clock.move(1000)
        await until(lambda: stage.names() == ["tick"])
