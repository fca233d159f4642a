"""Users, aliases and search: what is public, and what is one's own."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

import pytest

from host_api.store import beside
from host_api.store.model import Privacy

if TYPE_CHECKING:
    from tests.http.conftest import World


async def found(world: World, query: str, by: str | None = None) -> list[str]:
    return [val["name"] for val in (await world.call("GET", f"/v1/search/vals?{query}", by=by)).insist(200)["data"]]


async def test_a_user_is_shown_to_anybody_by_id_and_by_name(world: World) -> None:
    alice = (await world.call("GET", "/v1/me", by="alice")).insist(200)
    for path in (f"/v1/users/{alice['id']}", "/v1/alias/alice", "/v1/alias/@alice", "/v1/alias/%40ALICE"):
        for by in (None, "bob"):
            assert (await world.call("GET", path, by=by)).insist(200) == alice


@pytest.mark.parametrize(
    "path", ["/v1/users/x", f"/v1/users/{uuid.UUID(int=0)}", "/v1/alias/nobody", "/v1/alias/%00", "/v1/alias/%C3%A9"]
)
async def test_who_is_not_there_is_not_found(world: World, path: str) -> None:
    (await world.call("GET", path)).insist(404)
    (await world.call("GET", f"{path}/vals")).insist(404)


async def test_only_public_vals_of_others_are_listed(world: World) -> None:
    for privacy in Privacy:
        await world.house.save(owner="alice", code="1", name=privacy.value, privacy=privacy)
    path = f"/v1/users/{world.account_id('alice')}/vals"
    for by, expected in ((None, ["public"]), ("bob", ["public"]), ("alice", ["private", "public", "unlisted"])):
        got = (await world.call("GET", path, by=by)).insist(200)
        assert [val["name"] for val in got["data"]] == expected
        assert set(got["links"]) == {"self"}


async def test_a_val_is_found_by_its_alias_unless_it_is_somebody_elses_private_one(world: World) -> None:
    shown = await world.val("alice", "export let Shown = 1", Privacy.UNLISTED)
    hidden = await world.val("alice", "export let hidden = 1")
    for path in ("/v1/alias/alice/shown", "/v1/alias/@Alice/SHOWN"):
        assert (await world.call("GET", path, by="bob")).insist(200)["id"] == shown.id
    refused = [
        await world.call("GET", f"/v1/alias/alice/{name}", by="bob") for name in ("hidden", "nothing", "%00", "a%20b")
    ]
    assert {(got.status, got.body) for got in refused} == {(404, refused[0].body)}
    assert (await world.call("GET", "/v1/alias/alice/hidden", by="alice")).insist(200)["id"] == hidden.id


async def test_nobody_finds_what_they_may_not_see(world: World) -> None:
    for privacy in Privacy:
        await world.house.save(
            owner="alice", code=f"export let {privacy.value}_needle = 1", privacy=privacy, readme="needle"
        )
    assert await found(world, "query=needle") == ["public_needle"]
    assert await found(world, "query=needle", "bob") == ["public_needle"]
    assert sorted(await found(world, "query=needle", "alice")) == ["private_needle", "public_needle", "unlisted_needle"]


async def test_name_code_and_readme_are_searched_in_whatever_case_names_first(world: World) -> None:
    save = world.house.save
    await save(owner="alice", code="export let Needle = 1", privacy=Privacy.PUBLIC)
    await save(owner="alice", code="export let b = 'a nEEdle'", privacy=Privacy.PUBLIC)
    await save(owner="alice", code="export let c = 3", privacy=Privacy.PUBLIC, readme="NEEDLES")
    await save(owner="alice", code="export let d = 4", privacy=Privacy.PUBLIC)
    assert await found(world, "query=needle") == ["Needle", "c", "b"]


@pytest.mark.parametrize(
    ("query", "code", "is_found"),
    [
        ("100%25", "'100% sure'", True),
        ("100%25", "'1000 sure'", False),
        ("a_b", "'a_b'", True),
        ("a_b", "'axb'", False),
        ("a%5C%5Cb", "'a\\\\b'", True),
        ("%C3%89T%C3%89", "'l\N{LATIN SMALL LETTER E WITH ACUTE}t\N{LATIN SMALL LETTER E WITH ACUTE}'", True),
        ("a+b", "'a b'", True),
        ("%27%20OR%201%3D1%20--", "'x'", False),
    ],
)
async def test_signs_are_searched_as_they_are(world: World, query: str, code: str, *, is_found: bool) -> None:
    await world.house.save(owner="alice", code=f"export let it = {code}", privacy=Privacy.PUBLIC)
    assert await found(world, f"query={query}") == (["it"] if is_found else [])


@pytest.mark.parametrize(
    ("query", "status"), [("", 400), ("query=", 400), ("query=" + "x" * 512, 200), ("query=" + "x" * 513, 400)]
)
async def test_a_query_has_1_to_512_characters(world: World, query: str, status: int) -> None:
    (await world.call("GET", f"/v1/search/vals?{query}")).insist(status)


async def test_what_is_found_is_paged(world: World) -> None:
    for number in range(5):
        await world.val("alice", f"export let needle{number} = 1", Privacy.PUBLIC)
    seen, path = [], "/v1/search/vals?query=needle&limit=2"
    while path:
        page = (await world.call("GET", path)).insist(200)
        seen += [val["name"] for val in page["data"]]
        path = page["links"].get("next", "").removeprefix(world.address)
    assert sorted(seen) == [f"needle{number}" for number in range(5)]


async def test_a_search_that_takes_too_long_is_a_503(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        await world.val("alice", f"export let v{number} = 1", Privacy.PUBLIC)
    monkeypatch.setattr(beside, "STEPS", 1)
    monkeypatch.setattr(world.house.store._beside, "_seconds", -1.0)
    got = await world.call("GET", "/v1/search/vals?query=needle")
    assert "too long" in got.insist(503)["error"]
    assert int(got.headers["Retry-After"]) > 0


async def test_too_many_searches_at_once_are_refused_and_then_taken_again(world: World) -> None:
    reads = world.house.store._beside
    reads._underway = beside.MOST
    assert (await world.call("GET", "/v1/search/vals?query=x")).status == 503
    reads._underway = 0
    got = await asyncio.gather(*(world.call("GET", "/v1/search/vals?query=x") for _ in range(8)))
    assert {one.status for one in got} == {200}
    assert reads._underway == 0


async def test_likes_are_an_empty_list(world: World) -> None:
    got = (await world.call("GET", "/v1/me/likes", by="alice")).insist(200)
    assert got == {"data": [], "links": {"self": f"{world.address}/v1/me/likes?offset=0&limit=20"}}
