"""`/v1/vals`: shapes, who sees what, and every way to change a val."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

import pytest

from host_api.store.model import Kind, Privacy

if TYPE_CHECKING:
    from tests.http.conftest import World

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
BASE = {"id", "author", "name", "code", "public", "privacy", "version"}
TIMES = {"runStartAt", "runEndAt"}
FULL = BASE | {"logs", "error", "readme", "likeCount", "referenceCount"}
LOUD = "console.log('hello'); export let loud = {b: 1, a: [undefined, 1.5]};"


async def test_a_new_val_is_told_whole_to_its_owner(world: World) -> None:
    got = await world.call("POST", "/v1/vals", by="alice", body={"code": LOUD})
    val = got.insist(200)
    assert set(val) == FULL | TIMES | {"output"}
    assert str(uuid.UUID(val["id"])) == val["id"]
    assert val["author"] == {"id": world.account_id("alice"), "username": "@alice"}
    assert (val["name"], val["code"], val["version"]) == ("loud", LOUD, 0)
    assert (val["public"], val["privacy"], val["error"], val["readme"]) == (False, "private", None, None)
    assert all(TIME.fullmatch(val[name]) for name in TIMES)
    assert len(val["logs"]) == 1
    assert val["output"] == {"type": "object", "value": {"b": 1, "a": [None, 1.5]}}
    assert (await world.call("GET", f"/v1/vals/{val['id']}", by="alice")).body == got.body


async def test_name_privacy_and_readme_may_be_given(world: World) -> None:
    body = {"code": "1", "name": "one", "privacy": "public", "readme": "# One"}
    val = (await world.call("POST", "/v1/vals", by="alice", body=body)).insist(200)
    assert {name: val[name] for name in body} == body
    assert val["public"] is True


async def test_null_is_as_good_as_absent(world: World) -> None:
    body = {"code": "export let x = 1", "name": None, "privacy": None, "readme": None}
    val = (await world.call("POST", "/v1/vals", by="alice", body=body)).insist(200)
    assert (val["name"], val["privacy"], val["readme"]) == ("x", "private", None)


@pytest.mark.parametrize(
    "kind", ["text/plain", "text/javascript", "application/javascript", "text/typescript", "text/plain; charset=utf-8"]
)
async def test_a_raw_body_is_the_code(world: World, kind: str) -> None:
    headers = {"Content-Type": kind}
    got = await world.call("POST", "/v1/vals", by="alice", body=b"export let raw: number = 1", headers=headers)
    assert got.insist(200)["code"] == "export let raw: number = 1"


async def test_the_json_that_a_browser_calls_text_is_json(world: World) -> None:
    body = {"code": "export let x = 1", "privacy": "public"}
    headers = {"Content-Type": "text/plain;charset=UTF-8"}
    val = (await world.call("POST", "/v1/vals", by="alice", body=body, headers=headers)).insist(200)
    assert (val["code"], val["privacy"]) == (body["code"], "public")
    raw = await world.call("POST", "/v1/vals", by="alice", body=b'{"other": 1}', headers=headers)
    assert raw.insist(200)["code"] == '{"other": 1}'


@pytest.mark.parametrize("kind", ["application/json", "application/octet-stream", "application/x-www-form-urlencoded"])
async def test_any_other_body_is_json(world: World, kind: str) -> None:
    headers = {"Content-Type": kind}
    assert (await world.call("POST", "/v1/vals", by="alice", body={"code": "1"}, headers=headers)).insist(200)
    (await world.call("POST", "/v1/vals", by="alice", body=b"export let raw = 1", headers=headers)).insist(400)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": 1},
        {"code": None},
        [],
        "text",
        {"code": "1", "privacy": "secret"},
        {"code": "1", "privacy": 1},
        {"code": "1", "name": "not a name"},
        {"code": "1", "name": "me"},
        {"code": "1", "readme": "\ud800"},
        {"code": "let ="},
        b"",
        b"{",
        b'{"code": "\xff"}',
    ],
)
async def test_what_cannot_be_saved_is_a_400_and_leaves_nothing(world: World, body: object) -> None:
    (await world.call("POST", "/v1/vals", by="alice", body=body)).insist(400)
    assert world.house.store.vals(world.account_id("alice")) == []


async def test_a_save_that_throws_keeps_the_version_and_its_error(world: World) -> None:
    val = (await world.call("POST", "/v1/vals", by="alice", body={"code": "throw new TypeError('no')"})).insist(200)
    assert (val["error"]["name"], val["error"]["message"]) == ("TypeError", "no")
    assert val["output"]["type"] == "undefined"


async def test_a_code_val_has_a_type_and_no_value(world: World) -> None:
    val = (await world.call("POST", "/v1/vals", by="alice", body={"code": "export const f = () => 1"})).insist(200)
    assert val["output"] == {"type": "function"}


@pytest.mark.parametrize("privacy", ["public", "unlisted"])
@pytest.mark.parametrize("by", ["bob", None])
async def test_to_others_a_val_says_nothing_of_how_it_came_about(world: World, by: str | None, privacy: str) -> None:
    body = {"code": LOUD, "privacy": privacy, "readme": "r"}
    made = (await world.call("POST", "/v1/vals", by="alice", body=body)).insist(200)
    seen = (await world.call("GET", f"/v1/vals/{made['id']}", by=by)).insist(200)
    assert seen == {name: value for name, value in made.items() if name not in TIMES} | {"logs": []}


async def test_to_others_a_code_val_has_no_output_and_no_error(world: World) -> None:
    body = {"code": "export const f = () => 1", "privacy": "public"}
    made = (await world.call("POST", "/v1/vals", by="alice", body=body)).insist(200)
    assert set((await world.call("GET", f"/v1/vals/{made['id']}")).insist(200)) == FULL


async def test_what_a_save_threw_is_its_owners_to_read(world: World) -> None:
    body = {"code": "throw new TypeError('no')", "name": "broken", "privacy": "public"}
    made = (await world.call("POST", "/v1/vals", by="alice", body=body)).insist(200)
    assert made["error"]["name"] == "TypeError"
    assert (await world.call("GET", f"/v1/vals/{made['id']}", by="bob")).insist(200)["error"] is None
    listed = (await world.call("GET", f"/v1/vals/{made['id']}/versions", by="bob")).insist(200)["data"]
    assert [line["error"] for line in listed] == [None]


async def test_others_private_vals_and_none_are_one_answer(world: World) -> None:
    hidden = (await world.val("alice", "export let hidden = 1")).id
    shown = (await world.val("alice", "export let shown = 1", Privacy.PUBLIC)).id
    got = [
        await world.call(method, f"/v1/vals/{val_id}", by="bob", body={"name": "mine"} if method == "PUT" else None)
        for val_id in (hidden, str(uuid.uuid4()), "x", "%00", "1'--")
        for method in ("GET", "PUT", "DELETE")
    ]
    got += [await world.call(method, f"/v1/vals/{shown}", by="bob", body={}) for method in ("PUT", "DELETE")]
    assert {answer.status for answer in got} == {404}
    assert len({answer.body for answer in got}) == 1
    assert (await world.call("GET", f"/v1/vals/{hidden}")).insist(404)


async def test_put_changes_what_is_given_and_nothing_else(world: World) -> None:
    body = {"code": "export let x = 1", "readme": "r"}
    made = (await world.call("POST", "/v1/vals", by="alice", body=body)).insist(200)
    path = f"/v1/vals/{made['id']}"
    assert (await world.call("PUT", path, by="alice", body={})).insist(200) == made
    public = (await world.call("PUT", path, by="alice", body={"privacy": "public"})).insist(200)
    assert public == made | {"privacy": "public", "public": True}
    assert (await world.call("PUT", path, by="alice", body={"readme": None})).insist(200) == public | {"readme": None}
    renamed = (await world.call("PUT", path, by="alice", body={"name": "y"})).insist(200)
    assert (renamed["name"], renamed["id"]) == ("y", made["id"])


async def test_new_code_is_a_new_version(world: World) -> None:
    made = await world.val("alice", "export let x = 1")
    body = {"code": "export let x = 2", "privacy": "unlisted"}
    val = (await world.call("PUT", f"/v1/vals/{made.id}", by="alice", body=body)).insist(200)
    assert (val["version"], val["output"]["value"], val["privacy"], val["id"]) == (1, 2, "unlisted", made.id)


async def test_new_code_and_no_readme_any_more(world: World) -> None:
    made = (await world.call("POST", "/v1/vals", by="alice", body={"code": "export let x = 1", "readme": "r"})).insist(
        200
    )
    body = {"code": "export let x = 2", "readme": None}
    val = (await world.call("PUT", f"/v1/vals/{made['id']}", by="alice", body=body)).insist(200)
    assert (val["version"], val["readme"], val["code"]) == (1, None, body["code"])


async def test_raw_code_that_is_no_text_is_a_400(world: World) -> None:
    headers = {"Content-Type": "text/javascript"}
    told = (await world.call("POST", "/v1/vals", by="alice", body=b"'\xff'", headers=headers)).insist(400)
    assert "at byte 1" in told["error"]


async def test_a_deleted_val_is_gone_and_its_number_stays_used(world: World) -> None:
    made = await world.val("alice", "export let x = 1")
    assert (await world.call("DELETE", f"/v1/vals/{made.id}", by="alice")).status == 204
    (await world.call("GET", f"/v1/vals/{made.id}", by="alice")).insist(404)
    (await world.call("DELETE", f"/v1/vals/{made.id}", by="alice")).insist(404)
    assert (await world.call("POST", "/v1/vals", by="alice", body={"code": "export let x = 1"})).insist(200)[
        "version"
    ] == 1


async def test_versions_are_added_listed_shown_and_deleted(world: World) -> None:
    made = await world.val("alice", "export let x = 0")
    path = f"/v1/vals/{made.id}/versions"
    added = (await world.call("POST", path, by="alice", body={"code": "export let x = 1"})).insist(201)
    assert (added["version"], set(added)) == (1, FULL | TIMES | {"output"})
    listed = (await world.call("GET", path, by="alice")).insist(200)["data"]
    assert [(line["version"], line["code"]) for line in listed] == [(1, "export let x = 1"), (0, "export let x = 0")]
    assert (await world.call("GET", f"{path}/0", by="alice")).insist(200)["output"]["value"] == 0
    assert (await world.call("DELETE", f"{path}/0", by="alice")).status == 204
    (await world.call("GET", f"{path}/0", by="alice")).insist(404)
    (await world.call("DELETE", f"{path}/1", by="alice")).insist(409)


async def test_others_see_the_versions_since_it_became_theirs_to_see(world: World) -> None:
    made = await world.val("alice", "export let x = 'first'")
    await world.house.save(owner="alice", code="export let x = 'second'", val_id=made.id)
    await world.house.store.update_val(made.id, privacy=Privacy.PUBLIC)
    await world.house.save(owner="alice", code="export let x = 'third'", val_id=made.id)
    path = f"/v1/vals/{made.id}/versions"
    whole = (await world.call("GET", path, by="alice")).insist(200)["data"]
    seen = (await world.call("GET", path, by="bob")).insist(200)["data"]
    assert [line["version"] for line in whole] == [2, 1, 0]
    assert seen == [
        {"valID": made.id, "version": line["version"], "code": line["code"], "error": None} for line in whole[:2]
    ]
    assert [(await world.call("GET", f"{path}/{number}", by="bob")).status for number in range(3)] == [404, 200, 200]
    assert [(await world.call("GET", f"{path}/{number}", by="alice")).status for number in range(3)] == [200] * 3


@pytest.mark.parametrize("number", ["9", "-1", "x", "99999999999999999999", "1e0", "%D9%A1"])
async def test_a_version_that_is_not_there_is_not_found(world: World, number: str) -> None:
    made = await world.val("alice", "export let x = 0")
    for method in ("GET", "DELETE"):
        (await world.call(method, f"/v1/vals/{made.id}/versions/{number}", by="alice")).insist(404)


async def test_a_stored_value_that_is_no_json_says_nothing_outside_itself(world: World) -> None:
    lie = b'1},"author":{"username":"@alice"'
    val = await world.house.store.write_val(
        "bob", "lie", code="1", kind=Kind.DATA, json=lie, type="number", privacy=Privacy.PUBLIC
    )
    seen = (await world.call("GET", f"/v1/vals/{val.id}")).insist(200)
    assert (seen["output"], seen["author"]["username"]) == ({"type": "number", "value": None}, "@bob")
