"""A val that calls this server by fetch is counted: each evaluation says how many led to it, and there is a last one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from host_api.capabilities.fetch import Fetch
from host_api.settings import Settings
from host_api.store.model import Privacy
from tests.http.conftest import World, open_world

HEADER = "X-Valgate-Chain"


@pytest.mark.parametrize(("said", "status"), [("0", 200), ("15", 200), ("16", 422), ("999999", 422), ("many", 200)])
async def test_the_last_of_a_chain_is_refused_before_anything_runs(world: World, said: str, status: int) -> None:
    await world.val("bob", "export const f = () => 1", Privacy.PUBLIC)
    headers = {HEADER: said}
    (await world.call("POST", "/v1/run/bob.f", headers=headers)).insist(status)
    (await world.call("POST", "/v1/eval", by="bob", body={"code": "1"}, headers=headers)).insist(status)


async def test_a_val_that_fetches_itself_comes_to_an_end(tmp_path: Path) -> None:
    settings = replace(Settings(), db=str(tmp_path / "chain.db"), fetch_allow=("127.0.0.1",), api_chain=3)
    async with open_world(settings) as world:
        port = int(world.address.rpartition(":")[2])
        [client] = [each._client for each in world.house._capabilities if isinstance(each, Fetch)]
        client.own = replace(client.own, ports=client.own.ports | {port})  # the port was not known before it was bound
        sent = f"{{ method: 'POST', headers: {{ '{HEADER}': '0' }}, body: JSON.stringify({{ args: [n + 1] }}) }}"
        code = f"""export const f = async (n) => {{
          const answer = await fetch('{world.address}/v1/run/bob.f', {sent});
          return answer.ok ? answer.json() : n }}"""
        await world.val("bob", code, Privacy.PUBLIC)
        assert (await world.call("POST", "/v1/run/bob.f", body={"args": [0]})).insist(200) == 3
