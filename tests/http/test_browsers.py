"""What a browser is told: cross-origin requests may read, nothing runs, and no route knows a cookie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from host_api.http.app import ROUTES

if TYPE_CHECKING:
    from tests.http.conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def world(shared_world: World) -> World:
    return shared_world


RUNNING = sorted({route.path.partition("{")[0] for route in ROUTES if route.runs_code})
PREFLIGHT = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}


@pytest.mark.parametrize("path", ["/v1/eval", "/v1/eval/1", "/v1/run/bob.x"])
async def test_preflight_is_answered_on_everything_that_runs_code(world: World, path: str) -> None:
    got = await world.call("OPTIONS", path, headers=PREFLIGHT)
    assert (got.status, got.body) == (204, b"")
    assert got.headers["Access-Control-Allow-Origin"] == "*"
    assert "Authorization" in got.headers["Access-Control-Allow-Headers"]
    assert "POST" in got.headers["Access-Control-Allow-Methods"] or path == "/v1/eval/1"
    assert "Access-Control-Allow-Credentials" not in got.headers


async def test_preflight_of_what_runs_no_code_is_refused(world: World) -> None:
    got = await world.call("OPTIONS", "/v1/me/secrets", headers=PREFLIGHT)
    assert got.status == 405
    assert "Access-Control-Allow-Origin" not in got.headers


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/eval", b"1", 400),
        ("POST", "/v1/eval", b'"1"', 200),
        ("POST", "/v1/eval", b'"throw 1"', 502),
        ("GET", "/v1/eval/1", None, 200),
        ("GET", "/v1/run/bob.nothing", None, 404),
        ("DELETE", "/v1/run/bob.nothing", None, 405),
        ("GET", "/v1/run/", None, 404),
    ],
)
async def test_every_answer_there_is_readable_and_harmless(
    world: World, method: str, path: str, body: bytes | None, status: int
) -> None:
    got = await world.call(method, path, body=body)
    assert got.status == status
    assert got.headers["Access-Control-Allow-Origin"] == "*"
    assert got.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize("path", ["/v1/me", "/v1/vals/x", "/v1/runs/x", "/healthz", "/nothing"])
async def test_everything_else_keeps_to_its_own_origin(world: World, path: str) -> None:
    got = await world.call("GET", path, by="alice")
    assert "Access-Control-Allow-Origin" not in got.headers
    assert got.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("path", "status"), [("/v1/me", 401), ("/v1/me/secrets", 401), ("/v1/eval/1", 200)])
async def test_a_cookie_is_neither_read_nor_set(world: World, path: str, status: int) -> None:
    cookie = {"Cookie": f"token={world.tokens['alice']}; Authorization=Bearer {world.tokens['alice']}"}
    got = await world.call("GET", path, headers=cookie)
    assert got.status == status
    assert "Set-Cookie" not in got.headers


async def test_these_families_run_code() -> None:
    assert RUNNING == ["/eval/", "/express/", "/v1/eval", "/v1/eval/", "/v1/express/", "/v1/run/", "/v1/web/"]


@pytest.mark.parametrize("path", ["/v1/eval/1", "/v1/run/bob.x", "/v1/web/bob.x/worker.js", "/v1/express/bob.x"])
async def test_nothing_that_a_val_answers_is_a_service_worker_here(world: World, path: str) -> None:
    """It would answer for whatever else is below its path; browsers say what they ask for."""
    got = await world.call("GET", path, headers={"Service-Worker": "script"})
    assert got.insist(400)["error"].startswith("No val is a service worker of this origin")
