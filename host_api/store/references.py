"""Which vals a val's source names, as SQL: rows of (owner, name), folded, as they stood at `vals.named_version`.

Rows of another version than the newest say nothing: a val that is data now names nobody, and its writing touched no row.
What is found is only what the reader may see: public vals, and the reader's own.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Final

from host_api.store.model import Val
from host_api.store.vals import NEWEST, briefly

Named = frozenset[tuple[str, str]]
"""What a source names: (owner, name), folded."""

MOST_NAMED: Final = 1000
"""Names of one val that are kept."""

SOME: Final = 200
"""Vals that are looked at in one go."""

MOST_COUNTED: Final = 2000
"""References that are looked at to count them: it is done for every FullVal, on the loop, and anybody may name a val."""

# Our own texts, no value in them.
_SEEN = "(v.privacy = 'public' OR v.owner_id = ?) AND v.id != ?"
_COUNT = (
    f"SELECT count(*) FROM (SELECT val_id FROM named WHERE owner = ? AND name = ? LIMIT {MOST_COUNTED}) r "  # noqa: S608
    f"CROSS JOIN vals v ON v.id = r.val_id WHERE v.named_version = v.version AND {_SEEN}"
)
_LIST = (
    "SELECT v.id FROM named r JOIN vals v ON v.id = r.val_id JOIN accounts a ON a.id = v.owner_id "  # noqa: S608
    f"WHERE r.owner = ? AND r.name = ? AND v.named_version = v.version AND {_SEEN} "
    "ORDER BY a.folded, v.folded LIMIT ? OFFSET ?"
)
_NAMED = (
    "SELECT v.id FROM named r CROSS JOIN accounts a ON a.folded = r.owner "
    "JOIN vals v ON v.owner_id = a.id AND v.folded = r.name "
    "WHERE r.val_id = ? AND (v.privacy != 'private' OR v.owner_id = ?) AND v.id != ? "
    "ORDER BY r.owner, r.name LIMIT ? OFFSET ?"
)
# Data that a val wrote has no source of its own; its author is a val, or code that was sent.
_UNKNOWN = (
    f"SELECT v.id, v.version, a.name, n.code {NEWEST} "
    "WHERE v.id > ? AND v.id <= ? AND v.named_version IS NOT v.version "
    "AND (n.kind = 'code' OR n.author = '@' || a.name)"
)
_NEXT = "SELECT max(id) FROM (SELECT id FROM vals WHERE id > ? ORDER BY id LIMIT ?)"


def keep(db: sqlite3.Connection, val_id: str, named: Named) -> None:
    """Keep what a val names, instead of what it named before."""
    db.execute("DELETE FROM named WHERE val_id = ?", (val_id,))
    rows = [(val_id, *pair) for pair in sorted(named)[:MOST_NAMED]]
    db.executemany("INSERT INTO named (val_id, owner, name) VALUES (?, ?, ?)", rows)


def keep_late(db: sqlite3.Connection, val_id: str, version: int, named: Named) -> None:
    """Keep what a version names that was written when nobody looked, unless there is a newer one by now."""
    changed = db.execute("UPDATE vals SET named_version = ? WHERE id = ? AND version = ?", (version, val_id, version))
    if changed.rowcount:
        keep(db, val_id, named)


def known(db: sqlite3.Connection, val: Val) -> Named | None:
    """What the newest version of a val names; None if nobody has looked."""
    if val.named_version != val.version:
        return None
    return frozenset(db.execute("SELECT owner, name FROM named WHERE val_id = ?", (val.id,)).fetchall())


@dataclass(frozen=True, slots=True)
class Unknown:
    """A version whose references nobody has looked for."""

    val_id: str
    version: int
    owner: str
    code: str


def unknown(db: sqlite3.Connection, after: str) -> tuple[str | None, list[Unknown]]:
    """Look at the next few vals, by id: return the last one's (None: there are no more), and those that are unknown."""
    last = db.execute(_NEXT, (after, SOME)).fetchone()[0]
    return last, [Unknown(*row) for row in db.execute(_UNKNOWN, (after, last or after))]


def count(db: sqlite3.Connection, val: Val, reader_id: str) -> int:
    """How many vals that the reader may see name this one, of the first MOST_COUNTED that name it at all."""
    found: int = db.execute(_COUNT, (*_key(val), reader_id, val.id)).fetchone()[0]
    return found


def to(db: sqlite3.Connection, val: Val, reader_id: str, limit: int, offset: int) -> list[Val]:
    """Find the vals that name this one, by owner and name, without their stored values."""
    return briefly(db, db.execute(_LIST, (*_key(val), reader_id, val.id, limit, offset)).fetchall())


def of(db: sqlite3.Connection, val: Val, reader_id: str, limit: int, offset: int) -> list[Val]:
    """Find the vals that this one names; unlisted ones too, since its reader knows their names."""
    if val.named_version != val.version:
        return []
    return briefly(db, db.execute(_NAMED, (val.id, reader_id, val.id, limit, offset)).fetchall())


def _key(val: Val) -> tuple[str, str]:
    return val.owner.casefold(), val.name.casefold()
