"""A clock that a test moves by hand, a database, and the three ways into a house: in process, over HTTP, as typed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from host_api.settings import Settings
from host_api.store import Account, Interval, Kind, Store, Val
from tests.cli.conftest import database, start, valgate
from tests.http.conftest import World as Served
from tests.http.conftest import open_world
from tests.semantics.conftest import engine_room, world
from tests.store.conftest import store

__all__ = ["Served", "database", "engine_room", "start", "store", "valgate", "world"]

NOON = 1_800_000_000_000
MINUTE = 60_000
EVERY_MINUTE = '{"every": "1m"}'


class Hand:
    """A clock whose time passes when the test says so."""

    def __init__(self) -> None:
        self.time = NOON
        self._asleep: dict[asyncio.Event, float] = {}

    def now(self) -> int:
        return self.time

    async def wait(self, woken: asyncio.Event, seconds: float) -> None:
        self._asleep[woken] = self.time + seconds * 1000
        try:
            await woken.wait()
        finally:
            del self._asleep[woken]

    async def move(self, milliseconds: int) -> None:
        """Let time pass, and whoever waited for it do what there is to do, until they wait again."""
        self.time += milliseconds
        for woken, end in self._asleep.items():
            if end <= self.time:
                woken.set()
        await self.rest()

    async def rest(self) -> None:
        """Return when whoever keeps this clock sleeps."""
        await until(lambda: bool(self._asleep) and not any(woken.is_set() for woken in self._asleep))


async def until(true: Callable[[], bool]) -> None:
    """Return when it has come true; if it never does, the test fails."""
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 — what is waited for is in a database, which rings no bell
            await asyncio.sleep(0)


@dataclass
class Stage:
    """What stands for the vals: each run is noted, and ends when the test says how."""

    clock: Hand
    began: list[tuple[str, int]] = field(default_factory=list)
    inside: dict[str, asyncio.Future[bool]] = field(default_factory=dict)
    cancelled: list[str] = field(default_factory=list)

    async def perform(self, interval: Interval, now: int) -> bool:
        assert interval.name not in self.inside, "twice at once"
        self.began.append((interval.name, now - NOON))
        ends = self.inside[interval.name] = asyncio.get_running_loop().create_future()
        try:
            ran: bool = await ends
        except asyncio.CancelledError:
            self.cancelled.append(interval.name)
            raise
        finally:
            del self.inside[interval.name]
        return ran

    def names(self) -> list[str]:
        return [name for name, _ in self.began]

    def end(self, name: str, *, ran: bool = True, error: Exception | None = None) -> None:
        if error is None:
            self.inside[name].set_result(ran)
        else:
            self.inside[name].set_exception(error)


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def stage(clock: Hand) -> Stage:
    return Stage(clock)


@pytest.fixture
async def other(store: Store) -> AsyncIterator[Store]:
    """Another process with the same database: each store has a presence of its own."""
    async with Store.open(store.path) as opened:
        yield opened


@pytest.fixture
async def alice(store: Store) -> Account:
    return await store.add_account("alice")


async def code_val(store: Store, owner: str, name: str) -> Val:
    return await store.write_val(owner, name, code="() => 1", kind=Kind.CODE, type="function")


async def scheduled(
    store: Store, name: str, *, owner: str = "alice", schedule: str = EVERY_MINUTE, next_run: int = NOON
) -> Interval:
    """Give a new val a schedule; its first run is due at noon."""
    val = await code_val(store, owner, name)
    await store.put_interval(val.id, schedule, now=NOON - MINUTE, next_run=next_run)
    return known(store, val.id)


def known(store: Store, val_id: str) -> Interval:
    interval = store.interval(val_id)
    assert interval is not None
    return interval


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with open_world(replace(Settings(), db=str(tmp_path / "served.db"))) as made:
        yield made
