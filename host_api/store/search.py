"""Searching vals by a text, as SQL: it reads every source there is, so it is read beside the loop.

What is found is what the reader may see: public vals, and the reader's own.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from host_api.store.model import Val
from host_api.store.vals import NEWEST, briefly

# Our own texts, no value in them.
_FOUND = (
    f"SELECT v.id {NEWEST} "
    "WHERE (v.privacy = 'public' OR v.owner_id = :reader) AND ({name} OR {code} OR {readme}) "
    "ORDER BY {name} DESC, v.updated_at DESC, v.id LIMIT :limit OFFSET :offset"
)
_COLUMNS = {"name": "v.name", "code": "n.code", "readme": "v.readme"}


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for, by whom (an account's id, or nothing), and which part of it is wanted."""

    text: str
    reader: str
    limit: int
    offset: int


def find(db: sqlite3.Connection, search: Search) -> list[Val]:
    """Find vals whose name, code or readme has the text, in whatever case; those with it in the name come first."""
    held, text = _plain(search.text) if search.text.isascii() else _folded(db, search.text)
    statement = _FOUND.format(**{name: held.format(column) for name, column in _COLUMNS.items()})
    values = {"text": text, "reader": search.reader, "limit": search.limit, "offset": search.offset}
    return briefly(db, db.execute(statement, values).fetchall())


def _plain(text: str) -> tuple[str, str]:
    """Compare as SQLite does, which folds the letters of ASCII and needs no Python for each row.

    Not with LIKE: one row of a million letters `a` takes it a second, which nothing interrupts.
    """
    return "ifnull(instr(lower({}), :text), 0) > 0", text.lower()


def _folded(db: sqlite3.Connection, text: str) -> tuple[str, str]:
    """Compare with all letters folded."""
    db.create_function("holds", 2, lambda held, wanted: wanted in (held or "").casefold(), deterministic=True)
    return "holds({}, :text)", text.casefold()
