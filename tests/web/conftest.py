"""Live guests, and the answers to a file's table."""

from __future__ import annotations

from typing import Any

import pytest

from tests.semantics.conftest import engine_room, world
from tests.semantics.live import Machine
from tests.web.table import answers_of

__all__ = ["answers", "engine_room", "world"]


@pytest.fixture(scope="module")
def answers(
    engine_room: Machine, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> dict[str, Any]:
    """What each of the file's CASES came to; its VALS are B's."""
    module = request.module
    return answers_of(engine_room, tmp_path_factory.mktemp("web"), module.CASES, getattr(module, "VALS", {}))
