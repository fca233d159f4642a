"""A bound on what may go on at once, in all and for each one; what is beyond it is refused, never queued.

With `share`, one alone cannot have everything: it gets no more once it has that many times what is still free. With a share of 3
the first takes three quarters at most, the next three quarters of the rest, and so on, so that a newcomer always finds room; and
what nobody else wants is not kept from who does (dynamic thresholds: Choudhury and Hahne, 1998).
"""

from __future__ import annotations

import asyncio
from typing import NoReturn

from kernel.errors import Overloaded, TooMany


class Room:
    """A count in all. Whoever counts a thing adds one to `used`, takes it away again, and says `emptied` when none is there any more and that is `awaited`."""

    __slots__ = ("_what", "awaited", "most", "used")

    def __init__(self, what: str, most: int) -> None:
        """Take what is counted, in the plural, for the sentence of a refusal; and the bound."""
        self._what, self.most = what, most
        self.awaited: asyncio.Future[None] | None = None  # by who waits until there is none
        self.used = 0

    def refuse(self) -> NoReturn:
        """Raise Overloaded: there is no room for another."""
        raise Overloaded(f"This server has too many {self._what} at once. Try again in a moment.")

    def emptied(self) -> None:
        """Tell who waits for it that there is none."""
        if self.awaited is not None and not self.awaited.done():
            self.awaited.set_result(None)

    async def empty(self) -> None:
        """Wait until there is none; for one who waits at a time."""
        while self.used:
            self.awaited = asyncio.get_running_loop().create_future()
            await self.awaited


class Bound(Room):
    """A count, in all and by name. `each` 0 and `share` 0 set no bound for one alone."""

    __slots__ = ("_by", "_each", "_share")

    def __init__(self, what: str, most: int, *, each: int = 0, share: int = 0) -> None:
        """Take what is counted, in the plural, for the sentence of a refusal; and the bounds."""
        super().__init__(what, most)
        self._each, self._share = each, share
        self._by: dict[str | None, int] = {}

    def of(self, who: str | None) -> int:
        """Return how many one has at this moment."""
        return self._by.get(who, 0)

    def insist(self, who: str | None = None) -> None:
        """Raise TooMany when one has what one may have, Overloaded when there is no room for another."""
        mine = self._by.get(who, 0)
        if self._each and mine >= self._each:
            raise TooMany(f"{self._each} of your {self._what} at once are all that may be: wait until one is over.")
        free = self.most - self.used
        if free <= 0 or (self._share and mine >= self._share * free):
            self.refuse()

    def take(self, who: str | None = None) -> None:
        """Count one more, come what may; each needs its `give`."""
        self._by[who] = self._by.get(who, 0) + 1
        self.used += 1

    def enter(self, who: str | None = None) -> None:
        """Count one more, which needs its `give`; raise as `insist` does."""
        if self._each or self._share or self.used >= self.most:
            self.insist(who)
        self._by[who] = self._by.get(who, 0) + 1
        self.used += 1

    def give(self, who: str | None = None) -> None:
        """Count one less; who has none is forgotten."""
        self.used -= 1
        left = self._by.pop(who) - 1
        if left:
            self._by[who] = left
        if self.awaited is not None and not self.used:
            self.emptied()

    def one(self, who: str | None = None) -> Counted:
        """Count one while a block runs; raise TooMany or Overloaded before it does."""
        self.insist(who)
        return Counted(self, who)


class Counted:
    """One that is counted while a block runs, come what may. A class, since a generator costs as much as all the rest."""

    __slots__ = ("_bound", "_who")

    def __init__(self, bound: Bound, who: str | None = None) -> None:
        """Take what it counts for."""
        self._bound, self._who = bound, who

    def __enter__(self) -> None:
        self._bound.take(self._who)

    def __exit__(self, *_: object) -> None:
        self._bound.give(self._who)
