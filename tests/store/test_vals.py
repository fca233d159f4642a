from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from host_api.store import MUST_NOT_EXIST, Account, Kind, Privacy, Store, Val
from kernel.errors import BadInput, CodeInTheWay, Conflict, NotFound, ValgateError


async def data(store: Store, name: str, value: int, **rest: Any) -> Val:  # noqa: ANN401 — as write_val takes them
    text = str(value)
    return await store.write_val(
        "alice", name, code=text, kind=Kind.DATA, payload=text.encode(), json=text.encode(), type="number", **rest
    )


async def code(store: Store, name: str, source: str = "() => 1") -> Val:
    return await store.write_val("alice", name, code=source, kind=Kind.CODE, type="function")


async def test_each_write_makes_the_next_version(store: Store, alice: Account) -> None:
    assert [(await data(store, "n", value)).version for value in range(3)] == [0, 1, 2]
    newest = store.val("alice", "n")
    assert newest is not None
    assert (newest.version, newest.payload, newest.json) == (2, b"2", b"2")
    pinned = store.val("ALICE", "N", 1)
    assert pinned is not None
    assert (pinned.version, pinned.payload, pinned.id) == (1, b"1", newest.id)
    assert store.val("alice", "n", 3) is None
    assert [one.version for one in store.versions(newest.id)] == [2, 1, 0]


async def test_what_was_written_is_what_is_read(store: Store, alice: Account) -> None:
    written = await store.write_val(
        "alice",
        "Foo",
        code="let ü = '\U0001f600\0'",
        kind=Kind.DATA,
        payload=b"\0\xff",
        json=b"null",
        type="object",
        error={"name": "Error", "message": "\ud800"},
        privacy=Privacy.UNLISTED,
        readme="# hi",
        evaluation="e1",
        author="@bob.writer",
        run_start=1,
        run_end=2,
    )
    assert store.val("alice", "foo") == written
    assert store.val_by_id(written.id) == written


async def test_a_new_val_is_private_and_a_write_changes_no_privacy(store: Store, alice: Account) -> None:
    assert (await data(store, "n", 0)).privacy is Privacy.PRIVATE
    await data(store, "n", 1, privacy=Privacy.PUBLIC)
    kept = await data(store, "n", 2)
    assert (kept.privacy, kept.public_since) == (Privacy.PUBLIC, 1)


async def test_making_a_val_public_hides_its_private_past(store: Store, alice: Account) -> None:
    for value in range(3):
        val = await data(store, "n", value)
    assert (await store.update_val(val.id, privacy=Privacy.PUBLIC)).public_since == 2
    assert (await store.update_val(val.id, privacy=Privacy.PRIVATE)).public_since is None
    assert (await data(store, "n", 3)).public_since is None
    assert (await store.update_val(val.id, privacy=Privacy.UNLISTED)).public_since == 3
    assert (await store.update_val(val.id, all_versions=True)).public_since == 0
    assert (await store.update_val(val.id, privacy=Privacy.PRIVATE, all_versions=True)).public_since is None


async def test_a_conditional_write_is_refused_once_somebody_else_wrote(store: Store, alice: Account) -> None:
    await data(store, "n", 0, expected=MUST_NOT_EXIST)
    await data(store, "n", 1, expected=0)
    for stale in (MUST_NOT_EXIST, 0, 2):
        with pytest.raises(Conflict):
            await data(store, "n", 9, expected=stale)
    kept = store.val("alice", "n")
    assert kept is not None
    assert kept.payload == b"1"


async def test_a_hundred_concurrent_increments_add_a_hundred(store: Store, alice: Account) -> None:
    await data(store, "n", 0)

    async def increment() -> None:
        while True:
            now = store.val("alice", "n")
            assert now is not None
            try:
                await data(store, "n", int(now.payload or b"") + 1, expected=now.version)
            except Conflict:
                continue
            return

    await asyncio.gather(*(increment() for _ in range(100)))
    final = store.val("alice", "n")
    assert final is not None
    assert (final.payload, final.version) == (b"100", 100)


async def test_data_never_replaces_code_when_only_data_may_be_written(store: Store, alice: Account) -> None:
    await code(store, "f")
    with pytest.raises(CodeInTheWay):
        await data(store, "f", 1, only_data=True)
    with pytest.raises(CodeInTheWay):
        await store.delete_val("alice", "f", only_data=True)
    await data(store, "n", 1, only_data=True)
    assert await store.delete_val("alice", "n", only_data=True)
    assert (await data(store, "f", 2)).kind is Kind.DATA


async def test_deleting_takes_everything_but_the_numbers(store: Store, alice: Account) -> None:
    first = await data(store, "n", 0)
    await data(store, "n", 1)
    assert await store.delete_val("alice", "N")
    assert not await store.delete_val("alice", "n")
    assert store.val("alice", "n") is None
    assert store.versions(first.id) == []
    again = await data(store, "n", 2)
    assert again.version == 2
    assert again.id != first.id
    assert store.val("alice", "n", 0) is None


async def test_a_conditional_delete_is_refused_once_somebody_else_wrote(store: Store, alice: Account) -> None:
    val = await data(store, "n", 0)
    await data(store, "n", 1)
    with pytest.raises(Conflict):
        await store.delete_val("alice", "n", expected=0)
    with pytest.raises(Conflict):
        await store.delete_val_by_id(val.id, expected=0)
    assert await store.delete_val_by_id(val.id, expected=1)


