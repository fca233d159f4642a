"""Who runs it: several processes with one database, what holds a claim, and what is changed under it."""

from __future__ import annotations

import asyncio

import pytest

from host_api.store import Account, Kind, Store
from kernel.errors import BadInput, LimitError, NotFound
from tests.intervals.conftest import EVERY_MINUTE, MINUTE, NOON, code_val, known, scheduled

HOURLY = '{"every": "1h"}'


async def test_of_a_hundred_claims_by_two_processes_one_is_granted(store: Store, other: Store, alice: Account) -> None:
    interval = await scheduled(store, "tick")
    claims = [process.claim_interval(interval) for _ in range(50) for process in (store, other)]
    assert sorted(await asyncio.gather(*claims)) == [False] * 99 + [True]


async def test_what_is_claimed_is_not_due(store: Store, other: Store, alice: Account) -> None:
    interval = await scheduled(store, "tick")
    assert store.due_interval(NOON) == other.due_interval(NOON) == interval
    assert await store.claim_interval(interval)
    assert store.due_interval(NOON + MINUTE) is other.due_interval(NOON + MINUTE) is None


async def test_a_claim_is_of_what_was_found_and_not_of_what_it_has_become(
    store: Store, other: Store, alice: Account
) -> None:
    interval = await scheduled(store, "tick")
    await other.claim_interval(interval)
    await other.settle_interval(interval, next_run=NOON + MINUTE, last_run=NOON)
    assert not await store.claim_interval(interval)


async def test_the_claim_of_a_process_that_lives_is_left_alone(store: Store, other: Store, alice: Account) -> None:
    interval = await scheduled(store, "tick")
    await other.claim_interval(interval)
    await store.void_intervals()
    await other.void_intervals()
    assert store.due_interval(NOON) is None


async def test_the_claim_of_a_dead_process_is_void_and_the_run_is_due_again(store: Store, alice: Account) -> None:
    interval = await scheduled(store, "tick")
    async with Store.open(store.path) as dying:
        await dying.claim_interval(interval)
    await store.void_intervals()
    assert store.due_interval(NOON) == interval


async def test_only_who_has_the_claim_gives_it_back(store: Store, other: Store, alice: Account) -> None:
    interval = await scheduled(store, "tick")
    await store.claim_interval(interval)
    await other.settle_interval(interval, next_run=NOON + MINUTE, last_run=NOON)
    assert known(store, interval.val_id).process is not None
    assert known(store, interval.val_id).last_run is None


async def test_a_settled_run_says_when_it_was_and_when_the_next_is(store: Store, alice: Account) -> None:
    interval = await scheduled(store, "tick")
    await store.claim_interval(interval)
    await store.settle_interval(interval, next_run=NOON + MINUTE, last_run=NOON + 5)
    settled = known(store, interval.val_id)
    assert (settled.last_run, settled.next_run, settled.process) == (NOON + 5, NOON + MINUTE, None)
    assert store.next_interval(NOON) == NOON + MINUTE


async def test_the_same_schedule_again_does_not_put_off_the_run(store: Store, alice: Account) -> None:
    interval = await scheduled(store, "tick")
    await store.put_interval(interval.val_id, EVERY_MINUTE, now=NOON, next_run=NOON + MINUTE)
    assert known(store, interval.val_id) == interval


async def test_another_schedule_keeps_the_interval_and_what_it_remembers(store: Store, alice: Account) -> None:
    interval = await scheduled(store, "tick")
    await store.claim_interval(interval)
    await store.settle_interval(interval, next_run=NOON + MINUTE, last_run=NOON)
    await store.put_interval(interval.val_id, HOURLY, now=NOON, next_run=NOON + 60 * MINUTE)
    changed = known(store, interval.val_id)
    assert (changed.id, changed.registered_at, changed.last_run) == (interval.id, interval.registered_at, NOON)
    assert (changed.schedule, changed.next_run) == (HOURLY, NOON + 60 * MINUTE)


