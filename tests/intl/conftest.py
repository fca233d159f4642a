"""A world of live guests, as tests/semantics has it."""

from tests.semantics.conftest import engine_room, world

__all__ = ["engine_room", "world"]
