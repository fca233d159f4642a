"""The attacker's plan: read thousands of secrets, or hundreds of long ones, and say a lot: the host looks for each in all of it.

Three hundred secrets and two thousand lines held the loop for two seconds, three thousand for minutes.
"""

from __future__ import annotations

import asyncio
import json

import pytest

from host_api.audit.redact import Redactor
from host_api.audit.spellings import MOST_ALIKE, by_lines
from host_api.capabilities.secret import MOST_BYTES, MOST_READ
from host_api.store.accounts import MOST_TOKENS
from host_api.store.model import Scope
from host_api.store.secret import MOST_SECRETS
from kernel.errors import LimitError
from tests.http.conftest import World, settings, world

__all__ = ["settings", "world"]

AWKWARD = "sé'\"\\/\n{number:08}"


async def put_secrets(world: World, count: int, text: str = AWKWARD) -> None:
    put = world.house.store.put_secret
    await asyncio.gather(
        *(put("alice", f"k{number}", text.replace("{number:08}", f"{number:08}")) for number in range(count))
    )


async def test_an_evaluation_reads_only_so_many_secrets_and_all_of_them_are_taken_out(world: World) -> None:
    await put_secrets(world, MOST_READ + 1)
    code = f"{{ for (let i = 0; i <= {MOST_READ}; i++) console.log(@me.secrets['k' + i]) }}"
    got = (await world.call("POST", "/v1/eval", by="alice", body={"code": code})).insist(422)
    assert "secrets" in got["error"]
    (run,) = (await world.call("GET", "/v1/me/runs", by="alice")).insist(200)["data"]
    told = (await world.call("GET", f"/v1/runs/{run['id']}", by="alice")).insist(200)
    assert [line["message"] for line in told["logs"]] == [f"[secret @alice.k{number}]" for number in range(MOST_READ)]


async def test_the_same_secret_read_again_and_again_is_one(world: World) -> None:
    await put_secrets(world, 1)
    code = "{ for (let i = 0; i < 500; i++) @me.secrets.k0; return @me.secrets.k0.length }"
    (await world.call("POST", "/v1/eval", by="alice", body={"code": code})).insist(200)


async def test_an_evaluation_reads_only_so_many_bytes_of_secrets(world: World) -> None:
    await put_secrets(world, 5, "\x01" * 60_000 + "{number:08}")
    code = "{ for (let i = 0; i < 5; i++) @me.secrets['k' + i] }"
    got = (await world.call("POST", "/v1/eval", by="alice", body={"code": code})).insist(422)
    assert str(MOST_BYTES) in got["error"]


async def test_an_account_keeps_only_so_many_secrets(world: World) -> None:
    await put_secrets(world, MOST_SECRETS)
    with pytest.raises(LimitError):
        await world.house.store.put_secret("alice", "more", "a value")
    got = await world.call("PUT", "/v1/me/secrets/more", by="alice", body={"value": "a value"})
    assert got.insist(422)["error"]
    await world.house.store.put_secret("alice", "K0", "another value")  # instead of one that there is
    await world.house.store.put_secret("bob", "more", "a value")


async def test_an_account_keeps_only_so_many_tokens(world: World) -> None:
    add, alice = world.house.store.add_token, world.account_id("alice")
    await asyncio.gather(*(add(alice, "t", {Scope.RUN}) for _ in range(MOST_TOKENS - 1)))
    body = {"name": "more", "scopes": ["run"]}
    (await world.call("POST", "/v1/me/tokens", by="alice", body=body)).insist(422)
    (token, *_) = (await world.call("GET", "/v1/me/tokens", by="alice")).insist(200)["data"][1:]
    (await world.call("DELETE", f"/v1/me/tokens/{token['id']}", by="alice")).insist(204)
    (await world.call("POST", "/v1/me/tokens", by="alice", body=body)).insist(201)


SECRETS = {AWKWARD.replace("{number:08}", f"{number:08}"): f"@a.k{number}" for number in range(MOST_READ)}


def test_rows_are_rid_of_each_of_many_secrets_however_it_stands() -> None:
    values = list(SECRETS)
    rows = [{"n": number, "m": [value, {"k": json.dumps(value)}], value: 1} for number, value in enumerate(values * 20)]
    told = Redactor(SECRETS).rows(rows, 10_000_000).decode()
    assert not any(json.dumps(value, ensure_ascii=False)[1:-1] in told for value in values)
    for number, row in enumerate(json.loads(told)):
        mark = f"[secret @a.k{number % MOST_READ}]"
        assert row == {"n": number, "m": [mark, {"k": f'"{mark}"'}], mark: 1}


def test_what_is_looked_for_in_rows_is_only_what_is_there() -> None:
    value = next(iter(SECRETS))
    assert set(Redactor(SECRETS)._for(f"x {value} y")._marks.values()) == {"[secret @a.k0]"}


@pytest.mark.parametrize("shift", range(30))
def test_a_secret_at_the_cut_is_not_half_told(shift: int) -> None:
    secret = "0123456789abcdefghij"
    redact = Redactor({secret: "@a.key"})
    edge = len(redact.head("x" * 100_000, 100)[0])
    told, whole = redact.head("x" * (100 - shift) + secret * 500, 100)
    assert not whole
    assert "0123" not in told
    assert edge >= 0


def test_a_key_that_begins_with_one_line_again_and_again_is_not_looked_for_by_lines() -> None:
    assert by_lines("a\n" * MOST_ALIKE + "b") is not None
    assert by_lines("a\n" * (MOST_ALIKE + 1) + "b") is None
