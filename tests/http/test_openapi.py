"""The description of the API is true: of every route, and of every answer that schemathesis can think a request for."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest

from host_api.http import openapi
from host_api.http.app import make_app
from host_api.http.route import ANY_METHOD, Access, Call, Route
from host_api.store.model import Privacy
from tests.http.promises import DESCRIPTION, Told, insist

if TYPE_CHECKING:
    from aiohttp import web

    from tests.http.conftest import World

CONFIG = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = 8
PHASES = ("examples", "coverage", "fuzzing", "stateful")
"""What schemathesis does one after another; each is a test, so that none nears what a test may take, on a busy machine either."""
SECONDS = 170
"""Nobody waits for one longer, and the run is not ended with it; the longest takes some fifteen."""


def described() -> set[tuple[str, str]]:
    return {(method.upper(), path) for path, item in DESCRIPTION["paths"].items() for method in item}


def spread(method: str, canonical: str) -> set[tuple[str, str]]:
    """A route as the router has it, as the description has it: each method of any, and a rest that may be empty twice."""
    methods = [each.upper() for each in openapi.METHODS] if method == ANY_METHOD else [method]
    rest = re.fullmatch(r"(.*[^/])(\{\w+\})", canonical)
    paths = [rest[1], f"{rest[1]}/{rest[2]}"] if rest else [canonical]
    return {(each, path) for each in methods for path in paths}


async def test_what_is_described_is_what_the_router_has(world: World) -> None:
    """All but HEAD, which is beside each GET, and preflights."""
    routed = {
        one
        for route in make_app(world.house, world.gate).router.routes()
        if route.resource is not None
        for one in spread(route.method, route.resource.canonical)
    }
    unsaid = {"HEAD", "OPTIONS"}
    assert {one for one in described() if one[0] not in unsaid} == {one for one in routed if one[0] not in unsaid}


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does() -> None:
    operations = [operation for item in DESCRIPTION["paths"].values() for operation in item.values()]
    assert len({one["operationId"] for one in operations}) == len(operations)
    assert all(one["summary"].endswith(".") and one["tags"] for one in operations)


def test_every_chapter_is_said_what_it_is_and_the_old_one_that_it_is_deprecated() -> None:
    operations = [operation for item in DESCRIPTION["paths"].values() for operation in item.values()]
    assert {tag for one in operations for tag in one["tags"]} == {tag["name"] for tag in DESCRIPTION["tags"]}
    assert {tag for one in operations if one.get("deprecated") for tag in one["tags"]} == {openapi.OLD}


def test_what_is_offered_to_try_is_what_the_body_may_be() -> None:
    operations = [operation for item in DESCRIPTION["paths"].values() for operation in item.values()]
    bodies = [one["requestBody"]["content"]["application/json"] for one in operations if "requestBody" in one]
    offered = [body for body in bodies if "example" in body]
    assert offered
    for body in offered:
        schema = body["schema"] | {"components": DESCRIPTION["components"]}
        assert jsonschema_rs.validator_for(schema).is_valid(body["example"])


def test_every_schema_is_one() -> None:
    for schema in DESCRIPTION["components"]["schemas"].values():
        jsonschema_rs.meta.validate(schema)


async def test_the_description_is_the_servers_own(world: World) -> None:
    got = await world.call("GET", "/openapi.json")
    assert got.insist(200) == DESCRIPTION
    assert (DESCRIPTION["openapi"], DESCRIPTION["info"]["title"]) == ("3.1.0", "Valgate")


async def anything(_: Call) -> web.Response:
    """Do it."""
    raise NotImplementedError


def test_a_route_for_any_method_with_a_rest_is_described_twice_for_each_method() -> None:
    route = Route(ANY_METHOD, "/v1/x/{val}{rest:(/.*)?}", anything, Access.ANYONE, None, runs_code=True)
    paths: dict[str, Any] = openapi.document([route], "1")["paths"]
    assert set(paths) == {"/v1/x/{val}", "/v1/x/{val}/{rest}"}
    assert all(set(item) == set(openapi.METHODS) for item in paths.values())
    assert "default" in paths["/v1/x/{val}"]["get"]["responses"]
    assert [part["name"] for part in paths["/v1/x/{val}/{rest}"]["get"]["parameters"]] == ["val", "rest"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (418, b"{}"),
        (200, b'{"id": 1}'),
        (200, b"[]"),
        (404, b'{"error": "No."}'),
        (401, b'{"type": "error", "error": "No."}'),
    ],
)
def test_an_answer_that_breaks_its_promise_is_noticed(status: int, body: bytes) -> None:
    with pytest.raises(AssertionError):
        insist("GET", "/v1/me", Told(status, "application/json", {}, body))


@pytest.mark.parametrize("phase", PHASES)
async def test_schemathesis_finds_nothing(world: World, phase: str) -> None:
    """No 500, no status that is not declared, no answer that breaks its schema, no bad request that is taken."""
    await world.val("alice", "export const hello = (x) => x;", Privacy.PUBLIC)
    options = f"--seed 1 --generation-deterministic --max-examples {EXAMPLES} --no-color --warnings off --request-timeout 60 --phases {phase}"
    command = (
        *(str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(CONFIG)),
        *("run", f"{world.address}/openapi.json", "--header", f"Authorization: Bearer {world.tokens['alice']}"),
        *options.split(),
    )
    hunt = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=world.house.store.path.parent
    )
    try:
        async with asyncio.timeout(SECONDS):
            said, _ = await hunt.communicate()
    finally:
        if hunt.returncode is None:
            hunt.kill()
    assert hunt.returncode == 0, said.decode()[-6000:]
