"""`valgate serve` as a process of its own: what it acknowledged survives its death, and it stops when asked."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from host_api.store import State, Store
from tests.capabilities import servers

ADDRESS = re.compile(rb"http://[0-9.:]+")
TOKEN = re.compile(rb"vg_[A-Za-z0-9_-]+")


@asynccontextmanager
async def serving(database: Path, *options: str) -> AsyncIterator[tuple[Process, str, bytes]]:
    """Start a server on a free port; give the process, its address and what it printed until it listened."""
    command = [sys.executable, "-m", "host_api.cli", "serve", "--port", "0", "--db", str(database), *options]
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        printed = await asyncio.wait_for(process.stdout.readline(), 60)
        found = ADDRESS.search(printed)
        assert found, (printed, await process.stderr.read())
        yield process, found[0].decode(), printed
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def run(session: aiohttp.ClientSession, address: str, path: str) -> object:
    async with session.post(address + path) as got:
        assert got.status == 200, await got.text()
        return await got.json()


async def begun(database: Path, caller: str | None = None) -> None:
    """Wait until it is on the disk that an evaluation of this caller's is running."""
    with Store.open(database) as store:
        while all(row.state is not State.RUNNING for row in store.evaluations(caller)):  # noqa: ASYNC110 - another's state
            await asyncio.sleep(0.01)


async def stopping(session: aiohttp.ClientSession, address: str) -> None:
    """Wait until the server says that it stops, on a connection that it lets be meanwhile."""
    status = 200
    while status == 200:
        async with session.get(address + "/readyz") as got:
            await got.read()  # else the connection might be closed with what is on its way
            status = got.status
    assert status == 503


async def test_a_killed_server_has_lost_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    database = tmp_path / "killed.db"
    async with serving(database, "--demo") as (process, address, _), aiohttp.ClientSession() as session:
        counts = [await run(session, address, "/v1/run/alice.count") for _ in range(3)]
        process.kill()
        await process.wait()
    async with serving(database) as (_, address, _), aiohttp.ClientSession() as session:
        assert await run(session, address, "/v1/run/alice.count") == counts[-1] + 1  # type: ignore[operator]


async def test_what_a_killed_server_was_running_says_so_at_the_next_start(tmp_path: Path) -> None:
    database = tmp_path / "killed.db"
    async with serving(database, "--demo") as (process, address, _), aiohttp.ClientSession() as session:
        assert process.stdout is not None
        found = TOKEN.search(b"".join([await process.stdout.readline() for _ in range(3)]))
        assert found
        headers = {"Authorization": f"Bearer {found[0].decode()}"}
        code = "new Promise((resolve) => setTimeout(resolve, 30_000))"
        lost = asyncio.create_task(session.post(address + "/v1/eval", json=code, headers=headers).__aenter__())
        await begun(database, "alice")
        process.kill()
        await asyncio.gather(lost, return_exceptions=True)
    async with serving(database) as (_, address, _), aiohttp.ClientSession(headers=headers) as session:
        async with session.get(address + "/v1/me/runs?error=true") as got:
            [run] = (await got.json())["data"]
        assert run["error"]["name"] == "Interrupted"
        assert "runEndAt" not in run or run["runEndAt"] >= run["runStartAt"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_lets_what_runs_finish_and_closes_what_is_idle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    monkeypatch.setenv("VALGATE_FETCH_ALLOW", "127.0.0.1")
    monkeypatch.setenv("VALGATE_DRAIN", "60")
    came, leave = asyncio.Event(), asyncio.Event()

    async def gate(_: web.BaseRequest) -> web.Response:
        came.set()
        await leave.wait()
        return web.Response(text="finished")

    async with (
        servers.serving(gate) as waited_for,
        serving(tmp_path / "stopped.db") as (process, address, _),
        aiohttp.ClientSession() as session,
    ):
        code = f"fetch('{waited_for.url()}').then((answer) => answer.text())"
        slow = asyncio.create_task(session.post(address + "/v1/eval", json=code).__aenter__())
        await came.wait()
        async with session.get(address + "/healthz") as idle:  # now, and so over a connection of its own
            assert (idle.status, await idle.json()) == (200, {"status": "ok"})
        process.send_signal(number)
        await stopping(session, address)
        leave.set()
        async with await slow as got:
            assert await got.json() == "finished"
        assert await asyncio.wait_for(process.wait(), 60) == 0


async def test_a_second_signal_ends_it_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VALGATE_DRAIN", "3600")
    async with serving(tmp_path / "hurried.db") as (process, address, _), aiohttp.ClientSession() as session:
        code = "new Promise((resolve) => setTimeout(resolve, 50_000))"
        slow = asyncio.create_task(session.post(address + "/v1/eval", json=code).__aenter__())
        while b"valgate_evaluations_under_way 1.0" not in await (await session.get(address + "/metrics")).read():
            pass
        process.send_signal(signal.SIGTERM)
        await stopping(session, address)
        assert process.returncode is None
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 60) == 0
        await asyncio.gather(slow, return_exceptions=True)


async def test_a_busy_guest_does_not_hold_up_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VALGATE_CPU", "600")
    monkeypatch.setenv("VALGATE_DRAIN", "1")
    database = tmp_path / "busy.db"
    async with serving(database) as (process, address, _), aiohttp.ClientSession() as session:
        busy = asyncio.create_task(session.post(address + "/v1/eval", json="while (true) {}").__aenter__())
        await begun(database)
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 60) == 0
        await asyncio.gather(busy, return_exceptions=True)


async def test_a_taken_port_is_told_and_not_a_traceback(tmp_path: Path) -> None:
    async with serving(tmp_path / "first.db") as (_, address, _):
        command = ["serve", "--port", address.rpartition(":")[2], "--db", str(tmp_path / "second.db")]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "host_api.cli", *command, stdout=PIPE, stderr=PIPE
        )
        _, told = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode != 0
        assert b"--port" in told
        assert b"Traceback" not in told
