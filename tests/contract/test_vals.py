"""FullVal and BaseVal, to their owner and to others; saving, changing, versions, forks and references."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.conftest import Town
from tests.contract.shape import Shape, empty, insist
from tests.contract.shapes import (
    BASE_VAL,
    BASE_VAL_OF_ANOTHER,
    CODE_OF_ANOTHER,
    DATA_OF_ANOTHER,
    FORKED,
    FULL_VAL,
    listed,
)
from tests.http.conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

RAW = ("text/plain", "text/javascript", "application/javascript", "text/typescript", "text/plain; charset=utf-8")
SAVED = "POST", "/v1/vals"


async def save(world: World, body: object, by: str = "bob") -> dict[str, Any]:
    val: dict[str, Any] = (await world.call(*SAVED, by=by, body=body)).insist(200)
    insist(val, FULL_VAL)
    return val


@pytest.mark.parametrize(
    ("code", "name", "output"),
    [
        ('let hello = "Hello World";', "hello", {"type": "string", "value": "Hello World"}),
        ("export const one = 1", "one", {"type": "number", "value": 1}),
        ("export let yes = true", "yes", {"type": "boolean", "value": True}),
        ("export const list = [1, undefined]", "list", {"type": "array", "value": [1, None]}),
        ("export let none = null", "none", {"type": "null", "value": None}),
        ("export function f() {}", "f", {"type": "function"}),
        ("export let gone = undefined", "gone", {"type": "undefined"}),
    ],
)
async def test_a_saved_val_tells_its_type_and_value(world: World, code: str, name: str, output: object) -> None:
    val = await save(world, {"code": code})
    assert (val["name"], val["code"], val["output"], val["error"]) == (name, code, output, None)
    assert (val["version"], val["public"], val["privacy"], val["readme"]) == (0, False, "private", None)
    assert val["author"] == {"id": world.account_id("bob"), "username": "@bob"}
    assert val["runStartAt"] <= val["runEndAt"]
    assert (await world.call("GET", f"/v1/vals/{val['id']}", by="bob")).insist(200) == val


async def test_name_privacy_and_readme_may_be_given(world: World) -> None:
    body = {"code": "1", "name": "given", "privacy": "public", "readme": "# Given"}
    val = await save(world, body)
    assert {key: val[key] for key in body} == body
    assert val["public"] is True


@pytest.mark.parametrize(("privacy", "public"), [("public", True), ("unlisted", False), ("private", False)])
async def test_public_is_true_of_public_vals_only(world: World, privacy: str, public: bool) -> None:  # noqa: FBT001
    assert (await save(world, {"code": "1", "privacy": privacy}))["public"] is public


@pytest.mark.parametrize("code", ["1", "\n", "() => 1", "export async function untitled_kd83jx02() {\n\n};"])
async def test_a_val_without_a_name_gets_one(world: World, code: str) -> None:
    assert (await save(world, {"code": code}))["name"].startswith("untitled_")


@pytest.mark.parametrize("kind", RAW)
async def test_a_raw_body_is_the_code(world: World, kind: str) -> None:
    got = await world.call(*SAVED, by="bob", body=b"export let raw: number = 1", headers={"Content-Type": kind})
    insist(got.insist(200), FULL_VAL)
    assert got.json()["code"] == "export let raw: number = 1"


@pytest.mark.parametrize("kind", [None, "application/json", "application/x-www-form-urlencoded"])
async def test_json_is_json_with_any_content_type_or_none(world: World, kind: str | None) -> None:
    headers = {"Content-Type": kind} if kind else {}
    val = (await world.call(*SAVED, by="bob", body={"code": "export let j = 1"}, headers=headers)).insist(200)
    assert val["name"] == "j"


async def test_a_save_that_throws_keeps_the_version_and_says_why(world: World) -> None:
    val = await save(world, {"code": "throw new TypeError('no')"})
    assert (val["version"], val["error"]["name"], val["error"]["message"]) == (0, "TypeError", "no")
    assert val["output"] == {"type": "undefined"}


async def test_what_the_save_printed_is_in_its_logs(world: World) -> None:
    assert len((await save(world, {"code": "console.log('a'); console.log('b'); export let x1 = 1"}))["logs"]) == 2


@pytest.mark.parametrize("by", ["bob", None])
@pytest.mark.parametrize(
    ("name", "shape"), [("config", DATA_OF_ANOTHER), ("double", CODE_OF_ANOTHER), ("quiet", CODE_OF_ANOTHER)]
)
async def test_to_others_a_val_has_no_logs_error_or_times_and_output_only_of_data(
    town: Town, by: str | None, name: str, shape: Shape
) -> None:
    insist((await town.world.call("GET", town.fill(f"/v1/vals/{{{name}}}"), by=by)).insist(200), shape)
    insist((await town.world.call("GET", f"/v1/alias/alice/{name}", by=by)).insist(200), shape)


async def test_to_others_an_error_is_null(world: World) -> None:
    val = await save(world, {"code": "throw new TypeError('no')", "privacy": "public"})
    seen = (await world.call("GET", f"/v1/vals/{val['id']}", by="alice")).insist(200)
    insist(seen, DATA_OF_ANOTHER | {"output": {"type": "undefined"}})


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"name": "renamed"}, {"name": "renamed"}),
        ({"privacy": "public"}, {"privacy": "public", "public": True}),
        ({"privacy": "unlisted"}, {"privacy": "unlisted", "public": False}),
        ({"readme": "# New"}, {"readme": "# New"}),
        ({"readme": None}, {"readme": None}),
        ({}, {}),
    ],
)
async def test_put_changes_what_it_names_and_nothing_else(
    world: World, change: dict[str, object], shown: dict[str, object]
) -> None:
    val = await save(world, {"code": "export let kept = 1", "readme": "# Old"})
    got = await world.call("PUT", f"/v1/vals/{val['id']}", by="bob", body=change)
    assert got.insist(200) == val | shown
    assert (await world.call("GET", f"/v1/vals/{val['id']}", by="bob")).insist(200) == val | shown


@pytest.mark.parametrize("schedule", [{"every": "15m"}, {"cron": "0 12 * * *"}, None])
async def test_put_takes_a_schedule_too(world: World, schedule: object) -> None:
    val = await save(world, {"code": "export const tick = (interval) => interval.id"})
    got = await world.call("PUT", f"/v1/vals/{val['id']}", by="bob", body={"schedule": schedule})
    insist(got.insist(200), FULL_VAL | {"schedule?": (dict, None)})
    (await world.call("DELETE", f"/v1/vals/{val['id']}", by="bob")).insist(204)


async def test_put_with_code_makes_a_version_under_the_same_id_and_name(world: World) -> None:
    val = await save(world, {"code": "export let twice = 1"})
    new = (await world.call("PUT", f"/v1/vals/{val['id']}", by="bob", body={"code": "export let twice = 2"})).insist(
        200
    )
    insist(new, FULL_VAL)
    assert (new["id"], new["name"], new["version"], new["output"]["value"]) == (val["id"], "twice", 1, 2)


async def test_a_new_version_is_a_201_with_the_val(world: World) -> None:
    val = await save(world, {"code": "let hello1 = 'Hello World'"})
    body = {"code": "let hello1 = 'Hello World 2'"}
    new = (await world.call("POST", f"/v1/vals/{val['id']}/versions", by="bob", body=body)).insist(201)
    insist(new, FULL_VAL)
    assert (new["version"], new["output"]["value"]) == (1, "Hello World 2")


@pytest.mark.parametrize("kind", RAW)
async def test_a_new_version_may_be_sent_raw_as_a_new_val_may(world: World, kind: str) -> None:
    val = await save(world, {"code": "let raw1 = 1"})
    path, headers = f"/v1/vals/{val['id']}/versions", {"Content-Type": kind}
    new = (await world.call("POST", path, by="bob", body=b"let raw1 = 2", headers=headers)).insist(201)
    assert new["output"]["value"] == 2


async def test_versions_are_listed_newest_first_and_shown_one_by_one(world: World) -> None:
    val = await save(world, {"code": "export let v = 0"})
    path = f"/v1/vals/{val['id']}/versions"
    for number in (1, 2):
        (await world.call("POST", path, by="bob", body={"code": f"export let v = {number}"})).insist(201)
    found = (await world.call("GET", path, by="bob")).insist(200)
    assert [line["version"] for line in found["data"]] == [2, 1, 0]
    old = (await world.call("GET", f"{path}/0", by="bob")).insist(200)
    insist(old, FULL_VAL)
    assert (old["id"], old["version"], old["code"]) == (val["id"], 0, "export let v = 0")


async def test_a_deleted_version_is_gone_and_its_number_is_not_used_again(world: World) -> None:
    val = await save(world, {"code": "export let w = 0"})
    path = f"/v1/vals/{val['id']}/versions"
    (await world.call("POST", path, by="bob", body={"code": "export let w = 1"})).insist(201)
    assert (await world.call("DELETE", f"{path}/0", by="bob")).body == b""
    (await world.call("GET", f"{path}/0", by="bob")).insist(404)
    assert (await world.call("POST", path, by="bob", body={"code": "export let w = 2"})).insist(201)["version"] == 2


async def test_a_deleted_val_is_gone_from_everywhere(world: World) -> None:
    val = await save(world, {"code": "export const gone1 = () => 1", "privacy": "public"})
    got = await world.call("DELETE", f"/v1/vals/{val['id']}", by="bob")
    assert (got.status, got.body) == (204, b"")
    for path in (f"/v1/vals/{val['id']}", "/v1/run/bob.gone1", "/v1/alias/bob/gone1", f"/v1/vals/{val['id']}/versions"):
        (await world.call("GET", path, by="bob")).insist(404)


async def test_a_fork_is_ones_own_and_says_of_what(town: Town) -> None:
    double = town.vals["double"]
    fork = (await town.world.call("POST", f"/v1/vals/{double.id}/fork", by="bob", body={})).insist(201)
    insist(fork, FULL_VAL | FORKED)
    assert fork["forkedFrom"] == {"id": double.id, "version": 0}
    assert (fork["author"]["username"], fork["code"], fork["privacy"]) == ("@bob", double.code, "private")


async def test_a_fork_needs_no_body(town: Town) -> None:
    (await town.world.call("POST", town.fill("/v1/vals/{echo}/fork"), by="bob")).insist(201)


async def test_references_say_who_names_a_val_and_whom_it_names(town: Town) -> None:
    user = await save(town.world, {"code": "export const quadruple = (x) => @alice.double(x) * 2", "privacy": "public"})
    named = (await town.world.call("GET", town.fill("/v1/vals/{double}/references"), by="alice")).insist(200)
    assert user["id"] in str(named)
    naming = (await town.world.call("GET", f"/v1/vals/{user['id']}/references", by="bob")).insist(200)
    assert town.vals["double"].id in str(naming)
    assert (await town.world.call("GET", "/v1/alias/alice/double", by="alice")).insist(200)["referenceCount"] >= 1


async def test_references_by_private_vals_of_others_are_not_counted(town: Town) -> None:
    path = "/v1/alias/alice/quiet"
    before = (await town.world.call("GET", path, by="alice")).insist(200)["referenceCount"]
    hidden = await save(town.world, {"code": "export const secretly = () => @alice.quiet()"})
    assert (await town.world.call("GET", path, by="alice")).insist(200)["referenceCount"] == before
    listed_ = await town.world.call("GET", town.fill("/v1/vals/{quiet}/references"), by="alice")
    assert hidden["id"] not in str(listed_.insist(200))


@pytest.mark.parametrize(
    ("by", "shape"), [("alice", BASE_VAL), ("bob", BASE_VAL_OF_ANOTHER), (None, BASE_VAL_OF_ANOTHER)]
)
async def test_a_val_in_a_list_is_a_base_val(town: Town, by: str | None, shape: Shape) -> None:
    for path in (town.fill("/v1/users/{user}/vals"), "/v1/search/vals?query=double"):
        found = (await town.world.call("GET", path, by=by)).insist(200)
        mine = [val for val in found["data"] if val["author"]["username"] == "@alice"]
        assert mine
        insist({"data": mine, "links": found["links"]}, listed(shape))


async def test_nobody_sees_anothers_private_val_in_a_list(town: Town) -> None:
    for path in (town.fill("/v1/users/{user}/vals?limit=100"), "/v1/search/vals?query=hidden&limit=100"):
        for by, seen in (("alice", True), ("bob", False), (None, False)):
            found = (await town.world.call("GET", path, by=by)).insist(200)["data"]
            assert ("hidden" in {val["name"] for val in found}) is seen


async def test_the_search_finds_public_vals_and_ones_own_and_no_unlisted_ones_of_others(town: Town) -> None:
    for by, names in (("alice", {"quiet"}), ("bob", set()), (None, set())):
        found = (await town.world.call("GET", "/v1/search/vals?query=quiet", by=by)).insist(200)["data"]
        assert {val["name"] for val in found if val["author"]["username"] == "@alice"} == names


async def test_likes_are_an_empty_list(world: World) -> None:
    found = (await world.call("GET", "/v1/me/likes?limit=100", by="alice")).insist(200)
    insist(found, listed(BASE_VAL) | {"data": empty})
    assert set(found["links"]) == {"self"}
