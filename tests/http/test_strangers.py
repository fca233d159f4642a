"""Who has no token, a wrong one, or one for something else: every route is tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from host_api.http.app import ROUTES
from host_api.http.route import ANY_METHOD, Access, Route
from host_api.store.model import ALL_SCOPES, Scope

if TYPE_CHECKING:
    from tests.http.conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def world(shared_world: World) -> World:
    return shared_world


def title(route: Route) -> str:
    return f"{route.method} {route.path}"


@pytest.mark.parametrize(
    "value",
    ["Bearer", "Bearer ", "Bearer nonsense", "Basic YTpi", "vg_x", "", "bearer\tx", "Bearer vg_" + "a" * 43, "Token x"],
)
@pytest.mark.parametrize("path", ["/v1/me", "/v1/eval/1", "/v1/run/bob.nothing", "/v1/vals/x", "/v1/runs/x"])
async def test_a_wrong_token_is_a_401_and_never_anonymous(world: World, path: str, value: str) -> None:
    got = await world.call("GET", path, headers={"Authorization": value})
    assert set(got.insist(401)) == {"type", "error"}
    assert got.headers["Www-Authenticate"] == "Bearer"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_scheme_is_case_insensitive(world: World, scheme: str) -> None:
    got = await world.call("GET", "/v1/me", headers={"Authorization": f"{scheme} {world.tokens['alice']}"})
    got.insist(200)


async def test_a_token_in_a_query_is_no_token(world: World) -> None:
    token = world.tokens["alice"]
    (await world.call("GET", f"/v1/me?token={token}&access_token={token}")).insist(401)


@pytest.mark.parametrize("route", [route for route in ROUTES if route.scope is not None], ids=title)
async def test_a_token_without_the_scope_opens_nothing(world: World, route: Route) -> None:
    narrow = await world.token_for("alice", *(ALL_SCOPES - {route.scope, Scope.EVAL}) or {Scope.RUN})
    if route.scope is Scope.EVAL:
        narrow = await world.token_for("alice", *(ALL_SCOPES - {Scope.EVAL}))
    method = "PATCH" if route.method == ANY_METHOD else route.method
    path = route.path.replace("{expression:.*}", "1").replace("{rest:(/.*)?}", "/x").replace("{", "").replace("}", "")
    got = await world.call(method, path, token=narrow)
    assert got.status == 401
    assert route.scope is not None
    assert route.scope.value in got.json()["error"]


@pytest.mark.parametrize("route", [route for route in ROUTES if route.access is Access.ACCOUNT], ids=title)
async def test_without_a_token_an_accounts_routes_are_shut(world: World, route: Route) -> None:
    got = await world.call(route.method, route.path.replace("{", "").replace("}", ""))
    assert set(got.insist(401)) == {"type", "error"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_probes_need_no_token_and_mind_none(world: World, path: str) -> None:
    (await world.call("GET", path)).insist(200)
    (await world.call("GET", path, token="wrong")).insist(200)


@pytest.mark.parametrize("path", ["/v1/blob", "/v1/blob/key", "/v1/sqlite/execute"])
async def test_what_later_val_town_has_is_a_501_with_one_sentence(world: World, path: str) -> None:
    told = (await world.call("POST", path, body={})).insist(501)
    assert set(told) == {"type", "error"}
