"""Two houses alike, but that in one no guest is ever born of a val's image."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from host_api.images import Prepared, images
from host_api.store import Val
from kernel.principals import Authority
from tests.images.pair import Pair
from tests.semantics.conftest import engine_room, world
from tests.semantics.live import Machine, open_world

__all__ = ["engine_room", "pair", "patient", "world"]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long it takes to make an image is the machine's: whoever shows what comes of waiting too long says so."""
    monkeypatch.setattr(images, "PATIENCE", 60.0)


async def never(_val: Val, _authority: Authority) -> Prepared | None:
    """No val has an image."""
    return None


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(engine_room: Machine, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    folders = tmp_path_factory.mktemp("with"), tmp_path_factory.mktemp("without")
    async with open_world(engine_room, folders[0]) as born, open_world(engine_room, folders[1]) as loaded:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loaded.house.images, "of", never)
            yield Pair(born, loaded)
