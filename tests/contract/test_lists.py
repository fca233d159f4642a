"""Lists: `offset` and `limit`, and links that lead through a whole list, forwards and back."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio

from host_api.store.model import Privacy, Scope
from tests.contract.conftest import Town
from tests.contract.shape import anything, insist
from tests.contract.shapes import PROBLEM, listed
from tests.http.conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

MANY = 7
LISTS = (
    "/v1/users/{user}/vals",
    "/v1/search/vals?query=listed",
    "/v1/vals/{listed0}/versions",
    "/v1/vals/{listed0}/runs",
    "/v1/me/runs",
    "/v1/me/secrets",
    "/v1/me/tokens",
    "/v1/me/likes",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def full(town: Town) -> None:
    """More than a page of everything that is listed."""
    world, account = town.world, town.world.account_id("alice")
    for number in range(MANY):
        val = await world.val("alice", f"export const listed{number} = () => {number};", Privacy.PUBLIC)
        town.vals[val.name] = val
        await world.house.store.put_secret("alice", f"listed{number}", "value")
        await world.house.store.add_token(account, "listed", frozenset({Scope.RUN}))
    first = town.vals["listed0"].id
    for number in range(MANY):
        code = {"code": f"export const listed0 = () => {number + 10}"}
        (await world.call("POST", f"/v1/vals/{first}/versions", by="alice", body=code)).insist(201)
        (await world.call("GET", "/v1/run/alice.listed0", by="alice")).insist(200)


async def page(world: World, address: str) -> dict[str, Any]:
    """Follow an address as it was given: it must be absolute and of this server."""
    assert address.startswith(f"{world.address}/v1/")
    found: dict[str, Any] = (await world.call("GET", address.removeprefix(world.address), by="alice")).insist(200)
    insist(found, listed(anything))
    return found


def with_query(path: str, query: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}{query}"


async def walk(world: World, path: str, limit: int) -> list[dict[str, Any]]:
    """Every page from the first to the last, by the links."""
    pages = [await page(world, world.address + with_query(path, f"limit={limit}"))]
    while "next" in pages[-1]["links"]:
        pages.append(await page(world, pages[-1]["links"]["next"]))
    return pages


@pytest.mark.parametrize("path", [path for path in LISTS if path not in {"/v1/me/runs", "/v1/me/likes"}])
@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_next_leads_through_the_whole_list_and_each_item_comes_once(town: Town, path: str, limit: int) -> None:
    pages = await walk(town.world, town.fill(path), limit)
    whole = (await page(town.world, town.world.address + with_query(town.fill(path), "limit=100")))["data"]
    assert [item for one in pages for item in one["data"]] == whole
    assert len(whole) >= MANY
    assert {len(one["data"]) for one in pages[:-1]} <= {limit}
    assert 0 < len(pages[-1]["data"]) <= limit


@pytest.mark.parametrize("path", [path for path in LISTS if path not in {"/v1/me/runs", "/v1/me/likes"}])
async def test_prev_leads_back_to_the_first_page(town: Town, path: str) -> None:
    forwards = await walk(town.world, town.fill(path), 2)
    back = [forwards[-1]]
    while "prev" in back[-1]["links"]:
        back.append(await page(town.world, back[-1]["links"]["prev"]))
    assert [one["data"] for one in back[::-1]] == [one["data"] for one in forwards]
    assert "prev" not in forwards[0]["links"]


@pytest.mark.parametrize("path", [path for path in LISTS if path != "/v1/me/runs"])
async def test_self_leads_to_the_same_page(town: Town, path: str) -> None:
    first = await page(town.world, town.world.address + with_query(town.fill(path), "offset=1&limit=2"))
    assert await page(town.world, first["links"]["self"]) == first


@pytest.mark.parametrize("path", LISTS)
async def test_the_default_is_twenty_from_the_first(town: Town, path: str) -> None:
    found = await page(town.world, town.world.address + town.fill(path))
    said = parse_qs(urlsplit(found["links"]["self"]).query)
    assert len(found["data"]) <= 20
    assert (said.get("offset", ["0"]), said.get("limit", ["20"])) == (["0"], ["20"])


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=-1", "limit=x", "offset=-1", "offset=x", "limit=1.5"])
async def test_what_is_no_page_is_a_400(town: Town, path: str, query: str) -> None:
    got = await town.world.call("GET", with_query(town.fill(path), query), by="alice")
    insist(got.insist(400), PROBLEM)


@pytest.mark.parametrize("path", LISTS)
async def test_beyond_the_end_is_an_empty_page_with_a_way_back(town: Town, path: str) -> None:
    found = await page(town.world, town.world.address + with_query(town.fill(path), "offset=10000&limit=5"))
    assert found["data"] == []
    assert "next" not in found["links"]
    assert "prev" in found["links"]


async def test_filters_stay_in_the_links(town: Town) -> None:
    for path in ("/v1/search/vals?query=listed", "/v1/me/runs?source=api&source=ui&error=false"):
        found = await page(town.world, town.world.address + with_query(path, "limit=1"))
        asked, said = parse_qs(urlsplit(path).query), parse_qs(urlsplit(found["links"]["next"]).query)
        assert {key: said[key] for key in asked} == asked


async def test_links_name_the_host_that_was_asked_for(town: Town) -> None:
    got = await town.world.call("GET", "/v1/me/secrets?limit=1", by="alice", headers={"Host": "api.example:8080"})
    for address in got.insist(200)["links"].values():
        assert address.startswith("http://api.example:8080/v1/me/secrets?")


async def test_an_offset_need_not_be_whole_pages(town: Town) -> None:
    path = town.fill("/v1/users/{user}/vals")
    whole = (await page(town.world, f"{town.world.address}{path}?limit=100"))["data"]
    part = await page(town.world, f"{town.world.address}{path}?offset=1&limit=3")
    assert part["data"] == whole[1:4]
    assert parse_qs(urlsplit(part["links"]["prev"]).query)["offset"] == ["0"]
