"""A world of live guests, as tests/semantics has it; at the end of the run, how many cases of each suite passed."""

from __future__ import annotations

import pytest

from tests.semantics.conftest import engine_room, world

__all__ = ["engine_room", "world"]


@pytest.fixture
def counts(closing: dict[str, dict[str, str]]) -> dict[str, str]:
    """What the end of the run says of each suite."""
    return closing.setdefault("conformance", {})
