"""A world of live guests, as tests/semantics has it; and one whose evaluations have little time, for what would never end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from kernel.limits import Limits
from tests.semantics.conftest import engine_room, world
from tests.semantics.live import Machine, World, open_world

__all__ = ["engine_room", "world"]


@pytest.fixture
async def hasty(engine_room: Machine, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(engine_room, tmp_path, replace(Limits(), cpu=0.4)) as opened:
        yield opened
