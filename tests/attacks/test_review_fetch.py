"""The attacker's plan: a server whose kilobyte keeps whoever decodes it busy for minutes, and a val that stops one fetch twice."""

from __future__ import annotations

import asyncio
import gzip
import zlib

import pytest

from host_api.net.exchange import Exchange
from host_api.net.failures import FetchFailed
from host_api.net.request import Request
from kernel.errors import LimitError
from tests.attacks.siege import responsive
from tests.capabilities.servers import MIB, going_out, raw

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
    exchange = Exchange(request, send, MIB, lambda step: None)  # type: ignore[arg-type]
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