async def test_a_schedule_that_is_changed_during_its_run_stays_changed(store: Store, alice: Account) -> None:
    interval = await scheduled(store, "tick")
    await store.claim_interval(interval)
    await store.put_interval(interval.val_id, HOURLY, now=NOON, next_run=NOON + 60 * MINUTE)
    await store.settle_interval(interval, next_run=NOON + MINUTE, last_run=NOON)
    settled = known(store, interval.val_id)
    assert (settled.schedule, settled.next_run, settled.last_run) == (HOURLY, NOON + 60 * MINUTE, NOON)


async def test_taken_away_during_its_run_and_set_again_it_still_does_not_run_twice_at_once(
    store: Store, alice: Account
) -> None:
    interval = await scheduled(store, "tick")
    await store.claim_interval(interval)
    assert await store.end_interval(interval.val_id)
    assert store.interval(interval.val_id) is None
    assert not await store.end_interval(interval.val_id)
    await store.put_interval(interval.val_id, EVERY_MINUTE, now=NOON, next_run=NOON)
    assert store.due_interval(NOON) is None
    await store.settle_interval(interval, next_run=NOON + MINUTE, last_run=NOON)
    again = store.due_interval(NOON)
    assert again is not None
    assert again.id != interval.id
    assert (again.registered_at, again.last_run) == (NOON, None)


@pytest.mark.parametrize("ends", ["settled", "dead"])
async def test_taken_away_during_its_run_it_is_gone_after_it(store: Store, alice: Account, ends: str) -> None:
    interval = await scheduled(store, "tick")
    async with Store.open(store.path) as runs:
        await runs.claim_interval(interval)
        await store.end_interval(interval.val_id)
        if ends == "settled":
            await runs.settle_interval(interval, next_run=NOON, last_run=NOON)
    await store.void_intervals()
    assert store.due_interval(NOON) is None
    (left,) = await store._writer.submit(lambda db: db.execute("SELECT count(*) FROM intervals").fetchone())
    assert left == 0


async def test_a_val_that_is_deleted_takes_its_schedule_along_also_while_it_runs(store: Store, alice: Account) -> None:
    interval = await scheduled(store, "tick")
    await store.claim_interval(interval)
    assert await store.delete_val_by_id(interval.val_id)
    await store.settle_interval(interval, next_run=NOON, last_run=NOON)
    assert store.interval(interval.val_id) is None
    assert store.due_interval(NOON) is None


async def test_a_renamed_val_keeps_its_schedule(store: Store, alice: Account) -> None:
    interval = await scheduled(store, "tick")
    await store.update_val(interval.val_id, name="tock")
    assert known(store, interval.val_id).name == "tock"


async def test_data_has_no_schedule(store: Store, alice: Account) -> None:
    val = await store.write_val("alice", "n", code="1", kind=Kind.DATA, payload=b"1")
    with pytest.raises(BadInput, match="Only code runs"):
        await store.put_interval(val.id, EVERY_MINUTE, now=NOON, next_run=NOON)


async def test_a_val_that_is_not_there_has_no_schedule(store: Store, alice: Account) -> None:
    with pytest.raises(NotFound):
        await store.put_interval("none", EVERY_MINUTE, now=NOON, next_run=NOON)


async def test_an_account_has_as_many_schedules_as_the_operator_says_and_not_one_more(
    store: Store, alice: Account
) -> None:
    await store.add_account("bob")
    first, *_ = [await scheduled(store, f"tick{number}") for number in range(store.quota.intervals)]
    one_more = await code_val(store, "alice", "one_more")
    with pytest.raises(LimitError, match="At most 100"):
        await store.put_interval(one_more.id, EVERY_MINUTE, now=NOON, next_run=NOON)
    await scheduled(store, "his", owner="bob")
    await store.put_interval(first.val_id, HOURLY, now=NOON, next_run=NOON)
    await store.end_interval(first.val_id)
    await store.put_interval(one_more.id, EVERY_MINUTE, now=NOON, next_run=NOON)


async def test_what_has_been_due_for_longest_is_found_first(store: Store, alice: Account) -> None:
    late, later = [await scheduled(store, name, next_run=at) for name, at in (("late", NOON), ("later", NOON - 1))]
    assert store.due_interval(NOON) == later
    assert store.due_interval(NOON - 2) is None
    assert store.due_interval(NOON, [alice.id]) is None
    assert late.next_run == store.next_interval(NOON - 1)
