"""What only time shows: pieces that arrive before the end, bodies both ways at once, clients that leave, errors after the head."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest
import pytest_asyncio
from yarl import URL

from host_api.settings import Settings
from host_api.store.model import Privacy
from tests.http.conftest import World, open_world

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOON = 20
"""Seconds that nothing here comes near to, unless it hangs."""

VALS = (
    "export const gate = 0;",
    """export const gated = async (req, res) => {
         res.write('first');
         while (@me.gate !== 1) await new Promise((done) => setTimeout(done, 5));
         res.end('last');
       };""",
    """export const gatedWeb = () => new Response(new ReadableStream({
         async start(controller) {
           controller.enqueue(new TextEncoder().encode('first'));
           while (@me.gate !== 2) await new Promise((done) => setTimeout(done, 5));
           controller.enqueue(new TextEncoder().encode('last'));
           controller.close();
         },
       }));""",
    "export const echo = (req) => new Response(req.body);",
    """export const count = async (req) => {
         let bytes = 0;
         for await (const piece of req.body) bytes += piece.byteLength;
         return new Response(String(bytes));
       };""",
    """export const late = async (req, res) => {
         res.write('partial');
         await null;
         throw new TypeError('after the head');
       };""",
    """export const lateWeb = () => new Response(new ReadableStream({
         pull(controller) {
           controller.enqueue(new TextEncoder().encode('partial'));
           controller.error(new TypeError('after the head'));
         },
       }, { highWaterMark: 0 }));""",
    """export const endless = () => new Response(new ReadableStream({
         pull(controller) { controller.enqueue(new Uint8Array(65536)); },
       }));""",
    "export const twice = (req, res) => { res.send('first'); res.send('second'); };",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with open_world(replace(Settings(), db=str(tmp_path_factory.mktemp("streams") / "test.db"))) as made:
        for code in VALS:
            await made.val("alice", code, Privacy.PUBLIC)
        yield made


async def open_gate(world: World, value: int) -> None:
    (await world.call("POST", "/v1/eval", by="alice", body={"code": f"@me.gate = {value}"})).insist(200)


@pytest.mark.parametrize(("path", "value"), [("/v1/express/alice.gated", 1), ("/v1/web/alice.gatedWeb", 2)])
async def test_a_piece_arrives_before_the_val_has_ended(world: World, path: str, value: int) -> None:
    async with asyncio.timeout(SOON), world.session.get(world.address + path) as got:
        assert await got.content.readexactly(5) == b"first"
        await open_gate(world, value)
        assert await got.content.read() == b"last"


async def test_a_request_may_still_be_on_its_way_while_its_echo_comes_back(world: World) -> None:
    went: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"a" * 1000
        await went
        yield b"b" * 1000

    sent = world.session.post(f"{world.address}/v1/web/alice.echo", data=pieces())
    async with asyncio.timeout(SOON), sent as got:
        assert await got.content.readexactly(1000) == b"a" * 1000
        went.set_result(None)
        assert await got.content.read() == b"b" * 1000


async def test_a_request_without_a_length_is_read_piece_by_piece(world: World) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 65536

    async with asyncio.timeout(SOON), world.session.post(f"{world.address}/v1/web/alice.count", data=pieces()) as got:
        assert (got.status, await got.read()) == (200, str(20 * 65536).encode())


@pytest.mark.parametrize("path", ["/v1/express/alice.late", "/v1/web/alice.lateWeb"])
async def test_an_error_after_the_head_does_not_look_like_an_end(world: World, path: str) -> None:
    async with asyncio.timeout(SOON), world.session.get(world.address + path) as got:
        assert got.status == 200
        assert await got.content.readany() == b"partial"
        with pytest.raises(aiohttp.ClientPayloadError):
            await got.content.read()


async def test_the_error_after_the_head_is_in_the_record(world: World) -> None:
    for run in (await world.call("GET", "/v1/me/runs?limit=100&error=true", by="alice")).insist(200)["data"]:
        assert run["error"]["message"] == "after the head"


async def test_a_val_whose_client_left_is_stopped(world: World) -> None:
    async with aiohttp.ClientSession() as leaving:
        got = await leaving.get(URL(f"{world.address}/v1/web/alice.endless"))
        await got.content.readexactly(1000)
        got.close()
    async with asyncio.timeout(SOON):
        while not await _ended(world, "endless"):
            continue


async def _ended(world: World, name: str) -> bool:
    runs = (await world.call("GET", "/v1/me/runs?limit=100", by="alice")).insist(200)["data"]
    return any(run.get("name") == name and "runEndAt" in run for run in runs)


async def test_a_second_send_is_logged(world: World) -> None:
    got = await world.call("GET", "/v1/express/alice.twice", by="alice")
    assert got.body == b"first"
    run = (await world.call("GET", f"/v1/runs/{got.headers['X-Evaluation-Id']}", by="alice")).insist(200)
    [line] = run["logs"]
    assert "send" in line["message"]


async def test_head_and_body_of_a_large_download_are_not_held_in_memory_first(world: World) -> None:
    async with asyncio.timeout(SOON), world.session.get(f"{world.address}/v1/web/alice.endless") as got:
        assert len(await got.content.readexactly(8 * 65536)) == 8 * 65536
        got.close()
