"""The page to try the API: its own scripts and no others, out of a fixed table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from host_api.http.docs import FILES

if TYPE_CHECKING:
    from tests.http.conftest import World


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "%2e%2e",
        "..%2Fengine.wasm",
        "..%2f..%2fbuild.py",
        "%2Fetc%2Fpasswd",
        "index.html%00",
        "NOTICE",
        "start.js/",
    ],
)
async def test_nothing_but_the_table_is_given(world: World, name: str) -> None:
    (await world.call("GET", f"/docs/{name}")).insist(404)


@pytest.mark.parametrize("path", ["/docs", *(f"/docs/{name}" for name in FILES)])
async def test_the_page_may_run_its_own_scripts_and_be_in_nobodys_frame(world: World, path: str) -> None:
    got = await world.call("GET", path)
    assert got.status == 200
    policy = dict(part.strip().split(" ", 1) for part in got.headers["Content-Security-Policy"].split(";"))
    assert (policy["default-src"], policy["script-src"], policy["connect-src"]) == ("'none'", "'self'", "'self'")
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.body


async def test_the_page_has_no_script_of_its_own_in_it_and_loads_what_there_is(world: World) -> None:
    page = (await world.call("GET", "/docs")).body.decode()
    assert all(
        re.fullmatch(r"<script src=\"/docs/[\w.-]+\"></script>", tag) for tag in re.findall(r"<script.*</script>", page)
    )
    assert not re.search(r"\son\w+=|javascript:|<style|https?://", page)
    loaded = set(re.findall(r"/docs/([\w.-]+)", page))
    assert loaded == set(FILES) - {"index.html"}
