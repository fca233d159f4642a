"""A store of its own for each test, on disk as in life."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from host_api.store import Account, Store


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "valgate.db"


@pytest.fixture
async def store(database: Path) -> AsyncIterator[Store]:
    async with Store.open(database) as opened:
        yield opened


@pytest.fixture
async def alice(store: Store) -> Account:
    return await store.add_account("Alice", "alice@example.org")
