"""What a process hears of its supervisor while it serves.

This file does not know how an order is carried out.
"""

from __future__ import annotations

import asyncio
import os
from typing import Protocol


class Obeying(Protocol):
    """Who carries orders out."""

    async def listen_also(self, numbers: frozenset[int]) -> None:
        """Take connections at these doors, beside one's own, and at no others any more."""

    def retire(self) -> None:
        """Serve whom one has, and nobody new."""

    def finish(self) -> None:
        """End what runs, and then oneself."""


async def obey(orders: int, who: Obeying) -> None:
    """Carry out what comes down this pipe, until the supervisor says no more or has died: then finish."""
    reader = asyncio.StreamReader()
    with os.fdopen(orders, "rb", buffering=0) as pipe:
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        try:
            async for line in reader:
                await _carry_out(line.decode().split(), who)
            who.finish()
        finally:
            transport.close()


async def _carry_out(words: list[str], who: Obeying) -> None:
    match words:
        case ["listen", *numbers]:
            await who.listen_also(frozenset(map(int, numbers)))
        case ["retire"]:
            who.retire()
        case _:
            raise ValueError(f"the supervisor says {words!r}")
