"""A val that calls this server by fetch is counted: each evaluation says how many led to it, and there is a last one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from host_api.settings import Settings
from host_api.store.model import Privacy
from tests.http.conftest import World, open_world

HEADER = "X-Valgate-Chain"


@pytest.mark.parametrize(
    ("said", "status"),
    [("0", 200), ("15.guessed", 200), ("16.guessed", 422), ("15", 200), ("16", 422), ("999999", 422), ("many", 200)],
)
async def test_the_last_of_a_chain_is_refused_before_anything_runs(world: World, said: str, status: int) -> None:
    await world.val("bob", "export const f = () => 1", Privacy.PUBLIC)
    headers = {HEADER: said}
    (await world.call("POST", "/v1/run/bob.f", headers=headers)).insist(status)
    (await world.call("POST", "/v1/eval", by="bob", body={"code": "1"}, headers=headers)).insist(status)


@asynccontextmanager
async def itself(tmp_path: Path, **others: Any) -> AsyncIterator[World]:  # noqa: ANN401 - which value a setting takes is the setting's to say
    """A server that knows its own address, and lets its vals fetch that."""
    settings = replace(Settings(), db=str(tmp_path / "chain.db"), fetch_allow=("127.0.0.1",), **others)
    async with open_world(settings) as world:
        port = int(world.address.rpartition(":")[2])
        client = world.house._client
        client.own = replace(client.own, ports=client.own.ports | {port})  # the port was not known before it was bound
        yield world


async def test_a_val_that_fetches_itself_comes_to_an_end(tmp_path: Path) -> None:
    async with itself(tmp_path, api_chain=3) as world:
        sent = f"{{ method: 'POST', headers: {{ '{HEADER}': '0' }}, body: JSON.stringify({{ args: [n + 1] }}) }}"
        code = f"""export const f = async (n) => {{
          const answer = await fetch('{world.address}/v1/run/bob.f', {sent});
          return answer.ok ? answer.json() : n }}"""
        await world.val("bob", code, Privacy.PUBLIC)
        assert (await world.call("POST", "/v1/run/bob.f", body={"args": [0]})).insist(200) == 3


async def test_an_address_of_this_server_is_on_the_callers_account(tmp_path: Path) -> None:
    """Two at once are all that the account of two holds; each of them is asked by another way."""
    async with itself(tmp_path, api_chain=2) as world:
        await world.val("bob", "let came = 0; came", Privacy.PUBLIC)
        wait = "export const wait = async () => { @me.came++; await new Promise((done) => setTimeout(done, 1e6)) }"
        await world.val("bob", wait, Privacy.PUBLIC)
        address = f"{world.address}/v1/run/bob.wait"
        code = f"""{{ api(@bob.wait).catch(() => 0); api('{address}').catch(() => 0);
          while (@bob.came < 2) await new Promise((done) => setTimeout(done, 1));
          const tell = (e) => [e.status, /chain/.test(e.message)];
          return [await api(@bob.wait).catch(tell), await api('{address}').catch(tell)] }}"""
        assert (await world.call("POST", "/v1/eval", by="alice", body={"code": code})).insist(200) == [[422, True]] * 2


async def test_what_api_and_fetch_make_together_is_as_deep_as_either(tmp_path: Path) -> None:
    async with itself(tmp_path, api_chain=4) as world:
        code = f"""export const f = async (n) => {{
          try {{ return await (n % 2 ? api(@bob.f, n + 1) : api('{world.address}/v1/run/bob.f', n + 1)) }} catch (e) {{ return [n, e.status] }} }}"""
        await world.val("bob", code, Privacy.PUBLIC)
        assert (await world.call("POST", "/v1/run/bob.f", body={"args": [0]})).insist(200) == [4, 422]
