"""Several processes on one port are one server to whoever asks: they answer, are replaced, are reloaded and stop."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

import aiohttp

from host_api.store import State, Store
from tests.processes.conftest import ENDED, PATIENCE, SERVES

if TYPE_CHECKING:
    from tests.processes.conftest import Server, Serving

WAIT = "await new Promise((done) => setTimeout(done, {}))"


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
    async with serving() as server:
        await server.workers()
        slow = asyncio.create_task(server.evaluate(f"{{ {WAIT.format(4000)}; return 'finished' }}"))
        await begun(server)
        server.process.send_signal(signal.SIGHUP)
        await server.until("reloaded")
        assert not slow.done()
        assert await slow == (200, "finished")


async def test_sigterm_lets_what_runs_finish_and_nobody_in(serving: Serving) -> None:
    async with serving() as server:
        await server.workers()
        slow = asyncio.create_task(server.evaluate(f"{{ {WAIT.format(1500)}; return 'finished' }}"))
        await begun(server)
        server.process.send_signal(signal.SIGTERM)
        with suppress(aiohttp.ClientConnectionError):
            while True:
                await server.ask("/readyz", method="GET")
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
        await server.workers()
        server.process.kill()
        await server.ended()
        # The log ends when everybody who may write to it has ended.
        async with asyncio.timeout(PATIENCE):
            while not server.closed:  # noqa: ASYNC110 - others' state
                await asyncio.sleep(0.01)
    assert not server.database.with_name("valgate.db.live").exists()


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
