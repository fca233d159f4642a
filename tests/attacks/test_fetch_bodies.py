"""The attacker's plan: own a server, and send what hurts whoever reads it; or own a val, and send what somebody else reads wrongly."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Iterator
from itertools import repeat

import pytest

from host_api.net.decoding import MOST_MEMBERS
from host_api.net.exchange import PIECE, Exchange
from host_api.net.failures import FetchFailed
from host_api.net.request import Request
from kernel.errors import LimitError
from tests.attacks.siege import responsive
from tests.capabilities.servers import MIB, Out, body_of, going_out, raw

OK = b"HTTP/1.1 200 OK\r\n"


def packed(size: int, *, bits: int = 31, times: int = 1) -> bytes:
    """So many zeros, packed so often."""
    packer = zlib.compressobj(9, zlib.DEFLATED, bits)
    whole = b"".join([packer.compress(bytes(MIB)) for _ in range(size // MIB)]) + packer.flush()
    for _ in range(times - 1):
        whole = gzip.compress(whole)
    return whole


BOMBS = {
    "gzip": packed(16 * MIB),
    "deflate": packed(16 * MIB, bits=15),
    "Deflate": packed(16 * MIB, bits=-15),
    "gzip, gzip": packed(64 * MIB, times=2),
    "deflate, identity, gzip": gzip.compress(packed(64 * MIB, bits=15)),
}


@pytest.mark.parametrize("coding", BOMBS)
async def test_a_small_body_that_unpacks_to_much_is_stopped_at_the_limit(coding: str) -> None:
    bomb = BOMBS[coding]
    head = OK + f"Content-Encoding: {coding}\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    pieces: list[int] = []
    async with raw([head, bomb]) as server, going_out("127.0.0.1") as out:
        exchange = out.exchange("GET", server.url(), limit=3 * MIB)
        await exchange.head()
        async with responsive():
            with pytest.raises(LimitError):
                await _drain(exchange, pieces)
    assert (sum(pieces), max(pieces)) == (3 * MIB, PIECE)


async def _drain(exchange: Exchange, pieces: list[int]) -> None:
    while (piece := await exchange.read()) is not None:
        pieces.append(len(piece))


async def test_a_body_of_parts_that_hold_nothing_is_stopped() -> None:
    empty = gzip.compress(b"")
    head = OK + b"Content-Encoding: gzip\r\n\r\n"
    async with raw([head, empty * (MOST_MEMBERS + 1)]) as server, going_out("127.0.0.1") as out:
        exchange = out.exchange("GET", server.url())
        await exchange.head()
        async with responsive():
            with pytest.raises(FetchFailed, match="cannot be decoded"):
                await exchange.read()


async def test_coded_bytes_count_too_so_a_body_that_decodes_to_nothing_is_not_endless() -> None:
    nothing = b"\x00\x00\x00\xff\xff" * 13_000  # empty blocks of deflate
    async with raw(_then(OK + b"Content-Encoding: deflate\r\n\r\n", nothing)) as server, going_out("127.0.0.1") as out:
        exchange = out.exchange("GET", server.url(), limit=MIB)
        await exchange.head()
        async with responsive():
            with pytest.raises(LimitError):
                await exchange.read()


def _then(head: bytes, piece: bytes) -> Iterator[bytes]:
    yield head
    yield from repeat(piece)


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"\r\n", b"x" * 65536),
        (b"Content-Length: 99999999999\r\n\r\n", b"x" * 65536),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n"),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 1000),
    ],
)
async def test_a_body_without_end_is_stopped_at_the_limit(head: bytes, piece: bytes) -> None:
    async with raw(_then(OK + head, piece)) as server, going_out("127.0.0.1") as out:
        exchange = out.exchange("GET", server.url(), limit=300_000)
        await exchange.head()
        with pytest.raises(LimitError):
            await body_of(exchange)
        await server.gone.wait()


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"HTTP/1.1 200 " + b"O" * 65536, b"K" * 65536),
        (b"", b"H" * 65536),
        (OK, b"X-Flood: 1\r\n" * 1000),
        (OK + b"X-Giant: ", b"x" * 65536),
        (OK, b"".join(b"X-%d: %s\r\n" % (i, b"x" * 8000) for i in range(100))),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"f" * 65536),
    ],
    ids=["a status line", "nothing but a line", "headers", "one header", "large headers", "a chunk's size"],
)
async def test_a_head_without_end_is_stopped(head: bytes, piece: bytes) -> None:
    async with raw(_then(head, piece)) as server, going_out("127.0.0.1") as out:
        async with responsive():
            with pytest.raises(FetchFailed, match=r"(sent|broke|closed)"):
                await _text(out, server.url())
        await server.gone.wait()


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [b"HTTP/1.1 2"],
        [OK, b"X-Slow:"],
        [b"HTTP/1.1 100 Continue\r\n\r\n" * 100, b"HTTP/1.1 103 Early Hints\r\n\r\n"],
    ],
    ids=["silence", "half a line", "half a head", "only hints"],
)
async def test_a_server_that_dawdles_is_let_go_of_as_soon_as_nobody_waits(pieces: list[bytes]) -> None:
    async with raw(pieces, close=False) as server, going_out("127.0.0.1") as out:
        exchange = out.exchange("GET", server.url())
        waiting = asyncio.ensure_future(exchange.head())
        await server.asked.wait()
        exchange.stop()
        with pytest.raises(FetchFailed, match="aborted"):
            await waiting
        await server.gone.wait()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"-ERR unknown command\r\n",
        b"\r\n\r\n\r\n\r\n",
        OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
        OK + b"Content-Length: 1e3\r\n\r\nx",
        OK + b"bad header\r\n\r\n",
        OK + b": empty\r\n\r\n",
        OK + b"X: a\x00b\r\n\r\n",
        OK + b"Content-Encoding: gzip, gzip, gzip, gzip\r\n\r\n",
    ],
)
async def test_an_answer_that_is_not_http_is_an_error_that_quotes_nothing_of_it(answer: bytes) -> None:
    async with raw([answer]) as server, going_out("127.0.0.1") as out:
        exchange = out.exchange("GET", server.url())
        with pytest.raises(FetchFailed) as failed:
            await exchange.head()
    assert str(failed.value).removeprefix("fetch failed: 127.0.0.1 ") in {
        "answered with another protocol",
        "closed the connection without an answer",
        "sent an answer that is not HTTP, or whose head is too large",
        "sent a body that cannot be decoded",
    }


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 10\r\n\r\nshort",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
        OK + b"Content-Encoding: gzip\r\n\r\nplain",
        OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"hello", mtime=0)[:-4],
        OK + b"Content-Encoding: deflate\r\n\r\n" + zlib.compress(b"hello" * 100)[:-8],
        OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"hello", mtime=0)[:-8] + b"\0" * 8,
    ],
)
async def test_a_body_that_is_cut_short_or_broken_never_passes_for_a_whole_one(answer: bytes) -> None:
    async with raw([answer]) as server, going_out("127.0.0.1") as out:
        with pytest.raises(FetchFailed, match=r"(cut short|cannot be decoded|not HTTP)"):
            await _text(out, server.url())


async def test_a_second_answer_in_the_same_bytes_is_nobodys() -> None:
    both = OK + b"Content-Length: 2\r\n\r\nok" + OK + b"Content-Length: 4\r\n\r\nevil"
    async with raw([both], close=False) as server, going_out("127.0.0.1") as out:
        assert [await _text(out, server.url()) for _ in range(3)] == [b"ok"] * 3
    assert server.connections == 3


async def test_of_two_lengths_the_chunks_count_and_the_connection_is_not_used_again() -> None:
    both = OK + b"Content-Length: 100\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    async with raw([both], close=False) as server, going_out("127.0.0.1") as out:
        try:
            assert [await _text(out, server.url()) for _ in range(2)] == [b"ok"] * 2
        except FetchFailed:
            return
    assert server.connections == 2


async def _text(out: Out, url: str) -> bytes:
    exchange = out.exchange("GET", url)
    await exchange.head()
    return await body_of(exchange)


# -- a val's requests -------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["\r", "\n", "\r\n", "\0", "\x0b", "\x7f", "\x1b", "\u2028", "\u010a", "\ud800"])
@pytest.mark.parametrize("place", ["method", "name", "value", "path", "host"])
async def test_no_part_of_a_request_begins_another_line(place: str, mark: str) -> None:
    bad = f"a{mark}Host: evil"
    parts = {"method": "GET", "name": "X", "value": "1", "path": "p", "host": "example.com"} | {place: bad}
    async with going_out() as out:
        with pytest.raises(FetchFailed):
            out.exchange(parts["method"], f"http://{parts['host']}/{parts['path']}", parts["name"], parts["value"])


@pytest.mark.parametrize("name", ["", " ", "a b", "a:", "(a)", "a\u00e9", "a" * 257])
async def test_a_headers_name_is_one_word(name: str) -> None:
    async with going_out() as out:
        with pytest.raises(FetchFailed):
            out.exchange("GET", "http://example.com/", name, "x")


@pytest.mark.parametrize("method", ["", "CONNECT", "connect", "Trace", "TRACK", "GET /", "G(T", "x" * 257])
async def test_a_method_that_means_something_to_proxies_is_refused(method: str) -> None:
    async with going_out() as out:
        with pytest.raises(FetchFailed):
            out.exchange(method, "http://example.com/")


CARRIED = {
    "Connection": "upgrade",
    "Content-Length": "0",
    "content-length": "99",
    "Expect": "100-continue",
    "HTTP2-Settings": "x",
    "Host": "evil.example",
    "Keep-Alive": "x",
    "Proxy-Authorization": "x",
    "TE": "trailers",
    "Trailer": "x",
    "Transfer-Encoding": "chunked",
    "Upgrade": "h2c",
    "X-Valgate-Chain": "0",
    "proxy-connection": "x",
}


async def test_how_a_message_is_carried_is_not_a_vals_to_say() -> None:
    theirs = [part for header in CARRIED.items() for part in header]
    async with raw([OK + b"Content-Length: 0\r\n\r\n"]) as server, going_out("127.0.0.1") as out:
        await out.exchange("POST", server.url("/x"), *theirs, "X-Mine", "1", body=b"12345").head()
    first, *lines = server.received.decode().lower().split("\r\n")
    assert first == "post /x http/1.1"
    assert sorted(line for line in lines if line) == [
        "accept-encoding: gzip, deflate",
        "accept: */*",
        "content-length: 5",
        f"host: 127.0.0.1:{server.port}",
        "user-agent: valgate",
        "x-mine: 1",
    ]


@pytest.mark.parametrize(
    "headers",
    ["", "{}", "[1]", '["a"]', '["a", 1]', "[[", "[" * 60_000, '["a","' + "x" * 70_000 + '"]', '["a","b",' * 300],
)
async def test_headers_that_no_runtime_of_ours_sends_are_refused(headers: str) -> None:
    with pytest.raises(FetchFailed):
        Request.parse("GET", "http://example.com/", headers, None, "whole", "follow")
