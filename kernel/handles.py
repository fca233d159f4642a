"""Everything about handles: a small number in the table of one guest, and what it stands for.

Holding the number is the permission; numbers are never reused; what is not in the table has no name.
This file does not know what a guest is, nor what a capability does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from kernel.errors import LimitError, UnknownHandle

T = TypeVar("T")

Numbered = tuple[dict[int, T], dict[T, int]]
"""Things by their number, and the other way."""

LAST = (1 << 28) - 1
"""The greatest handle a reference word can carry."""


class HandleTable(Generic[T]):
    """One guest's handles."""

    __slots__ = ("_entries", "_next", "_numbers", "_on_revoke", "capacity")

    def __init__(self, capacity: int, on_revoke: Callable[[T], None]) -> None:
        """Take how many may live at once, and who hears of each that is taken away."""
        self.capacity, self._on_revoke = capacity, on_revoke
        self._entries: dict[int, T] = {}
        self._numbers: dict[T, int] = {}
        self._next = 1

    def grant(self, thing: T) -> tuple[int, bool]:
        """Return the handle for this thing, and whether it is new; raise LimitError when the table is full."""
        known = self._numbers.get(thing)
        if known is not None:
            return known, False
        if len(self._entries) >= self.capacity or self._next > LAST:
            raise LimitError(
                f"more than {self.capacity} handles are alive in one guest; hold fewer foreign objects at once"
            )
        number, self._next = self._next, self._next + 1
        self._entries[number] = thing
        self._numbers[thing] = number
        return number, True

    def grant_first(self, first: Numbered[T]) -> None:
        """Grant things to a table that never had any, as they are numbered; raise LimitError when they are too many."""
        entries, numbers = first
        if self._next != 1 or len(entries) > self.capacity:
            raise LimitError(
                f"more than {self.capacity} handles are alive in one guest; hold fewer foreign objects at once"
            )
        self._entries, self._numbers = entries.copy(), numbers.copy()
        self._next = len(entries) + 1

    def resolve(self, number: int) -> T:
        """Return what the handle stands for; unknown and revoked are one answer, UnknownHandle."""
        try:
            return self._entries[number]
        except KeyError:
            raise UnknownHandle("no such handle") from None

    def find(self, thing: T) -> int | None:
        """Return the handle that this guest has for the thing, if any."""
        return self._numbers.get(thing)

    def revoke(self, number: int) -> None:
        """Take the handle away; revoking what is not there does nothing."""
        thing = self._entries.pop(number, None)
        if thing is not None:
            del self._numbers[thing]
            self._on_revoke(thing)

    @property
    def following(self) -> int:
        """The number that the next new handle will have."""
        return self._next

    def revoke_from(self, first: int) -> None:
        """Take away every handle with this number or a later one."""
        for number in range(first, self._next):
            self.revoke(number)

    def revoke_all(self) -> None:
        """Every handle is dead from here on. Nobody is told: it is the end of all who would want to know."""
        self._entries.clear()
        self._numbers.clear()

    def __len__(self) -> int:
        """Return how many are alive."""
        return len(self._entries)


def numbered(things: Sequence[T]) -> Numbered[T]:
    """Number different things 1, 2, 3 …, for tables that begin with them."""
    return dict(enumerate(things, 1)), {thing: number for number, thing in enumerate(things, 1)}
