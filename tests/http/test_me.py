"""`/v1/me`, its secrets and its tokens."""

from __future__ import annotations

import gzip
import uuid
from typing import TYPE_CHECKING

import pytest

from host_api.store.model import ALL_SCOPES, Privacy, Scope

if TYPE_CHECKING:
    from tests.http.conftest import World


async def test_me_is_who_the_token_says(world: World) -> None:
    assert (await world.call("GET", "/v1/me", by="alice")).insist(200) == {
        "id": world.account_id("alice"),
        "username": "@alice",
        "bio": None,
        "profileImageUrl": None,
    }


async def test_a_secret_goes_in_and_only_its_name_comes_out(world: World) -> None:
    assert (
        await world.call("PUT", "/v1/me/secrets/apiKey", by="alice", body={"value": "hunter2hunter2"})
    ).status == 204
    got = await world.call("GET", "/v1/me/secrets", by="alice")
    assert got.insist(200)["data"] == [{"name": "apiKey"}]
    assert b"hunter2" not in got.body
    assert (await world.call("POST", "/v1/eval", by="alice", body="@me.secrets.apiKey")).insist(200) == "hunter2hunter2"
    assert (await world.call("GET", "/v1/me/secrets", by="bob")).insist(200)["data"] == []
    (await world.call("DELETE", "/v1/me/secrets/apiKey", by="bob")).insist(404)
    assert (await world.call("DELETE", "/v1/me/secrets/APIKEY", by="alice")).status == 204
    (await world.call("DELETE", "/v1/me/secrets/apiKey", by="alice")).insist(404)


async def test_no_route_shows_a_secrets_value(world: World) -> None:
    await world.house.store.put_secret("alice", "apiKey", "hunter2")
    (await world.call("GET", "/v1/me/secrets/apiKey", by="alice")).insist(405)


@pytest.mark.parametrize("body", [{}, {"value": 1}, {"value": None}, "text", [], b"", b"raw", {"value": "\ud800"}])
async def test_a_secret_without_a_text_is_a_400(world: World, body: object) -> None:
    (await world.call("PUT", "/v1/me/secrets/apiKey", by="alice", body=body)).insist(400)
    assert world.house.store.secret_names("alice") == []


@pytest.mark.parametrize("name", ["not%20a%20name", "1a", "a" * 49, "a-b", "%C3%A9"])
async def test_a_secret_needs_a_name_that_code_can_write(world: World, name: str) -> None:
    (await world.call("PUT", f"/v1/me/secrets/{name}", by="alice", body={"value": "v"})).insist(400)


async def test_a_list_is_paged_and_links_lead_through_all_of_it(world: World) -> None:
    names = [f"key{number:02}" for number in range(25)]
    for name in names:
        await world.house.store.put_secret("alice", name, "v")
    seen, path = [], "/v1/me/secrets?limit=10"
    pages = []
    while path:
        page = (await world.call("GET", path, by="alice")).insist(200)
        assert set(page) == {"data", "links"}
        pages.append(page)
        seen += [item["name"] for item in page["data"]]
        path = page["links"].get("next", "").removeprefix(world.address)
    assert seen == names
    assert [set(page["links"]) for page in pages] == [{"self", "next"}, {"self", "next", "prev"}, {"self", "prev"}]
    before = (await world.call("GET", pages[1]["links"]["prev"].removeprefix(world.address), by="alice")).insist(200)
    assert before["data"] == pages[0]["data"]
    assert len((await world.call("GET", "/v1/me/secrets", by="alice")).insist(200)["data"]) == 20


async def test_a_token_is_shown_once_and_works(world: World) -> None:
    body = {"name": "ci", "scopes": ["run", "val:read"], "expiresAt": "2999-01-31T12:00:00Z"}
    got = await world.call("POST", "/v1/me/tokens", by="alice", body=body)
    made = got.insist(201)
    assert set(made) == {"id", "name", "scopes", "createdAt", "expiresAt", "token"}
    assert (made["name"], made["scopes"], made["expiresAt"]) == ("ci", ["run", "val:read"], "2999-01-31T12:00:00.000Z")
    assert str(uuid.UUID(made["id"])) == made["id"]
    (await world.call("GET", "/v1/me", token=made["token"])).insist(200)
    listed = (await world.call("GET", "/v1/me/tokens", by="alice")).insist(200)["data"]
    assert made["token"] not in str(listed)
    [line] = [one for one in listed if one["id"] == made["id"]]
    assert {key: value for key, value in line.items() if key != "lastUsedAt"} == {
        key: value for key, value in made.items() if key != "token"
    }


