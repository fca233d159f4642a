"""Accounts and their tokens.

This file does not know the tables, nor who may ask.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING

from host_api.store import accounts
from host_api.store.asked.base import Base, Opened, reading
from host_api.store.clock import now_ms
from host_api.store.known import Shelf
from host_api.store.model import ALL_SCOPES, Account, Scope, Token

if TYPE_CHECKING:
    # Slow to load; a command that only reads does without.
    from asyncio import Future


TOUCH_MS = 60_000
"""How exact `last_used_at` of a token is: it is not written at each use."""


class AboutAccounts(Base):
    """What may be asked about accounts and tokens."""

    def __init__(self, opened: Opened) -> None:
        """Take what is opened already."""
        super().__init__(opened)
        self._touched: dict[str, int] = {}
        self._holders: Shelf[Hashable, tuple[Account, Token]] = opened.known.on_people(lambda _: 0)

    @reading
    def account(self, name: str) -> Account | None:
        """Find an account, however its name is spelled."""
        return accounts.by_name(self._db, name)

    @reading
    def account_by_id(self, account_id: str) -> Account | None:
        """Find an account by its id."""
        return accounts.by_id(self._db, account_id)

    @reading
    def accounts(self) -> list[Account]:
        """All accounts, by name."""
        return accounts.everyone(self._db)

    @reading
    def authenticate(self, token: str) -> tuple[Account, Token] | None:
        """Find whose valid token this is; None for a wrong, revoked or expired one."""
        self._known.look()
        hashed, now = accounts.hash_of(token), now_ms()
        found = self._holders.get(hashed) or self._holders.remember(hashed, accounts.holder(self._db, hashed))
        if found is None or (found[1].expires_at is not None and found[1].expires_at <= now):
            return None
        self._touch(found[1], now)
        return found

    def _touch(self, token: Token, now: int) -> None:
        if now - max(self._touched.get(token.id, 0), token.last_used_at or 0) > TOUCH_MS:
            self._touched[token.id] = now
            self._writer.post(lambda db: accounts.touch_token(db, token.id, now))

    @reading
    def tokens(self, account_id: str) -> list[Token]:
        """An account's tokens, oldest first."""
        return accounts.tokens(self._db, account_id)

    def add_account(self, name: str, email: str | None = None) -> Future[Account]:
        """Add an account; raise BadInput, or Conflict if the name is taken."""
        return self._writer.submit(lambda db: accounts.add(db, name, email))

    def set_email(self, account_id: str, email: str | None) -> Future[None]:
        """Say where an account's mail goes from now on; None is nowhere. Raises BadInput."""
        return self._writer.submit(lambda db: accounts.set_email(db, account_id, email))

    def add_token(
        self, account_id: str, name: str = "", scopes: Iterable[Scope] = ALL_SCOPES, expires_at: int | None = None
    ) -> Future[tuple[Token, str]]:
        """Make a token and return it with its text, which is kept nowhere; raise NotFound, BadInput."""
        return self._writer.submit(lambda db: accounts.add_token(db, account_id, name, scopes, expires_at))

    def revoke_token(self, account_id: str, token_id: str) -> Future[bool]:
        """Forget a token of this account; False if there is none."""
        return self._writer.submit(lambda db: accounts.revoke_token(db, account_id, token_id))
