"""An evaluation is stopped, and its client leaves, at moment after moment of its life: in the compiler, in a guest's birth, in a
write, in a call of another val, in the middle of an answer, while its record is written.

Whatever the moment, nothing is left: no evaluation under way, no record that says it runs, no account of a chain, no task.
"""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from host_api.door import Head, Manner, Served, Tray
from host_api.house import Entry, House, Outcome
from host_api.settings import Settings
from host_api.store import State
from host_api.store.model import Privacy

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.asyncio(loop_scope="module")

LEAF = "export const leaf = async () => { @me.n = (@me.n ?? 0) + 1; return 1 }"
PAGE = """export const page = async (req, res) => { res.write("a"); @me.x = 1;
  const [one, two] = await Promise.all([api(@bob.leaf), api(@bob.leaf)]); res.write(String(one + two)); res.end() }"""
REQUEST = {"method": "GET", "url": "http://x/", "path": "/", "search": "", "base": "", "protocol": "http"}
ASKED = json.dumps(REQUEST | {"hostname": "x", "ip": "", "headers": []}).encode()
STEP = 7
"""Turns of the loop between one moment and the next that is tried; the whole takes about a hundred."""


class Slow(Tray):
    """A client that takes each piece a turn later."""

    async def begin(self, head: Head, length: int | None) -> None:
        await asyncio.sleep(0)
        await super().begin(head, length)

    async def write(self, piece: bytes) -> None:
        await asyncio.sleep(0)
        await super().write(piece)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder: Path = tmp_path_factory.mktemp("moments")
    async with House.open(Settings(db=str(folder / "test.db"))) as made:
        await made.store.add_account("bob", "bob@example.com")
        for code in (LEAF, PAGE):
            await made.save(owner="bob", code=code, privacy=Privacy.PUBLIC)
        await asyncio.gather(*made.images._making.values())  # tasks of the house, which are over when they are
        yield made


def begin(house: House) -> asyncio.Task[Outcome]:
    entry, served = Entry(val=("bob", "page", None)), Served(Slow(1000), ASKED, b"")
    running = house.evaluate(
        requester="bob", source="api", entry=entry, args=None, as_author=True, manner=Manner.EXPRESS, served=served
    )
    return asyncio.create_task(running)


async def after(turns: int, task: asyncio.Task[Outcome]) -> bool:
    """Let so many turns pass; return whether it still runs."""
    for _ in range(turns):
        await asyncio.sleep(0)
    return not task.done()


async def insist_nothing_is_left(house: House, task: asyncio.Task[Outcome], before: int) -> None:
    async with asyncio.timeout(20):
        await asyncio.wait([task])
        await house.store.flush()
    assert house.underway.of("bob") == []
    assert [row.id for row in house.store.evaluations("bob", limit=10) if row.state is State.RUNNING] == []
    assert len(asyncio.all_tasks()) == before + (not task.done())


def insist_no_accounts(house: House) -> None:
    gc.collect()
    assert len(house._evaluator._chains._open) == 0


async def test_a_client_may_leave_at_any_moment(house: House) -> None:
    turns, before = 0, len(asyncio.all_tasks())
    while await after(turns, task := begin(house)):
        task.cancel()
        await insist_nothing_is_left(house, task, before)
        assert task.cancelled()
        turns += STEP
    assert (await task).error is None
    assert turns > STEP * 5
    del task
    insist_no_accounts(house)


async def test_it_may_be_stopped_at_any_moment(house: House) -> None:
    turns, before, told = 0, len(asyncio.all_tasks()), set()
    while await after(turns, task := begin(house)):
        for evaluation in house.underway.of("bob")[:1]:
            assert house.underway.stop(evaluation, "bob")
        await insist_nothing_is_left(house, task, before)
        error = task.result().error
        told.add(None if error is None else error.name)
        turns += STEP
    await task
    assert told == {None, "Cancelled"}
    del task
    insist_no_accounts(house)


async def test_what_it_calls_may_be_stopped_at_any_moment(house: House) -> None:
    turns, before, told = 0, len(asyncio.all_tasks()), set()
    while await after(turns, task := begin(house)):
        for evaluation in house.underway.of("bob")[1:]:
            assert house.underway.stop(evaluation, "bob")
        await insist_nothing_is_left(house, task, before)
        error = task.result().error
        told.add(None if error is None else error.name)
        turns += STEP
    await task
    assert None in told
    assert told <= {None, "ApiError"}
    del task
    insist_no_accounts(house)
