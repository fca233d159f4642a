"""A town that every file of this room visits: vals of each kind, of two owners, on a real server on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio

from host_api.settings import Settings
from host_api.store.model import Privacy, Val
from tests.http.conftest import World, open_world

VALS = {
    "public": (
        "export const double = (x) => x * 2;",
        "export const echo = (...args) => args;",
        "export const config = {url: 'x', list: [1, null]};",
        "export const fail = () => { throw new RangeError('too far'); };",
        "export const nothing = () => undefined;",
        "export const whose = () => @me.secrets.apiKey;",
    ),
    "unlisted": ("export const quiet = () => 'hush';",),
    "private": ("export const hidden = () => 1;", "export const diary = {day: 1};"),
}
"""Alice's."""


@dataclass(frozen=True)
class Town:
    """Alice's vals by name, in a world where bob has none."""

    world: World
    vals: dict[str, Val]

    def fill(self, path: str) -> str:
        """Put ids into a path: `{user}` is alice's, any other word names one of her vals."""
        ids = {name: val.id for name, val in self.vals.items()} | {"user": self.world.account_id("alice")}
        return path.format(**ids)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with open_world(replace(Settings(), db=str(tmp_path_factory.mktemp("town") / "test.db"))) as world:
        await world.house.store.put_secret("alice", "apiKey", "alices-own-key")
        vals = [await world.val("alice", code, Privacy(privacy)) for privacy in VALS for code in VALS[privacy]]
        yield Town(world, {val.name: val for val in vals})


@pytest.fixture
def world(town: Town) -> World:
    return town.world
