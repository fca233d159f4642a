"""Live guests, and the answers to a file's table."""

from __future__ import annotations

from tests.semantics.conftest import engine_room, world
from tests.web.conftest import answers

__all__ = ["answers", "engine_room", "world"]
