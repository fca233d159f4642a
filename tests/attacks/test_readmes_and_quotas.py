"""The attacker's plan: what no quota counts: a readme of two megabytes for each val, and again with each change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from host_api.settings import Settings
from host_api.store import Kind, Privacy
from tests.http.conftest import World, open_world

if TYPE_CHECKING:
    from host_api.store import Store

LONG = "r" * 10_000


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[World]:
    """A server where an account keeps 25,000 bytes in five versions."""
    async with open_world(replace(Settings(), db=str(tmp_path / "test.db"), storage=25_000, versions=5)) as world:
        yield world


def kept(store: Store) -> int:
    found: int = store._db.execute("SELECT bytes FROM accounts WHERE folded = 'alice'").fetchone()[0]
    return found


async def test_readmes_are_counted_like_everything_else_that_is_kept(small: World) -> None:
    def val(number: int) -> dict[str, str]:
        return {"code": f"export const v{number} = () => 1", "readme": LONG}

    first, second = [(await small.call("POST", "/v1/vals", by="alice", body=val(n))).insist(200) for n in range(2)]
    (await small.call("POST", "/v1/vals", by="alice", body=val(2))).insist(422)
    path = f"/v1/vals/{first['id']}"
    (await small.call("PUT", path, by="alice", body={"readme": LONG * 2})).insist(422)
    assert (await small.call("GET", path, by="alice")).insist(200)["readme"] == LONG
    (await small.call("PUT", path, by="alice", body={"readme": None})).insist(200)
    (await small.call("POST", "/v1/vals", by="alice", body=val(2))).insist(200)
    (await small.call("DELETE", f"/v1/vals/{second['id']}", by="alice")).insist(204)
    (await small.call("PUT", path, by="alice", body={"readme": LONG})).insist(200)


async def test_another_readme_needs_no_room_for_another_version(small: World) -> None:
    for number in range(5):
        val = await small.val("alice", f"export const v{number} = () => 1")
    body = {"readme": "short"}
    (await small.call("PUT", f"/v1/vals/{val.id}", by="alice", body=body)).insist(200)
    (await small.call("PUT", f"/v1/vals/{val.id}", by="alice", body={"code": "() => 2"})).insist(422)


async def test_what_is_deleted_is_not_counted_any_more(small: World) -> None:
    store = small.house.store
    before = kept(store)
    val = await store.write_val("alice", "a", code="1", kind=Kind.CODE, readme=LONG)
    await store.write_val("alice", "a", code="2", kind=Kind.CODE)
    await store.update_val(val.id, name="b", readme="é" * 100)
    assert kept(store) == before + 202
    await store.write_val("alice", "b", code="3", kind=Kind.CODE, readme="")
    assert kept(store) == before + 3
    await store.update_val(val.id, readme="é")
    await store.delete_val_by_id(val.id)
    assert kept(store) == before


async def test_a_fork_does_not_tell_everybody_of_an_unlisted_val(small: World) -> None:
    """Who forks what only a few know of, and shows the fork, must not show them the way."""
    val = await small.val("alice", "export const known = () => 1", Privacy.UNLISTED)
    fork = (await small.call("POST", f"/v1/vals/{val.id}/fork", by="bob", body={"privacy": "public"})).insist(201)
    assert fork["forkedFrom"] == {"id": val.id, "version": 0}
    await small.add_user("carol")
    path = f"/v1/vals/{fork['id']}"
    told = {
        by: (await small.call("GET", path, by=by)).insist(200).get("forkedFrom")
        for by in ("alice", "bob", "carol", None)
    }
    assert told == {"alice": fork["forkedFrom"], "bob": fork["forkedFrom"], "carol": None, None: None}
    assert val.id not in (await small.call("GET", path)).body.decode()
