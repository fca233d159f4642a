"""Long reads beside the loop: on two threads, each read with a connection of its own that only reads.

A read ends when its time is over, waiting included, and too many at once are refused. Of one reader one is read at a time, so that
whoever asks for much waits for that, and nobody else; all who are anonymous are one.
This file does not know what is read.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from host_api.store import connect, failures
from kernel.errors import Overloaded

if TYPE_CHECKING:
    # Slow to load; a command does without.
    from asyncio import Future
    from concurrent.futures import ThreadPoolExecutor

    from host_api.load.turns import Turns

T = TypeVar("T")

AT_ONCE: Final = 2
MOST: Final = 64
"""Reads under way, those included that wait for a thread."""
EACH: Final = 32
"""The same of one reader."""
SECONDS: Final = 2.0
"""How long one may take, from when it was asked for."""
STEPS: Final = 500
"""Instructions of SQLite's between two looks at the clock."""
TOO_LONG: Final = "This took too long. Ask for less, or try again."


class Beside:
    """The long reads of one process."""

    def __init__(self, path: Path, seconds: float = SECONDS) -> None:
        """Read this database, for so long at a time."""
        self._path, self._seconds = path, seconds
        self._pool: ThreadPoolExecutor | None = None
        self._turns: Turns | None = None
        self._underway, self._by = 0, Counter[str]()

    async def read(self, work: Callable[[sqlite3.Connection], T], who: str = "") -> T:
        """Give what is read for this reader (nothing: anonymous); raise Overloaded when the time is over, or too many are at it."""
        import asyncio  # noqa: PLC0415 - see above

        if self._underway >= MOST or self._by[who] >= EACH:
            raise Overloaded("Too many are reading lists or searching. Try again.")
        deadline = time.monotonic() + self._seconds
        self._count(who, 1)
        try:
            await self._turn(who)
        except BaseException:
            self._count(who, -1)
            raise
        reading = asyncio.get_running_loop().run_in_executor(self._threads(), _read, self._path, work, deadline)
        # Not when whoever asked has left: the thread is at it still.
        reading.add_done_callback(partial(self._ended, who))
        return await asyncio.shield(reading)

    def close(self) -> None:
        """Wait for those that are under way."""
        if self._pool is not None:
            self._pool.shutdown()

    def _threads(self) -> ThreadPoolExecutor:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - see above

        self._pool = self._pool or ThreadPoolExecutor(AT_ONCE, "valgate-reader")
        return self._pool

    async def _turn(self, who: str) -> None:
        """Wait for a turn at the threads, and no longer than a read may take."""
        import asyncio  # noqa: PLC0415 - see above

        try:
            async with asyncio.timeout(self._seconds):
                await self._line().take(who)
        except TimeoutError:
            raise Overloaded(TOO_LONG) from None

    def _line(self) -> Turns:
        from host_api.load.turns import Turns  # noqa: PLC0415 - see above

        self._turns = self._turns or Turns(AT_ONCE, 1)
        return self._turns

    def _count(self, who: str, more: int) -> None:
        self._underway += more
        self._by[who] += more
        if not self._by[who]:
            del self._by[who]

    def _ended(self, who: str, reading: Future[T]) -> None:
        self._count(who, -1)
        self._line().give(who)
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
            raise Overloaded(TOO_LONG) from error
        raise failures.while_running(error) from error
