"""One connection and its requests, one after another in one task; and that an answer is written as the library would write it."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from aiohttp import web

from host_api.http.answers import Told
from host_api.http.connections import Connection
from host_api.store.model import Privacy
from tests.http.test_broken_requests import connected
from tests.http.test_cancel import ending, underway

if TYPE_CHECKING:
    from tests.http.conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")
CHANGING = re.compile(rb"(?<=\r\nDate: )[^\r]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ENDLESS = "export const endless = () => new Promise((done) => setTimeout(done, 50_000))"
STREAMS = """export const streams = () => new Response(new ReadableStream({
  async start(out) { await null; out.enqueue(new TextEncoder().encode("bits")); out.close() } }))"""
LATER = "export const later = () => new Promise((done) => setTimeout(() => done('later'), 1))"


@pytest_asyncio.fixture(loop_scope="module")
async def world(shared_world: World) -> World:
    for name, code in (
        ("one", "export const one = (...args) => args[0]"),
        ("endless", ENDLESS),
        ("later", LATER),
        ("streams", STREAMS),
    ):
        if shared_world.house.store.val("alice", name) is None:
            await shared_world.val("alice", code, Privacy.PUBLIC)
    return shared_world


def written(
    world: World, val: str, *fields: str, args: str = '["a"]', by: str | None = None, version: str = "1.1"
) -> bytes:
    body = f'{{"args":{args}}}'
    token = [f"Authorization: Bearer {world.tokens[by]}"] if by else []
    head = [f"POST /v1/run/alice.{val} HTTP/{version}", "Host: x", *token, *fields, f"Content-Length: {len(body)}"]
    return "\r\n".join([*head, "", body]).encode()


async def answered(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    return head, await reader.readexactly(int(head.partition(b"Content-Length: ")[2].split(b"\r\n")[0]))


async def said(world: World, raw: bytes) -> tuple[bytes, bytes]:
    async with connected(world) as (reader, writer):
        writer.write(raw)
        head, body = await answered(reader)
    return CHANGING.sub(b"changes", head), body


@pytest.mark.parametrize("fields", [(), ("Connection: close",), ("Connection: keep-alive",)])
@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("args", ["[1]", "[]", '["\\u00e9 and more"]', "[null]"])
@pytest.mark.parametrize("by", [None, "alice", "bob"])
async def test_an_answer_is_byte_for_byte_what_the_library_would_write(
    world: World, monkeypatch: pytest.MonkeyPatch, fields: tuple[str, ...], version: str, args: str, by: str | None
) -> None:
    raw = written(world, "one", *fields, args=args, by=by, version=version)
    at_once = await said(world, raw)
    monkeypatch.setattr(Told, "whole", lambda *_: None)
    assert at_once == await said(world, raw)


async def test_requests_that_come_together_are_answered_in_their_order(world: World) -> None:
    async with connected(world) as (reader, writer):
        writer.write(b"".join(written(world, "one", args=f"[{number}]") for number in range(100)))
        assert [(await answered(reader))[1] for _ in range(100)] == [f"{number}".encode() for number in range(100)]


async def test_a_body_that_nobody_reads_is_not_taken_for_the_next_request(world: World) -> None:
    async with connected(world) as (reader, writer):
        writer.write(b"POST /v1/nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + b"G" * 50_000)
        head, _ = await answered(reader)
        assert head.startswith(b"HTTP/1.1 404 ")
        writer.write(b"G" * 950_000 + written(world, "one"))
        assert (await answered(reader))[1] == b'"a"'


async def test_who_stops_an_evaluation_does_not_stop_the_connection_it_came_over(world: World) -> None:
    async with connected(world) as (reader, writer):
        for _ in range(3):
            writer.write(written(world, "endless", by="alice"))
            await world.call("POST", f"/v1/vals/{await underway(world, 'alice')}/cancel", by="alice")
            head, body = await answered(reader)
            assert head.startswith(b"HTTP/1.1 422 "), body
            writer.write(written(world, "later", by="alice"))
            assert (await answered(reader))[1] == b'"later"'


async def test_who_leaves_stops_what_he_asked_for(world: World) -> None:
    async with connected(world) as (_, writer):
        writer.write(written(world, "endless"))
        left = await underway(world, "alice")
    assert (await ending(world, left))["name"] == "Cancelled"


async def test_both_ways_are_counted_under_one_name(world: World) -> None:
    before = dict(world.gate.tally.requests)
    for name in ("alice.one", "alice%2Eone"):
        await world.call("POST", f"/v1/run/{name}", body=["a"])
    assert {
        key: count - before.get(key, 0) for key, count in world.gate.tally.requests.items() if count != before.get(key)
    } == {("/v1/run/{val}", "POST", 200): 2}


def ours(world: World, writer: asyncio.StreamWriter) -> Connection:
    """The server's end of a connection."""
    assert world.runner is not None
    assert world.runner.server is not None
    name = writer.get_extra_info("sockname")
    (found,) = (one for one in world.runner.server.connections if one.peername == name)
    assert isinstance(found, Connection)
    return found


async def test_answers_of_all_kinds_may_follow_one_another(world: World) -> None:
    async with connected(world) as (reader, writer):
        for _ in range(3):
            head, end, body = written(world, "one", "Expect: 100-continue").partition(b"\r\n\r\n")
            writer.write(head + end)
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(body)
            assert (await answered(reader))[1] == b'"a"'
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await answered(reader))[1] == b'{"status":"ok"}'
            writer.write(written(world, "streams"))
            assert (await reader.readuntil(b"\r\n0\r\n\r\n")).endswith(b"\r\n\r\n4\r\nbits\r\n0\r\n\r\n")
            writer.write(written(world, "one"))
            assert (await answered(reader))[1] == b'"a"'


async def test_a_connection_that_waits_holds_nothing_of_its_last_answer(world: World) -> None:
    async with connected(world) as (reader, writer):
        writer.write(written(world, "one"))
        await answered(reader)
        task = ours(world, writer)._task_handler
        assert task is not None
        frame = task.get_stack()[-1]
        assert not [value for value in frame.f_locals.values() if isinstance(value, Told | bytes | web.Request)]


async def test_a_connection_on_which_nothing_comes_is_closed_and_one_that_is_used_is_not(world: World) -> None:
    async with connected(world) as (reader, writer):
        writer.write(written(world, "one"))
        await answered(reader)
        end = ours(world, writer)
        end._process_keepalive()  # too early
        writer.write(written(world, "one"))
        assert (await answered(reader))[1] == b'"a"'
        end._keepalive_timeout = 0.0
        end._process_keepalive()
        assert await reader.read() == b""
