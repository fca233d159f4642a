"""Every route that changes something, tried by everybody: the table of routes is walked, so none can be forgotten."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from host_api.house import Entry
from host_api.http.app import ROUTES
from host_api.http.route import Access, Route, Writes
from host_api.store.model import ALL_SCOPES, Privacy, Scope

if TYPE_CHECKING:
    from tests.http.conftest import World

SAFE = {"GET", "HEAD", "OPTIONS"}
WRITING = [route for route in ROUTES if route.writes is not Writes.NOTHING]


@dataclass(frozen=True)
class Door:
    """How to use a route on something of alice's: the path's parts, a body, and what she and another get."""

    body: object = None
    owner: int = 200
    other: int = 404
    parts: dict[str, str] = field(default_factory=dict)


DOORS = {
    ("POST", "/v1/vals"): Door({"code": "export let x = 'overwritten'"}, other=200),
    ("PUT", "/v1/vals/{id}"): Door({"code": "export let x = 'overwritten'", "privacy": "public", "name": "taken"}),
    ("DELETE", "/v1/vals/{id}"): Door(owner=204),
    ("POST", "/v1/vals/{id}/versions"): Door({"code": "export let x = 'overwritten'"}, owner=201),
    ("DELETE", "/v1/vals/{id}/versions/{number}"): Door(owner=204, parts={"number": "0"}),
    ("PUT", "/v1/me/secrets/{name}"): Door({"value": "overwritten"}, owner=204, other=204, parts={"name": "apiKey"}),
    ("DELETE", "/v1/me/secrets/{name}"): Door(owner=204, parts={"name": "apiKey"}),
    ("POST", "/v1/me/tokens"): Door({"scopes": ["run"]}, owner=201, other=201),
    ("DELETE", "/v1/me/tokens/{id}"): Door(owner=204),
    ("POST", "/v1/vals/{id}/cancel"): Door(other=200),
}


def key(route: Route) -> tuple[str, str]:
    return route.method, route.path


def title(route: Route) -> str:
    return " ".join(key(route))


async def furnish(world: World, privacy: Privacy) -> dict[str, str]:
    """Give alice something of each kind; return the id by what a route writes."""
    val = await world.val("alice", "export let x = 'first'", privacy)
    await world.house.save(owner="alice", code="export let x = 'alices'", val_id=val.id)
    await world.house.store.put_secret("alice", "apiKey", "alices")
    token, _ = await world.house.store.add_token(world.account_id("alice"), "spare", ALL_SCOPES)
    return {Writes.VAL: val.id, Writes.TOKEN: token.id, Writes.SECRET: "", Writes.RUN: await begin(world)}


async def begin(world: World) -> str:
    """Have an evaluation of alice's under way until it is stopped, at the latest with the house."""
    code = Entry(code="new Promise((done) => setTimeout(done, 1e6))")
    asyncio.ensure_future(  # noqa: RUF006 - the house's list of what runs holds it
        world.house.evaluate(requester="alice", source="api", entry=code, args=None, as_author=False)
    )
    while not (running := world.house.underway.of("alice")):  # noqa: ASYNC110 - another's state
        await asyncio.sleep(0)
    return running[0]


def belongings(world: World) -> object:
    """Everything of alice's that a route could have changed."""
    store, alice = world.house.store, world.account_id("alice")
    vals = store.vals(alice)
    tokens = sorted((token.id, token.name, sorted(token.scopes)) for token in store.tokens(alice))
    running = world.house.underway.of("alice")
    return vals, [store.versions(val.id) for val in vals], tokens, store.secret("alice", "apiKey"), running


async def knock(
    world: World, route: Route, ids: dict[str, str], *, by: str | None = None, token: str | None = None
) -> int:
    door = DOORS[key(route)]
    path = route.path.format(**({"id": ids[route.writes]} | door.parts))
    got = await world.call(route.method, path, by=by, token=token, body=door.body)
    return got.status


def test_every_door_is_in_the_table() -> None:
    assert set(DOORS) == {key(route) for route in WRITING}


def test_every_route_that_is_not_safe_says_what_it_writes_or_that_it_runs_code() -> None:
    silent = [route for route in ROUTES if route.method not in SAFE and route.writes is Writes.NOTHING]
    assert all(route.runs_code or route.access is Access.OPEN for route in silent)


def test_every_route_that_writes_needs_a_token_with_a_scope() -> None:
    assert all(route.access is Access.ACCOUNT and route.scope is not None for route in WRITING)


def test_no_safe_route_writes() -> None:
    assert not [route for route in WRITING if route.method in SAFE]


@pytest.mark.parametrize("privacy", [Privacy.PRIVATE, Privacy.PUBLIC])
@pytest.mark.parametrize("route", WRITING, ids=title)
async def test_only_the_owner_writes(world: World, route: Route, privacy: Privacy) -> None:
    ids = await furnish(world, privacy)
    revoked = await world.token_for("alice", *ALL_SCOPES)
    assert await world.house.store.revoke_token(
        world.account_id("alice"),
        next(t.id for t in world.house.store.tokens(world.account_id("alice")) if t.name == "some"),
    )
    narrow = await world.token_for("alice", *(ALL_SCOPES - {route.scope, Scope.EVAL}))
    before, door = belongings(world), DOORS[key(route)]
    assert await knock(world, route, ids) == 401
    assert await knock(world, route, ids, token=revoked) == 401
    assert await knock(world, route, ids, token=narrow) == 401
    assert await knock(world, route, ids, token="vg_wrong") == 401
    assert await knock(world, route, ids, by="bob") == door.other
    assert belongings(world) == before
    assert await knock(world, route, ids, by="alice") == door.owner
    assert belongings(world) != before
    for running in world.house.underway.of("alice"):
        assert world.house.underway.stop(running, "alice")
    await world.house.store.flush()
