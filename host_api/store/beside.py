"""Long reads beside the loop: on two threads, each read with a connection of its own that only reads.

A read ends when its time is over, waiting included, and too many at once are refused: whoever asks for much waits for that, and nobody else.
This file does not know what is read.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from host_api.store import connect, failures
from kernel.errors import Overloaded

if TYPE_CHECKING:
    # Slow to load; a command does without.
    from asyncio import Future
    from concurrent.futures import ThreadPoolExecutor

T = TypeVar("T")

AT_ONCE: Final = 2
MOST: Final = 64
"""Reads under way, those included that wait for a thread."""
SECONDS: Final = 2.0
"""How long one may take, from when it was asked for."""
STEPS: Final = 10_000
"""Instructions of SQLite's between two looks at the clock."""


class Beside:
    """The long reads of one process."""

    def __init__(self, path: Path, seconds: float = SECONDS) -> None:
        """Read this database, for so long at a time."""
        self._path, self._seconds = path, seconds
        self._pool: ThreadPoolExecutor | None = None
        self._underway = 0

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Give what is read; raise Overloaded when the time is over, or when too many are at it."""
        import asyncio  # noqa: PLC0415 - see above

        if self._underway >= MOST:
            raise Overloaded("Too many are reading lists or searching. Try again.")
        deadline = time.monotonic() + self._seconds
        self._underway += 1
        reading = asyncio.get_running_loop().run_in_executor(self._threads(), _read, self._path, work, deadline)
        # Not when whoever asked has left: the thread is at it still.
        reading.add_done_callback(self._ended)
        return await asyncio.shield(reading)

    def close(self) -> None:
        """Wait for those that are under way."""
        if self._pool is not None:
            self._pool.shutdown()

    def _threads(self) -> ThreadPoolExecutor:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - see above

        self._pool = self._pool or ThreadPoolExecutor(AT_ONCE, "valgate-reader")
        return self._pool

    def _ended(self, reading: Future[T]) -> None:
        self._underway -= 1
        if not reading.cancelled():
            reading.exception()  # whoever asked may have left, and nobody else wants to know


def _read(path: Path, work: Callable[[sqlite3.Connection], T], deadline: float) -> T:
    """Read, on a thread."""
    try:
        with closing(connect.connect(path)) as database:
            database.execute("PRAGMA query_only = ON")
            database.set_progress_handler(lambda: time.monotonic() > deadline, STEPS)
            return work(database)
    except sqlite3.Error as error:
        if time.monotonic() > deadline:
            raise Overloaded("This took too long. Ask for less, or try again.") from error
        raise failures.while_running(error) from error