async def test_a_revoked_token_is_wrong_from_then_on(world: World) -> None:
    made = (await world.call("POST", "/v1/me/tokens", by="alice", body={"scopes": ["eval"]})).insist(201)
    path = f"/v1/me/tokens/{made['id']}"
    (await world.call("DELETE", path, by="bob")).insist(404)
    (await world.call("GET", "/v1/me", token=made["token"])).insist(200)
    assert (await world.call("DELETE", path, by="alice")).status == 204
    (await world.call("GET", "/v1/me", token=made["token"])).insist(401)
    (await world.call("DELETE", path, by="alice")).insist(404)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"scopes": []},
        {"scopes": "eval"},
        {"scopes": ["everything"]},
        {"scopes": [1]},
        {"scopes": [["eval"]]},
        {"scopes": None},
        {"scopes": ["eval"], "expiresAt": "2001-01-01T00:00:00Z"},
        {"scopes": ["eval"], "expiresAt": "soon"},
        {"scopes": ["eval"], "expiresAt": 1},
        {"scopes": ["eval"], "expiresAt": "0001-01-01T00:00:00+14:00"},
        {"scopes": ["eval"], "name": "x\n"},
        {"scopes": ["eval"], "name": "x" * 101},
        [],
    ],
)
async def test_a_token_that_grants_nothing_or_nonsense_is_not_made(world: World, body: object) -> None:
    (await world.call("POST", "/v1/me/tokens", by="alice", body=body)).insist(400)
    assert len(world.house.store.tokens(world.account_id("alice"))) == 1


@pytest.mark.parametrize("scope", sorted(ALL_SCOPES - {Scope.EVAL}))
async def test_only_full_authority_makes_tokens(world: World, scope: Scope) -> None:
    token = await world.token_for("alice", scope)
    (await world.call("POST", "/v1/me/tokens", token=token, body={"scopes": [scope.value]})).insist(401)


async def test_eval_is_its_owners_full_authority(world: World) -> None:
    token = await world.token_for("alice", Scope.EVAL)
    (await world.call("POST", "/v1/me/tokens", token=token, body={"scopes": ["run"]})).insist(201)
    (await world.call("POST", "/v1/vals", token=token, body={"code": "1"})).insist(200)
    (await world.call("GET", "/v1/me/secrets", token=token)).insist(200)
    (await world.call("GET", "/v1/me/runs", token=token)).insist(200)


@pytest.mark.parametrize(("size", "status"), [(1000, 200), (1001, 413)])
async def test_the_operators_limit_of_a_body_holds_for_one_that_comes_in_one_piece(
    narrow_world: World, size: int, status: int
) -> None:
    body = b'"1"'.ljust(size)
    packed = {"Content-Encoding": "gzip"}
    assert (await narrow_world.call("POST", "/v1/eval", body=body)).status == status
    assert (await narrow_world.call("POST", "/v1/eval", body=gzip.compress(body), headers=packed)).status == status


async def test_the_operators_limits_of_an_address_and_of_code_hold(narrow_world: World) -> None:
    (await narrow_world.call("GET", "/v1/eval/1?x=".ljust(100, "a"))).insist(200)
    (await narrow_world.call("GET", "/v1/eval/1?x=".ljust(101, "a"))).insist(414)
    (await narrow_world.call("POST", "/v1/eval", body="1".ljust(50))).insist(200)
    (await narrow_world.call("POST", "/v1/eval", body="1".ljust(51))).insist(413)
    (await narrow_world.call("POST", "/v1/vals", by="alice", body={"code": "1".ljust(51)})).insist(413)


async def test_an_operator_may_refuse_anonymous_evaluations(closed_world: World) -> None:
    world = closed_world
    (await world.call("POST", "/v1/eval", body="1")).insist(401)
    (await world.call("GET", "/v1/eval/1")).insist(401)
    assert (await world.call("POST", "/v1/eval", by="alice", body="1")).insist(200) == 1
    await world.val("bob", "export const echo = (...args) => args;", Privacy.PUBLIC)
    assert (await world.call("POST", "/v1/run/bob.echo")).insist(200) == []
