"""The attacker's plan: searches and lists that take as long as they may, as many as there may be, so that nobody else has any."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from host_api.store import Kind, Privacy, beside, connect
from host_api.store.beside import Beside
from kernel.errors import Overloaded
from tests.http.conftest import World, settings, world

__all__ = ["settings", "world"]

READING = 20.0
"""Seconds for one search; it takes half of one here, and a busy machine's two are soon over, which are a server's."""


async def test_a_text_that_nearly_is_there_everywhere_is_searched_for_in_time(world: World) -> None:
    """For LIKE this is quadratic, and within one row nothing stops it: each readme took a second."""
    world.house.store._beside._seconds = READING
    for number in range(12):
        val = {"code": "1", "name": f"v{number}", "privacy": "public", "readme": "a" * 1_900_000}
        (await world.call("POST", "/v1/vals", by="alice", body=val)).insist(200)
    async with asyncio.timeout(READING):  # forty seconds, once
        found = (await world.call("GET", f"/v1/search/vals?query={'A' * 511}b")).insist(200)
    assert found["data"] == []
    assert (await world.call("GET", "/v1/search/vals?query=AAAA")).insist(200)["data"]


class Stuck:
    """A read that ends when it is told."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Semaphore(0), threading.Event()

    def __call__(self, _: sqlite3.Connection) -> None:
        self.begun.release()
        self.go.wait(60)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    connect.open_reader(tmp_path / "test.db").close()
    return tmp_path / "test.db"


async def test_one_readers_reads_leave_a_thread_to_the_others(path: Path) -> None:
    reads, stuck = Beside(path, seconds=60), Stuck()
    storm = [asyncio.create_task(reads.read(stuck, "mallory")) for _ in range(10)]
    await asyncio.to_thread(stuck.begun.acquire)
    async with asyncio.timeout(60):
        assert await reads.read(lambda _: "read", "alice") == "read"
        assert await reads.read(lambda _: "read") == "read"
    stuck.go.set()
    await asyncio.gather(*storm)
    assert await reads.read(lambda _: "read", "mallory") == "read"
    reads.close()


async def test_one_reader_has_half_of_the_places_at_most(path: Path) -> None:
    reads, stuck = Beside(path, seconds=60), Stuck()
    storm = [asyncio.create_task(reads.read(stuck, "mallory")) for _ in range(beside.EACH)]
    await asyncio.to_thread(stuck.begun.acquire)
    with pytest.raises(Overloaded):
        await reads.read(lambda _: "read", "mallory")
    assert await reads.read(lambda _: "read", "alice") == "read"
    stuck.go.set()
    await asyncio.gather(*storm)
    reads.close()


async def test_who_waits_too_long_for_a_turn_is_told_so_and_holds_none(path: Path) -> None:
    reads, stuck = Beside(path, seconds=0.05), Stuck()
    first = asyncio.create_task(reads.read(stuck, "mallory"))
    await asyncio.to_thread(stuck.begun.acquire)
    with pytest.raises(Overloaded, match="too long"):
        await reads.read(lambda _: "read", "mallory")
    stuck.go.set()
    await first
    assert await reads.read(lambda _: "read", "mallory") == "read"
    assert reads._underway == 0
    reads.close()


async def test_nothing_private_is_counted_or_paged_or_found(world: World) -> None:
    """Ids, pages and links tell of what the reader may see, however much of the rest there is between."""
    store = world.house.store
    for number in range(30):
        privacy = (Privacy.PRIVATE, Privacy.UNLISTED, Privacy.PUBLIC)[number % 3]
        await store.write_val(
            "alice", f"hay{number:02}", code=f"/* needle */ {number}", kind=Kind.CODE, privacy=privacy
        )
    for query in ("needle", "NEEDLE", "hay", "%25", "_eedle", "n%25e"):
        page = (await world.call("GET", f"/v1/search/vals?query={query}&limit=100", by="bob")).insist(200)
        assert {val["privacy"] for val in page["data"]} <= {"public"}
        assert len(page["data"]) == (0 if query in {"%25", "_eedle", "n%25e"} else 10)
        assert "next" not in page["links"]
    last = (await world.call("GET", "/v1/search/vals?query=needle&limit=10", by="bob")).insist(200)
    assert "next" not in last["links"]
    assert (await world.call("GET", "/v1/search/vals?query=needle&offset=1000000000", by="bob")).insist(200)[
        "data"
    ] == []
