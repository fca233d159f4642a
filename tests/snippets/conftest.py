"""Live guests, as tests/semantics has them."""

from tests.semantics.conftest import engine_room

__all__ = ["engine_room"]
