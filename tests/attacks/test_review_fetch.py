"""The attacker's plan: a server whose kilobyte keeps whoever decodes it busy for minutes, or that announces an answer for ever; a val that
stops one fetch twice, asks for names that nobody knows and does not wait,
calls this server by a name of the attacker's so that nobody counts, or fills its caller's record so that the rest is cut."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from itertools import repeat
from pathlib import Path

import pytest

from host_api.capabilities.fetch import LONGEST_TRAIL
from host_api.net.addresses import Rules
from host_api.net.chain import Link
from host_api.net.client import Client, Visit
from host_api.net.connector import FEW
from host_api.net.exchange import Exchange
from host_api.net.failures import FetchFailed
from host_api.net.request import Request
from kernel.errors import LimitError
from tests.attacks.siege import responsive
from tests.capabilities.servers import MIB, OWN, going_out, raw
from tests.semantics.live import Machine, open_world

NOTHING = b"\x00\x00\x00\xff\xff" * (MIB // 5)
"""Blocks of deflate that are empty: they decode to nothing at all."""


def _packed(times: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    whole = b"".join([packer.compress(NOTHING) for _ in range(200)]) + packer.flush()
    for _ in range(times - 1):
        whole = gzip.compress(whole)
    return whole


@pytest.mark.parametrize("times", [1, 2])
async def test_codings_within_codings_that_come_to_nothing_are_stopped(times: int) -> None:
    bomb = _packed(times)
    coding = ", ".join(["deflate", *["gzip"] * times])
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    async with raw([head, bomb]) as server, going_out("127.0.0.1") as out:
        exchange = out.exchange("GET", server.url(), limit=3 * MIB)
        await exchange.head()
        async with responsive():
            with pytest.raises(LimitError):
                await exchange.read()


@pytest.mark.parametrize("steps", range(6))
async def test_a_fetch_is_stopped_twice_whatever_it_is_about(steps: int) -> None:
    async def send(request: Request, body: object) -> None:
        await asyncio.sleep(60)

    request = Request.parse("POST", "http://example.com/", "[]", None, "gathered", "follow")
    exchange = Exchange(request, send, MIB, print)  # type: ignore[arg-type]
    work = [exchange.head(), *(exchange.write(b"x") for _ in range(3))]
    doing = [asyncio.ensure_future(each) for each in work]
    for _ in range(3):
        await asyncio.sleep(0)
    exchange.stop()
    for _ in range(steps):
        await asyncio.sleep(0)
    exchange.stop()
    ends = await asyncio.gather(*doing, return_exceptions=True)
    assert isinstance(ends[0], FetchFailed)


async def test_hints_without_end_are_no_answer() -> None:
    hints = repeat(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100)
    async with raw(hints) as server, going_out("127.0.0.1") as out:
        async with responsive():
            with pytest.raises(FetchFailed, match="not HTTP"):
                await out.exchange("GET", server.url()).head()
        await server.gone.wait()


async def test_some_hints_come_before_an_answer() -> None:
    hints = b"HTTP/1.1 100 Continue\r\n\r\n" * 20 + b"HTTP/1.1 103 Early Hints\r\n\r\n" * 20
    async with raw([hints, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]) as server, going_out("127.0.0.1") as out:
        assert (await out.exchange("GET", server.url()).head()).status == 200


async def test_lookups_that_nobody_waits_for_are_counted_until_they_are_done() -> None:
    asked: list[str] = []
    known = asyncio.Event()

    async def slow(host: str, port: int) -> list[str]:
        asked.append(f"{host}:{port}")
        await known.wait()
        return ["8.8.8.8"]

    async with going_out(lookup=slow) as out:
        for number in range(20):
            exchange = out.exchange("GET", f"http://name{number}.example/")
            waiting = asyncio.ensure_future(exchange.head())
            for _ in range(20):
                await asyncio.sleep(0)
            exchange.stop()
            with pytest.raises(FetchFailed):
                await waiting
        assert len(asked) == FEW


async def test_a_call_that_comes_back_to_this_server_is_counted_under_whatever_name() -> None:
    async def lookup(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    async with raw([b"HTTP/1.1 200 OK\r\n\r\n"]) as server:
        for port, count in ((server.port, 1), (8787, 1)):
            async with Client.open(Rules.parse(("127.0.0.1",), port), OWN, lookup) as client:
                visit = Visit(client, Link(3))
                request = Request.parse("GET", server.url(host="evil.example"), "[]", None, "whole", "follow")
                await Exchange(request, visit.send, MIB, print).head()
                visit.close()
            assert server.received.lower().count(b"\r\nx-valgate-chain: 3\r\n") == count


async def test_a_server_does_not_fill_the_record_with_redirects(engine_room: Machine, tmp_path: Path) -> None:
    far = b"HTTP/1.1 302 Found\r\nLocation: /" + b"x" * 7000 + b"\r\nContent-Length: 0\r\n\r\n"
    async with raw([far]) as server, open_world(engine_room, tmp_path, fetch_allow=("127.0.0.1",)) as world:
        outcome = await world.outcome(f"fetch('{server.url()}').catch((e) => e.message)")
        [call] = await world.calls(outcome, "fetch")
    assert server.connections == 21
    assert len(call["target"]) < LONGEST_TRAIL + 20 * 50 < 20 * 7000
    assert call["target"].count(f" → GET http://127.0.0.1:{server.port}/") == 20 + 1
