"""The attacker's plan: hold a server's connections, and the memory behind them, by doing nothing, or everything as slowly as it goes.

Say nothing; send headers one by one, for ever, or more of them than anybody needs; send a body byte by byte; ask for much, and read
nothing of it; ask ahead for a hundred answers while the first is being made.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from host_api.http import connections, incoming
from host_api.http.connections import AHEAD, Connection
from host_api.load.tally import Shed
from host_api.settings import Settings
from kernel.limits import MIB, Limits
from tests.http.conftest import World, open_world
from tests.http.parked import lot
from tests.http.test_broken_requests import connected

HEAD = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
LARGE = "'x'.repeat(8_000_000)"
"""More than the system keeps between two ends of a connection."""


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[World]:
    roomy = replace(Limits(), memory=256 * MIB, cpu=20.0)
    settings = Settings(db=str(tmp_path / "slow.db"), fetch_allow=("127.0.0.1",), limits=roomy)
    async with open_world(settings) as world:
        yield world


async def insist_nothing_held(world: World) -> None:
    async with asyncio.timeout(60):
        while world.gate.connections.used or world.gate.requests.used:  # noqa: ASYNC110 - another's state
            await asyncio.sleep(0)
    assert world.gate.held == 0
    (await world.call("GET", "/healthz")).insist(200)


async def test_who_says_nothing_is_let_go_of(served: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.05)
    async with connected(served) as (reader, _):
        assert await reader.read() == b""
    assert served.gate.tally.shed == {Shed.SLOW_HEAD: 1}
    await insist_nothing_held(served)


async def test_headers_that_come_one_by_one_have_an_end(served: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.05)
    with socket.create_connection(served.place) as made:
        made.sendall(HEAD)  # it is there when the server looks first: who has said nothing is told nothing
        reader, writer = await asyncio.open_connection(sock=made)
        answer = asyncio.ensure_future(reader.readline())
        for number in count():
            writer.write(f"X-{number % 50}: x\r\n".encode())
            if (await asyncio.wait((answer,), timeout=0.002))[0]:
                break
        assert answer.result().startswith(b"HTTP/1.1 408 ")
        writer.close()
    assert served.gate.tally.shed == {Shed.SLOW_HEAD: 1}
    await insist_nothing_held(served)


async def test_so_has_the_second_request_of_a_connection(served: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with connected(served) as (reader, writer):
        writer.write(HEAD + b"\r\n")
        await reader.readuntil(b"}")
        monkeypatch.setattr(connections, "HEAD_SECONDS", 0.01)
        writer.write(HEAD)
        assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
    await insist_nothing_held(served)


async def test_a_head_that_has_arrived_has_no_deadline_any_more(served: World) -> None:
    async with lot(served) as parking:
        parked = await parking.park()
        waiting = connections_of(served)
        assert waiting
        assert [one._head_timer for one in waiting] == [None] * len(waiting)
        parking.leave.set()
        assert (await parked).insist(200) == "left"
    assert served.gate.tally.shed == {}


async def test_headers_have_a_size_in_all(served: World) -> None:
    field = b": " + b"a" * 10_000 + b"\r\n"
    async with connected(served) as (reader, writer):
        writer.write(HEAD + b"".join(b"X-%d" % number + field for number in range(60)))
        assert (await reader.readline()).startswith(b"HTTP/1.1 431 ")
    assert served.gate.tally.shed == {Shed.LARGE_HEAD: 1}
    await insist_nothing_held(served)


async def test_a_body_that_comes_byte_by_byte_has_an_end(served: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "BODY_SECONDS", 0.05)
    async with connected(served) as (reader, writer):
        writer.write(b"POST /v1/eval HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        answer = asyncio.ensure_future(reader.readuntil(b"}"))
        while not (await asyncio.wait((answer,), timeout=0.002))[0]:
            writer.write(b" ")
        assert answer.result().startswith(b"HTTP/1.1 400 ")
    await insist_nothing_held(served)


@contextmanager
def narrow(world: World) -> Iterator[socket.socket]:
    """Connect with next to no room for what comes."""
    with socket.socket() as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        made.connect(world.place)
        made.setblocking(False)  # noqa: FBT003 - the standard library's
        yield made


def connections_of(world: World) -> list[Connection]:
    """Return the server's ends."""
    assert world.runner is not None
    assert world.runner.server is not None
    return [one for one in world.runner.server.connections if isinstance(one, Connection)]


