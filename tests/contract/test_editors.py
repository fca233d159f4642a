"""Clients of 2023 that cannot be had as a package, by what they send and which fields they read.

Taken from their published sources: the extension for VS Code (October and December 2023), the command line `vt` (August
2023), the extension for Raycast (October 2023), an OpenAPI client with schemas (July 2023), and what pages and programs
fetched. Nothing of their code is here: requests and fields only.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio

from host_api.store.model import Privacy
from tests.contract.conftest import Town
from tests.contract.shape import Shape, anything, faults, matching, uuid
from tests.http.conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = {"Content-Type": "application/json"}
DATETIME = matching(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
"""What a schema for dates of 2023 takes."""

_AUTHOR: dict[str, Shape] = {"id": uuid, "username": str}
_VAL: dict[str, Shape] = {
    "id": uuid,
    "author": _AUTHOR,
    "name": str,
    "code": str,
    "public": bool,
    "version": int,
    "runStartAt": DATETIME,
    "runEndAt": DATETIME,
}
TYPED: dict[str, dict[str, Shape]] = {
    "user": {**_AUTHOR, "bio": (str, None), "profileImageUrl": (str, None)},
    "val": _VAL,
    "full val": _VAL
    | {
        "logs": list,
        "output": {"type": str, "value?": anything},
        "error": (dict, None),
        "readme": (str, None),
        "likeCount": int,
        "referenceCount": int,
    },
    "run": {
        "id": uuid,
        "error": (dict, None),
        "runEndAt": DATETIME,
        "runStartAt": DATETIME,
        "author": _AUTHOR,
        "name": str,
        "version": int,
    },
}
"""What the schemas of the OpenAPI client ask of an answer. Surplus fields they take away, as schemas did."""


def typed(value: Any, schema: str) -> None:  # noqa: ANN401 - whatever came
    """Read an answer as that client: what it does not know is left out, what it needs must be there."""
    known = {name.removesuffix("?") for name in TYPED[schema]}
    found = list(faults({key: item for key, item in value.items() if key in known}, TYPED[schema]))
    assert found == []


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def many(town: Town) -> None:
    for number in range(101):
        await town.world.house.save(owner="bob", code=f"export let v{number} = {number}", privacy=Privacy.PRIVATE)


async def walk(world: World, address: str, by: str) -> list[dict[str, Any]]:
    """As editors do: take `data`, follow `links.next` as it is, until there is none."""
    found: list[dict[str, Any]] = []
    while True:
        page = (await world.call("GET", address.removeprefix(world.address), by=by)).insist(200)
        found += page["data"]
        if "next" not in page["links"]:
            return found
        address = page["links"]["next"]


async def test_an_editor_opens_its_tree_of_vals(world: World) -> None:
    me = (await world.call("GET", "/v1/me", by="bob")).insist(200)
    vals = await walk(world, f"{world.address}/v1/users/{me['id']}/vals?limit=100", "bob")
    assert len({val["id"] for val in vals}) == len(vals) == 101
    for val in vals:
        assert val["privacy"] in {"public", "unlisted", "private"}
        assert val["author"]["id"] == me["id"]
        assert val["author"]["username"].startswith("@")
        typed(val, "val")
    assert await walk(world, f"{world.address}/v1/me/likes?limit=100", "bob") == []


@pytest.mark.parametrize("path", ["/v1/me/", "/v1/me/runs/?limit=3", "/v1/search/vals/?query=x"])
async def test_an_address_with_a_slash_too_many_leads_to_the_one_that_is_meant(world: World, path: str) -> None:
    got = await world.call("GET", path, by="alice")
    assert (got.status, got.headers["Location"]) == (308, path.replace("/?", "?").removesuffix("/"))
    async with world.session.get(
        world.address + path, headers={"Authorization": f"Bearer {world.tokens['alice']}"}
    ) as followed:
        assert followed.status == 200


@pytest.mark.parametrize(
    "path",
    ["/nowhere/", "/", "//", "//evil.example/", "/v1/me//", "/v1/", "/docs/", "//v1/me/", "/\\evil.example/v1/me/"],
)
async def test_and_nowhere_else(world: World, path: str) -> None:
    assert (await world.call("GET", path, by="alice")).status == 404


async def test_an_editor_makes_writes_compares_and_deletes_a_val(world: World) -> None:
    code = "export async function untitled_a1b2c3d4() {\n\n};"
    val = (await world.call("POST", "/v1/vals", by="alice", body={"code": code}, headers=JSON)).insist(200)
    assert (val["name"], val["privacy"]) == ("untitled_a1b2c3d4", "private")
    path = f"/v1/vals/{val['id']}"
    for number in (1, 2):
        body = {"code": code.replace("\n\n", f"\n  return {number}\n")}
        assert (await world.call("POST", f"{path}/versions", by="alice", body=body, headers=JSON)).status in range(
            200, 300
        )
    versions = await walk(world, f"{world.address}{path}/versions?limit=100", "alice")
    # The first is the newest, and left out: the others may be picked.
    assert [version["version"] for version in versions[1:]] == [1, 0]
    for version in versions:
        assert version["valID"] == val["id"]
        assert version["runStartAt"] <= version["runEndAt"]
    old = (await world.call("GET", f"{path}/versions/1", by="alice")).insist(200)
    assert (old["id"], old["code"], old["author"]["username"]) == (
        val["id"],
        code.replace("\n\n", "\n  return 1\n"),
        "@alice",
    )
    assert old["readme"] is None
    assert (await world.call("DELETE", path, by="alice")).status in range(200, 300)


async def test_an_editor_makes_a_val_of_a_template_or_of_a_new_line(world: World) -> None:
    template = (
        "export default async function (req: Request): Promise<Response> {\n  return Response.json({ ok: true })\n}"
    )
    for code in ("\n", template):
        body = {"code": code, "privacy": "private"}
        val = (await world.call("POST", "/v1/vals", by="alice", body=body, headers=JSON)).insist(200)
        assert (val["error"], val["code"]) == (None, code)


@pytest.mark.parametrize("change", [{"name": "renamed"}, {"privacy": "public"}, {"privacy": "unlisted"}])
async def test_an_editor_renames_and_shares_a_val_by_putting_one_field(world: World, change: dict[str, str]) -> None:
    val = (await world.call("POST", "/v1/vals", by="alice", body={"code": "export let draft = 1"})).insist(200)
    kept = {key: val[key] for key in ("id", "code", "version")}
    got = await world.call("PUT", f"/v1/vals/{val['id']}", by="alice", body=change, headers=JSON)
    assert got.status in range(200, 300)
    seen = (await world.call("GET", f"/v1/vals/{val['id']}", by="alice")).insist(200)
    assert {key: seen[key] for key in (*kept, *change)} == kept | change
    (await world.call("DELETE", f"/v1/vals/{val['id']}", by="alice")).insist(204)


async def test_an_editor_resolves_names_with_and_without_an_at(world: World) -> None:
    for spelling in ("alice", "@alice"):
        user = (await world.call("GET", f"/v1/alias/{spelling}", by="bob")).insist(200)
        val = (await world.call("GET", f"/v1/alias/{spelling}/config", by="bob")).insist(200)
        assert val["author"] == {"id": user["id"], "username": user["username"]}
    (await world.call("GET", "/v1/alias/alice/missing", by="bob")).insist(404)


async def test_an_editor_searches_and_follows_the_links(world: World) -> None:
    found = await walk(world, f"{world.address}/v1/search/vals?query={quote('double')}&limit=100", "bob")
    assert "double" in {val["name"] for val in found}


async def test_the_command_line_runs_evals_and_reads_one_value(world: World) -> None:
    run = await world.call("POST", "/v1/run/alice.echo", by="bob", body={"args": ["a", 1, None, {"b": 2}]})
    assert run.insist(200) == ["a", 1, None, {"b": 2}]
    assert (await world.call("POST", "/v1/run/alice.nothing", by="bob", body={"args": []})).insist(200) is None
    assert (await world.call("POST", "/v1/eval", body={"code": "@alice.double(2)"}, headers=JSON)).insist(200) == 4


@pytest.mark.parametrize("endpoint", ["/v1/me", "/v1/me/runs", "/v1/alias/alice"])
async def test_the_command_lines_api_sends_an_empty_body_with_a_get(world: World, endpoint: str) -> None:
    (await world.call("GET", endpoint, by="bob", body=b"")).insist(200)


async def test_the_command_line_reads_the_openapi(world: World) -> None:
    document = (await world.call("GET", "/openapi.json")).insist(200)
    assert document["openapi"].startswith("3.1")
    assert {"get", "put", "delete"} <= document["paths"]["/v1/vals/{id}"].keys()
    assert "/v1/eval" in document["paths"]


async def test_a_launcher_asks_for_me_likes_vals_and_search(town: Town) -> None:
    me = (await town.world.call("GET", "/v1/me", by="alice")).insist(200)
    typed(me, "user")
    for path in (
        f"/v1/users/{me['id']}/vals?limit=100",
        "/v1/me/likes?limit=100",
        "/v1/search/vals?limit=100&query=double",
    ):
        assert isinstance((await town.world.call("GET", path, by="alice")).insist(200)["data"], list)
    body = json.dumps({"args": [3]}).encode()
    assert (await town.world.call("POST", "/v1/run/alice.double", by="alice", body=body, headers=JSON)).insist(200) == 6
    # What it cannot do is an error that it shows.
    assert (await town.world.call("GET", "/v1/me/references?limit=100", by="alice")).status == 404


async def test_a_launcher_with_a_wrong_token_falls_back_to_searching(world: World) -> None:
    (await world.call("GET", "/v1/me", headers={"Authorization": "Bearer undefined"})).insist(401)


async def test_a_client_with_schemas_reads_ones_own_things(town: Town) -> None:
    world = town.world
    typed((await world.call("GET", "/v1/me", by="alice")).insist(200), "user")
    typed((await world.call("GET", town.fill("/v1/users/{user}"))).insist(200), "user")
    typed((await world.call("GET", town.fill("/v1/vals/{hidden}"), by="alice")).insist(200), "full val")
    typed((await world.call("GET", "/v1/alias/alice/config", by="alice")).insist(200), "full val")
    (await world.call("POST", "/v1/run/alice.double", by="alice")).insist(200)
    for run in (await world.call("GET", town.fill("/v1/vals/{double}/runs"), by="alice")).insist(200)["data"]:
        typed(run, "run")
    for val in (await world.call("GET", town.fill("/v1/users/{user}/vals"), by="alice")).insist(200)["data"]:
        typed(val, "val")


@pytest.mark.parametrize(
    ("address", "data"),
    [
        ("/eval/@alice.double(21)", 42),
        (
            '/eval/@alice.echo("221095018334824693851","a call from +1 555")',
            ["221095018334824693851", "a call from +1 555"],
        ),
        ("/eval/@alice.echo?ips=10.0.0.1,%2010.0.0.2", [{"ips": "10.0.0.1, 10.0.0.2"}]),
        ("/eval/@alice.echo?query=((key:value)%20OR%20(a:b))", [{"query": "((key:value) OR (a:b))"}]),
        (
            '/eval/@alice.echo({"user_id":"u","timestamp":"2023-05-01T00:00:00.000Z"})',
            [{"user_id": "u", "timestamp": "2023-05-01T00:00:00.000Z"}],
        ),
    ],
)
async def test_what_pages_and_programs_of_early_2023_fetched_reads_as_they_read_it(
    world: World, address: str, data: object
) -> None:
    got = await world.call("GET", quote(address, safe="/@()?&=,:%+"), headers={"Origin": "https://page.example"})
    assert got.insist(200)["data"] == data
    assert got.headers["Access-Control-Allow-Origin"] == "*"


async def test_a_page_posts_its_code_without_a_content_type(world: World) -> None:
    code = "1 + 1"
    for body in ({"code": code}, {"code": code, "args": []}):
        headers = {"Content-Type": "text/plain;charset=UTF-8", "Origin": "https://page.example"}
        assert (await world.call("POST", "/v1/eval", body=body, headers=headers)).insist(200) == 2
