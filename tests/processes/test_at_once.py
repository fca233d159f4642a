"""What one process changes is so for every other from the moment it is acknowledged, also while they are busy with what was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp

from host_api.store import Kind, Privacy, Store
from host_api.store.model import ALL_SCOPES

if TYPE_CHECKING:
    from tests.processes.conftest import Server, Serving

CONNECTIONS, ROUNDS = 12, 12


class Client:
    """Connections that stay open, over both processes, and are busy all the time."""

    def __init__(self, server: Server, session: aiohttp.ClientSession) -> None:
        self._address, self._session = server.address, session

    async def busy(self) -> None:
        while True:
            await self.ask("alice.val")

    async def ask(self, name: str, token: str | None = None) -> tuple[int, object]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self._session.post(f"{self._address}/v1/run/{name}", headers=headers) as got:
            return got.status, await got.json()

    async def everywhere(self, name: str, token: str | None = None) -> set[tuple[int, object]]:
        """What is answered over many connections: statuses, and values where there are any."""
        told = await asyncio.gather(*(self.ask(name, token) for _ in range(CONNECTIONS)))
        return {(status, value if status == 200 else None) for status, value in told}


@asynccontextmanager
async def busy(server: Server) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        client = Client(server, session)
        tasks = [asyncio.create_task(client.busy()) for _ in range(CONNECTIONS)]
        try:
            yield client
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def write(store: Store, code: str, name: str = "val") -> str:
    val = await store.write_val("alice", name, code=code, kind=Kind.CODE, privacy=Privacy.PUBLIC, named=frozenset())
    return val.id


async def test_what_was_acknowledged_is_so_for_everybody_at_once(serving: Serving) -> None:
    async with serving() as server:
        await server.workers()
        with Store.open(server.database) as store:
            account = await store.add_account("alice")
            await write(store, "export const val = () => 0")
            async with busy(server) as client:
                for number in range(1, ROUNDS):
                    val_id = await write(store, f"export const val = () => {number}")
                    assert await client.everywhere("alice.val") == {(200, number)}
                    token, text = await store.add_token(account.id, "some", ALL_SCOPES)
                    assert await client.everywhere("alice.val", text) == {(200, number)}
                    await store.update_val(val_id, privacy=Privacy.PRIVATE)
                    assert await client.everywhere("alice.val") == {(404, None)}
                    assert await client.everywhere("alice.val", text) == {(200, number)}
                    await store.revoke_token(account.id, token.id)
                    assert await client.everywhere("alice.val", text) == {(401, None)}
                    await store.update_val(val_id, privacy=Privacy.PUBLIC, name="other")
                    assert await client.everywhere("alice.val") == {(404, None)}
                    assert await client.everywhere("alice.other") == {(200, number)}
                    await store.delete_val_by_id(val_id)
                    assert await client.everywhere("alice.other") == {(404, None)}
