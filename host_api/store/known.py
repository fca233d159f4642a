"""What was read lately and is still so: vals and tokens, without asking the database for each again.

Whatever changes one of them moves a count in the same transaction, by a trigger (schema.py): also what another process or the
command line writes. The counts are read before anything kept is believed, so a token that was revoked and a val that was made
private are gone for whoever asks after that was acknowledged.

They are not read again while nobody has committed anything to the database at all, which the log's header tells for a tenth of a
microsecond (wal.py). What is remembered of a look is the header as it was before: a commit during a look makes the next one read.
No read of this connection may be left unfinished across a look, which would see what that read saw and be believed for longer.

What is not there is never kept: whoever asks for many names that do not exist pushes nothing out.
This file does not know what a val is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Final, TypeVar

from host_api.kept import Kept
from host_api.store import wal

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

_COUNTS = "SELECT vals, people FROM changes"
MOST_BYTES: Final = 32 * 1024 * 1024
"""Of one shelf, about."""
LARGEST: Final = 1024 * 1024
"""Bytes of one thing that is kept."""
OVERHEAD: Final = 2_000
"""Bytes that each costs beside its texts."""
OFTEN: Final = 8
"""Looks after which there will be many more, and the header is worth being found: a command has fewer."""


class Shelf(Kept[K, T]):
    """What is kept of one kind, unless it is very large."""

    __slots__ = ("_texts",)

    def __init__(self, weigh: Callable[[T], int], most: int = MOST_BYTES) -> None:
        """Take how many bytes the texts of a thing have, and how many bytes there may be in all."""
        super().__init__(lambda thing: weigh(thing) + OVERHEAD, most)
        self._texts = weigh

    def remember(self, key: K, found: T | None) -> T | None:
        """Keep what was found, if it was; return it."""
        if found is not None and self._texts(found) <= LARGEST:
            self.put(key, found)
        return found


class Known:
    """The counts of one database, and what hangs on each."""

    __slots__ = ("_database", "_looks", "_on", "_path", "counts", "header", "seen")

    def __init__(self, database: sqlite3.Connection, path: Path) -> None:
        """Read with this connection to the database at this path, on its thread."""
        self._database, self._path = database, path
        self.counts = (-1, -1)
        """Numbers, the first of which is another one once a val was written, renamed, shown, hidden or deleted anywhere."""
        self._on: tuple[list[Shelf[object, object]], ...] = ([], [])
        self._looks = 0
        self.header: wal.Header = wal.NOTHING
        self.seen: bytes | None = None
        """The header as it was before the last look, if it was whole. While it is `header.raw` still, no look is needed."""

    def on_vals(self, weigh: Callable[[T], int]) -> Shelf[Hashable, T]:
        """Make a shelf of what changes with vals."""
        return self._shelf(0, weigh)

    def on_people(self, weigh: Callable[[T], int]) -> Shelf[Hashable, T]:
        """Make a shelf of what changes with accounts and tokens."""
        return self._shelf(1, weigh)

    def _shelf(self, which: int, weigh: Callable[[T], int]) -> Shelf[Hashable, T]:
        made: Shelf[Hashable, T] = Shelf(weigh)
        self._on[which].append(made)  # type: ignore[arg-type] # only ever cleared there
        return made

    def look(self) -> None:
        """Forget what has changed since the last look. Raises sqlite3.Error."""
        raw = self.header.raw
        if raw == self.seen:
            return
        counts = self._database.execute(_COUNTS).fetchone()
        if counts != self.counts:
            self._forget(counts)
        self.seen = raw if wal.is_whole(raw) else None
        self._looks += 1
        if self._looks == OFTEN:
            self.header = wal.mapped(self._path)

    def _forget(self, counts: tuple[int, int]) -> None:
        for shelves, new, old in zip(self._on, counts, self.counts, strict=True):
            if new != old:
                for shelf in shelves:
                    shelf.clear()
        self.counts = counts

    def close(self) -> None:
        """Look no more without asking; before the database is closed."""
        self.header, self.seen = wal.unmapped(self.header), None
