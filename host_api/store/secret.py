"""Secrets, as SQL: sealed before they come here, and unsealed after.

Names are case-insensitive and keep the spelling of the last write.
"""

from __future__ import annotations

import re
import sqlite3

from host_api.store import accounts
from host_api.store.clock import now_ms
from host_api.store.keys import Cipher
from kernel.errors import BadInput
from kernel.principals import MAX_NAME

MAX_VALUE = 65_536
"""Bytes of a secret."""

CHECK = "key check"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def insist_secret_name(name: str) -> str:
    """Return the name, or raise BadInput that says what a secret may be called."""
    if len(name) > MAX_NAME or not _NAME.fullmatch(name):
        raise BadInput(
            f"{name[:60]!r} is not a name for a secret: "
            f"use letters, digits and _, not starting with a digit, {MAX_NAME} at most."
        )
    return name


def find(db: sqlite3.Connection, owner: str, name: str) -> tuple[bytes, bytes] | None:
    """Return a secret, sealed, and what it is about."""
    if not (owner.isascii() and name.isascii()):
        return None
    row = db.execute(
        "SELECT s.sealed, s.account_id, s.folded FROM accounts a JOIN secrets s ON s.account_id = a.id "
        "WHERE a.folded = ? AND s.folded = ?",
        (owner.casefold(), name.casefold()),
    ).fetchone()
    return (row[0], _about(row[1], row[2])) if row else None


def names(db: sqlite3.Connection, owner: str) -> list[str]:
    """The names of an account's secrets, in order."""
    found = db.execute(
        "SELECT s.name FROM accounts a JOIN secrets s ON s.account_id = a.id WHERE a.folded = ? ORDER BY s.folded",
        (owner.casefold(),),
    )
    return [name for (name,) in found]


def put(db: sqlite3.Connection, cipher: Cipher, owner: str, name: str, value: str) -> None:
    """Seal and keep a secret, for good or not at all; raise NotFound, BadInput, BadSetting (another key)."""
    account = accounts.insist(db, owner)
    insist_secret_name(name)
    plain = value.encode("utf-8", "surrogatepass")
    if len(plain) > MAX_VALUE:
        raise BadInput(f"A secret holds at most {MAX_VALUE} bytes; this one has {len(plain)}.")
    keep_check(db, cipher)
    folded = name.casefold()
    db.execute(
        "INSERT OR REPLACE INTO secrets (account_id, folded, name, sealed, updated_at) VALUES (?, ?, ?, ?, ?)",
        (account.id, folded, name, cipher.seal(plain, _about(account.id, folded)), now_ms()),
    )


def delete(db: sqlite3.Connection, owner: str, name: str) -> bool:
    """Forget a secret; False if there is none."""
    account = accounts.insist(db, owner)
    deleted = db.execute("DELETE FROM secrets WHERE account_id = ? AND folded = ?", (account.id, name.casefold()))
    return deleted.rowcount > 0


def check(db: sqlite3.Connection) -> bytes | None:
    """Return what tells the right key from another; None before the first key."""
    row = db.execute("SELECT value FROM meta WHERE key = ?", (CHECK,)).fetchone()
    return row[0] if row else None


def keep_check(db: sqlite3.Connection, cipher: Cipher) -> None:
    """Insist that this is the database's key, or make it so if it has none yet; raise BadSetting."""
    known = check(db)
    if known is not None:
        cipher.insist(known)
    else:
        db.execute("INSERT INTO meta (key, value) VALUES (?, ?)", (CHECK, cipher.new_check()))


def _about(account_id: str, folded: str) -> bytes:
    # An id has no slash, so no two pairs are written alike.
    return f"secret/{account_id}/{folded}".encode()
