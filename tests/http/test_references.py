"""Which vals name which: each write of a source keeps it, and nobody learns of a val that they may not see."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING

from host_api.indexing import index, indexed
from host_api.store import connect
from host_api.store.model import Privacy

if TYPE_CHECKING:
    from tests.http.conftest import World


async def told(world: World, val_id: str, by: str | None = None) -> tuple[list[str], list[str], int]:
    """Who names it, whom it names, and the count that its FullVal has."""
    got = (await world.call("GET", f"/v1/vals/{val_id}/references", by=by)).insist(200)
    whole = (await world.call("GET", f"/v1/vals/{val_id}", by=by)).insist(200)
    return names(got["data"]), names(got["names"]), whole["referenceCount"]


def names(shown: list[dict[str, dict[str, str]]]) -> list[str]:
    return [f"{val['author']['username']}.{val['name']}" for val in shown]


async def test_only_what_the_reader_may_see_is_told_and_counted(world: World) -> None:
    lib = await world.val("alice", "export const lib = () => 1", Privacy.PUBLIC)
    await world.val("bob", "export const shown = () => @alice.lib()", Privacy.PUBLIC)
    await world.val("bob", "export const linked = () => @alice.lib()", Privacy.UNLISTED)
    await world.val("bob", "export const hidden = () => @alice.lib()")
    assert await told(world, lib.id) == (["@bob.shown"], [], 1)
    assert await told(world, lib.id, "alice") == (["@bob.shown"], [], 1)
    assert await told(world, lib.id, "bob") == (["@bob.hidden", "@bob.linked", "@bob.shown"], [], 3)


async def test_others_private_vals_that_it_names_are_not_told(world: World) -> None:
    await world.val("alice", "export const shown = () => 1", Privacy.PUBLIC)
    await world.val("alice", "export const linked = () => 1", Privacy.UNLISTED)
    await world.val("alice", "export const hidden = () => 1")
    code = "export const all = () => [@alice.shown, @alice.linked, @alice.hidden, @alice.nothing, @me.secrets.key]"
    user = await world.val("bob", code, Privacy.PUBLIC)
    for by in (None, "bob"):
        assert (await told(world, user.id, by))[1] == ["@alice.linked", "@alice.shown"]
    assert (await told(world, user.id, "alice"))[1] == ["@alice.hidden", "@alice.linked", "@alice.shown"]


async def test_a_private_val_has_no_references_for_others(world: World) -> None:
    hidden = await world.val("alice", "export const hidden = () => 1")
    (await world.call("GET", f"/v1/vals/{hidden.id}/references", by="bob")).insist(404)
    assert await told(world, hidden.id, "alice") == ([], [], 0)


async def test_me_is_the_owner_names_are_folded_and_one_does_not_count_oneself(world: World) -> None:
    base = await world.val("alice", "export const Base = (n) => n ? @me.base(n - 1) : 0", Privacy.PUBLIC)
    await world.val("alice", "export const user = () => @me.BASE(1)", Privacy.PUBLIC)
    assert await told(world, base.id) == (["@alice.user"], [], 1)


async def test_a_new_version_names_what_it_names_and_data_names_nobody(world: World) -> None:
    lib = await world.val("alice", "export const lib = () => 1", Privacy.PUBLIC)
    other = await world.val("alice", "export const other = () => 1", Privacy.PUBLIC)
    user = await world.val("bob", "export const user = () => @alice.lib()", Privacy.PUBLIC)
    body = {"code": "export const user = () => @alice.other()"}
    (await world.call("PUT", f"/v1/vals/{user.id}", by="bob", body=body)).insist(200)
    assert ((await told(world, lib.id))[0], (await told(world, other.id))[0]) == ([], ["@bob.user"])
    (await world.call("POST", "/v1/eval", by="bob", body="@me.user = 'data @alice.other'")).insist(200)
    assert ((await told(world, other.id))[0], (await told(world, user.id))[1]) == ([], [])


async def test_a_function_that_a_val_wrote_names_what_it_names(world: World) -> None:
    lib = await world.val("alice", "export const lib = () => 1", Privacy.PUBLIC)
    await world.call("POST", "/v1/eval", by="bob", body="@me.made = () => @alice.lib()")
    assert (await told(world, lib.id, "bob"))[0] == ["@bob.made"]


async def test_data_that_was_saved_names_what_its_source_names(world: World) -> None:
    lib = await world.val("alice", "export const lib = () => 1", Privacy.PUBLIC)
    made = await world.val("bob", "export let sum = @alice.lib() + 1", Privacy.PUBLIC)
    assert (await told(world, lib.id))[0] == ["@bob.sum"]
    (await world.call("POST", f"/v1/vals/{made.id}/fork", by="alice")).insist(201)
    assert (await told(world, lib.id, "alice"))[0] == ["@alice.sum", "@bob.sum"]


async def test_a_renamed_val_and_a_deleted_one_are_followed(world: World) -> None:
    lib = await world.val("alice", "export const lib = () => 1", Privacy.PUBLIC)
    user = await world.val("bob", "export const user = () => @alice.lib()", Privacy.PUBLIC)
    await world.house.store.update_val(user.id, name="renamed")
    assert (await told(world, lib.id))[0] == ["@bob.renamed"]
    await world.val("bob", "export let used = 1")
    await world.house.store.delete_val("bob", "used")
    await world.house.store.update_val(user.id, name="used")
    assert (await told(world, lib.id))[0] == ["@bob.used"]
    await world.house.store.update_val(lib.id, name="moved")
    assert (await told(world, lib.id))[0] == []
    await world.house.store.update_val(lib.id, name="lib")
    await world.house.store.delete_val_by_id(user.id)
    assert (await told(world, lib.id))[0] == []


async def test_both_lists_are_paged_together(world: World) -> None:
    lib = await world.val("alice", "export const lib = () => [@alice.a, @alice.b, @alice.c]", Privacy.PUBLIC)
    for name in "abc":
        await world.val("alice", f"export const {name} = () => @alice.lib", Privacy.PUBLIC)
    seen, path = [], f"/v1/vals/{lib.id}/references?limit=2"
    while path:
        page = (await world.call("GET", path)).insist(200)
        seen.append((names(page["data"]), names(page["names"])))
        path = page["links"].get("next", "").removeprefix(world.address)
    assert seen == [(["@alice.a", "@alice.b"],) * 2, (["@alice.c"],) * 2]


async def test_sources_of_an_older_database_are_looked_at_once_a_server_starts(world: World) -> None:
    lib = await world.val("alice", "export const lib = () => 1", Privacy.PUBLIC)
    await world.val("bob", "export const user = () => @alice.lib()", Privacy.PUBLIC)
    await world.val("bob", "export let broken = @alice.lib() + 1", Privacy.PUBLIC)
    await world.call("POST", "/v1/eval", by="bob", body="@me.data = '@alice.lib'")
    with closing(connect.connect(world.house.store.path)) as database:
        database.execute("DELETE FROM named")
        database.execute("UPDATE vals SET named_version = NULL")
        database.execute("UPDATE versions SET code = 'no code (' WHERE code LIKE '%broken%'")
    assert (await told(world, lib.id))[0] == []
    assert await index(world.house) == 3
    assert (await told(world, lib.id))[0] == ["@bob.user"]
    assert await index(world.house) == 0


async def test_a_version_that_was_restored_is_looked_at_too(world: World) -> None:
    lib = await world.val("alice", "export const lib = () => 1", Privacy.PUBLIC)
    user = await world.val("bob", "export const user = () => @alice.lib()", Privacy.PUBLIC)
    await world.house.save(owner="bob", code="export const user = () => 2", val_id=user.id)
    await world.house.store.restore(user.id, 0)
    assert await index(world.house) == 1
    assert (await told(world, lib.id))[0] == ["@bob.user"]


async def test_a_server_looks_in_the_background_while_it_serves(world: World) -> None:
    lib = await world.val("alice", "export const lib = () => 1", Privacy.PUBLIC)
    await world.val("bob", "export const user = () => @alice.lib()", Privacy.PUBLIC)
    with closing(connect.connect(world.house.store.path)) as database:
        database.execute("UPDATE vals SET named_version = NULL")
    async with indexed(world.house), asyncio.timeout(30):
        while (await told(world, lib.id))[0] != ["@bob.user"]:
            """Ask again: each request lets the looking go on."""
