"""Secrets, as SQL: sealed before they come here, and unsealed after.

Names are case-insensitive and keep the spelling of the last write.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from host_api.store import accounts
from host_api.store.clock import now_ms
from host_api.store.keys import Cipher, Keys
from kernel.errors import BadInput, BadSetting, LimitError
from kernel.principals import MAX_NAME

MAX_VALUE = 65_536
"""Bytes of a secret."""

MOST_SECRETS = 1000
"""Secrets of an account."""

FEW, LITTLE = 50, 32_768
"""How many secrets, and how many bytes of them, are unsealed to look for them in a text."""

CHECK = "key check"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Sealed:
    """A secret as it is kept: what it is about, and the check of the key that sealed it."""

    sealed: bytes
    about: bytes
    check: bytes


def insist_secret_name(name: str) -> str:
    """Return the name, or raise BadInput that says what a secret may be called."""
    if len(name) > MAX_NAME or not _NAME.fullmatch(name):
        raise BadInput(
            f"{name[:60]!r} is not a name for a secret: "
            f"use letters, digits and _, not starting with a digit, {MAX_NAME} at most."
        )
    return name


def find(db: sqlite3.Connection, owner: str, name: str) -> Sealed | None:
    """Find a secret, sealed."""
    if not (owner.isascii() and name.isascii()):
        return None
    row = db.execute(
        # One statement, so that row and check are of one moment, also while the key is rotated.
        "SELECT s.sealed, s.account_id, s.folded, m.value FROM accounts a JOIN secrets s ON s.account_id = a.id "
        "JOIN meta m ON m.key = ? WHERE a.folded = ? AND s.folded = ?",
        (CHECK, owner.casefold(), name.casefold()),
    ).fetchone()
    return Sealed(row[0], _about(row[1], row[2]), row[3]) if row else None


def names(db: sqlite3.Connection, owner: str) -> list[str]:
    """The names of an account's secrets, in order."""
    found = db.execute(
        "SELECT s.name FROM accounts a JOIN secrets s ON s.account_id = a.id WHERE a.folded = ? ORDER BY s.folded",
        (owner.casefold(),),
    )
    return [name for (name,) in found]


def few(db: sqlite3.Connection, owner: str, cipher: Cipher) -> dict[str, str] | None:
    """Unseal an account's secrets, as name by value; None when they are many or large. Raises BadSetting."""
    found = db.execute(
        "SELECT s.name, s.account_id, s.folded, s.sealed FROM accounts a JOIN secrets s ON s.account_id = a.id "
        "WHERE a.folded = ? LIMIT ?",
        (owner.casefold(), FEW + 1),
    ).fetchall()
    if len(found) > FEW or sum(len(row[3]) for row in found) > LITTLE:
        return None
    return {
        cipher.unseal(sealed, _about(account_id, folded)).decode("utf-8", "surrogatepass"): name
        for name, account_id, folded, sealed in found
    }


def put(db: sqlite3.Connection, keys: Keys, owner: str, name: str, value: str) -> None:
    """Seal and keep a secret, for good or not at all; raise NotFound, BadInput, LimitError (too many), BadSetting (another key)."""
    account = accounts.insist(db, owner)
    insist_secret_name(name)
    plain = value.encode("utf-8", "surrogatepass")
    if len(plain) > MAX_VALUE:
        raise BadInput(f"A secret holds at most {MAX_VALUE} bytes; this one has {len(plain)}.")
    cipher = insist_key(db, keys)
    folded = name.casefold()
    _insist_room(db, account.id, folded)
    db.execute(
        "INSERT OR REPLACE INTO secrets (account_id, folded, name, sealed, updated_at) VALUES (?, ?, ?, ?, ?)",
        (account.id, folded, name, cipher.seal(plain, _about(account.id, folded)), now_ms()),
    )


def _insist_room(db: sqlite3.Connection, account_id: str, folded: str) -> None:
    (others,) = db.execute(
        "SELECT count(*) FROM secrets WHERE account_id = ? AND folded <> ?", (account_id, folded)
    ).fetchone()
    if others >= MOST_SECRETS:
        raise LimitError(f"An account has at most {MOST_SECRETS} secrets: delete one first.")


def delete(db: sqlite3.Connection, owner: str, name: str) -> bool:
    """Forget a secret; False if there is none."""
    account = accounts.insist(db, owner)
    deleted = db.execute("DELETE FROM secrets WHERE account_id = ? AND folded = ?", (account.id, name.casefold()))
    return deleted.rowcount > 0


def check(db: sqlite3.Connection) -> bytes | None:
    """Return what tells the right key from another; None before the first key."""
    row = db.execute("SELECT value FROM meta WHERE key = ?", (CHECK,)).fetchone()
    return row[0] if row else None


def insist_key(db: sqlite3.Connection, keys: Keys) -> Cipher:
    """Return what seals secrets now, and make the key of a database that has none; raise BadSetting.

    Within a write, so that the key cannot be rotated before what was sealed is kept.
    """
    known = check(db)
    if known is not None:
        return keys.cipher(known)
    cipher = keys.first()
    db.execute("INSERT INTO meta (key, value) VALUES (?, ?)", (CHECK, cipher.new_check()))
    return cipher


def unlock(db: sqlite3.Connection, keys: Keys) -> None:
    """Insist on the key, and tidy up after a rotation that was interrupted; raise BadSetting."""
    insist_key(db, keys)
    known = check(db)
    if known is not None:
        keys.settle(known)


def unseal_all(db: sqlite3.Connection, cipher: Cipher) -> Iterator[tuple[str, str, bytes]]:
    """Unseal every secret in turn, as (account's id, folded name, value); raise BadSetting for one that does not open."""
    found = db.execute(
        "SELECT s.account_id, s.folded, s.name, a.name FROM accounts a JOIN secrets s ON s.account_id = a.id"
    ).fetchall()
    for account_id, folded, name, owner in found:
        place = (account_id, folded)
        (sealed,) = db.execute("SELECT sealed FROM secrets WHERE account_id = ? AND folded = ?", place).fetchone()
        yield *place, _unsealed(cipher, sealed, _about(*place), f"@{owner}.secrets.{name}")


def _unsealed(cipher: Cipher, sealed: bytes, about: bytes, spelling: str) -> bytes:
    try:
        return cipher.unseal(sealed, about)
    except BadSetting as error:
        raise BadSetting(
            f"{spelling} does not open, though {cipher.source} is the key: it was changed from outside. "
            "Nothing was changed: delete it (valgate secret delete), or put a backup in the database's place."
        ) from error


def reseal(db: sqlite3.Connection, old: Cipher, new: Cipher) -> int:
    """Seal every secret with another key, and make it the database's; return how many. Raises BadSetting."""
    count = 0
    for account_id, folded, value in unseal_all(db, old):
        sealed = new.seal(value, _about(account_id, folded))
        db.execute("UPDATE secrets SET sealed = ? WHERE account_id = ? AND folded = ?", (sealed, account_id, folded))
        count += 1
    db.execute("UPDATE meta SET value = ? WHERE key = ?", (new.new_check(), CHECK))
    return count


def _about(account_id: str, folded: str) -> bytes:
    # An id has no slash, so no two pairs are written alike.
    return f"secret/{account_id}/{folded}".encode()
