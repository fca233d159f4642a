"""Every route that changes something, tried by everybody: the router of the made app is walked, so none can be forgotten.

What each door needs stands here a second time, so that a mistake in a declaration is seen.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from host_api.house import Entry
from host_api.http.app import ROUTES, make_app
from host_api.http.route import Access, Writes
from host_api.store.clock import now_ms
from host_api.store.model import ALL_SCOPES, Privacy, Scope

if TYPE_CHECKING:
    from tests.http.conftest import World

SAFE = {"GET", "HEAD", "OPTIONS"}
RUNNING = {"/v1/eval", "/v1/run/{val}", "/v1/express/{val}{rest}", "/v1/web/{val}{rest}", "/express/{val}{rest}"}
"""What only runs code: it changes what that code may change, which is the table's business."""
REFUSING = {"/v1/blob{rest}", "/v1/sqlite{rest}"}
"""What does nothing for anybody."""


@dataclass(frozen=True)
class Door:
    """How to use a route on something of alice's: the scope, the path's parts, a body, and what she and another get."""

    scope: Scope
    body: object = None
    owner: int = 200
    other: int = 404
    others_public: int = 404
    of: Writes = Writes.VAL
    parts: dict[str, str] = field(default_factory=dict)


CODE = {"code": "export let x = 'overwritten'"}
SECRET, TOKEN = Writes.SECRET, Writes.TOKEN
NAMED = {"name": "apiKey"}
DOORS = {
    ("POST", "/v1/vals"): Door(Scope.VAL_WRITE, CODE, other=200, others_public=200),
    ("PUT", "/v1/vals/{id}"): Door(Scope.VAL_WRITE, CODE | {"privacy": "public", "name": "taken"}),
    ("DELETE", "/v1/vals/{id}"): Door(Scope.VAL_WRITE, owner=204),
    ("POST", "/v1/vals/{id}/versions"): Door(Scope.VAL_WRITE, CODE, owner=201),
    ("DELETE", "/v1/vals/{id}/versions/{number}"): Door(Scope.VAL_WRITE, owner=204, parts={"number": "0"}),
    # Who may see it may have one like it; that changes nothing of alice's.
    ("POST", "/v1/vals/{id}/fork"): Door(Scope.VAL_WRITE, {}, owner=201, others_public=201),
    ("PUT", "/v1/me/secrets/{name}"): Door(
        Scope.SECRET_WRITE, {"value": "overwritten"}, owner=204, other=204, others_public=204, of=SECRET, parts=NAMED
    ),
    ("DELETE", "/v1/me/secrets/{name}"): Door(Scope.SECRET_WRITE, owner=204, of=SECRET, parts=NAMED),
    ("POST", "/v1/me/tokens"): Door(Scope.EVAL, {"scopes": ["run"]}, owner=201, other=201, others_public=201, of=TOKEN),
    ("DELETE", "/v1/me/tokens/{id}"): Door(Scope.EVAL, owner=204, of=TOKEN),
    # It tells nobody whether there is another's.
    ("POST", "/v1/vals/{id}/cancel"): Door(Scope.RUN, other=200, others_public=200, of=Writes.RUN),
}
Key = tuple[str, str]


def title(key: Key) -> str:
    return " ".join(key)


async def furnish(world: World, privacy: Privacy) -> dict[Writes, str]:
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


async def revoked_token(world: World) -> str:
    alice = world.account_id("alice")
    token, text = await world.house.store.add_token(alice, "revoked", ALL_SCOPES)
    assert await world.house.store.revoke_token(alice, token.id)
    return text


async def expired_token(world: World) -> str:
    _, text = await world.house.store.add_token(world.account_id("alice"), "expired", ALL_SCOPES, now_ms() - 1)
    return text


async def knock(
    world: World, key: Key, ids: dict[Writes, str], *, by: str | None = None, token: str | None = None
) -> int:
    (method, path), door = key, DOORS[key]
    got = await world.call(
        method, path.format(**({"id": ids[door.of]} | door.parts)), by=by, token=token, body=door.body
    )
    return got.status


async def test_every_door_of_the_router_is_in_the_table(world: World) -> None:
    routed = {
        (route.method, route.resource.canonical)
        for route in make_app(world.house, world.gate).router.routes()
        if route.resource is not None and route.method not in SAFE
    }
    assert {key for key in routed if key[1] not in RUNNING | REFUSING} == set(DOORS)


def test_what_runs_code_and_what_refuses_is_declared_so() -> None:
    for route in ROUTES:
        if route.method not in SAFE and (route.method, route.path) not in DOORS:
            assert route.runs_code or route.access is Access.OPEN, route.path


def test_every_door_is_declared_as_it_is_used() -> None:
    declared = {(route.method, route.path): route for route in ROUTES}
    for key, door in DOORS.items():
        route = declared[key]
        assert (route.access, route.scope, route.writes) == (Access.ACCOUNT, door.scope, door.of), key


def test_no_safe_route_writes() -> None:
    assert not [route for route in ROUTES if route.method in SAFE and route.writes is not Writes.NOTHING]


@pytest.mark.parametrize("privacy", [Privacy.PRIVATE, Privacy.PUBLIC])
@pytest.mark.parametrize("key", DOORS, ids=title)
async def test_only_the_owner_writes(world: World, key: Key, privacy: Privacy) -> None:
    ids, door = await furnish(world, privacy), DOORS[key]
    refused = [
        None,
        "vg_wrong",
        await revoked_token(world),
        await expired_token(world),
        await world.token_for("alice", *(ALL_SCOPES - {door.scope, Scope.EVAL})),
    ]
    before = belongings(world)
    assert [await knock(world, key, ids, token=token) for token in refused] == [401] * len(refused)
    assert await knock(world, key, ids, by="bob") == (door.other if privacy is Privacy.PRIVATE else door.others_public)
    assert belongings(world) == before
    assert await knock(world, key, ids, by="alice") == door.owner
    assert belongings(world) != before
    for running in world.house.underway.of("alice"):
        assert world.house.underway.stop(running, "alice")
    await world.house.store.flush()
