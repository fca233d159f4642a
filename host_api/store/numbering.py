"""Version numbers: each belongs to a name of an owner, for ever.

They outlive the val, so that `@B.foo@3` never means two things.
"""

from __future__ import annotations

import sqlite3


def next_number(db: sqlite3.Connection, owner_id: str, name: str) -> int:
    """Return the number that the name's next version will have."""
    row = db.execute(
        "SELECT next FROM numbers WHERE owner_id = ? AND folded = ?", (owner_id, name.casefold())
    ).fetchone()
    return row[0] if row else 0


def set_number(db: sqlite3.Connection, owner_id: str, name: str, following: int) -> None:
    """Say which number comes next."""
    db.execute(
        "INSERT OR REPLACE INTO numbers (owner_id, folded, next) VALUES (?, ?, ?)",
        (owner_id, name.casefold(), following),
    )


def take_number(db: sqlite3.Connection, owner_id: str, name: str) -> int:
    """Use up a number of the name and return it."""
    number = next_number(db, owner_id, name)
    set_number(db, owner_id, name, number + 1)
    return number
