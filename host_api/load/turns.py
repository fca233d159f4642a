"""Turns at something scarce that is over soon: first come first served of each one, and one after another of all who wait.

Everything about whose turn it is; not what the turn is for.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque

Waiting = deque["asyncio.Future[None]"]


class Turns:
    """`most` at once in all and `each` of one; who comes with more waits, and holds nobody else up."""

    def __init__(self, most: int, each: int) -> None:
        """Begin with none."""
        self._free, self._each = most, each
        self._used: dict[str | None, int] = {}
        self._waiting: OrderedDict[str | None, Waiting] = OrderedDict()

    async def take(self, who: str | None) -> None:
        """Wait for a turn; it needs its `give`."""
        if self._free and self._used.get(who, 0) < self._each and who not in self._waiting:
            self._begin(who)
            return
        mine = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(who, deque()).append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():  # it was given the turn, and does not want it any more
                self.give(who)
            raise

    def give(self, who: str | None) -> None:
        """Let the next one have the turn."""
        self._free += 1
        self._used[who] -= 1
        if not self._used[who]:
            del self._used[who]
        self._go_on()

    def _begin(self, who: str | None) -> None:
        self._free -= 1
        self._used[who] = self._used.get(who, 0) + 1

    def _go_on(self) -> None:
        for who in list(self._waiting):
            if not self._free:
                return
            if self._used.get(who, 0) < self._each:
                self._serve(who)

    def _serve(self, who: str | None) -> None:
        """Give one who waits the turn, if anybody still does; then it is the others' first."""
        queue = self._waiting.pop(who)
        while queue:
            mine = queue.popleft()
            if not mine.done():
                self._begin(who)
                mine.set_result(None)
                break
        if queue:
            self._waiting[who] = queue
