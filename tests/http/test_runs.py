"""Records of evaluations: whole for their caller, and for nobody else."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from host_api.store.model import Privacy

if TYPE_CHECKING:
    from tests.http.conftest import World

BASE = {"id", "error", "author", "runStartAt", "runEndAt"}
FULL = BASE | {"emails", "logs", "args", "calls", "returnValue"}


async def run_id(world: World, by: str, code: str, args: list[object] | None = None) -> str:
    body = {"code": code} if args is None else {"code": code, "args": args}
    return (await world.call("POST", "/v1/eval", by=by, body=body)).headers["X-Evaluation-Id"]


async def test_an_evaluation_is_told_whole_to_its_caller(world: World) -> None:
    found = await run_id(world, "alice", "(x) => { console.log('hi', x); return {b: x, a: 1.0}; }", [1])
    run = (await world.call("GET", f"/v1/runs/{found}", by="alice")).insist(200)
    assert set(run) == FULL
    assert (run["id"], run["error"], run["args"], run["returnValue"]) == (found, None, [1], {"b": 1, "a": 1})
    assert run["author"] == {"id": world.account_id("alice"), "username": "@alice"}
    [line] = run["logs"]
    assert (line["level"], line["message"]) == ("log", "hi 1")
    assert run["runStartAt"] <= line["at"] <= run["runEndAt"]
    assert run["emails"] == []
    assert isinstance(run["calls"], list)


async def test_a_run_of_a_val_names_it_and_is_its_authors(world: World) -> None:
    val = await world.val("bob", "export const f = () => 1;", Privacy.PUBLIC)
    found = (await world.call("POST", "/v1/run/bob.f", by="bob")).headers["X-Evaluation-Id"]
    run = (await world.call("GET", f"/v1/runs/{found}", by="bob")).insist(200)
    assert set(run) == FULL | {"name", "version"}
    assert (run["name"], run["version"]) == ("f", val.version)
    listed = (await world.call("GET", f"/v1/vals/{val.id}/runs", by="bob")).insist(200)["data"]
    assert found in [one["id"] for one in listed]
    assert (await world.call("GET", f"/v1/vals/{val.id}/runs", by="alice")).insist(200)["data"] == []


async def test_nobody_but_its_caller_reads_an_evaluation(world: World) -> None:
    await world.val("bob", "export const f = () => 1;", Privacy.PUBLIC)
    own = await run_id(world, "alice", "1")
    (await world.call("POST", "/v1/run/bob.f", by="alice")).insist(200)
    bobs = world.house.store.evaluations("bob")[0].id
    (await world.call("POST", "/v1/eval", body="1")).insist(200)
    await world.house.store.flush()
    anonymous = world.house.store.evaluations(None)[0].id
    refused = [(own, "bob"), (own, None), (bobs, "alice"), (anonymous, "alice"), (anonymous, None)]
    refused += [(str(uuid.uuid4()), "alice"), ("x", "alice")]
    got = [await world.call("GET", f"/v1/runs/{found}", by=by) for found, by in refused]
    assert {answer.status for answer in got} == {404}
    assert len({answer.body for answer in got}) == 1
    (await world.call("GET", f"/v1/runs/{bobs}", by="bob")).insist(200)


async def test_who_called_for_an_evaluation_is_told_only_if_that_was_its_own_caller(world: World) -> None:
    await world.val("bob", "export const f = () => 1;", Privacy.PUBLIC)
    own, alices = await run_id(world, "bob", "api(@bob.f)"), await run_id(world, "alice", "api(@bob.f)")
    runs = (await world.call("GET", "/v1/me/runs", by="bob")).insist(200)["data"]
    called = [run for run in runs if run.get("name") == "f" and run["id"] != own and "version" in run]
    assert [run.get("parentId") for run in called] == [None, own]
    shown = [(await world.call("GET", f"/v1/runs/{run['id']}", by="bob")).insist(200) for run in called]
    assert [run.get("parentId") for run in shown] == [None, own]
    assert [set(run) - FULL for run in shown] == [{"name", "version"}, {"name", "version", "parentId"}]
    rows = {row.id: row.parent for row in world.house.store.evaluations("bob")}
    assert [rows[run["id"]] for run in called] == [alices, own]


async def test_a_failed_evaluation_keeps_its_error(world: World) -> None:
    found = await run_id(world, "alice", "throw new RangeError('too far')")
    run = (await world.call("GET", f"/v1/runs/{found}", by="alice")).insist(200)
    assert (run["error"]["name"], run["error"]["message"]) == ("RangeError", "too far")


async def test_ones_own_evaluations_are_listed_newest_first(world: World) -> None:
    found = [await run_id(world, "alice", str(number)) for number in range(3)]
    await run_id(world, "bob", "1")
    listed = (await world.call("GET", "/v1/me/runs", by="alice")).insist(200)["data"]
    assert [run["id"] for run in listed] == found[::-1]
    assert all(set(run) == BASE for run in listed)
    (await world.call("GET", "/v1/me/runs")).insist(401)


async def test_evaluations_are_filtered(world: World) -> None:
    good, bad = await run_id(world, "alice", "1"), await run_id(world, "alice", "throw 1")

    async def listed(query: str) -> list[str]:
        return [run["id"] for run in (await world.call("GET", f"/v1/me/runs?{query}", by="alice")).insist(200)["data"]]

    assert await listed("error=true") == [bad]
    assert await listed("error=false") == [good]
    assert await listed("source=api") == [bad, good]
    assert await listed("source=cli&source=ui") == []
    assert await listed("since=2001-01-01T00:00:00Z") == [bad, good]
    assert await listed("until=2001-01-01T00:00:00Z") == []


@pytest.mark.parametrize("query", ["error=maybe", "source=dream", "since=soon", "until=-1"])
async def test_a_filter_that_means_nothing_is_a_400(world: World, query: str) -> None:
    (await world.call("GET", f"/v1/me/runs?{query}", by="alice")).insist(400)
