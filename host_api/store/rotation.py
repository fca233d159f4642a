"""Rotating the key: every secret is sealed anew, with another key, while servers go on.

The order is all there is to it, and it holds wherever it is cut off:

1. The database's write lock is taken; nobody else rotates, seals or tidies up meanwhile.
2. The new key is on the disk and synced, beside the old one (or in the file that the operator named).
3. All secrets and the check are written with the new key, and committed. This moment, and no other, is the change.
4. The lock is taken again, and the file that opens the check takes the other's place.

Before 3 the old key opens the database, after it the new one, and both files are there until 4, which any later start does too.
This file never decides who may rotate, and keeps no old key.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from host_api.store import connect, secret
from host_api.store.keys import Cipher, Keys, make_key
from kernel.errors import BadSetting

NO_KEY = "This database has no key yet: it is made with the first secret, or when a server starts."


@dataclass(frozen=True, slots=True)
class Rotated:
    """How many secrets were sealed anew, and the file of the key; `before` if `--to` had been done already."""

    secrets: int
    file: Path
    before: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """How many secrets opened, and with what."""

    secrets: int
    source: str


def rotate(path: Path, keys: Keys, to: Path | None) -> Rotated:
    """Seal all secrets with a new key; raise BadSetting, sqlite3.Error, OSError, and nothing was changed.

    `to` is where the new key is, or is to be made; without it the file beside the database is replaced.
    """
    if to is None and not keys.ours:
        raise BadSetting(
            "The key of this database is given by VALGATE_KEY or VALGATE_KEY_FILE, which only you can change: "
            "valgate key rotate --to FILE makes a new one in FILE, and says what to set then."
        )
    with closing(connect.connect(path)) as db:
        with _writing(db):
            rotated = _reseal_beside(db, keys) if to is None else _reseal_to(db, keys, to)
        with _writing(db):
            keys.settle(_insist_check(db))
        # What the log holds of before could be opened with the old key; who reads just now may keep it a while longer.
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return rotated


def check(db: sqlite3.Connection, keys: Keys) -> Checked:
    """Open every secret; raise BadSetting for another key, or for the first secret that does not open."""
    cipher = keys.cipher(_insist_check(db))
    return Checked(sum(1 for _ in secret.unseal_all(db, cipher)), cipher.source)


def _reseal_beside(db: sqlite3.Connection, keys: Keys) -> Rotated:
    known = _insist_check(db)
    old = keys.cipher(known)
    keys.settle(known)
    return Rotated(secret.reseal(db, old, keys.following()), keys.file)


def _reseal_to(db: sqlite3.Connection, keys: Keys, to: Path) -> Rotated:
    known = _insist_check(db)
    old = _old(keys, known, to)
    if old is None:
        return Rotated(0, to, before=True)
    if not to.exists():
        make_key(to)
    new = Keys(to, given=True).first()
    if new.opens(known):
        raise BadSetting(
            f"{to} holds the key that the database has now: name another file, or one that is not there yet."
        )
    return Rotated(secret.reseal(db, old, new), to)


def _old(keys: Keys, known: bytes, to: Path) -> Cipher | None:
    """Return the present key; None when `to` is the database's already: a rotation ended after its commit."""
    try:
        return keys.cipher(known)
    except BadSetting:
        if to.exists() and Keys(to, given=True).first().opens(known):
            return None
        raise


def _insist_check(db: sqlite3.Connection) -> bytes:
    known = secret.check(db)
    if known is None:
        raise BadSetting(NO_KEY)
    return known


@contextmanager
def _writing(db: sqlite3.Connection) -> Iterator[None]:
    """Hold the write lock of the database, of all processes, and commit at the end."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
