"""Every val of this room, saved by alice, on a real server on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from host_api.settings import Settings
from host_api.store.model import Privacy
from tests.http.conftest import World, open_world
from tests.served.cases import Case
from tests.served.express_vals import EXPRESS
from tests.served.web_vals import WEB


@dataclass(frozen=True)
class Street:
    """The vals by what their code is."""

    world: World
    names: dict[str, str]

    def name(self, case: Case) -> str:
        return self.names[case.code]

    def host(self, name: str, kind: str = "") -> str:
        """The Host header that names alice's val."""
        return f"alice-{name}.{kind}localhost:{urlsplit(self.world.address).port}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def street(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Street]:
    async with open_world(replace(Settings(), db=str(tmp_path_factory.mktemp("served") / "test.db"))) as world:
        await world.house.store.put_secret("alice", "apiKey", "alices-own-key!")
        names = {}
        for case in (*EXPRESS, *WEB):
            val = await world.val("alice", case.code, Privacy.PUBLIC)
            assert val.error is None, (case.kind, val.error)
            names[case.code] = val.name
        assert len(set(names.values())) == len(names)
        yield Street(world, names)
