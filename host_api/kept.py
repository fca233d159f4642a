"""Things that are kept in memory to have them at hand, up to so many bytes; what was asked for longest ago goes first.

This file does not know what is kept, nor whether it is still so.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Kept(Generic[K, T]):
    """Things by key. The newest stays, whatever its size."""

    __slots__ = ("_gone", "_things", "_weigh", "most", "most_bytes", "size")

    def __init__(
        self, weigh: Callable[[T], int], most_bytes: int, most: int = 0, gone: Callable[[T], None] | None = None
    ) -> None:
        """Take how many bytes a thing has, how many there may be, how many things (0: any number), and who hears of each that goes."""
        self._weigh, self.most_bytes, self.most, self._gone = weigh, most_bytes, most, gone
        self._things: OrderedDict[K, T] = OrderedDict()
        self.size = 0
        """Bytes of all of them."""

    def __len__(self) -> int:
        return len(self._things)

    def __iter__(self) -> Iterator[K]:
        return iter(self._things)

    def get(self, key: K) -> T | None:
        """Return what is kept under a key."""
        found = self._things.get(key)
        if found is not None:
            self._things.move_to_end(key)
        return found

    def put(self, key: K, thing: T) -> None:
        """Keep it in place of what was there."""
        self.drop(key)
        self._things[key] = thing
        self.size += self._weigh(thing)
        while len(self._things) > 1 and (self.size > self.most_bytes or 0 < self.most < len(self._things)):
            self.drop(next(iter(self._things)))

    def drop(self, key: K) -> None:
        """Forget what is kept under a key, if anything is."""
        thing = self._things.pop(key, None)
        if thing is not None:
            self.size -= self._weigh(thing)
            if self._gone is not None:
                self._gone(thing)

    def clear(self) -> None:
        """Forget everything."""
        for key in list(self._things):
            self.drop(key)
