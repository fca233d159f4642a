"""User, tokens and secrets: what an account is told as, and what is never told."""

from __future__ import annotations

import pytest

from host_api.store.model import Scope
from tests.contract.conftest import Town
from tests.contract.routes import ROWS
from tests.contract.shape import insist
from tests.contract.shapes import NEW_TOKEN, SECRET, TOKEN, USER, listed
from tests.http.conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCOPES = ("eval", "run", "val:read", "val:write", "secret:write", "runs:read")


@pytest.mark.parametrize("path", ["/v1/users/{user}", "/v1/alias/alice", "/v1/alias/@alice", "/v1/alias/%40ALICE"])
@pytest.mark.parametrize("by", ["alice", "bob", None])
async def test_an_account_is_one_user_to_everybody(town: Town, path: str, by: str | None) -> None:
    user = (await town.world.call("GET", town.fill(path), by=by)).insist(200)
    insist(user, USER)
    assert user == (await town.world.call("GET", "/v1/me", by="alice")).insist(200)
    assert (user["id"], user["username"]) == (town.world.account_id("alice"), "@alice")


@pytest.mark.parametrize("path", ["alice/double", "@alice/double", "Alice/DOUBLE"])
async def test_an_alias_of_a_val_is_the_val(town: Town, path: str) -> None:
    by_id = await town.world.call("GET", town.fill("/v1/vals/{double}"), by="bob")
    assert (await town.world.call("GET", f"/v1/alias/{path}", by="bob")).insist(200) == by_id.json()


async def test_secrets_are_names_and_never_values(world: World) -> None:
    (await world.call("PUT", "/v1/me/secrets/stripe", by="bob", body={"value": "sk_live_1234567890"})).insist(204)
    got = await world.call("GET", "/v1/me/secrets", by="bob")
    insist(got.insist(200), listed(SECRET))
    assert "stripe" in {secret["name"] for secret in got.json()["data"]}
    assert b"sk_live" not in got.body
    assert (await world.call("POST", "/v1/eval", by="bob", body="@me.secrets.stripe")).insist(
        200
    ) == "sk_live_1234567890"


async def test_a_deleted_secret_is_gone(world: World) -> None:
    (await world.call("PUT", "/v1/me/secrets/brief", by="bob", body={"value": "soon gone"})).insist(204)
    assert (await world.call("DELETE", "/v1/me/secrets/brief", by="bob")).body == b""
    (await world.call("DELETE", "/v1/me/secrets/brief", by="bob")).insist(404)
    assert (await world.call("POST", "/v1/eval", by="bob", body="@me.secrets.brief")).insist(200) is None


@pytest.mark.parametrize("scope", SCOPES)
async def test_a_token_is_shown_once_and_works(world: World, scope: str) -> None:
    made = (await world.call("POST", "/v1/me/tokens", by="bob", body={"name": scope, "scopes": [scope]})).insist(201)
    insist(made, NEW_TOKEN)
    assert (made["name"], made["scopes"]) == (scope, [scope])
    (await world.call("GET", "/v1/me", token=made["token"])).insist(200)
    held = await world.call("GET", "/v1/me/tokens?limit=100", by="bob")
    insist(held.insist(200), listed(TOKEN))
    assert made["id"] in {token["id"] for token in held.json()["data"]}
    assert made["token"].encode() not in held.body


async def test_a_token_expires_when_it_says(world: World) -> None:
    body = {"scopes": ["run"], "expiresAt": "2999-01-01T00:00:00Z"}
    made = (await world.call("POST", "/v1/me/tokens", by="bob", body=body)).insist(201)
    insist(made, NEW_TOKEN)
    assert made["expiresAt"].startswith("2999-01-01T00:00:00")
    (await world.call("POST", "/v1/me/tokens", by="bob", body=body | {"expiresAt": "2001-01-01T00:00:00Z"})).insist(400)


async def test_a_revoked_token_is_a_wrong_one(world: World) -> None:
    made = (await world.call("POST", "/v1/me/tokens", by="bob", body={"scopes": ["eval"]})).insist(201)
    (await world.call("DELETE", f"/v1/me/tokens/{made['id']}", by="bob")).insist(204)
    for path in ("/v1/me", "/v1/eval/1", "/v1/run/alice.double", "/v1/alias/alice"):
        (await world.call("GET", path, token=made["token"])).insist(401)


NEEDS = {
    "run": {"/v1/run/alice.double", "/v1/run/alice.hidden"},
    "val:read": {"/v1/vals/{double}", "/v1/vals/{hidden}", "/v1/alias/alice/hidden", "/v1/search/vals?query=x"},
    "runs:read": {"/v1/me/runs", "/v1/vals/{double}/runs"},
    "eval": {"/v1/eval/1+1", "/v1/me/tokens"},
}
"""What a scope is good for, of what may be asked again and again."""


@pytest.mark.parametrize("scope", [scope for scope in SCOPES if scope != "secret:write"])
async def test_a_token_does_what_its_scopes_say_and_nothing_else(town: Town, scope: str) -> None:
    token = await town.world.token_for("alice", Scope(scope))
    for needed, paths in NEEDS.items():
        for path in paths:
            got = await town.world.call("GET", town.fill(path), token=token)
            if scope in {needed, "eval"}:
                assert got.status == 200, (path, got.body)
            else:
                assert got.status in {401, 403}, (path, got.body)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.method in {"PUT", "DELETE"} and row.alice < 500], ids=lambda row: row.name
)
async def test_a_token_that_only_runs_changes_nothing(town: Town, row: object) -> None:
    assert isinstance(row, type(ROWS[0]))
    token = await town.world.token_for("alice", Scope.RUN)
    got = await town.world.call(row.method, town.fill(row.path), token=token, body=row.body)
    assert got.status in {401, 403}
