"""A val says every field that means something to HTTP, with values that mean something else, in heads of every kind.

Whatever it says, one request has one answer: a strict reader finds it, and behind it the answer to the next request.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from http.client import HTTPResponse
from io import BufferedReader, BytesIO
from random import Random
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

import pytest
import pytest_asyncio

from host_api.settings import Settings
from host_api.store.model import Privacy
from tests.http.conftest import World, open_world

if TYPE_CHECKING:
    from socket import socket

pytestmark = pytest.mark.asyncio(loop_scope="module")

EXPRESS = """export const express = (req, res) => {
  const told = JSON.parse(req.query.told);
  res.status(told.status);
  if (told.reason !== null) res.statusMessage = told.reason;
  for (const [name, value] of told.fields) { try { res.append(name, value) } catch {} }
  if (told.how === 0) return void res.send(told.body);
  if (told.how === 1) res.write(told.body);
  if (told.how === 2) res.flushHeaders();
  res.end() }"""
WEB = """export const web = (request) => {
  const told = JSON.parse(new URL(request.url).searchParams.get("told")), headers = new Headers();
  for (const [name, value] of told.fields) { try { headers.append(name, value) } catch {} }
  const stream = new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode(told.body)); c.close() } });
  const body = [204, 205, 304].includes(told.status) ? null : told.how === 1 ? stream : told.body;
  return new Response(body, { status: Math.min(told.status, 599), statusText: told.reason ?? undefined, headers }) }"""
NAMES = (
    *(
        "Content-Length",
        "Transfer-Encoding",
        "Connection",
        "Trailer",
        "Upgrade",
        "Keep-Alive",
        "TE",
        "Proxy-Connection",
    ),
    *(
        "Content-Type",
        "Content-Encoding",
        "Content-Range",
        "Accept-Ranges",
        "ETag",
        "Last-Modified",
        "Location",
        "Date",
    ),
    *(
        "Set-Cookie",
        "Content-Security-Policy",
        "X-Content-Type-Options",
        "Cache-Control",
        "Vary",
        "Server",
        "Age",
        "Via",
    ),
    *("HTTP2-Settings", "Transfer_Encoding", "content-length ", "Content-Disposition", "Access-Control-Allow-Origin"),
)
VALUES = (
    *(
        "0",
        "5",
        "-1",
        "999999",
        "chunked",
        "gzip",
        "close",
        "keep-alive",
        "identity",
        "upgrade",
        "h2c",
        "a,b",
        "\t x \t",
    ),
    *(
        "é",
        "",
        "x" * 5000,
        "multipart/x-mixed-replace; boundary=x",
        "bytes */*",
        '"quoted\\"',
        ";;;",
        'W/"x"',
        "; domain=x",
    ),
)
BODIES = ("", "hello", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")
STATUSES = (200, 200, 201, 204, 205, 206, 301, 304, 404, 500, 999)
NEXT = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


class Wire(BufferedReader):
    """What came over a connection; a reader that is through with its answer closes it, and there is another behind."""

    def close(self) -> None:
        """Stay open."""

    def makefile(self, *_: object) -> Wire:
        """Be read."""
        return self

    def answer(self, method: str) -> tuple[HTTPResponse, bytes]:
        """Read an answer as strictly as the standard library does."""
        read = HTTPResponse(cast("socket", self), method=method)
        read.begin()
        return read, read.read()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with open_world(replace(Settings(), db=str(tmp_path_factory.mktemp("served") / "test.db"))) as made:
        for code in (EXPRESS, WEB):
            await made.val("bob", code, Privacy.PUBLIC)
        yield made


async def exchange(world: World, sent: bytes) -> Wire:
    reader, writer = await asyncio.open_connection(*world.place)
    try:
        async with asyncio.timeout(20):
            writer.write(sent)
            return Wire(BytesIO(await reader.read()))
    finally:
        writer.close()
        await writer.wait_closed()


def some(chance: Random) -> dict[str, Any]:
    fields = [(chance.choice(NAMES), chance.choice(VALUES)) for _ in range(chance.randrange(6))]
    told = {"status": chance.choice(STATUSES), "reason": chance.choice((None, "", "OK then", "é")), "fields": fields}
    return told | {"how": chance.randrange(4), "body": chance.choice(BODIES)}


@pytest.mark.parametrize("home", [True, False])
@pytest.mark.parametrize("val", ["express", "web"])
async def test_whatever_a_val_says_one_request_has_one_answer(served: World, val: str, *, home: bool) -> None:
    chance = Random(val)  # noqa: S311 - chance, and not a secret
    for _ in range(100):
        told, method = some(chance), chance.choice(("GET", "HEAD", "POST", "OPTIONS"))
        target, host = ("/", f"bob-{val}.localhost") if home else (f"/v1/{val}/bob.{val}", "x")
        line = f"{method} {target}?told={quote(json.dumps(told), safe='')} HTTP/1.1\r\nHost: {host}\r\n\r\n"
        wire = await exchange(served, line.encode() + NEXT)
        first, _ = wire.answer(method)
        _, following = wire.answer("GET")
        assert following == b'{"status":"ok"}', told
        assert wire.read() == b"", told
        if not home:
            assert first.getheader("Content-Security-Policy") == "sandbox; default-src 'none'"
            assert first.getheader("X-Content-Type-Options") == "nosniff"
            assert first.getheader("Set-Cookie") is None
