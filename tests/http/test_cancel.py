"""`POST /v1/vals/{evaluation_id}/cancel`: whose evaluation it is may stop it, at once; to everybody else it is not there."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from host_api.house import Entry
from host_api.store import State
from host_api.store.model import Privacy, Scope

if TYPE_CHECKING:
    from tests.http.conftest import Answer, World

STUCK = ["for (;;);", "await new Promise((done) => setTimeout(done, 1e6))", "'a'.repeat(30).match(/(a+)+b/)"]


async def stop(world: World, evaluation: str, **who: str) -> object:
    return (await world.call("POST", f"/v1/vals/{evaluation}/cancel", **who)).insist(200)  # type: ignore[arg-type]


async def underway(world: World, caller: str | None) -> str:
    """Return the id of a caller's evaluation, as soon as one runs."""
    while not (found := world.house.underway.of(caller)):  # noqa: ASYNC110 - another's state
        await asyncio.sleep(0)
    return found[0]


async def ending(world: World, evaluation: str) -> dict[str, Any]:
    """Return the error that the record has at the end."""
    while (row := world.house.store.evaluation(evaluation)) is None or row.state is State.RUNNING:  # noqa: ASYNC110 - another's state
        await asyncio.sleep(0)
    told: dict[str, Any] = json.loads(row.error or b"{}")
    return told


@asynccontextmanager
async def asked(
    world: World, method: str, path: str, body: object = None, by: str | None = None
) -> AsyncIterator[asyncio.Task[Answer]]:
    """Send a request that is answered meanwhile, or given up at the end."""
    request = asyncio.create_task(world.call(method, path, body=body, by=by))
    try:
        yield request
    finally:
        request.cancel()
        await asyncio.gather(request, return_exceptions=True)


@pytest.mark.parametrize("stuck", STUCK)
async def test_who_waits_is_told_and_the_record_says_so(world: World, stuck: str) -> None:
    async with asked(world, "POST", "/v1/eval", {"code": f"{{ {stuck}; return 1 }}"}, by="alice") as request:
        found = await underway(world, "alice")
        assert await stop(world, found, by="alice") == {"found": True}
        got = await request
    told = got.insist(422)
    assert told["error"].startswith("Cancelled: ")
    assert (told["name"], told["evaluation"]) == ("Cancelled", found)
    run = (await world.call("GET", f"/v1/runs/{found}", by="alice")).insist(200)
    assert run["error"]["name"] == "Cancelled"
    assert "runEndAt" in run
    assert await stop(world, found, by="alice") == {"found": False}
    assert (await world.call("POST", "/v1/eval", body="1", by="alice")).insist(200) == 1


async def test_anothers_and_unknown_and_ended_ones_are_not_found(world: World) -> None:
    ended = (await world.call("POST", "/v1/eval", body="1", by="alice")).headers["X-Evaluation-Id"]
    async with asked(
        world, "POST", "/v1/eval", {"code": "await new Promise(() => setTimeout(() => 0, 1e6))"}, by="alice"
    ):
        running = await underway(world, "alice")
        for name in (running, ended, str(uuid.uuid4()), "x", "%20"):
            assert await stop(world, name, by="bob") == {"found": False}
        assert world.house.underway.of("alice") == [running]


async def test_nobody_stops_an_anonymous_evaluation(world: World) -> None:
    async with asked(world, "POST", "/v1/eval", {"code": "await new Promise(() => setTimeout(() => 0, 1e6))"}):
        found = await underway(world, None)
        (await world.call("POST", f"/v1/vals/{found}/cancel")).insist(401)
        assert await stop(world, found, by="alice") == {"found": False}
        assert world.house.underway.of(None) == [found]


async def test_the_author_stops_a_run_that_a_stranger_asked_for(world: World) -> None:
    await world.val("bob", "export const f = () => { for (;;); }", Privacy.PUBLIC)
    async with asked(world, "POST", "/v1/run/bob.f", by="alice") as request:
        found = await underway(world, "bob")
        assert await stop(world, found, by="alice") == {"found": False}
        assert await stop(world, found, token=await world.token_for("bob", Scope.RUN)) == {"found": True}
        told = (await request).insist(422)
    assert set(told) == {"type", "error", "name", "message"}


async def test_a_stopped_evaluation_takes_along_what_it_called(world: World) -> None:
    await world.val("bob", "export const f = () => { for (;;); }", Privacy.PUBLIC)
    async with asked(world, "POST", "/v1/eval", {"code": "api(@bob.f)"}, by="alice") as request:
        await underway(world, "bob")
        assert await stop(world, await underway(world, "alice"), by="alice") == {"found": True}
        (await request).insist(422)
    assert world.house.underway.of("bob") == []
    await world.house.store.flush()
    row = next(row for row in world.house.store.evaluations("bob") if row.parent)
    assert (row.state, json.loads(row.error or b"")["name"]) == (State.FAILED, "Cancelled")


async def test_a_stopped_call_is_an_error_that_its_caller_may_catch(world: World) -> None:
    await world.val("bob", "export const f = () => { for (;;); }", Privacy.PUBLIC)
    code = "api(@bob.f).catch((e) => [e.name, e.status, e.cause.name])"
    async with asked(world, "POST", "/v1/eval", {"code": code}, by="alice") as request:
        assert await stop(world, await underway(world, "bob"), by="bob") == {"found": True}
        assert (await request).insist(200) == ["ApiError", 422, "Cancelled"]


async def test_a_save_that_does_not_end_is_stopped_and_kept_with_its_error(world: World) -> None:
    async with asked(world, "POST", "/v1/vals", {"code": "for (;;);", "name": "endless"}, by="alice") as request:
        assert await stop(world, await underway(world, "alice"), by="alice") == {"found": True}
        assert (await request).insist(200)["error"]["name"] == "Cancelled"


async def test_a_client_that_leaves_is_no_cancel_of_the_callers(world: World) -> None:
    async with asked(world, "POST", "/v1/eval", {"code": "for (;;);"}, by="alice") as request:
        found = await underway(world, "alice")
        request.cancel()
        told = await ending(world, found)
    assert told["status"] == 503
    assert await stop(world, found, by="alice") == {"found": False}


# -- by itself ----------------------------------------------------------------------------------------------


async def test_a_foreign_cancellation_is_never_swallowed(world: World) -> None:
    """Somebody cancels the task in the same moment: it ends, and not only the evaluation in it."""
    entry = Entry(code="for (;;);")
    task = asyncio.create_task(
        world.house.evaluate(requester="alice", source="api", entry=entry, args=None, as_author=False)
    )
    found = await underway(world, "alice")
    assert world.house.underway.stop(found, "alice")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await ending(world, found))["status"] == 503
