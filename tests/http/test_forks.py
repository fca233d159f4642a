"""Forks: code is saved anew as its new owner, data is copied and never run; nobody gets what they may not see."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from host_api.store.model import Kind, Privacy

if TYPE_CHECKING:
    from tests.http.conftest import World


async def test_a_private_val_of_anothers_cannot_be_forked(world: World) -> None:
    hidden = (await world.val("alice", "export let hidden = 1")).id
    got = [await world.call("POST", f"/v1/vals/{val_id}/fork", by="bob") for val_id in (hidden, "x")]
    assert {(one.status, one.body) for one in got} == {(404, got[0].body)}
    assert world.house.store.vals(world.account_id("bob")) == []


async def test_a_version_of_a_private_past_cannot_be_forked(world: World) -> None:
    made = await world.val("alice", "export let x = 'was private'")
    await world.house.save(owner="alice", code="export let x = 'shown'", val_id=made.id)
    await world.house.store.update_val(made.id, privacy=Privacy.PUBLIC)
    path = f"/v1/vals/{made.id}/fork"
    (await world.call("POST", path, by="bob", body={"version": 0})).insist(404)
    (await world.call("POST", path, by="bob", body={"version": 9})).insist(404)
    assert (await world.call("POST", path, by="bob", body={"version": 1})).insist(201)["output"]["value"] == "shown"
    own = (await world.call("POST", path, by="alice", body={"version": 0})).insist(201)
    assert (own["output"]["value"], own["forkedFrom"]) == ("was private", {"id": made.id, "version": 0})


async def test_forked_code_runs_as_its_new_owner(world: World) -> None:
    await world.house.store.put_secret("alice", "apiKey", "alices key")
    await world.house.store.put_secret("bob", "apiKey", "bobs")
    code = "const length = @me.secrets.apiKey.length; export const tell = () => length;"
    made = await world.val("alice", code, Privacy.PUBLIC)
    body = {"name": "mine", "privacy": "unlisted"}
    fork = (await world.call("POST", f"/v1/vals/{made.id}/fork", by="bob", body=body)).insist(201)
    assert (fork["name"], fork["privacy"], fork["code"], fork["version"]) == ("mine", "unlisted", code, 0)
    assert fork["author"]["username"] == "@bob"
    assert fork["forkedFrom"] == {"id": made.id, "version": 0}
    assert (await world.call("POST", "/v1/run/bob.mine", by="bob")).insist(200) == len("bobs")
    [run] = [row for row in world.house.store.evaluations("bob") if row.entry_name == "mine" and row.code]
    assert run.caller == "bob"


async def test_forked_data_is_the_stored_value_and_nothing_is_run(world: World) -> None:
    made = await world.val("alice", "export let x = Math.random()", Privacy.PUBLIC)
    before = world.house.store.last_place()
    fork = (await world.call("POST", f"/v1/vals/{made.id}/fork", by="bob")).insist(201)
    value = (await world.call("GET", f"/v1/vals/{made.id}", by="alice")).insist(200)["output"]["value"]
    assert (fork["output"]["value"], fork["privacy"], fork["name"]) == (value, "private", "x")
    await world.house.store.flush()
    assert world.house.store.last_place() == before


async def test_a_rendering_is_never_executed_by_a_fork(world: World) -> None:
    hostile = "@me.stolen = @me.secrets.apiKey"
    made = await world.house.store.write_val(
        "alice", "x", code=hostile, kind=Kind.DATA, json=b"1", type="number", privacy=Privacy.PUBLIC, author="eval"
    )
    await world.house.store.put_secret("bob", "apiKey", "bobs")
    fork = (await world.call("POST", f"/v1/vals/{made.id}/fork", by="bob")).insist(201)
    assert fork["output"] == {"type": "number", "value": 1}
    assert world.house.store.val("bob", "stolen") is None


async def test_what_a_save_threw_does_not_go_along(world: World) -> None:
    body = {"code": "throw new TypeError('of alices')", "name": "broken", "privacy": "public"}
    made = (await world.call("POST", "/v1/vals", by="alice", body=body)).insist(200)
    fork = (await world.call("POST", f"/v1/vals/{made['id']}/fork", by="bob")).insist(201)
    assert (fork["error"], fork["output"]) == (None, {"type": "undefined"})


async def test_a_taken_name_gets_a_free_one_also_of_many_at_once(world: World) -> None:
    made = await world.val("alice", "export const f = () => 1", Privacy.PUBLIC)
    mine = await world.val("bob", "export const f = () => 'mine'")
    calls = [world.call("POST", f"/v1/vals/{made.id}/fork", by="bob") for _ in range(5)]
    forks = [got.insist(201) for got in await asyncio.gather(*calls)]
    assert sorted(fork["name"] for fork in forks) == ["f_2", "f_3", "f_4", "f_5", "f_6"]
    kept = world.house.store.val_by_id(mine.id)
    assert kept is not None
    assert (kept.version, kept.code) == (0, mine.code)


async def test_a_long_name_that_is_taken_stays_a_name(world: World) -> None:
    made = await world.house.save(owner="alice", code="1", name="a" * 48, privacy=Privacy.PUBLIC)
    for expected in ("a" * 48, "a" * 46 + "_2"):
        fork = (await world.call("POST", f"/v1/vals/{made.id}/fork", by="bob")).insist(201)
        assert fork["name"] == expected


@pytest.mark.parametrize("by", ["bob", "carol"])
async def test_what_it_was_made_of_is_told_to_those_who_may_see_that(world: World, by: str) -> None:
    await world.add_user("carol")
    made = await world.val("alice", "export const f = () => 1", Privacy.PUBLIC)
    fork = (await world.call("POST", f"/v1/vals/{made.id}/fork", by="bob", body={"privacy": "public"})).insist(201)
    path = f"/v1/vals/{fork['id']}"
    assert (await world.call("GET", path, by=by)).insist(200)["forkedFrom"] == {"id": made.id, "version": 0}
    await world.house.store.update_val(made.id, privacy=Privacy.PRIVATE)
    assert "forkedFrom" not in (await world.call("GET", path, by=by)).insist(200)
    assert "forkedFrom" in (await world.call("GET", path, by="alice")).insist(200)
    await world.house.store.update_val(made.id, privacy=Privacy.PUBLIC)
    await world.house.store.delete_val_by_id(made.id)
    assert "forkedFrom" not in (await world.call("GET", path, by=by)).insist(200)


async def test_a_fork_keeps_what_it_was_made_of_when_it_is_changed(world: World) -> None:
    made = await world.val("alice", "export const f = () => 1", Privacy.PUBLIC)
    fork = (await world.call("POST", f"/v1/vals/{made.id}/fork", by="bob")).insist(201)
    body = {"code": "export const f = () => 2", "name": "g"}
    changed = (await world.call("PUT", f"/v1/vals/{fork['id']}", by="bob", body=body)).insist(200)
    assert changed["forkedFrom"] == {"id": made.id, "version": 0}


@pytest.mark.parametrize(
    "body", [{"name": "not a name"}, {"name": "me"}, {"privacy": "secret"}, {"version": "0"}, [], b"{"]
)
async def test_what_cannot_be_read_is_a_400(world: World, body: object) -> None:
    made = await world.val("alice", "export const f = () => 1", Privacy.PUBLIC)
    (await world.call("POST", f"/v1/vals/{made.id}/fork", by="bob", body=body)).insist(400)
    assert world.house.store.vals(world.account_id("bob")) == []
