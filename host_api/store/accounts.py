"""Accounts and their tokens, as SQL. Everything about who there is; nothing about what they own.

A token's text is made here, shown once and forgotten: the database has its SHA-256.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from hashlib import sha256

from host_api.store.clock import now_ms
from host_api.store.ids import new_id, new_token
from host_api.store.model import Account, Scope, Token
from kernel.errors import BadInput, Conflict, LimitError, NotFound
from kernel.principals import insist_name

PREFIX = "vg_"
"""What a token begins with, so that a leaked one is recognised."""

MOST_TOKENS = 1000
"""Tokens of an account, those that have expired too."""

_EMAIL = re.compile(r"[^\s@<>,;:\"\\]{1,64}@[^\s@<>,;:\"\\]{1,190}")
_ACCOUNT = "SELECT id, name, email, created_at FROM accounts"
_TOKEN = "SELECT id, account_id, name, scopes, created_at, expires_at, last_used_at FROM tokens"  # noqa: S105 — SQL
_AUTHENTICATE = """
    SELECT a.id, a.name, a.email, a.created_at,
        t.id, t.account_id, t.name, t.scopes, t.created_at, t.expires_at, t.last_used_at
    FROM tokens t JOIN accounts a ON a.id = t.account_id WHERE t.hash = ?"""


def by_name(db: sqlite3.Connection, name: str) -> Account | None:
    """Find an account, however the name is spelled."""
    if not name.isascii():
        return None
    row = db.execute(f"{_ACCOUNT} WHERE folded = ?", (name.casefold(),)).fetchone()
    return Account(*row) if row else None


def by_id(db: sqlite3.Connection, account_id: str) -> Account | None:
    """Find an account by its id."""
    row = db.execute(f"{_ACCOUNT} WHERE id = ?", (account_id,)).fetchone()
    return Account(*row) if row else None


def everyone(db: sqlite3.Connection) -> list[Account]:
    """All accounts, by name."""
    return [Account(*row) for row in db.execute(f"{_ACCOUNT} ORDER BY folded")]


def insist(db: sqlite3.Connection, name: str) -> Account:
    """Find an account; raise NotFound."""
    account = by_name(db, name)
    if account is None:
        raise NotFound(f"There is no user {name[:60]!r}.")
    return account


def add(db: sqlite3.Connection, name: str, email: str | None) -> Account:
    """Add an account; raise BadInput, or Conflict if the name is taken."""
    account = Account(new_id(), insist_name(name, "a user"), _insist_email(email), now_ms())
    if by_name(db, name) is not None:
        raise Conflict(f"There is a user {name!r} already.")
    db.execute(
        "INSERT INTO accounts (id, name, folded, email, created_at) VALUES (?, ?, ?, ?, ?)",
        (account.id, name, name.casefold(), account.email, account.created_at),
    )
    return account


def set_email(db: sqlite3.Connection, account_id: str, email: str | None) -> None:
    """Say where an account's mail goes from now on; None is nowhere. Raises BadInput."""
    db.execute("UPDATE accounts SET email = ? WHERE id = ?", (_insist_email(email), account_id))


def _insist_email(email: str | None) -> str | None:
    # Nothing that could start another header, or another address.
    if email is not None and not _EMAIL.fullmatch(email):
        raise BadInput(f"{email[:60]!r} is not an e-mail address: write name@host.")
    return email


def holder(db: sqlite3.Connection, hashed: bytes) -> tuple[Account, Token] | None:
    """Find whose token has this hash; it may have expired."""
    row = db.execute(_AUTHENTICATE, (hashed,)).fetchone()
    return None if row is None else (Account(*row[:4]), _token(row[4:]))


def tokens(db: sqlite3.Connection, account_id: str) -> list[Token]:
    """An account's tokens, oldest first."""
    return [_token(row) for row in db.execute(f"{_TOKEN} WHERE account_id = ? ORDER BY created_at, id", (account_id,))]


def add_token(
    db: sqlite3.Connection, account_id: str, name: str, scopes: Iterable[Scope], expires_at: int | None
) -> tuple[Token, str]:
    """Make a token; return it and its text, which is kept nowhere. Raises NotFound, BadInput, LimitError (too many)."""
    if by_id(db, account_id) is None:
        raise NotFound("There is no such user.")
    granted = frozenset(scopes)
    if not granted:
        raise BadInput(f"A token needs a scope: {', '.join(Scope)}.")
    if db.execute("SELECT count(*) FROM tokens WHERE account_id = ?", (account_id,)).fetchone()[0] >= MOST_TOKENS:
        raise LimitError(f"An account has at most {MOST_TOKENS} tokens: revoke one first.")
    token = Token(new_id(), account_id, _insist_label(name), granted, now_ms(), expires_at, None)
    text = new_token(PREFIX)
    db.execute(
        "INSERT INTO tokens (hash, id, account_id, name, scopes, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (hash_of(text), token.id, account_id, token.name, " ".join(sorted(granted)), token.created_at, expires_at),
    )
    return token, text


def revoke_token(db: sqlite3.Connection, account_id: str, token_id: str) -> bool:
    """Forget a token of this account; False if there is none."""
    deleted = db.execute("DELETE FROM tokens WHERE account_id = ? AND id = ?", (account_id, token_id))
    return deleted.rowcount > 0


def touch_token(db: sqlite3.Connection, token_id: str, used_at: int) -> None:
    """Note that a token was used."""
    db.execute("UPDATE tokens SET last_used_at = ? WHERE id = ?", (used_at, token_id))


def hash_of(text: str) -> bytes:
    """Return what is kept of a token's text."""
    # Fast on purpose: 256 random bits need no slow hash.
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def _insist_label(name: str) -> str:
    if not name.isprintable() or len(name) > 100:  # noqa: PLR2004
        raise BadInput("A token's name is at most 100 printable characters.")
    return name


_SCOPES: dict[str, frozenset[Scope]] = {}


def _token(row: tuple[str, str, str, str, int, int | None, int | None]) -> Token:
    scopes = _SCOPES.get(row[3])
    if scopes is None:
        scopes = _SCOPES[row[3]] = frozenset(Scope(word) for word in row[3].split())
    return Token(row[0], row[1], row[2], scopes, row[4], row[5], row[6])
