"""Each val of this room, driven by a real HTTP client over the path forms and over its own host."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from yarl import URL

from tests.served.cases import Ask, Case, Told
from tests.served.conftest import Street
from tests.served.express_vals import EXPRESS
from tests.served.web_vals import WEB

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONTROL = ("/v1/express/alice.{}", "/v1/web/@alice.{}", "/express/@alice.{}")


async def exchange(street: Street, address: str, ask: Ask, told: Told, host: str | None = None) -> None:
    """Ask, and compare all that must be told."""
    headers = ask.headers | ({"Host": host} if host else {})
    sent = street.world.session.request(
        ask.method,
        URL(f"{street.world.address}{address}", encoded=True),
        data=None if ask.body is None else BytesIO(ask.body),
        headers=headers,
        allow_redirects=False,
    )
    async with sent as got:
        body = await got.read()
        assert got.status == told.status, body[:500]
        wanted = told.headers | (told.on_hosts if host else {})
        for name, value in wanted.items():
            assert_header(name, ", ".join(got.headers.getall(name, [])), value)
        assert_body(body, told.body)


def assert_header(name: str, shown: str, wanted: str | re.Pattern[str] | None) -> None:
    if isinstance(wanted, re.Pattern):
        assert wanted.fullmatch(shown), (name, shown)
    else:
        assert shown == (wanted or ""), name


def assert_body(body: bytes, wanted: bytes | str | re.Pattern[str] | None) -> None:
    if isinstance(wanted, re.Pattern):
        assert wanted.fullmatch(body.decode("latin-1")), body[:500]
    elif wanted is not None:
        assert body == (wanted.encode() if isinstance(wanted, str) else wanted), (body[:300], wanted[:300])


async def over_path(street: Street, case: Case, prefix: str) -> None:
    base = prefix.format(street.name(case))
    for ask, told in case.exchanges:
        await exchange(street, base + ask.path, ask, told)


async def over_host(street: Street, case: Case, kind: str) -> None:
    for ask, told in case.exchanges:
        await exchange(street, ask.path, ask, told, street.host(street.name(case), kind))


ON_PATHS = [case for case in EXPRESS if not case.hosts_only]


@pytest.mark.parametrize("case", ON_PATHS, ids=lambda case: case.kind)
async def test_an_express_val_is_served_under_a_path(street: Street, case: Case) -> None:
    await over_path(street, case, CONTROL[0])


# A foreign val's code is in another guest, and a message between guests is at most 1 MiB.
@pytest.mark.parametrize("case", [case for case in ON_PATHS if case.kind != "large body"], ids=lambda case: case.kind)
async def test_an_express_val_is_served_under_the_old_path(street: Street, case: Case) -> None:
    await over_path(street, case, CONTROL[2])


@pytest.mark.parametrize("case", EXPRESS, ids=lambda case: case.kind)
async def test_an_express_val_is_served_on_its_host(street: Street, case: Case) -> None:
    await over_host(street, case, "")


@pytest.mark.parametrize("case", [case for case in WEB if not case.hosts_only], ids=lambda case: case.kind)
async def test_a_web_val_is_served_under_a_path(street: Street, case: Case) -> None:
    await over_path(street, case, CONTROL[1])


@pytest.mark.parametrize("kind", ["", "web."])
@pytest.mark.parametrize("case", WEB, ids=lambda case: case.kind)
async def test_a_web_val_is_served_on_its_host(street: Street, case: Case, kind: str) -> None:
    await over_host(street, case, kind)


async def test_there_are_twenty_express_vals_and_ten_web_vals_of_different_kinds() -> None:
    assert len({case.kind for case in EXPRESS}) >= 20
    assert len({case.kind for case in WEB}) >= 10
