"""A mail server on the loopback interface, an outbox, and live guests as tests/semantics has them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from host_api.store import Store
from tests.mail.office import Office, open_office
from tests.semantics.conftest import engine_room

__all__ = ["engine_room"]


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with open_office() as opened:
        yield opened


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(tmp_path / "mail.db", delivers=True) as opened:
        await opened.add_account("alice", "alice@example.com")
        yield opened
