"""Requests that no route was made for: each is answered in our one shape, and says nothing of the host."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from host_api.http import incoming

if TYPE_CHECKING:
    from tests.http.conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def world(shared_world: World) -> World:
    return shared_world


@asynccontextmanager
async def connected(world: World) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(*world.place)
    try:
        async with asyncio.timeout(20):
            yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):  # whoever is answered while he still sends may be told by a reset
            await writer.wait_closed()


async def send(world: World, raw: bytes) -> tuple[int, Any]:
    """Send bytes, read one answer; give status and body."""
    async with connected(world) as (reader, writer):
        writer.write(raw)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        body = await reader.readexactly(int(head.partition(b"content-length: ")[2].split()[0]))
    return int(head.split()[1]), json.loads(body)


def is_ours(body: dict[str, Any]) -> bool:
    return set(body) == {"type", "error"} and body["type"] == "error" and body["error"].endswith(".")


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"NONSENSE\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nExpect: the unexpected\r\n\r\n", 417),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: the unexpected\r\n\r\n", 200),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X: 1\r\n" * 200 + b"\r\n", 400),
        (b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", 431),
        (b"GET /healthz?" + b"a" * 15_980 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200),
        (b"GET /" + b"a" * 16_000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 414),
        (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
        (b"GET /v1/runs/\xff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
        (b"GET /v1/run/\xff.x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
        (b"GET /v1/run/a\0b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
        (b"GET /v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\r\nConnection: close\r\n\r\n", 401),
        (
            b"POST /v1/eval HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\nConnection: close\r\n\r\nabcd",
            400,
        ),
        (
            b"POST /v1/eval HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n\r\n",
            400,
        ),
    ],
)
async def test_a_request_that_cannot_be_read_has_an_answer_that_can(world: World, raw: bytes, status: int) -> None:
    got, body = await send(world, raw)
    assert got == status, body
    assert status == 200 or is_ours(body)
    assert "aiohttp" not in str(body)


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/nothing", "/v1/run/a/b", "/v1/vals/", "//", "/%2e%2e/etc", "/v1/runs/a/b"]
)
async def test_an_unknown_address_is_a_404_in_our_shape(world: World, path: str) -> None:
    assert is_ours((await world.call("GET", path)).insist(404))


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/run/bob.x", "GET, OPTIONS, POST"),
        ("GET", "/v1/eval", "OPTIONS, POST"),
        ("POST", "/v1/me", "GET, HEAD"),
        ("PATCH", "/v1/vals/x", "DELETE, GET, HEAD, PUT"),
        ("HEAD", "/v1/run/bob.x", "GET, OPTIONS, POST"),
        ("PROPFIND", "/healthz", "GET, HEAD"),
    ],
)
async def test_a_wrong_method_is_a_405_that_names_the_right_ones(
    world: World, method: str, path: str, allowed: str
) -> None:
    got = await world.call(method, path)
    assert (got.status, got.headers["Allow"]) == (405, allowed)
    assert method == "HEAD" or is_ours(got.json())


@pytest.mark.parametrize("host", ["[", "a b", "exa[mple", ":", "x:99999999"])
async def test_a_host_header_that_is_no_host_breaks_nothing(world: World, host: str) -> None:
    got = await world.call("GET", "/v1/me/secrets", by="alice", headers={"Host": host})
    assert got.status in {200, 400}
    assert got.json()


async def test_a_client_that_waits_to_be_asked_for_its_body_is_not_asked_for_one_that_is_too_large(
    world: World,
) -> None:
    head = (
        "POST /v1/eval HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n"
    )
    status, body = await send(world, head.format(2_000_001).encode())
    assert status == 413
    assert is_ours(body)


async def test_a_body_that_does_not_arrive_is_not_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "BODY_SECONDS", 0.05)
    async with connected(world) as (reader, writer):
        writer.write(b"POST /v1/eval HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 400 ")


async def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(world: World) -> None:
    head = b"POST /v1/eval HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
    async with connected(world) as (reader, writer):
        writer.write(head)
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b'"1"')
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
