from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from host_api.store import Kind, Quota, Store, Val
from kernel.errors import LimitError


@pytest.fixture
async def small(database: Path) -> AsyncIterator[Store]:
    async with Store.open(database, quota=Quota(storage=100, versions=5, emails_per_minute=3)) as store:
        await store.add_account("alice")
        yield store


async def put(store: Store, name: str, size: int, kind: Kind = Kind.DATA) -> Val:
    return await store.write_val("alice", name, code="x" * size, kind=kind)


async def test_at_the_limit_of_versions_everything_stays_and_past_it_the_oldest_data_goes(small: Store) -> None:
    for _ in range(5):
        val = await put(small, "n", 1)
    assert [one.version for one in small.versions(val.id)] == [4, 3, 2, 1, 0]
    await put(small, "n", 1)
    assert [one.version for one in small.versions(val.id)] == [5, 4, 3, 2, 1]


async def test_code_and_newest_versions_are_never_pruned(small: Store) -> None:
    for name in ("a", "b"):
        await put(small, name, 1)
    code = await put(small, "f", 1, Kind.CODE)
    await put(small, "f", 1, Kind.CODE)
    await put(small, "f", 1, Kind.CODE)
    with pytest.raises(LimitError, match="no room"):
        await put(small, "c", 1)
    assert len(small.versions(code.id)) == 3
    assert small.val("alice", "a") is not None
    assert small.val("alice", "c") is None


async def test_storage_is_full_at_the_limit_and_not_before(small: Store) -> None:
    await put(small, "a", 60)
    await put(small, "b", 40)
    with pytest.raises(LimitError):
        await put(small, "c", 1)
    await small.delete_val("alice", "b")
    await put(small, "c", 40)


async def test_a_write_that_cannot_fit_prunes_nothing(small: Store) -> None:
    await put(small, "a", 10)
    val = await put(small, "a", 10)
    with pytest.raises(LimitError):
        await put(small, "b", 99)
    assert [one.version for one in small.versions(val.id)] == [1, 0]


async def test_what_was_deleted_counts_no_more(small: Store) -> None:
    for _ in range(20):
        await put(small, "a", 100)
        await small.delete_val("alice", "a")
    await put(small, "a", 100)


async def test_the_next_message_in_a_minute_is_one_too_many(small: Store) -> None:
    account = small.account("alice")
    assert account is not None
    for _ in range(3):
        await small.add_mail(account.id, "hi", text="x\ud800")
    with pytest.raises(LimitError):
        await small.add_mail(account.id, "hi")
    assert [mail.text for mail in small.mail("ALICE")] == ["x\N{REPLACEMENT CHARACTER}"] * 3


async def test_what_can_be_pruned_is_found_at_once_however_much_else_there_is(database: Path) -> None:
    """The attacker fills his quota with newest versions, which are never pruned, so that each write looks at them all."""
    async with Store.open(database, quota=Quota(versions=3000)) as store:
        await store.add_account("alice")
        await asyncio.gather(*(put(store, f"n{number}", 1) for number in range(3000)))
        steps: list[int] = []
        await store._writer.submit(lambda db: db.set_progress_handler(lambda: steps.append(1), 100))
        with pytest.raises(LimitError):
            await put(store, "more", 1)
        assert len(steps) < 30
