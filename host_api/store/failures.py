"""What SQLite and the disk say, in our words. Everything about telling a failure; nothing about causing one.

When a database is opened the sentence names the file, for the operator.
While it runs the sentence may reach a guest, so it names nothing of the host; the cause is chained for the log.
"""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from kernel.errors import BadSetting, HostFailure, Overloaded, ValgateError

ANOTHER = "Choose another with --db or VALGATE_DB."


def on_opening(error: sqlite3.Error | OSError, path: Path) -> ValgateError:
    """Explain why the database cannot be opened, and what to do about it."""
    match _code(error):
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Overloaded(f"The database {path} is held by another program. Wait for it to end, then try again.")
        case sqlite3.SQLITE_FULL:
            return Overloaded(f"The disk of {path} is full. Free some space and try again.")
        case sqlite3.SQLITE_NOTADB:
            return BadSetting(f"{path} is not a database of Valgate. {ANOTHER}")
        case sqlite3.SQLITE_CORRUPT:
            return BadSetting(f"The database {path} is damaged. Put a backup in its place, or keep it away. {ANOTHER}")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return BadSetting(_unwritable(path))
        case _:
            return BadSetting(f"The database {path} cannot be used: {error}. {ANOTHER}")


def while_running(error: sqlite3.Error | OSError) -> ValgateError:
    """Explain why a read or a write failed, without naming anything of the host."""
    match _code(error):
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            failure: ValgateError = Overloaded("The database is busy, and nothing was saved. Try again.")
        case sqlite3.SQLITE_FULL:
            failure = Overloaded("The disk is full, and nothing was saved. Free some space and try again.")
        case _:
            failure = HostFailure()
    failure.__cause__ = error
    return failure


def _code(error: sqlite3.Error | OSError) -> int | None:
    """Return SQLite's primary result code, also for what the system itself refused; None when there is none."""
    if isinstance(error, OSError):
        return sqlite3.SQLITE_FULL if error.errno in {errno.ENOSPC, errno.EDQUOT} else sqlite3.SQLITE_CANTOPEN
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _unwritable(path: Path) -> str:
    if path.is_dir():
        return f"{path} is a folder, not a database: name a file in it, such as {path / 'valgate.db'}."
    if not path.parent.is_dir():
        return (
            f"The folder {path.parent} does not exist: make it (mkdir -p {path.parent}), or choose another with --db."
        )
    return (
        f"The database {path} cannot be written: allow writing to it, to its folder and to the -wal and -shm files "
        "beside it, or choose another with --db."
    )
