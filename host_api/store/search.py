"""Searching vals by a text: it reads every source there is, so on threads and connections of its own, two at once.

It ends when its time is over, waiting included; the loop never waits for it, and too many are refused at once.
What is found is what the reader may see: public vals, and the reader's own.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from host_api.store import connect, failures
from host_api.store.model import Val
from host_api.store.vals import BRIEF, NEWEST, as_val
from kernel.errors import Overloaded

if TYPE_CHECKING:
    # Slow to load; a command does without.
    from asyncio import Future
    from concurrent.futures import ThreadPoolExecutor

AT_ONCE: Final = 2
MOST: Final = 8
"""Searches that run or wait."""
SECONDS: Final = 2.0
"""How long one may take, from when it was asked for."""
STEPS: Final = 10_000
"""Instructions of SQLite's between two looks at the clock."""
ESCAPE: Final = "\\"

# Our own texts, no value in them. What is large is read for the page that is asked for, and for nothing else.
_FOUND = (
    f"SELECT v.id {NEWEST} "
    "WHERE (v.privacy = 'public' OR v.owner_id = :reader) AND ({name} OR {code} OR {readme}) "
    "ORDER BY {name} DESC, v.updated_at DESC, v.id LIMIT :limit OFFSET :offset"
)
_SELECT = f"SELECT {BRIEF} {NEWEST} WHERE v.id = ?"
_COLUMNS = {"name": "v.name", "code": "n.code", "readme": "v.readme"}


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for, by whom (an account's id, or nothing), and which part of it is wanted."""

    text: str
    reader: str
    limit: int
    offset: int


class Searches:
    """The searches of one process."""

    def __init__(self, path: Path, seconds: float = SECONDS) -> None:
        """Search this database, for so long."""
        self._path, self._seconds = path, seconds
        self._pool: ThreadPoolExecutor | None = None
        self._underway = 0

    async def find(self, search: Search) -> list[Val]:
        """Find vals whose name, code or readme has the text, in whatever case; those with it in the name come first.

        Raises Overloaded when the time is over, or when too many are at it.
        """
        import asyncio  # noqa: PLC0415 - see above

        if self._underway >= MOST:
            raise Overloaded("Too many are searching. Try again.")
        deadline = time.monotonic() + self._seconds
        self._underway += 1
        found = asyncio.get_running_loop().run_in_executor(self._threads(), _find, self._path, search, deadline)
        # Not when whoever asked has left: the thread is at it still.
        found.add_done_callback(self._ended)
        return await asyncio.shield(found)

    def close(self) -> None:
        """Wait for those that are under way."""
        if self._pool is not None:
            self._pool.shutdown()

    def _threads(self) -> ThreadPoolExecutor:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - see above

        self._pool = self._pool or ThreadPoolExecutor(AT_ONCE, "valgate-search")
        return self._pool

    def _ended(self, found: Future[list[Val]]) -> None:
        self._underway -= 1
        if not found.cancelled():
            found.exception()  # whoever asked may have left, and nobody else wants to know


def _find(path: Path, search: Search, deadline: float) -> list[Val]:
    """Search, on a thread."""
    try:
        with closing(connect.connect(path)) as database:
            database.execute("PRAGMA query_only = ON")
            database.set_progress_handler(lambda: time.monotonic() > deadline, STEPS)
            return _read(database, search)
    except sqlite3.Error as error:
        if time.monotonic() > deadline:
            raise Overloaded("The search took too long. Search for something rarer, or try again.") from error
        raise failures.while_running(error) from error


def _read(database: sqlite3.Connection, search: Search) -> list[Val]:
    held, text = _like(search.text) if search.text.isascii() else _folded(database, search.text)
    statement = _FOUND.format(**{name: held.format(column) for name, column in _COLUMNS.items()})
    values = {"text": text, "reader": search.reader, "limit": search.limit, "offset": search.offset}
    found = database.execute(statement, values).fetchall()
    return [val for (val_id,) in found if (val := as_val(database.execute(_SELECT, (val_id,)).fetchone())) is not None]


def _like(text: str) -> tuple[str, str]:
    """Compare as SQLite does, which folds the letters of ASCII and needs no Python for each row."""
    for sign in (ESCAPE, "%", "_"):
        text = text.replace(sign, ESCAPE + sign)
    return f"{{}} LIKE :text ESCAPE '{ESCAPE}'", f"%{text}%"


def _folded(database: sqlite3.Connection, text: str) -> tuple[str, str]:
    """Compare with all letters folded."""
    database.create_function("holds", 2, lambda held, wanted: wanted in (held or "").casefold(), deterministic=True)
    return "holds({}, :text)", text.casefold()
