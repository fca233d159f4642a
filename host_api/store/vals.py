"""Finding vals and their versions, as SQL. Nothing here decides who may read them: that is the table's.

Names are compared folded. A version number is of a *name*, and `named_from` hides versions from before a renaming.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from host_api.store.model import Kind, Privacy, Val, Version

_HEAD = "v.id, a.name, v.owner_id, v.name, v.privacy, n.version, n.kind, n.code"
_TAIL = (
    "n.type, n.error, v.readme, v.public_since, n.evaluation, n.author, v.created_at, v.updated_at, "
    "n.run_start, n.run_end, v.forked_id, v.forked_version, v.named_version"
)
_FULL = f"{_HEAD}, n.payload, n.json, {_TAIL}"
_BRIEF = f"{_HEAD}, NULL, NULL, {_TAIL}"
NEWEST = "FROM accounts a JOIN vals v ON v.owner_id = a.id JOIN versions n ON n.val_id = v.id AND n.version = v.version"
_PINNED = "FROM accounts a JOIN vals v ON v.owner_id = a.id JOIN versions n ON n.val_id = v.id AND n.version = ?"
_BY_NAME = "WHERE a.folded = ? AND v.folded = ?"

# Our own texts, no value in them.
_FIND = f"SELECT {_FULL} {NEWEST} {_BY_NAME}"
_FIND_PINNED = f"SELECT {_FULL} {_PINNED} {_BY_NAME} AND n.version >= v.named_from"
_FIND_ID = f"SELECT {_FULL} {NEWEST} WHERE v.id = ?"
_BRIEF_ID = f"SELECT {_BRIEF} {NEWEST} WHERE v.id = ?"
_FIND_ID_PINNED = f"SELECT {_FULL} {_PINNED} WHERE v.id = ?"
_LIST = f"SELECT {_BRIEF} {NEWEST} WHERE v.owner_id = ? AND v.privacy IN (?, ?, ?) ORDER BY v.folded LIMIT ? OFFSET ?"
_VERSIONS = """
    SELECT val_id, version, kind, code, type, error, evaluation, author, created_at, run_start, run_end
    FROM versions WHERE val_id = ? ORDER BY version DESC LIMIT ? OFFSET ?"""

_PRIVACIES = {str(privacy): privacy for privacy in Privacy}
_KINDS = {str(kind): kind for kind in Kind}
EVERYTHING = tuple(Privacy)
MANY = 1_000_000


def find(db: sqlite3.Connection, owner: str, name: str, version: int | None = None) -> Val | None:
    """Find a val by name: its newest version, or this one."""
    if not (owner.isascii() and name.isascii()):
        return None
    named = (owner.casefold(), name.casefold())
    if version is None:
        return as_val(db.execute(_FIND, named).fetchone())
    return as_val(db.execute(_FIND_PINNED, (version, *named)).fetchone())


def by_id(db: sqlite3.Connection, val_id: str, version: int | None = None) -> Val | None:
    """Find a val by its id: its newest version, or this one."""
    if version is None:
        return as_val(db.execute(_FIND_ID, (val_id,)).fetchone())
    return as_val(db.execute(_FIND_ID_PINNED, (version, val_id)).fetchone())


def of(
    db: sqlite3.Connection, owner_id: str, privacies: Sequence[Privacy], limit: int = MANY, offset: int = 0
) -> list[Val]:
    """An account's vals with one of these privacies, by name, without their stored values."""
    wanted = [*privacies, "", "", ""][:3]
    found = db.execute(_LIST, (owner_id, *wanted, limit, offset))
    return [val for row in found if (val := as_val(row)) is not None]


def briefly(db: sqlite3.Connection, ids: Iterable[tuple[str]]) -> list[Val]:
    """Find vals by their ids, without their stored values: what is large is not sorted with them."""
    rows = [db.execute(_BRIEF_ID, one).fetchone() for one in ids]
    return [val for row in rows if (val := as_val(row)) is not None]


def versions(db: sqlite3.Connection, val_id: str, limit: int = MANY, offset: int = 0) -> list[Version]:
    """A val's history, newest first, without the stored values."""
    return [
        Version(row[0], row[1], _KINDS[row[2]], row[3], row[4], as_error(row[5]), *row[6:])
        for row in db.execute(_VERSIONS, (val_id, limit, offset))
    ]


def as_error(text: str | None) -> dict[str, object] | None:
    """Read an error that was kept."""
    return None if text is None else json.loads(text)


def weight(val: Val) -> int:
    """Return about how many bytes a val takes in memory."""
    return 2 * len(val.code) + len(val.payload or b"") + len(val.json or b"") + 2 * len(val.readme or "")


def as_val(row: tuple[Any, ...] | None) -> Val | None:
    """Make a Val of a row, in the order of its fields."""
    if row is None:
        return None
    listed = list(row)
    listed[4], listed[6], listed[11] = _PRIVACIES[row[4]], _KINDS[row[6]], as_error(row[11])
    return Val(*listed)
