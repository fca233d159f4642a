"""Whose word counts about who asked: the connection's, and that of proxies which the operator named."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from aiohttp.test_utils import make_mocked_request

from host_api.http.proxies import Proxies, site_of
from tests.http.conftest import World, open_world
from tests.http.test_broken_requests import send

if TYPE_CHECKING:
    from host_api.settings import Settings

OURS = Proxies(("10.0.0.0/8", "127.0.0.1/32"))


@pytest.fixture
async def behind(settings: Settings) -> AsyncIterator[World]:
    """A server that takes one request a minute of each, behind a proxy on this machine."""
    async with open_world(replace(settings, proxies=("127.0.0.1/32",), rate=1)) as world:
        yield world


async def test_addresses_that_a_proxy_of_ours_names_are_counted_each_for_itself(behind: World) -> None:
    async def ask(said: str) -> int:
        return (await behind.call("POST", "/v1/eval", body={"code": "1"}, headers={"X-Forwarded-For": said})).status

    assert [await ask(said) for said in ("1.1.1.1", "2.2.2.2", "1.1.1.1", "9.9.9.9, 2.2.2.2")] == [200, 200, 429, 429]


async def test_what_anybody_else_says_of_himself_is_not_believed(settings: Settings) -> None:
    async with open_world(replace(settings, rate=1)) as world:
        statuses = [
            (await world.call("POST", "/v1/eval", body={"code": "1"}, headers={"X-Forwarded-For": said})).status
            for said in ("1.1.1.1", "2.2.2.2")
        ]
        assert statuses == [200, 429]


async def test_links_lead_to_where_the_client_asked(behind: World) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "vals.example", "X-Forwarded-For": "1.1.1.1"}
    got = (await behind.call("GET", "/v1/me/secrets", by="alice", headers=headers)).insist(200)
    assert got["links"]["self"].startswith("https://vals.example/v1/me/secrets?")


async def test_without_such_a_proxy_they_lead_to_where_it_was_asked(world: World) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    got = (await world.call("GET", "/v1/me/secrets", by="alice", headers=headers)).insist(200)
    assert got["links"]["self"].startswith(f"{world.address}/v1/me/secrets?")


async def test_what_a_proxy_hands_on_and_nobody_can_read_is_answered_all_the_same(behind: World) -> None:
    status, told = await send(behind, b"NONSENSE\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n")
    assert (status, told["type"]) == (400, "error")


@pytest.mark.parametrize(
    ("said", "client"),
    [
        ("1.1.1.1", "1.1.1.1"),
        ("6.6.6.6, 1.1.1.1", "1.1.1.1"),
        ("1.1.1.1, 10.1.2.3", "1.1.1.1"),
        ("6.6.6.6, 1.1.1.1, 10.1.2.3, 127.0.0.1", "1.1.1.1"),
        ("10.1.2.3", "10.1.2.3"),
        ("::ffff:1.1.1.1", "1.1.1.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("1.1.1.1, nonsense", "127.0.0.1"),
        ("nonsense, 10.1.2.3", "10.1.2.3"),
        ("", "127.0.0.1"),
        (",,", "127.0.0.1"),
    ],
)
def test_the_client_is_the_last_one_that_is_no_proxy_of_ours(said: str, client: str) -> None:
    assert seen({"X-Forwarded-For": said}) == ("http", "asked.example", client)


@pytest.mark.parametrize(
    ("proto", "host", "expected"),
    [
        ("https", "a.example", ("https", "a.example")),
        ("HTTPS", "a.example:8443", ("https", "a.example:8443")),
        ("http, https", "evil.example, [::1]:80", ("https", "[::1]:80")),
        ("javascript", "a b", ("http", "asked.example")),
        ("", "a/../b", ("http", "asked.example")),
        ("ftp", "user@a.example", ("http", "asked.example")),
    ],
)
def test_a_scheme_and_a_host_are_taken_if_they_are_such(proto: str, host: str, expected: tuple[str, str]) -> None:
    assert seen({"X-Forwarded-Proto": proto, "X-Forwarded-Host": host})[:2] == expected


def seen(headers: dict[str, str]) -> tuple[str, str, str | None]:
    """Return scheme, host and client of a request that came from 127.0.0.1."""
    request = make_mocked_request("GET", "/", {"Host": "asked.example", **headers}).clone(remote="127.0.0.1")
    got = OURS.seen(request)
    return got.scheme, got.host, got.remote


@pytest.mark.parametrize(
    ("remote", "site"),
    [
        ("1.2.3.4", "1.2.3.4"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9%eth0", "2001:db8:1:2::/64"),
        (None, "None"),
        ("nonsense", "None"),
    ],
)
def test_an_address_counts_as_what_a_customer_has(remote: str | None, site: str) -> None:
    assert site_of(remote) == site
