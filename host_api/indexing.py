"""Which vals name which, for sources that were saved before anybody looked: found in the background, once a server starts.

A newer database has nothing to look for. What fails is tried again at the next start.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from host_api.house import House
from host_api.store.references import Named, Unknown
from kernel.errors import ValgateError

REST = 0.05
"""Seconds between two sources: requests come first."""

log = structlog.get_logger("valgate.indexing")


@asynccontextmanager
async def indexed(house: House) -> AsyncIterator[None]:
    """Look while the block runs."""
    looking = asyncio.create_task(_look(house))
    try:
        yield
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


async def _look(house: House) -> None:
    try:
        await index(house, REST)
    except ValgateError as error:
        log.exception("references were not looked for", exc_info=error)


async def index(house: House, rest: float = 0) -> int:
    """Look for the references of all vals where nobody has; return how many there were."""
    last: str | None = ""
    found = 0
    while last is not None:
        last, some = house.store.unindexed(last)
        for one in some:
            await house.store.index(one.val_id, one.version, await _named(house, one))
            await asyncio.sleep(rest)
        found += len(some)
        await asyncio.sleep(0)
    return found


async def _named(house: House, one: Unknown) -> Named:
    return await house.named(one.code, one.owner) if len(one.code.encode()) <= house.settings.code else frozenset()
