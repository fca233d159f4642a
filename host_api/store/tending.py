"""What a server does for its database: once when it starts, and then each hour.

At the start: the key is made or checked, and what dead processes left running is marked as interrupted.
Each hour: records older or more than the settings allow are forgotten.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from host_api.store.clock import now_ms
from host_api.store.store import Store
from kernel.errors import ValgateError

HOUR_SECONDS = 3600
DAY_MS = 86_400_000

log = structlog.get_logger("valgate.store")


@asynccontextmanager
async def tended(store: Store, retention_days: int, records: int, *, forgets: bool = True) -> AsyncIterator[None]:
    """Tend the database while the block runs; raise BadSetting at once when the key is not this database's.

    `forgets` False: another process of this server forgets old records.
    """
    await store.unlock()
    await store.mark_interrupted()
    if not forgets:
        yield
        return
    tending = asyncio.create_task(_tend(store, retention_days, records))
    try:
        yield
    finally:
        tending.cancel()
        with suppress(asyncio.CancelledError):
            await tending


async def _tend(store: Store, retention_days: int, records: int) -> None:
    while True:
        try:
            await store.forget_evaluations(now_ms() - retention_days * DAY_MS)
            await store.forget_beyond(records)
        except ValgateError as error:
            # A full disk now may be a free one in an hour; the server goes on meanwhile.
            log.exception("tending failed", exc_info=error)
        await asyncio.sleep(HOUR_SECONDS)
