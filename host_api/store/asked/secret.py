"""Secrets, and the key that seals them.

This file does not know the tables, nor who may ask.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from host_api.store import failures, rotation, secret
from host_api.store.asked.base import Base, reading
from host_api.store.keys import Keys
from host_api.store.rotation import Checked, Rotated
from kernel.errors import BadSetting

if TYPE_CHECKING:
    # Slow to load; a command that only reads does without.
    from asyncio import Future


class AboutSecrets(Base):
    """What may be asked about secrets."""

    def unlock(self) -> Future[None]:
        """Make the key at the first start; raise BadSetting when the key is not this database's."""
        self._insist_key()
        return self._writer.submit(lambda db: secret.unlock(db, self._keys))

    async def derived_key(self, about: bytes) -> bytes:
        """Return a key for another use, derived from this database's, which is made at the first start; raise BadSetting."""
        return await self._writer.submit(lambda db: secret.insist_key(db, self._keys).derive(about))

    @reading
    def secret(self, owner: str, key: str) -> str | None:
        """Unseal a secret; None if there is none. Raises BadSetting: another key, or a row tampered with."""
        while True:
            found = secret.find(self._db, owner, key)
            if found is None:
                return None
            try:
                value = self._keys.cipher(found.check).unseal(found.sealed, found.about)
            except BadSetting:
                # The key may have been rotated between the look into the database and the one at its file.
                if secret.check(self._db) == found.check:
                    raise
            else:
                return value.decode("utf-8", "surrogatepass")

    @reading
    def few_secrets(self, owner: str) -> dict[str, str] | None:
        """An account's secrets, as name by value, to be looked for in a text; None when they are many, or cannot be opened."""
        known = secret.check(self._db)
        try:
            return {} if known is None else secret.few(self._db, owner, self._keys.cipher(known))
        except BadSetting:
            return None

    @reading
    def secret_names(self, owner: str) -> list[str]:
        """The names of an account's secrets, in order."""
        return secret.names(self._db, owner)

    def put_secret(self, owner: str, key: str, value: str) -> Future[None]:
        """Seal and keep a secret; raise NotFound, BadInput, BadSetting (another key)."""
        secret.insist_secret_name(key)
        self._insist_key()
        return self._writer.submit(lambda db: secret.put(db, self._keys, owner, key, value))

    def delete_secret(self, owner: str, key: str) -> Future[bool]:
        """Forget a secret; False if there is none. Raises NotFound (owner)."""
        return self._writer.submit(lambda db: secret.delete(db, owner, key))

    def rotate_key(self, to: Path | None = None) -> Rotated:
        """Seal all secrets with a new key, in `to` or in the place of the present file; raise BadSetting, Overloaded."""
        try:
            return rotation.rotate(self.path, self._keys, to)
        except (sqlite3.Error, OSError) as error:
            raise failures.on_opening(error, self.path) from error

    @reading
    def check_secrets(self, file: Path | None = None) -> Checked:
        """Open every secret with the key, or with the one in this file; raise BadSetting for the first that does not."""
        return rotation.check(self._db, Keys(file, given=True) if file else self._keys)

    @reading
    def _insist_key(self) -> None:
        """Raise BadSetting at once for another key; whether it is still the right one is seen within each write."""
        while (known := secret.check(self._db)) is not None:
            try:
                self._keys.cipher(known)
            except BadSetting:
                if secret.check(self._db) == known:
                    raise
            else:
                return
