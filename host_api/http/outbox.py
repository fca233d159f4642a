"""Answers of one turn of the loop, written together: who reads them is woken once, and not for each.

Waking another process is the dearest part of writing to it. The first answer of a turn is written at once, since it may be the only
one; those that are ready in the same turn follow together at its end, in the order in which they were made.
This file does not know what an answer says.
"""

from __future__ import annotations

import asyncio

MOST = 16
"""Answers that wait for the end of a turn; more are written meanwhile."""


class Outbox:
    """The answers of one server that are about to be written."""

    def __init__(self) -> None:
        """Begin with none."""
        self._waiting: list[tuple[asyncio.Transport, bytes]] = []
        self._turn = False

    def put(self, wire: asyncio.Transport | None, data: bytes, *, now: bool = False) -> None:
        """Write a whole answer to a connection, by the end of this turn of the loop; at once where the next request is here already.

        Raises ConnectionResetError where nobody is there any more (None).
        """
        if wire is None:
            raise ConnectionResetError
        if now:
            self.flush()
            wire.write(data)
        elif self._turn:
            self._waiting.append((wire, data))
            if len(self._waiting) >= MOST:
                self.flush()
        else:
            self._turn = True
            asyncio.get_running_loop().call_soon(self._over)
            wire.write(data)

    def flush(self) -> None:
        """Write what waits, now."""
        waiting, self._waiting = self._waiting, []
        for wire, data in waiting:
            if not wire.is_closing():  # who asked may have left meanwhile
                wire.write(data)

    def _over(self) -> None:
        self._turn = False
        self.flush()
