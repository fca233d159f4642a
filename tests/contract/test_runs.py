"""BaseRun and FullRun, filters, who may read them, and cancelling."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import pytest

from tests.contract.conftest import Town
from tests.contract.shape import insist
from tests.contract.shapes import BASE_RUN, CANCELLED, FULL_RUN, TIME, listed
from tests.http.conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def ran(world: World, code: str, by: str = "alice", args: list[object] | None = None) -> dict[str, Any]:
    """The record of an eval."""
    body = {"code": code} if args is None else {"code": code, "args": args}
    got = await world.call("POST", "/v1/eval", by=by, body=body)
    return await record(world, got.headers["X-Evaluation-Id"], by)


async def record(world: World, found: str, by: str) -> dict[str, Any]:
    run: dict[str, Any] = (await world.call("GET", f"/v1/runs/{found}", by=by)).insist(200)
    insist(run, FULL_RUN)
    return run


async def test_a_run_is_told_whole_to_its_caller(world: World) -> None:
    run = await ran(world, "(x) => { console.log('hi'); console.email('you', 'me'); return {x}; }", args=[1])
    assert (run["args"], run["returnValue"], run["error"]) == ([1], {"x": 1}, None)
    assert (len(run["logs"]), len(run["emails"])) == (1, 1)
    assert run["author"] == {"id": world.account_id("alice"), "username": "@alice"}
    assert run["runStartAt"] <= run["runEndAt"]
    assert "parentId" not in run


async def test_a_run_of_a_val_has_its_name_and_version(town: Town) -> None:
    got = await town.world.call("POST", "/v1/run/alice.double", by="alice", body={"args": [2]})
    run = await record(town.world, got.headers["X-Evaluation-Id"], "alice")
    assert (run["name"], run["version"], run["returnValue"]) == ("double", 0, 4)


async def test_a_failed_run_has_its_error(world: World) -> None:
    run = await ran(world, "throw new RangeError('too far')")
    assert (run["error"]["name"], run["error"]["message"]) == ("RangeError", "too far")
    assert "returnValue" not in run


async def test_a_run_has_its_tree_of_calls(world: World) -> None:
    run = await ran(world, "@bob.nothing; @alice.double(1)")
    insist(run["calls"], [dict])
    assert "double" in str(run["calls"])


async def test_a_run_that_another_asked_for_names_its_parent(world: World) -> None:
    parent = await ran(world, "await api(@alice.double, 21)")
    assert parent["returnValue"] == 42
    found = (await world.call("GET", "/v1/me/runs", by="alice")).insist(200)
    insist(found, listed(BASE_RUN))
    assert [run["name"] for run in found["data"] if run.get("parentId") == parent["id"]] == ["double"]


@pytest.mark.parametrize("code", ["console.log('x')", "console.log('é', {a: 1}, [undefined])"])
async def test_each_line_of_the_console_says_when(world: World, code: str) -> None:
    [line] = (await ran(world, code))["logs"]
    assert TIME(line["at"])


@pytest.mark.parametrize("path", ["/v1/me/runs", "/v1/vals/{double}/runs"])
async def test_runs_are_listed_newest_first(town: Town, path: str) -> None:
    for number in range(3):
        (await town.world.call("POST", "/v1/run/alice.double", by="alice", body=[number])).insist(200)
    found = (await town.world.call("GET", town.fill(path), by="alice")).insist(200)
    insist(found, listed(BASE_RUN))
    times = [run["runStartAt"] for run in found["data"]]
    assert times == sorted(times, reverse=True)


async def test_nobody_else_sees_a_run(town: Town) -> None:
    own = (await ran(town.world, "1"))["id"]
    (await town.world.call("POST", "/v1/run/alice.double", by="bob")).insist(200)
    for by in ("bob", None):
        (await town.world.call("GET", f"/v1/runs/{own}", by=by)).insist(404)
    listed_ = (await town.world.call("GET", town.fill("/v1/vals/{double}/runs"), by="bob")).insist(200)
    assert listed_["data"] == []


async def test_filters_by_error_source_since_and_until(world: World) -> None:
    good, bad = (await ran(world, "1", by="bob"))["id"], (await ran(world, "throw 1", by="bob"))["id"]

    async def ids(query: str) -> list[str]:
        found = (await world.call("GET", f"/v1/me/runs?limit=100&{query}", by="bob")).insist(200)
        return [run["id"] for run in found["data"] if run["id"] in {good, bad}]

    assert (await ids("error=true"), await ids("error=false")) == ([bad], [good])
    assert await ids("source=api") == await ids("source=cli&source=api") == [bad, good]
    assert await ids("source=cli&source=interval") == []
    assert await ids("since=2001-01-01T00:00:00Z&until=2999-01-01T00:00:00Z") == [bad, good]
    assert await ids("until=2001-01-01T00:00:00Z") == await ids("since=2999-01-01T00:00:00Z") == []
    first = await record(world, good, "bob")
    assert good in await ids(f"since={quote(first['runStartAt'])}")


async def test_cancelling_says_whether_there_was_something_to_cancel(world: World) -> None:
    found = (await ran(world, "1"))["id"]
    told = (await world.call("POST", f"/v1/vals/{found}/cancel", by="alice")).insist(200)
    insist(told, CANCELLED)
    assert told == {"found": False}


async def test_a_run_that_is_under_way_is_cancelled_by_its_owner_and_by_nobody_else(world: World) -> None:
    waiting = asyncio.create_task(
        world.call(
            "POST", "/v1/eval", by="alice", body={"code": "await new Promise((done) => setTimeout(done, 30000))"}
        )
    )
    async with asyncio.timeout(20):
        found = await under_way(world)
    theirs = await world.call("POST", f"/v1/vals/{found}/cancel", by="bob")
    assert theirs.insist(200) == {"found": False}
    told = (await world.call("POST", f"/v1/vals/{found}/cancel", by="alice")).insist(200)
    assert told == {"found": True}
    assert (await waiting).status >= 400


async def under_way(world: World) -> str:
    """The id of alice's run that has begun and not ended."""
    while True:
        for run in (await world.call("GET", "/v1/me/runs", by="alice")).insist(200)["data"]:
            if "runEndAt" not in run:
                found: str = run["id"]
                return found