async def ask_for_much(client: socket.socket) -> None:
    """Ask for a large answer."""
    body = LARGE.encode()
    head = f"POST /v1/eval HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body) + 2}\r\n\r\n".encode()
    await asyncio.get_running_loop().sock_sendall(client, head + b'"' + body + b'"')


async def stuck(world: World) -> Connection:
    """Wait until the server cannot get rid of an answer; return its end of the connection."""
    async with asyncio.timeout(60):
        while True:
            for one in connections_of(world):
                if one.writing_paused:
                    return one
            await asyncio.sleep(0.005)


async def test_who_reads_nothing_of_an_answer_is_let_go_of(served: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "READ_SECONDS", 0.05)
    with narrow(served) as client:
        await ask_for_much(client)
        async with asyncio.timeout(60):
            while not served.gate.tally.shed:  # noqa: ASYNC110 - another's state
                await asyncio.sleep(0.005)
        await insist_nothing_held(served)
    assert served.gate.tally.shed == {Shed.SLOW_READER: 1}


async def test_who_asked_to_close_and_reads_nothing_is_let_go_of_too(served: World) -> None:
    with narrow(served) as client:
        await ask_for_much(client)
        connection = await stuck(served)
        assert connection._wire is not None
        assert connection._wire.get_write_buffer_limits() == (0, 0)  # also the last bytes are looked after
        connection.force_close()
        assert served.gate.connections.used == 1
        connection._look_at_reader()
        await insist_nothing_held(served)


async def test_who_reads_slowly_and_steadily_gets_everything(served: World) -> None:
    loop, got = asyncio.get_running_loop(), b""
    with narrow(served) as client:
        await ask_for_much(client)
        connection = await stuck(served)
        for _ in range(5):
            left = connection._left
            async with asyncio.timeout(60):
                while left - connection._wire.get_write_buffer_size() < connections.LEAST:  # type: ignore[union-attr]
                    got += await loop.sock_recv(client, 65536)
                    await asyncio.sleep(0)
            connection._look_at_reader()
        async with asyncio.timeout(60):
            while not got.endswith(b'x"'):
                got += await loop.sock_recv(client, 1 << 20)
    assert len(got.partition(b"\r\n\r\n")[2]) == 8_000_002
    assert served.gate.tally.shed == {}


async def test_a_hundred_large_requests_ahead_are_not_read(served: World) -> None:
    request = HEAD + b"X: " + b"a" * 15_000 + b"\r\n\r\n"
    async with lot(served) as parking, connected(served) as (reader, writer):
        code = json.dumps(f"fetch('{parking.url}').then((r) => r.text())").encode()
        writer.write(b"POST /v1/eval HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(code) + code)
        await parking.arrived.acquire()
        for _ in range(100):
            writer.write(request)
        async with asyncio.timeout(60):
            while not served.gate.tally.shed:  # noqa: ASYNC110 - another's state
                await asyncio.sleep(0)
        parking.leave.set()
        told = await reader.read()
    assert told.startswith(b"HTTP/1.1 200 ")
    assert told.count(b"HTTP/1.1 ") <= 1 + AHEAD // 15_000
    assert served.gate.tally.shed == {Shed.PIPELINE: 1}
    await insist_nothing_held(served)


async def test_who_sent_too_far_ahead_has_his_answer_also_in_a_turn_that_others_are_answered_in(served: World) -> None:
    """Answers of one turn wait for its end, and a connection that is about to be closed would be closed before."""
    async with lot(served) as parking, connected(served) as (reader, writer):
        code = json.dumps(f"fetch('{parking.url}').then((r) => r.text())").encode()
        writer.write(b"POST /v1/eval HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(code) + code)
        await parking.arrived.acquire()
        writer.write(b"\r\n" * AHEAD)  # no request at all
        async with asyncio.timeout(60):
            while not served.gate.tally.shed:  # noqa: ASYNC110 - another's state
                await asyncio.sleep(0)
        served.gate.outbox._turn = True  # somebody has been answered
        parking.leave.set()
        assert (await reader.read()).endswith(b'"left"')
        served.gate.outbox._over()


async def test_a_few_requests_ahead_are_answered_in_order(served: World) -> None:
    async with connected(served) as (reader, writer):
        writer.write(b"".join(b"GET /v1/eval/%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in range(40)))
        for number in range(40):
            await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(len(str(number))) == str(number).encode()
    assert served.gate.tally.shed == {}
