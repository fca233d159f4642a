"""The one thread that writes, for this process.

It takes what is queued, runs each operation in a savepoint of one transaction, commits once, and only then answers:
a hundred writes that come together cost one sync of the disk, and a write that was answered is durable.
Operations run in the order in which they were submitted.
One that fails undoes itself; a commit that fails fails them all.

A *lazy* operation (the record of an evaluation without effects) waits a moment for company.
This file does not know what the operations do.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from host_api.store import failures
from kernel.errors import BadInput, BadSetting

if TYPE_CHECKING:
    # Slow to load; a command that only reads does without.
    import asyncio

T = TypeVar("T")
Op = Callable[[sqlite3.Connection], T]
"""An operation on the open transaction; it raises a ValgateError to refuse."""

LAZY_SECONDS = 0.025
"""The longest that a lazy operation waits; semantics §8 allows a start row 100 ms."""

MOST = 512
"""Operations in one transaction: more would keep other processes waiting."""


@dataclass(frozen=True, slots=True, eq=False)
class _Job(Generic[T]):
    """An operation on its way; no `done` for one that nobody waits for."""

    run: Op[T]
    done: asyncio.Future[T] | None
    urgent: bool
    weight: int = 1


@dataclass(frozen=True, slots=True)
class _Ended:
    """How a job ended."""

    job: _Job[Any]
    value: object = None
    error: BaseException | None = None


class Writer:
    """A queue and its thread, which starts with the first operation."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], version: int) -> None:
        """Take how the thread connects, and the schema's version it must find."""
        self._connect, self._version = connect, version
        self._queue: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self.waiting = self._queue.qsize
        """How many operations wait, beside those of the transaction that is under way."""
        self._thread: Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self.ahead: Callable[[], None] | None = None
        """Puts what waits for company elsewhere, and was asked for before; called before anything is submitted."""

    def submit(self, run: Op[T], *, urgent: bool = True) -> asyncio.Future[T]:
        """Queue an operation, at once; the future has its result when it is durable."""
        if self.ahead is not None:
            self.ahead()
        return self.put(run, self.future(), urgent=urgent)

    def put(self, run: Op[T], done: asyncio.Future[T], *, urgent: bool, weight: int = 1) -> asyncio.Future[T]:
        """Do as `submit`, for a future that `future` made; `weight` is how many writes it stands for."""
        self._put(_Job(run, done, urgent, weight))
        return done

    def future(self) -> asyncio.Future[Any]:
        """Make a future for an operation that is to be put."""
        return (self._loop or self._start()).create_future()

    def post(self, run: Op[Any]) -> None:
        """Queue an operation that nobody waits for and whose loss does not matter."""
        if self._loop is not None:
            self._put(_Job(run, None, urgent=False))

    def close(self) -> None:
        """Finish what is queued and end the thread."""
        if self.ahead is not None:
            self.ahead()
        self._closed = True
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def _put(self, job: _Job[Any]) -> None:
        if self._closed:
            raise RuntimeError("the store is closed")
        self._queue.put(job)

    def _start(self) -> asyncio.AbstractEventLoop:
        import asyncio  # noqa: PLC0415 — see above

        self._loop = asyncio.get_running_loop()
        # A daemon: whoever forgets to close must not hang; what was not answered may be lost.
        self._thread = Thread(target=self._work, name="valgate-writer", daemon=True)
        self._thread.start()
        return self._loop

    def _work(self) -> None:
        database: sqlite3.Connection | None = None
        going = True
        while going:
            batch, going = self._gather()
            if not batch:
                continue
            try:
                database = database or self._connect()
                ended = self._commit(database, batch)
            except BaseException as error:  # noqa: BLE001 — it is handed to those who wait
                ended = [_Ended(job, error=_translated(error)) for job in batch]
            self._answer(ended)
        if database is not None:
            database.close()

    def _gather(self) -> tuple[list[_Job[Any]], bool]:
        """Wait for work and take what is there; False at the end."""
        batch: list[_Job[Any]] = []
        urgent, deadline, room = False, None, MOST
        while room > 0:
            try:
                job = self._queue.get_nowait() if urgent else self._queue.get(timeout=_left(deadline))
            except Empty:
                break
            if job is None:
                return batch, False
            batch.append(job)
            room -= job.weight
            urgent = urgent or job.urgent
            deadline = deadline or time.monotonic() + LAZY_SECONDS
        return batch, True

    def _commit(self, database: sqlite3.Connection, batch: list[_Job[Any]]) -> list[_Ended]:
        database.execute("BEGIN IMMEDIATE")
        try:
            self._insist_version(database)
            ended = [_alone(database, batch[0])] if len(batch) == 1 else [_run(database, job) for job in batch]
            if database.in_transaction:
                database.execute("COMMIT")
        finally:
            if database.in_transaction:
                database.execute("ROLLBACK")
        return ended

    def _insist_version(self, database: sqlite3.Connection) -> None:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version != self._version:
            raise BadSetting("A newer Valgate has changed the database meanwhile: restart this one with that version.")

    def _answer(self, ended: Iterable[_Ended]) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(_resolve, [one for one in ended if one.job.done is not None])


def _alone(database: sqlite3.Connection, job: _Job[Any]) -> _Ended:
    """Run the only operation of a transaction, which is its savepoint."""
    try:
        return _Ended(job, value=job.run(database))
    except BaseException as error:
        if not database.in_transaction:
            raise  # as below
        database.execute("ROLLBACK")
        return _Ended(job, error=_translated(error))


def _run(database: sqlite3.Connection, job: _Job[Any]) -> _Ended:
    """Run one operation in its own savepoint; raise only when the whole transaction is lost."""
    database.execute("SAVEPOINT job")
    try:
        ended = _Ended(job, value=job.run(database))
    except BaseException as error:
        if not database.in_transaction:
            raise  # a full disk, an I/O error: SQLite has undone everything
        database.execute("ROLLBACK TO job")
        ended = _Ended(job, error=_translated(error))
    database.execute("RELEASE job")
    return ended


def _translated(error: BaseException) -> BaseException:
    """Put SQLite's words into ours; a bug of ours stays what it is."""
    if isinstance(error, UnicodeEncodeError):
        return BadInput("The text holds half of a character (a lone surrogate), which cannot be kept.")
    return failures.while_running(error) if isinstance(error, sqlite3.Error | OSError) else error


def _resolve(ended: Iterable[_Ended]) -> None:
    """Answer those who still wait; on the loop's thread."""
    for one in ended:
        if one.job.done is None or one.job.done.done():
            continue
        if one.error is None:
            one.job.done.set_result(one.value)
        else:
            one.job.done.set_exception(one.error)


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())
