"""Body, address and code, each at its limit and one past it."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from host_api.store.model import Privacy

if TYPE_CHECKING:
    from tests.http.conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def world(shared_world: World) -> World:
    return shared_world


def padded(size: int) -> bytes:
    """A body of exactly this size that asks for 1."""
    return b'{"code":"1"' + b" " * (size - len(b'{"code":"1"}')) + b"}"


async def test_a_body_at_its_limit_is_read_and_one_byte_more_is_a_413(world: World) -> None:
    limit = world.house.settings.body
    assert (await world.call("POST", "/v1/eval", body=padded(limit))).insist(200) == 1
    told = (await world.call("POST", "/v1/eval", body=padded(limit + 1))).insist(413)
    assert set(told) == {"type", "error"}


async def test_a_compressed_body_counts_as_what_it_unpacks_to(world: World) -> None:
    limit, headers = world.house.settings.body, {"Content-Encoding": "gzip"}
    at_limit, past = gzip.compress(padded(limit)), gzip.compress(padded(limit + 1))
    assert (await world.call("POST", "/v1/eval", body=at_limit, headers=headers)).insist(200) == 1
    (await world.call("POST", "/v1/eval", body=past, headers=headers)).insist(413)


async def test_an_address_at_its_limit_is_read_and_one_byte_more_is_a_414(world: World) -> None:
    limit = world.house.settings.url
    fill = limit - len("/v1/eval/1?x=")
    assert (await world.call("GET", f"/v1/eval/1?x={'a' * fill}")).insist(200) == 1
    (await world.call("GET", f"/v1/eval/1?x={'a' * (fill + 1)}")).insist(414)


@pytest.mark.parametrize("sign", ["a", "é"])
async def test_code_at_its_limit_is_taken_and_one_byte_more_is_a_413(world: World, sign: str) -> None:
    limit = world.house.settings.code
    fill = (limit - len("1//")) // len(sign.encode())
    code = "1//" + sign * fill
    code += "a" * (limit - len(code.encode()))
    assert (await world.call("POST", "/v1/eval", body={"code": code})).insist(200) == 1
    (await world.call("POST", "/v1/eval", body={"code": code + "a"})).insist(413)


async def test_arguments_may_be_as_large_as_a_body(world: World) -> None:
    await world.val("bob", "export const size = (text) => text.length;", Privacy.PUBLIC)
    length = world.house.settings.body - len('[""]')
    assert (await world.call("POST", "/v1/run/bob.size", body=json.dumps(["x" * length]).encode())).insist(
        200
    ) == length


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=1", 200),
        ("limit=100", 200),
        ("offset=0", 200),
        ("limit=0", 400),
        ("limit=101", 400),
        ("offset=-1", 400),
        ("limit=x", 400),
        ("limit=1e1", 400),
        ("offset=9999999999999999999999", 400),
        ("limit=%D9%A1", 400),
    ],
)
async def test_a_page_is_one_to_a_hundred_long(world: World, query: str, status: int) -> None:
    (await world.call("GET", f"/v1/me/secrets?{query}", by="alice")).insist(status)
