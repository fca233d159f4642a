"""Opening the file: what it must be, how it is made, and how it is brought up to date.

Everything about connections; nothing about what the tables hold.
Several processes may do this at once: whoever comes second finds the work done.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from host_api.store import failures
from host_api.store.ids import new_id
from host_api.store.schema import APPLICATION, MIGRATIONS, Migration
from kernel.errors import BadSetting

PATIENCE_MS = 10_000
"""How long one process waits for another's write."""

_SETUP = (
    f"PRAGMA busy_timeout = {PATIENCE_MS}",
    # A returned write is durable: FULL syncs the log at each commit, NORMAL would not.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # What was deleted is gone from the file too: a secret's row of before a rotation would open with the old key.
    "PRAGMA secure_delete = ON",
    # A hostile file's views and triggers call nothing of ours.
    "PRAGMA trusted_schema = OFF",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA journal_size_limit = 67108864",
)


def connect(path: Path) -> sqlite3.Connection:
    """Open a connection with our settings, in autocommit: who writes says BEGIN."""
    # Named by a URI so that SQLite never makes the file: it would be readable by others.
    database = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, cached_statements=256
    )
    try:
        for pragma in _SETUP:
            database.execute(pragma)
    except BaseException:
        database.close()
        raise
    return database


def open_reader(path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> sqlite3.Connection:
    """Make or migrate the database where needed and return a connection that only reads.

    Raises BadSetting or Overloaded with a sentence for the operator.
    """
    try:
        _create(path)
        database = connect(path)
    except (sqlite3.Error, OSError) as error:
        raise failures.on_opening(error, path) from error
    try:
        _bring_up_to_date(database, path, migrations)
        database.execute("PRAGMA query_only = ON")
    except (sqlite3.Error, OSError) as error:
        database.close()
        raise failures.on_opening(error, path) from error
    except BaseException:
        database.close()
        raise
    return database


def copy(path: Path, target: Path) -> None:
    """Copy the committed state to a new file, which appears whole or not at all; raise OSError, sqlite3.Error."""
    part = target.with_name(f".{target.name}.{new_id()}.part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with closing(connect(path)) as source, closing(sqlite3.connect(part)) as copied:
            source.backup(copied)
        os.link(part, target)  # fails if it is there: a backup never replaces another
    finally:
        part.unlink(missing_ok=True)


def _create(path: Path) -> None:
    """Make an empty file that only its owner may read; SQLite gives the log the same mode."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _bring_up_to_date(database: sqlite3.Connection, path: Path, migrations: Sequence[Migration]) -> None:
    version = _insist_ours(database, path, len(migrations))
    if version == len(migrations):
        return
    _use_log(database, path)
    database.execute("BEGIN IMMEDIATE")
    try:
        _migrate(database, path, migrations)
        database.execute("COMMIT")
    finally:
        if database.in_transaction:
            database.execute("ROLLBACK")


def _migrate(database: sqlite3.Connection, path: Path, migrations: Sequence[Migration]) -> None:
    """Run what is missing, in the transaction that is open; another process may just have done it."""
    version = _insist_ours(database, path, len(migrations))
    if 0 < version < len(migrations):
        # Nobody can write between this copy and the migration: the write lock is ours.
        copy(path, _backup_name(path, version))
    for migration in migrations[version:]:
        for statement in migration:
            database.execute(statement)
    database.execute(f"PRAGMA application_id = {APPLICATION}")
    database.execute(f"PRAGMA user_version = {len(migrations)}")


def _insist_ours(database: sqlite3.Connection, path: Path, known: int) -> int:
    """Return the schema's version; raise BadSetting for another program's database, or a newer Valgate's."""
    # The tables first: another process may make them between two questions, and with them says whose they are.
    (tables,) = database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    (application,) = database.execute("PRAGMA application_id").fetchone()
    version: int = database.execute("PRAGMA user_version").fetchone()[0]
    if tables and application != APPLICATION:
        raise BadSetting(f"{path} is the database of another program. {failures.ANOTHER}")
    if version > known:
        raise BadSetting(
            f"{path} was written by a newer Valgate (schema {version}, this one knows {known}). "
            "Install that version, or put a backup in its place."
        )
    return version


def _use_log(database: sqlite3.Connection, path: Path) -> None:
    """Switch to the write-ahead log, which the file then remembers."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while True:
        try:
            (mode,) = database.execute("PRAGMA journal_mode = WAL").fetchone()
            break
        except sqlite3.OperationalError:
            # Two processes make the database at once: SQLite does not wait here by itself.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
    if mode != "wal":
        raise BadSetting(f"The folder of {path} cannot hold a database (a network share?). Use a local disk.")


def _backup_name(path: Path, version: int) -> Path:
    """Return a free name beside the database: `<db>.bak-v<N>`, then `<db>.bak-v<N>.2` and so on."""
    first = path.with_name(f"{path.name}.bak-v{version}")
    others = (first.with_name(f"{first.name}.{number}") for number in range(2, 10_000))
    return first if not first.exists() else next(name for name in others if not name.exists())
