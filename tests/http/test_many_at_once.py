"""Many requests at once, some of them hostile, and clients that leave."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from statistics import median
from time import thread_time
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

from host_api.house import House
from host_api.http import server
from host_api.store.model import Privacy, State

if TYPE_CHECKING:
    from host_api.settings import Settings
    from tests.http.conftest import World

FOREVER = "export const forever = () => new Promise((resolve) => setTimeout(resolve, 30_000));"

HOSTILE = [
    "while (true) {}",
    "const hoard = []; while (true) hoard.push(new Uint8Array(1 << 16));",
    "'x'.repeat(2 ** 30)",
    "(function f() { f(); })()",
    "/(a+)+$/.test('a'.repeat(40) + 'b')",
    "(async () => { while (true) await null; })()",
    "JSON.parse('['.repeat(100000))",
    "9n ** 9999999n",
]


async def test_a_hundred_concurrent_increments_end_at_a_hundred(world: World) -> None:
    await world.val("alice", "export let n = 0;")
    await world.val("alice", "export const bump = () => @me.n++;", Privacy.PUBLIC)
    got = await asyncio.gather(*(world.call("POST", "/v1/run/alice.bump") for _ in range(100)))
    assert sorted(answer.insist(200) for answer in got) == list(range(100))
    assert (await world.call("GET", "/v1/run/alice.n", by="alice")).insist(200) == 100


async def test_health_is_answered_while_hostile_vals_run(world: World) -> None:
    async with asyncio.TaskGroup() as group:
        runs = [group.create_task(world.call("POST", "/v1/eval", by="alice", body=code)) for code in HOSTILE]
        took = []
        while not all(run.done() for run in runs):
            started = thread_time()
            (await world.call("GET", "/healthz")).insist(200)
            took.append(thread_time() - started)
            await asyncio.sleep(0.005)
    # Of this thread's own work, which is the server's too. The promise is 50 ms; a busy machine stretches work too, so the worst moment has more.
    assert median(took) < 0.05, took
    assert max(took) < 0.5, sorted(took)[-5:]
    assert {run.result().status for run in runs} <= {422, 502, 504}
    assert (await world.call("POST", "/v1/eval", body="1 + 1")).insist(200) == 2


@pytest.mark.parametrize("code", ["while (true) {}", "new Promise((resolve) => setTimeout(resolve, 30_000))"])
async def test_a_client_that_leaves_ends_its_evaluation(world: World, code: str) -> None:
    run = asyncio.create_task(world.call("POST", "/v1/eval", by="alice", body=code))
    while not world.house.store.evaluations("alice"):  # noqa: ASYNC110 - another's state
        await asyncio.sleep(0.01)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    async with asyncio.timeout(60):
        while (row := world.house.store.evaluations("alice")[0]).state is State.RUNNING:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
    assert row.state is State.FAILED
    assert (await world.call("POST", "/v1/eval", by="alice", body="1 + 1")).insist(200) == 2


async def test_what_outlasts_the_grace_is_over_before_the_house_closes(settings: Settings) -> None:
    settings = replace(settings, drain=0.2)
    async with aiohttp.ClientSession() as session:
        async with House.open(settings) as house:
            await house.store.add_account("alice")
            await house.save(owner="alice", code=FOREVER, privacy=Privacy.PUBLIC)
            runner = server.make_runner(house)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1/run/alice.forever"
            run = asyncio.create_task(session.post(url).__aenter__())
            while len(house.store.evaluations("alice")) < 2:  # noqa: ASYNC110 - another's state
                await asyncio.sleep(0.01)
            await runner.cleanup()
        with settings.open_store() as store:
            [row, _] = store.evaluations("alice")
        await asyncio.gather(run, return_exceptions=True)
    assert (row.entry_name, row.state) == ("forever", State.FAILED)


async def test_a_large_body_of_small_values_does_not_stop_the_others(world: World) -> None:
    body = b"[" + b"0," * 990_000 + b"0]"
    async with asyncio.TaskGroup() as group:
        run = group.create_task(world.call("POST", "/v1/run/bob.nothing", body=body))
        took = []
        while not run.done():
            started = thread_time()
            (await world.call("GET", "/healthz")).insist(200)
            took.append(thread_time() - started)
    assert run.result().status == 404
    assert max(took) < 1.0
