"""What is kept in memory is never older than what was acknowledged, whoever wrote it.

The attacker holds a token that was revoked, or the name of a val that was made private or deleted, and asks again, at once, a
server that has just answered him. The writing is another connection's, as the command line's or another server process's is.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import Awaitable, Callable, Hashable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from host_api.store import Account, Kind, Privacy, Store, Val
from host_api.store.clock import now_ms
from host_api.store.known import OVERHEAD, Shelf

ELSEWHERE = """
import asyncio, sys
from host_api.store import Privacy, Store

async def main() -> None:
    async with Store.open(sys.argv[1]) as store:
        val = store.val("alice", "foo")
        await store.update_val(val.id, privacy=Privacy.PRIVATE)
        for token in store.tokens(val.owner_id):
            await store.revoke_token(val.owner_id, token.id)

asyncio.run(main())
"""


@pytest.fixture
async def val(store: Store, alice: Account) -> Val:
    """A public val that this process has in memory."""
    await store.write_val(alice.name, "foo", code="1", kind=Kind.CODE, privacy=Privacy.PUBLIC)
    return insist(store)


def insist(store: Store, version: int | None = None) -> Val:
    found = store.val("alice", "foo", version)
    assert found is not None
    return found


async def test_what_another_process_hid_and_revoked_is_so_at_once(
    store: Store, alice: Account, val: Val, database: Path
) -> None:
    _, text = await store.add_token(alice.id)
    assert store.authenticate(text) is not None
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", ELSEWHERE, str(database))
    assert await process.wait() == 0
    assert store.authenticate(text) is None
    assert insist(store) == replace(
        val, privacy=Privacy.PRIVATE, public_since=None, updated_at=insist(store).updated_at
    )


WRITES: dict[str, Callable[[Store, Val], Awaitable[object]]] = {
    "hidden": lambda other, val: other.update_val(val.id, privacy=Privacy.PRIVATE),
    "renamed": lambda other, val: other.update_val(val.id, name="bar"),
    "spelled otherwise": lambda other, val: other.update_val(val.id, name="FOO"),
    "described": lambda other, val: other.update_val(val.id, readme="about"),
    "deleted": lambda other, val: other.delete_val_by_id(val.id),
    "written": lambda other, _: other.write_val("alice", "foo", code="2", kind=Kind.CODE),
    "restored": lambda other, val: other.restore(val.id, val.version),
}


@pytest.mark.parametrize("what", WRITES)
async def test_a_val_that_was_written_elsewhere_is_read_anew(store: Store, val: Val, database: Path, what: str) -> None:
    before = store.generation()
    assert insist(store) is val  # in memory
    async with Store.open(database) as other:
        await WRITES[what](other, val)
        assert store.val("alice", "foo") == other.val("alice", "foo") != val
    assert store.generation() != before


async def test_a_version_that_was_deleted_elsewhere_is_gone(store: Store, val: Val, database: Path) -> None:
    await store.write_val("alice", "foo", code="2", kind=Kind.CODE)
    assert insist(store, 0).code == "1"
    async with Store.open(database) as other:
        await other.delete_version(val.id, 0)
    assert store.val("alice", "foo", 0) is None


async def test_a_token_that_expires_while_it_is_in_memory_is_refused(
    store: Store, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, text = await store.add_token(alice.id, expires_at=now_ms() + 60_000)
    assert store.authenticate(text) is not None
    monkeypatch.setattr("host_api.store.asked.accounts.now_ms", lambda: now_ms() + 61_000)
    assert store.authenticate(text) is None


async def test_a_token_tells_the_accounts_new_address(store: Store, alice: Account, database: Path) -> None:
    _, text = await store.add_token(alice.id)
    assert store.authenticate(text) is not None
    async with Store.open(database) as other:
        await other.set_email(alice.id, "elsewhere@example.org")
    found = store.authenticate(text)
    assert found is not None
    assert found[0].email == "elsewhere@example.org"


async def test_what_this_process_wrote_is_read_anew_too(store: Store, val: Val) -> None:
    await store.update_val(val.id, privacy=Privacy.PRIVATE)
    assert insist(store).privacy is Privacy.PRIVATE


async def test_what_comes_into_being_after_it_was_asked_for_is_found(store: Store, alice: Account) -> None:
    assert store.val("alice", "foo") is None
    await store.write_val(alice.name, "foo", code="1", kind=Kind.CODE)
    assert insist(store).code == "1"


async def test_a_record_a_token_s_use_and_a_secret_change_no_generation(store: Store, alice: Account, val: Val) -> None:
    _, text = await store.add_token(alice.id)
    before = store.generation()
    store.authenticate(text)
    await store.put_secret("alice", "k", "v")
    await store.flush()
    assert store.generation() == before
    assert insist(store) is val


async def test_what_is_asked_for_in_the_next_round_sees_what_came_in_between(
    store: Store, val: Val, database: Path
) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        assert insist(store) is val
        other.execute("UPDATE vals SET privacy = 'private' WHERE id = ?", (val.id,))
        await asyncio.sleep(0)
        assert insist(store).privacy is Privacy.PRIVATE


def test_without_a_loop_every_question_looks(database: Path) -> None:
    with Store.open(database) as store, closing(sqlite3.connect(database, isolation_level=None)) as other:
        before = store.generation()
        other.execute("UPDATE changes SET vals = vals + 1")
        assert store.generation() == before + 1


def test_a_shelf_is_bounded_and_keeps_what_is_asked_for() -> None:
    shelf: Shelf[Hashable, str] = Shelf(len, most=3 * (OVERHEAD + 10))
    for name in "abc":
        shelf.remember(name, name * 10)
    assert shelf.get("a") == "a" * 10
    shelf.remember("d", "d" * 10)
    assert [shelf.get(name) is not None for name in "abcd"] == [True, False, True, True]


def test_what_is_not_there_and_what_is_very_large_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("host_api.store.known.LARGEST", 10)
    shelf: Shelf[Hashable, str] = Shelf(len)
    assert shelf.remember("nothing", None) is None
    assert shelf.remember("large", "x" * 11) == "x" * 11
    assert len(shelf) == 0


@pytest.mark.parametrize(
    ("table", "idle"),
    [
        ("versions", {"seq", "bytes", "prunable"}),
        ("accounts", {"bytes", "versions"}),
        ("tokens", {"last_used_at"}),
    ],
)
def test_a_count_moves_with_each_column_but_those_that_are_nobodys_to_see(
    database: Path, table: str, idle: set[str]
) -> None:
    Store.open(database).close()
    with closing(sqlite3.connect(database)) as raw:
        columns = {row[1] for row in raw.execute(f"PRAGMA table_info({table})")}
        ((trigger,),) = raw.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (f"update_of_{table}",))
    assert set(trigger.partition(" OF ")[2].partition(" ON ")[0].split(", ")) == columns - idle
