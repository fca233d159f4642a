"""The SDK that Val Town published, run as it is, with the base address changed and nothing else.

The oldest that can still be had, version 2, speaks the routes of 2023 for accounts and search, and later ones beside.
Nothing of it is committed but its name, version and hash; the first run fetches it into an ignored folder.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from host_api.settings import Settings
from host_api.store.model import Privacy
from tests.contract.shape import Shape, insist
from tests.contract.shapes import BASE_VAL, OWN_THROWN, PROBLEM, PROBLEM_OF_CODE, USER
from tests.http.conftest import World, open_world

HERE = Path(__file__).resolve().parent
PACKAGES = HERE / "node_modules"

pytestmark = pytest.mark.asyncio(loop_scope="module")


def fetch_packages() -> None:
    """Install what the lock pins, by its hashes, running none of its scripts; nothing to do if that is there."""
    lock, kept = HERE / "package-lock.json", PACKAGES / ".lock"
    with lock.open("rb") as pinned:
        # Of tests that run beside one another, one fetches and the others wait.
        fcntl.flock(pinned, fcntl.LOCK_EX)
        if kept.exists() and kept.read_bytes() == pinned.read():
            return
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HERE, check=True, timeout=300)
        shutil.copy(lock, kept)


async def drive(world: World) -> dict[str, dict[str, Any]]:
    """Let the SDK make all its calls; what each gave, by its name in drive.mjs."""
    asked = {
        "address": world.address,
        "token": world.tokens["alice"],
        "user": world.account_id("alice"),
        "query": "walked",
        "packages": str(PACKAGES),
    }
    node = await asyncio.create_subprocess_exec(
        "node", HERE / "drive.mjs", json.dumps(asked), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await node.communicate()
    assert node.returncode == 0
    given: dict[str, dict[str, Any]] = json.loads(out)
    return given


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def given(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, dict[str, Any]]]:
    fetch_packages()
    async with open_world(replace(Settings(), db=str(tmp_path_factory.mktemp("sdk") / "test.db"))) as world:
        await world.val("alice", "export const double = (x) => x * 2;", Privacy.PUBLIC)
        for number in range(5):
            await world.val("alice", f"export const walked{number} = {number};", Privacy.PUBLIC)
        yield await drive(world)


@pytest.mark.parametrize("call", ["me", "user", "alias"])
async def test_an_account_is_the_user_that_the_sdk_types(given: dict[str, dict[str, Any]], call: str) -> None:
    insist(given[call]["value"], USER)
    assert given[call]["value"]["username"] == "@alice"


async def test_a_page_of_the_search_is_read_from_data(given: dict[str, dict[str, Any]]) -> None:
    insist(given["search"]["value"], [BASE_VAL])
    assert len(given["search"]["value"]) == 2


async def test_the_sdk_walks_the_whole_list_by_the_links_to_the_next_page(given: dict[str, dict[str, Any]]) -> None:
    names = [val["name"] for val in given["walk"]["value"]]
    assert sorted(names) == [f"walked{number}" for number in range(5)]


@pytest.mark.parametrize(("call", "value"), [("get", 2), ("post", 43), ("run", 42)])
async def test_code_runs_through_the_sdks_own_verbs(given: dict[str, dict[str, Any]], call: str, value: int) -> None:
    assert given[call] == {"value": value}


@pytest.mark.parametrize(
    ("call", "error", "status", "body"),
    [
        ("wrong", "AuthenticationError", 401, PROBLEM),
        ("noUser", "NotFoundError", 404, PROBLEM),
        ("noAlias", "NotFoundError", 404, PROBLEM),
        ("missing", "NotFoundError", 404, PROBLEM),
        ("unreadable", "BadRequestError", 400, PROBLEM_OF_CODE),
        ("throws", "InternalServerError", 502, None),
        ("blobs", "InternalServerError", 501, PROBLEM),
        ("blob", "InternalServerError", 501, PROBLEM),
        ("store", "InternalServerError", 501, PROBLEM),
        ("forget", "InternalServerError", 501, PROBLEM),
        ("execute", "InternalServerError", 501, PROBLEM),
        ("batch", "InternalServerError", 501, PROBLEM),
        ("email", "NotFoundError", 404, PROBLEM),
    ],
)
async def test_a_refusal_is_the_error_that_the_sdk_has_for_it(
    given: dict[str, dict[str, Any]], call: str, error: str, status: int, body: Shape
) -> None:
    got = given[call]
    assert (got.get("error"), got.get("status")) == (error, status), got
    if body is not None:
        insist(got["body"], body)


async def test_the_sdk_shows_the_sentence_of_an_error(given: dict[str, dict[str, Any]]) -> None:
    assert given["throws"]["body"]["error"] == "TypeError: no"
    insist(given["throws"]["body"], OWN_THROWN)
    assert given["throws"]["message"] == "502 no"
