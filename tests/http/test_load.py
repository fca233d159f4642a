"""Each bound of a server at its limit and one past it: what is too much is refused at once, in our shape, with a word on when to come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from host_api.load.tally import Shed
from host_api.store.model import Privacy, Scope
from tests.http.conftest import Answer, World, open_world
from tests.http.parked import Lot, lot
from tests.http.test_broken_requests import connected, send

if TYPE_CHECKING:
    from host_api.settings import Settings


@asynccontextmanager
async def tight(settings: Settings, **bounds: object) -> AsyncIterator[tuple[World, Lot]]:
    """A world with these settings, whose evaluations can be parked."""
    changed: dict[str, Any] = {"fetch_allow": ("127.0.0.1",), **bounds}
    async with open_world(replace(settings, **changed)) as world, lot(world) as parking:
        yield world, parking


def shed(got: Answer, status: int) -> None:
    told = got.insist(status)
    assert set(told) == {"type", "error"}
    assert "gain" in told["error"] or "wait" in told["error"]
    assert int(got.headers["Retry-After"]) > 0


HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


# -- connections ----------------------------------------------------------------------------------------


async def test_so_many_connections_are_open_and_one_more_is_told_so_and_closed(settings: Settings) -> None:
    async with tight(settings, connections=2) as (world, _), AsyncExitStack() as stack:
        for _ in range(2):
            reader, writer = await stack.enter_async_context(connected(world))
            writer.write(HEALTH)
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        async with connected(world) as (refused, _):
            told = await refused.read()
        assert told.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"\r\nRetry-After: 1\r\n" in told
        assert b'{"type":"error","error":"This server has too many connections' in told
        assert world.gate.tally.shed == {Shed.CONNECTIONS: 1}
        writer.close()
        async with asyncio.timeout(60):
            while world.gate.connections.used > 1:  # noqa: ASYNC110 - another's state
                await asyncio.sleep(0)
        assert await send(world, HEALTH) == (200, {"status": "ok"})


async def test_who_does_not_close_a_refused_connection_is_closed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("host_api.http.listening.LINGER_SECONDS", 0.01)
    async with tight(settings, connections=1) as (world, _), connected(world):
        reader, writer = await asyncio.open_connection(*world.place)
        assert (await reader.read()).startswith(b"HTTP/1.1 503 ")
        async with asyncio.timeout(60):
            while not writer.transport.is_closing():
                writer.write(HEALTH)  # it is dropped, until nobody takes it any more
                await asyncio.sleep(0)
        with suppress(ConnectionError):
            await writer.wait_closed()


async def test_a_flood_of_refused_connections_is_closed_without_a_word(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("host_api.http.listening.LINGERING", 1)
    async with tight(settings, connections=1) as (world, _), connected(world), connected(world) as (first, _):
        assert await first.readline()
        async with connected(world) as (second, _):
            assert await second.read() == b""


# -- requests and their bodies --------------------------------------------------------------------------


async def test_so_many_requests_are_under_way_and_one_more_is_refused_but_a_probe_never(settings: Settings) -> None:
    async with tight(settings, requests=2) as (world, parking):
        parked = [await parking.park() for _ in range(2)]
        shed(await world.call("GET", "/v1/me", by="bob"), 503)
        assert world.gate.tally.shed == {Shed.REQUESTS: 1}
        for probe in ("/healthz", "/readyz", "/metrics"):
            assert (await world.call("GET", probe)).status == 200
        parking.leave.set()
        assert [(await one).insist(200) for one in parked] == ["left"] * 2
        (await world.call("GET", "/v1/me", by="bob")).insist(200)


def code_of(size: int) -> bytes:
    return b'"' + b" " * (size - 3) + b'1"'


async def test_so_many_bytes_of_bodies_are_held_and_one_more_is_refused(settings: Settings) -> None:
    async with tight(settings, bodies=1000) as (world, _):
        (await world.call("POST", "/v1/eval", body=code_of(1000))).insist(200)
        shed(await world.call("POST", "/v1/eval", body=code_of(1001)), 503)
        (await world.call("POST", "/v1/eval", body=code_of(1000))).insist(200)
        assert (world.gate.held, world.gate.tally.shed) == (0, {Shed.BODIES: 1})


async def test_a_body_is_held_as_long_as_its_request_is_under_way(settings: Settings) -> None:
    async with tight(settings, bodies=2000) as (world, parking):
        parked = await parking.park(padding=1200)
        shed(await world.call("POST", "/v1/eval", body=code_of(1000)), 503)
        (await world.call("POST", "/v1/eval", body=code_of(100))).insist(200)
        parking.leave.set()
        (await parked).insist(200)
        (await world.call("POST", "/v1/eval", body=code_of(1000))).insist(200)


# -- evaluations ----------------------------------------------------------------------------------------


async def test_so_many_evaluations_are_under_way_and_one_more_is_refused(settings: Settings) -> None:
    async with tight(settings, evaluations=2) as (world, parking):
        parked = [await parking.park(by) for by in ("alice", None)]
        shed(await world.call("POST", "/v1/eval", by="bob", body={"code": "1"}), 503)
        shed(await world.call("POST", "/v1/vals", by="bob", body={"code": "1"}), 503)
        parking.leave.set()
        await asyncio.gather(*parked)
        (await world.call("POST", "/v1/eval", by="bob", body={"code": "1"})).insist(200)
        assert world.gate.tally.shed == {Shed.EVALUATIONS: 2}


async def test_one_caller_has_so_many_evaluations_and_others_have_theirs(settings: Settings) -> None:
    async with tight(settings, concurrency=1) as (world, parking):
        await world.val("alice", "export const one = () => 1", Privacy.PUBLIC)
        parked = [await parking.park(by) for by in ("alice", None)]
        shed(await world.call("POST", "/v1/eval", by="alice", body={"code": "1"}), 429)
        shed(await world.call("POST", "/v1/vals", by="alice", body={"code": "1"}), 429)
        shed(await world.call("POST", "/v1/eval", body={"code": "1"}), 429)
        shed(await world.call("POST", "/v1/run/alice.one", by="bob"), 429)  # it is alice's evaluation, whoever asks
        (await world.call("POST", "/v1/eval", by="bob", body={"code": "1"})).insist(200)
        parking.leave.set()
        await asyncio.gather(*parked)
        (await world.call("POST", "/v1/run/alice.one")).insist(200)
        assert world.gate.tally.shed == {Shed.CONCURRENCY: 4}


async def test_as_many_guests_are_alive_as_the_operator_allows(settings: Settings) -> None:
    async with tight(settings, guests_alive=1) as (world, parking):
        parked = await parking.park()
        assert world.house.guests == 1
        got = await world.call("POST", "/v1/eval", by="bob", body={"code": parking.url and "1"})
        assert (got.status, got.headers["Retry-After"]) == (503, "1")
        parking.leave.set()
        (await parked).insist(200)


async def test_nothing_new_begins_while_too_much_waits_for_the_disk_and_nothing_is_lost(settings: Settings) -> None:
    disk, busy = Event(), Event()

    def slow(_: object) -> None:
        busy.set()
        disk.wait(60)

    async with tight(settings, backlog=3) as (world, parking):
        await world.val("bob", "export let data = 5", Privacy.PUBLIC)
        parked = await parking.park()
        store = world.house.store
        await store.flush()
        done = [store._writer.submit(slow)]
        await asyncio.to_thread(busy.wait)
        done += [store.flush() for _ in range(3)]
        shed(await world.call("POST", "/v1/eval", by="bob", body={"code": "1"}), 503)
        shed(await world.call("GET", "/v1/run/bob.data"), 503)
        parking.leave.set()  # what has begun ends, and its record waits with the others
        async with asyncio.timeout(60):
            while not store.backlog_bytes:  # noqa: ASYNC110 - another's state
                await asyncio.sleep(0)
        assert not parked.done()  # it had an effect
        disk.set()
        await asyncio.gather(*done)
        (await parked).insist(200)
        (await world.call("POST", "/v1/eval", by="bob", body={"code": "1"})).insist(200)
        await store.flush()
        assert [row.state.value for row in store.evaluations("alice")] == ["done"]
        assert (store.backlog_bytes, world.gate.tally.shed) == (0, {Shed.BACKLOG: 2})


async def test_records_that_wait_are_weighed_too(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("host_api.load.load.MOST_BYTES", 0)
    async with tight(settings) as (world, _):
        shed(await world.call("POST", "/v1/eval", body={"code": "1"}), 503)


# -- how often ------------------------------------------------------------------------------------------


async def test_an_account_asks_so_often_and_once_more_is_too_often(settings: Settings) -> None:
    async with tight(settings, rate=2) as (world, _):
        other = await world.token_for("alice", Scope.EVAL)
        (await world.call("GET", "/v1/me", by="alice")).insist(200)
        (await world.call("POST", "/v1/eval", by="alice", body={"code": "1"})).insist(200)
        got = await world.call("GET", "/v1/me", token=other)
        shed(got, 429)
        assert got.headers["Retry-After"] == "30"
        (await world.call("GET", "/v1/me", by="bob")).insist(200)
        (await world.call("POST", "/v1/eval", body={"code": "1"})).insist(200)
        assert world.gate.tally.shed == {Shed.RATE: 1}


async def test_who_has_no_token_or_a_wrong_one_is_counted_by_address(settings: Settings) -> None:
    async with tight(settings, rate=3) as (world, _):
        (await world.call("POST", "/v1/eval", body={"code": "1"})).insist(200)
        for _ in range(2):
            (await world.call("GET", "/v1/me", token="vg_wrong")).insist(401)
        shed(await world.call("GET", "/v1/me", token="vg_wrong"), 429)
        shed(await world.call("POST", "/v1/eval", body={"code": "1"}), 429)
        (await world.call("GET", "/v1/me", by="alice")).insist(200)
        for _ in range(5):
            (await world.call("GET", "/healthz")).insist(200)


@pytest.mark.parametrize("path", ["/v1/express/alice.page", "/v1/web/alice.site", "/express/alice.page"])
async def test_a_val_that_answers_itself_is_asked_no_oftener(settings: Settings, path: str) -> None:
    async with tight(settings, rate=2) as (world, _):
        await world.val("alice", "export const page = (req, res) => res.send('x')", Privacy.PUBLIC)
        await world.val("alice", "export const site = () => new Response('x')", Privacy.PUBLIC)
        assert [(await world.call("GET", path)).status for _ in range(3)] == [200, 200, 429]
        assert [(await world.call("GET", path, by="bob")).status for _ in range(3)] == [200, 200, 429]
        assert (await world.call("GET", path, token="vg_guessed")).status == 429


async def test_there_are_no_rates_unless_the_operator_sets_them(world: World) -> None:
    for _ in range(100):
        (await world.call("GET", "/v1/me", by="alice")).insist(200)
    assert world.gate.tally.shed == {}


# -- the end --------------------------------------------------------------------------------------------


async def test_a_server_that_stops_says_so_takes_nothing_and_finishes_what_runs(settings: Settings) -> None:
    async with tight(settings, drain=60.0) as (world, parking):
        async with connected(world) as first, connected(world) as second:
            for reader, writer in (first, second):
                writer.write(HEALTH)
                await reader.readuntil(b"}")
            parked = await parking.park()
            assert world.runner is not None
            stopping = asyncio.create_task(world.runner.cleanup())
            await asyncio.sleep(0)
            for (reader, writer), path in zip((first, second), ("/readyz", "/v1/eval/1"), strict=True):
                writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                told = await reader.read()
                assert told.startswith(b"HTTP/1.1 503 ")
                assert b"\r\nRetry-After: " in told
                assert b"\r\nConnection: close\r\n" in told
        assert not stopping.done()
        parking.leave.set()
        assert (await parked).insist(200) == "left"
        await stopping
        assert world.gate.tally.shed == {Shed.STOPPING: 1}


async def test_what_outlasts_a_stop_that_is_to_be_quick_is_cancelled_and_recorded(settings: Settings) -> None:
    async with tight(settings, drain=3600.0) as (world, parking):
        parked = await parking.park()
        assert world.runner is not None
        stopping = asyncio.create_task(world.runner.cleanup())
        await asyncio.sleep(0)
        world.gate._hurry.set()
        await stopping
        await asyncio.gather(parked, return_exceptions=True)
        await world.house.store.flush()
        [row] = world.house.store.evaluations("alice")
        assert (row.state.value, b"Cancelled" in (row.error or b"")) == ("failed", True)
