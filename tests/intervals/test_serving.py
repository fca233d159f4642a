"""`valgate serve` as processes of their own: what is due runs, once, whoever dies meanwhile."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import aiohttp
import pytest

from host_api.store import EvaluationRow, Filter, Kind, State, Store, Val
from host_api.store.clock import now_ms
from tests.http.test_the_process import serving, stopping
from tests.intervals.conftest import known

HOURLY = '{"every": "1h"}'
SLOW = """async () => {
  @me.began = (@me.began ?? 0) + 1;
  while (!@me.mayEnd) await new Promise((resolve) => setTimeout(resolve, 10));
  return "ended";
}"""
"""Its runs end once there is a val `mayEnd`."""
ALONE = """async () => {
  if (@me.inside) @me.twice = true;
  @me.inside = true;
  await new Promise((resolve) => setTimeout(resolve, 200));
  @me.inside = false;
}"""


async def prepared(store: Store, code: str, schedule: str = HOURLY) -> Val:
    """A val of alice's that is due now."""
    await store.add_account("alice")
    val = await store.write_val("alice", "tick", code=code, kind=Kind.CODE, type="function")
    await store.put_interval(val.id, schedule, now=now_ms(), next_run=now_ms())
    return val


async def let_end(store: Store) -> None:
    """Let the runs of SLOW end."""
    await store.write_val("alice", "mayEnd", code="() => 1", kind=Kind.CODE, type="function")


async def until(true: Callable[[], bool]) -> None:
    """Return when another process has made it true."""
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 — another process rings no bell
            await asyncio.sleep(0.02)


async def stops(address: str) -> None:
    """Return when a server has been told to stop, and says so or listens no more."""
    async with aiohttp.ClientSession() as session:
        with suppress(aiohttp.ClientError):
            await stopping(session, address)


def rows(store: Store) -> list[EvaluationRow]:
    return store.evaluations("alice", which=Filter(sources=("interval",)))


def began(store: Store) -> bytes | None:
    counted = store.val("alice", "began")
    return None if counted is None else counted.json


async def test_a_server_killed_during_a_run_runs_it_again_once_and_never_twice_at_once(tmp_path: Path) -> None:
    database = tmp_path / "killed.db"
    async with Store.open(database) as store:
        val = await prepared(store, SLOW)
        async with serving(database) as (process, _, _):
            await until(lambda: began(store) == b"1")
            process.kill()
            await process.wait()
        assert known(store, val.id).process is not None
        await let_end(store)
        async with serving(database):
            await until(lambda: known(store, val.id).next_run > now_ms())
        assert [row.state for row in rows(store)] == [State.DONE, State.INTERRUPTED]
        assert began(store) == b"2"


async def test_two_servers_with_one_database_never_run_a_val_twice_at_once(tmp_path: Path) -> None:
    database = tmp_path / "shared.db"
    async with Store.open(database) as store:
        await prepared(store, ALONE, '{"every": "1s"}')
        async with serving(database), serving(database):
            await until(lambda: len([row for row in rows(store) if row.state is State.DONE]) >= 3)
        assert store.val("alice", "twice") is None
        starts = sorted(row.started for row in rows(store))
        assert all(later - earlier >= 1000 for earlier, later in pairwise(starts))


async def test_a_signal_lets_a_run_finish_and_what_passes_without_a_server_is_caught_up_with_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VALGATE_DRAIN", "60")
    database = tmp_path / "stopped.db"
    async with Store.open(database) as store:
        val = await prepared(store, SLOW)
        async with serving(database) as (process, address, _):
            await until(lambda: began(store) == b"1")
            process.send_signal(signal.SIGTERM)
            await stops(address)
            assert known(store, val.id).process is not None
            await let_end(store)
            assert await process.wait() == 0
            assert process.stderr is not None
            assert b"Traceback" not in await process.stderr.read()
        settled = known(store, val.id)
        assert [(row.state, row.value) for row in rows(store)] == [(State.DONE, b'"ended"')]
        assert settled.process is None
        # Three hours without a server, as the database sees them.
        ago = "UPDATE intervals SET next_run = next_run - 10800000"
        await store._writer.submit(lambda db: db.execute(ago).fetchone())
        async with serving(database):
            await until(lambda: known(store, val.id).next_run > settled.next_run)
        assert len(rows(store)) == 2
        assert began(store) == b"2"
