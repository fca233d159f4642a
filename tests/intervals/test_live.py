"""A scheduled val in live guests: what it is given, whose evaluation it is, and what is left of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from host_api.intervals.running import run_due, try_now
from host_api.store import Filter, Interval, Kind, State, Val
from host_api.store.clock import now_ms
from kernel.errors import BadInput
from tests.intervals.conftest import EVERY_MINUTE, MINUTE, NOON
from tests.semantics.live import PRIVATE, PUBLIC, World

SHAPE = """export const shape = (...args) => {
  const [i] = args;
  return {
    count: args.length, keys: Object.keys(i).sort(), id: i.id, delay: i.delay, author: i.author,
    registered: [i.registeredAt instanceof Date, i.registeredAt.getTime()],
    last: i.lastRunAt === undefined ? "undefined" : [i.lastRunAt instanceof Date, i.lastRunAt.getTime()],
  };
}"""


async def due(world: World, val: Val, schedule: str = EVERY_MINUTE) -> Interval:
    store = world.house.store
    await store.put_interval(val.id, schedule, now=NOON - MINUTE, next_run=NOON)
    interval = store.interval(val.id)
    assert interval is not None
    return interval


async def records(world: World, val: Val) -> list[Any]:
    """What the evaluations of a val left, newest first."""
    await world.house.store.flush()
    return world.house.store.evaluations(val.owner, which=Filter(val_id=val.id, sources=("interval",)), whole=True)


async def value(world: World, val: Val) -> Any:  # noqa: ANN401 - any JSON
    newest, *_ = await records(world, val)
    assert newest.state is State.DONE, newest.error
    return json.loads(newest.value)


async def test_a_val_is_given_one_interval_and_its_times_are_dates(world: World) -> None:
    val = await world.save("A", SHAPE, PRIVATE)
    interval = await due(world, val)
    assert await run_due(world.house, interval, NOON)
    told = await value(world, val)
    assert told == {
        "count": 1,
        "keys": ["author", "delay", "id", "registeredAt"],
        "id": interval.id,
        "delay": MINUTE,
        "author": {"id": val.owner_id, "username": "@A"},
        "registered": [True, NOON - MINUTE],
        "last": "undefined",
    }


async def test_its_record_starts_when_the_runner_says_so(world: World) -> None:
    val = await world.save("A", SHAPE)
    await run_due(world.house, await due(world, val), NOON)
    (row,) = await records(world, val)
    assert row.started == NOON  # what two runs are kept apart by, whatever passed before the evaluation began


async def test_the_second_time_it_is_told_when_it_ran_last(world: World) -> None:
    val = await world.save("A", SHAPE)
    interval, store = await due(world, val), world.house.store
    assert await store.claim_interval(interval)
    await store.settle_interval(interval, next_run=NOON + MINUTE, last_run=NOON + 7)
    again = store.due_interval(NOON + MINUTE)
    assert again is not None
    await run_due(world.house, again, NOON + MINUTE)
    told = await value(world, val)
    assert told["last"] == [True, NOON + 7]
    assert told["id"] == interval.id


async def test_the_delay_of_a_cron_expression_is_the_time_to_its_next_run(world: World) -> None:
    val = await world.save("A", SHAPE)
    interval = await due(world, val, '{"cron": "0 8 * * *"}')
    await run_due(world.house, interval, NOON)
    assert (await value(world, val))["delay"] == 24 * 60 * MINUTE


async def test_a_val_that_spoils_date_still_gets_real_ones(world: World) -> None:
    code = """const Real = Date;
    globalThis.Date = function () { return "spoilt"; };
    JSON.parse = () => [{ registeredAt: 0 }];
    export const f = (i) => [i.registeredAt instanceof Real, i.registeredAt.getTime()];"""
    val = await world.save("A", code, name="f")
    await run_due(world.house, await due(world, val), NOON)
    assert await value(world, val) == [True, NOON - MINUTE]


async def test_a_private_val_runs_as_its_author_with_its_own_rights(world: World) -> None:
    val = await world.save("A", "export const f = () => { @me.seen = @me.secrets.foo.length; return true; }", PRIVATE)
    await run_due(world.house, await due(world, val), NOON)
    assert world.stored("A", "seen") == len("the secret of A")
    (row,) = await records(world, val)
    assert (row.caller, row.requester, row.source, row.entry_name) == ("a", "a", "interval", "f")
    assert row.effects == 1


async def test_nobody_elses_rights_come_along_when_it_is_another_owners_val_it_names(world: World) -> None:
    await world.save("B", "export const spy = () => [typeof @A.secrets.foo, typeof @me.secrets.foo]", PUBLIC)
    val = await world.save("A", "export const f = () => @B.spy()", PRIVATE)
    await run_due(world.house, await due(world, val), NOON)
    assert await value(world, val) == ["undefined", "undefined"]


async def test_a_val_that_throws_leaves_a_failed_record(world: World) -> None:
    val = await world.save("A", 'export const f = () => { throw new TypeError("no") }')
    assert await run_due(world.house, await due(world, val), NOON)
    (row,) = await records(world, val)
    assert row.state is State.FAILED
    assert json.loads(row.error)["name"] == "TypeError"


async def test_it_is_awaited_to_its_end(world: World) -> None:
    val = await world.save(
        "A", "export const f = async () => { await null; @me.done = true; return [Promise.resolve(1)] }"
    )
    await run_due(world.house, await due(world, val), NOON)
    assert await value(world, val) == [1]
    assert world.stored("A", "done") is True


async def test_a_val_runs_by_the_name_and_the_version_that_it_has_now(world: World) -> None:
    val = await world.save("A", "export const f = () => 1")
    interval = await due(world, val)
    await world.house.save(owner="A", code="export const f = () => 2", val_id=val.id)
    await world.house.store.update_val(val.id, name="g")
    await world.save("A", "export const f = () => 3", name="f")
    await run_due(world.house, interval, NOON)
    assert await value(world, val) == 2


async def test_a_val_that_is_data_by_now_does_not_run_and_is_code_again_later(world: World) -> None:
    val = await world.save("A", "export const f = () => 1")
    interval = await due(world, val)
    broken = await world.house.save(owner="A", code='throw new Error("oops")', val_id=val.id)
    assert broken.kind is Kind.DATA
    assert not await run_due(world.house, interval, NOON)
    assert await records(world, val) == []
    await world.house.save(owner="A", code="export const f = () => 2", val_id=val.id)
    assert await run_due(world.house, interval, NOON)


async def test_a_val_that_is_gone_does_not_run(world: World) -> None:
    val = await world.save("A", "export const f = () => 1")
    interval = await due(world, val)
    await world.house.store.delete_val_by_id(val.id)
    assert not await run_due(world.house, interval, NOON)


async def test_it_can_be_tried_before_it_has_a_schedule(world: World) -> None:
    val = await world.save("A", SHAPE, PRIVATE)
    outcome = await try_now(world.house, val, NOON)
    told = json.loads(outcome.json)
    assert (told["delay"], told["registered"], told["last"]) == (15 * MINUTE, [True, NOON], "undefined")
    assert world.house.store.interval(val.id) is None


async def test_a_try_is_not_noticed_by_its_schedule(world: World) -> None:
    val = await world.save("A", SHAPE, PRIVATE)
    interval = await due(world, val)
    outcome = await try_now(world.house, val, now_ms())
    assert json.loads(outcome.json)["id"] == interval.id
    assert world.house.store.interval(val.id) == interval
    await world.house.store.flush()
    assert [row.source for row in world.house.store.evaluations("A", limit=1)] == ["cli"]


async def test_data_cannot_be_tried(world: World) -> None:
    val = await world.save("A", "export let n = 1")
    with pytest.raises(BadInput, match="Only code runs"):
        await try_now(world.house, val, NOON)
