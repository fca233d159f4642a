"""Several processes on one port are one server to whoever asks: they answer, are replaced, are reloaded and stop."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import aiohttp

from host_api.store import State, Store
from tests.processes.conftest import ENDED, PATIENCE, SERVES, born, names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.processes.conftest import Server, Serving

WAIT = "await new Promise((done) => setTimeout(done, {}))"
GATED = f"{{ while (!@bob.open) {WAIT.format(50)}; return 'finished' }}"
PATIENT = {"VALGATE_DRAIN": "60", "VALGATE_CPU": "60"}


async def gate(server: Server) -> None:
    """Have somebody who may open the gate."""
    await typed(server, "user", "add", "bob")


async def open_gate(server: Server) -> None:
    """Let what waits at the gate finish, whoever serves or does not by now."""
    await typed(server, "val", "put", "bob", "-", "--name", "open", "--privacy", "public")


async def typed(server: Server, *words: str) -> None:
    environ = os.environ | {"VALGATE_DB": str(server.database)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "host_api.cli", *words, env=environ, stdin=PIPE, stdout=DEVNULL
    )
    await process.communicate(b"1")
    assert process.returncode == 0


async def begun(server: Server, count: int = 1) -> None:
    """Wait until so many evaluations are on the disk as running."""
    async with asyncio.timeout(PATIENCE):
        with Store.open(server.database) as store:
            while sum(row.state is State.RUNNING for row in store.evaluations(None)) < count:  # noqa: ASYNC110 - others' state
                await asyncio.sleep(0.01)


async def test_each_of_them_answers(serving: Serving) -> None:
    async with serving() as server:
        pids = set(await server.workers())
        assert len(pids) == 2
        async with asyncio.timeout(PATIENCE):
            while {line["pid"] for line in server.events("evaluation")} != pids:
                assert await server.evaluate("1 + 1") == (200, 2)


async def test_one_that_is_killed_is_replaced_and_requests_go_on(serving: Serving) -> None:
    async with serving() as server:
        first, second = await server.workers()
        os.kill(first, signal.SIGKILL)
        while len(server.events(SERVES)) < 3:
            assert await server.evaluate() == (200, 1)
        (again,) = server.events(SERVES, place=0)[1:]
        assert again["worker"] not in {first, second}
        assert [line["status"] for line in server.events(ENDED)] == [-signal.SIGKILL]


async def test_all_of_them_may_end_at_once_and_requests_wait_for_the_next_ones(serving: Serving) -> None:
    async with serving() as server:
        pids = await server.workers()
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
        await server.until(ENDED, 2, status=0)
        assert await server.evaluate() == (200, 1)
        assert len(await server.until(SERVES, 4)) == 4


async def test_what_a_killed_one_was_running_is_interrupted_and_what_its_siblings_run_is_not(serving: Serving) -> None:
    async with serving() as server:
        pids = await server.workers()
        running: list[asyncio.Task[object]] = []
        async with asyncio.timeout(PATIENCE):
            while len(busy := await places_of(server)) < 2:
                running.append(asyncio.create_task(server.evaluate(WAIT.format(50_000))))
                await begun(server, len(running))
        os.kill(pids[0], signal.SIGKILL)
        await server.until(SERVES, 3)
        with Store.open(server.database) as store:
            states = [row.state for row in store.evaluations(None)]
        assert states.count(State.INTERRUPTED) == busy[0]
        assert states.count(State.RUNNING) == busy[1]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def places_of(server: Server) -> dict[int, int]:
    """How many evaluations run at each place where any do."""
    _, page = await server.ask("/metrics", method="GET")
    found = [line.split() for line in page.splitlines() if line.startswith("valgate_evaluations_under_way{")]
    counts = {int(name.partition('process="')[2].partition('"')[0]): int(float(value)) for name, value in found}
    return {place: count for place, count in counts.items() if count}


async def test_a_reload_under_load_loses_no_request(serving: Serving) -> None:
    async with serving() as server:
        old = await server.workers()
        answered: list[tuple[int, object]] = []
        over = asyncio.Event()

        async def fresh() -> None:
            while not over.is_set():
                answered.append(await server.evaluate())

        async def kept() -> None:
            async with aiohttp.ClientSession() as session:
                while not over.is_set():
                    async with session.post(f"{server.address}/v1/eval", json={"code": "1"}) as got:
                        answered.append((got.status, await got.json()))

        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(fresh())
                group.create_task(kept())
            server.process.send_signal(signal.SIGHUP)
            await server.until("reloaded")
            async with asyncio.timeout(PATIENCE):
                while any(map(alive, old)):  # noqa: ASYNC110 - others' state
                    await asyncio.sleep(0.01)
            over.set()
        assert set(answered) == {(200, 1)}
        assert server.events(ENDED) == []
        assert {line["pid"] for line in server.events("evaluation")} > set(old)


def alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


async def test_a_reload_lets_what_runs_finish(serving: Serving) -> None:
    async with serving(**PATIENT) as server:
        await server.workers()
        await gate(server)
        slow = asyncio.create_task(server.evaluate(GATED))
        await begun(server)
        server.process.send_signal(signal.SIGHUP)
        await server.until("reloaded")
        await open_gate(server)
        assert await slow == (200, "finished")


async def test_a_reload_that_is_asked_for_during_another_comes_after_it(serving: Serving) -> None:
    async with serving() as server:
        await server.workers()
        server.process.send_signal(signal.SIGHUP)
        await server.until("reloading")
        server.process.send_signal(signal.SIGHUP)
        await server.until("reloaded", 2)
        assert await server.evaluate() == (200, 1)


@contextmanager
def key_to_come(server: Server) -> Iterator[None]:
    """Have the key be a pipe meanwhile: a process that starts waits for it, and does not come to serve."""
    file = server.database.with_name("valgate.db.key")
    kept = file.read_bytes()
    file.unlink()
    os.mkfifo(file, 0o600)
    try:
        yield
    finally:
        pipe = os.open(file, os.O_RDWR)  # with which nobody waits any more
        file.unlink()
        file.touch(0o600)
        file.write_bytes(kept)
        os.close(pipe)


async def test_a_stop_amid_a_reload_ends_old_and_new(serving: Serving) -> None:
    async with serving() as server:
        old = await server.workers()
        with key_to_come(server):
            server.process.send_signal(signal.SIGHUP)
            await server.until("reloading")
            server.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(PATIENCE):
                while any(map(alive, old)):  # noqa: ASYNC110 - others' state
                    await asyncio.sleep(0.01)
            assert server.process.returncode is None
        assert await server.ended() == 0
        assert server.events("reloaded") == server.events(ENDED) == []


async def test_a_terminal_that_is_closed_ends_what_was_started_there(serving: Serving) -> None:
    """It says so with the signal that otherwise asks for a reload."""
    ours, theirs = pty.openpty()
    async with serving(stdin=theirs) as server:
        await server.workers()
        os.close(theirs)
        server.process.send_signal(signal.SIGHUP)
        await server.until("reloaded")
        os.close(ours)
        server.process.send_signal(signal.SIGHUP)
        assert await server.ended() == 0


async def test_sigterm_lets_what_runs_finish_and_nobody_in(serving: Serving) -> None:
    async with serving(**PATIENT) as server:
        await server.workers()
        await gate(server)
        slow = asyncio.create_task(server.evaluate(GATED))
        await begun(server)
        server.process.send_signal(signal.SIGTERM)
        with suppress(aiohttp.ClientConnectionError):
            while True:
                await server.ask("/readyz", method="GET")
        await open_gate(server)
        assert await slow == (200, "finished")
        assert await server.ended() == 0


async def test_a_second_sigint_stops_at_once(serving: Serving) -> None:
    async with serving(VALGATE_DRAIN="3600") as server:
        await server.workers()
        slow = asyncio.create_task(server.evaluate(WAIT.format(50_000)))
        await begun(server)
        server.process.send_signal(signal.SIGINT)
        with suppress(aiohttp.ClientConnectionError):
            while True:
                await server.ask("/readyz", method="GET")
        assert server.process.returncode is None
        server.process.send_signal(signal.SIGINT)
        assert await server.ended() == 0
        await asyncio.gather(slow, return_exceptions=True)


async def test_when_the_supervisor_is_killed_its_processes_end_and_leave_nothing(serving: Serving) -> None:
    async with serving() as server:
        (pid, _) = await server.workers()
        folder = born(pid)["folder"]
        assert len(names(folder)) == 2
        server.process.kill()
        await server.ended()
        # The log ends when everybody who may write to it has ended.
        async with asyncio.timeout(PATIENCE):
            while not server.closed:  # noqa: ASYNC110 - others' state
                await asyncio.sleep(0.01)
    assert not server.database.with_name("valgate.db.live").exists()
    assert names(folder) == []


async def test_the_demo_is_planted_and_said_once(serving: Serving) -> None:
    async with serving("--demo", processes=3) as server:
        await server.workers(3)
        assert await server.ask("/v1/run/alice.count") == (200, 1)
        server.process.send_signal(signal.SIGTERM)
        assert await server.ended() == 0
        assert server.process.stdout is not None
        rest = (await server.process.stdout.read()).decode()
    assert rest.count("curl ") == 3
    assert "Valgate serves" not in rest


async def test_several_serve_on_a_machine_where_nothing_is_yet(serving: Serving, tmp_path: Path) -> None:
    """As in the README: no database is named, and the folder where it is to be does not exist."""
    data = tmp_path / "new" / "data"
    async with serving(VALGATE_DB="", XDG_DATA_HOME=str(data)) as server:
        await server.workers()
        assert await server.evaluate() == (200, 1)
    assert (data / "valgate" / "valgate.db").exists()