async def test_an_old_version_is_restored_as_the_newest(store: Store, alice: Account) -> None:
    val = await data(store, "n", 7)
    await code(store, "n")
    restored = await store.restore(val.id, 0)
    assert (restored.version, restored.kind, restored.payload, restored.type) == (2, Kind.DATA, b"7", "number")
    with pytest.raises(NotFound):
        await store.restore(val.id, 9)
    with pytest.raises(NotFound):
        await store.restore("nothing", 0)


async def test_an_old_version_can_be_deleted_and_the_newest_cannot(store: Store, alice: Account) -> None:
    val = await data(store, "n", 0)
    await data(store, "n", 1)
    with pytest.raises(Conflict):
        await store.delete_version(val.id, 1)
    await store.delete_version(val.id, 0)
    with pytest.raises(NotFound):
        await store.delete_version(val.id, 0)
    assert [one.version for one in store.versions(val.id)] == [1]


async def test_renaming_keeps_the_val_and_its_past(store: Store, alice: Account) -> None:
    val = await data(store, "a", 0)
    renamed = await store.update_val(val.id, name="b")
    assert (renamed.id, renamed.name, renamed.version) == (val.id, "b", 0)
    assert store.val("alice", "a") is None
    assert store.val("alice", "b", 0) == renamed
    assert (await store.update_val(val.id, name="B")).name == "B"


async def test_renaming_to_a_name_that_was_used_begins_with_a_fresh_number(store: Store, alice: Account) -> None:
    await data(store, "b", 100)
    await data(store, "b", 101)
    await store.delete_val("alice", "b")
    val = await data(store, "a", 0)
    renamed = await store.update_val(val.id, name="b")
    assert (renamed.version, renamed.payload) == (2, b"0")
    assert store.val("alice", "b", 0) is None
    assert store.val_by_id(val.id, 0) is not None


async def test_a_taken_name_is_refused(store: Store, alice: Account) -> None:
    await data(store, "b", 0)
    val = await data(store, "a", 0)
    with pytest.raises(Conflict):
        await store.update_val(val.id, name="B")
    with pytest.raises(BadInput):
        await store.update_val(val.id, name="me")
    with pytest.raises(NotFound):
        await store.update_val("nothing", name="c")


async def test_a_readme_is_kept_set_and_cleared(store: Store, alice: Account) -> None:
    val = await data(store, "n", 0, readme="one")
    assert (await data(store, "n", 1)).readme == "one"
    assert (await store.update_val(val.id, privacy=Privacy.PUBLIC)).readme == "one"
    assert (await store.update_val(val.id, readme=None)).readme is None


async def test_others_are_listed_only_what_is_public(store: Store, alice: Account) -> None:
    for name, privacy in zip("abc", Privacy, strict=True):
        await data(store, name, 1, privacy=privacy)
    assert [val.name for val in store.vals(alice.id)] == ["a", "b", "c"]
    assert [val.name for val in store.vals(alice.id, public_only=True)] == ["c"]
    assert [val.name for val in store.vals(alice.id, limit=1, offset=1)] == ["b"]
    assert all(val.payload is None and val.json is None for val in store.vals(alice.id))


async def test_nobody_owns_nothing(store: Store) -> None:
    with pytest.raises(NotFound):
        await data(store, "n", 1)


@pytest.mark.parametrize("name", ["", "me", "a.b", "x" * 49, "n'; DROP TABLE vals; --"])
async def test_what_is_no_name_makes_no_val(store: Store, alice: Account, name: str) -> None:
    with pytest.raises(BadInput):
        await data(store, name, 1)
    assert store.vals(alice.id) == []


async def test_half_a_character_is_refused_and_harms_no_other_write(store: Store, alice: Account) -> None:
    good, bad = data(store, "good", 1), code(store, "bad", "'\ud800'")
    kept, refused = await asyncio.gather(good, bad, return_exceptions=True)
    assert isinstance(kept, Val)
    assert isinstance(refused, BadInput)
    assert store.val("alice", "bad") is None


NAMES = ("a", "b", "c")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from(NAMES), st.just("")),
        st.tuples(st.just("delete"), st.sampled_from(NAMES), st.just("")),
        st.tuples(st.just("rename"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
        st.tuples(st.just("restore"), st.sampled_from(NAMES), st.just("")),
    ),
    max_size=25,
)


@given(STEPS)
@hypothesis_settings(max_examples=40)
def test_a_version_number_of_a_name_never_means_two_things(steps: list[tuple[str, str, str]]) -> None:
    asyncio.run(_number_means_one_thing(steps))


async def _number_means_one_thing(steps: list[tuple[str, str, str]]) -> None:
    meant: dict[tuple[str, int], bytes | None] = {}
    with tempfile.TemporaryDirectory() as folder:
        async with Store.open(Path(folder) / "db") as store:
            await store.add_account("alice")
            for turn, step in enumerate(steps):
                await _take(store, step, turn)
                for name in NAMES:
                    for number in range(len(steps) + 1):
                        val = store.val("alice", name, number)
                        if val is not None:
                            assert meant.setdefault((name, number), val.payload) == val.payload


async def _take(store: Store, step: tuple[str, str, str], turn: int) -> None:
    kind, name, other = step
    val = store.val("alice", name)
    try:
        if kind == "write":
            await data(store, name, turn)
        elif kind == "delete":
            await store.delete_val("alice", name)
        elif val is not None and kind == "rename":
            await store.update_val(val.id, name=other)
        elif val is not None:
            await store.restore(val.id, store.versions(val.id)[-1].version)
    except ValgateError:
        pass
