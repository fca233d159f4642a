"""Live guests: the engine is made once, a database for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.semantics.live import Machine, World, machine, open_world


@pytest.fixture(scope="session")
def engine_room() -> Iterator[Machine]:
    with machine() as made:
        yield made


@pytest.fixture
async def world(engine_room: Machine, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(engine_room, tmp_path) as opened:
        yield opened
