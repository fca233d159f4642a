"""The key that secrets are sealed with: where it comes from, and what it does.

A sealed secret opens only for the account and the name it was sealed for, so rows cannot be exchanged in the database.
This file never logs, prints or stores a value.
"""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path
from typing import TYPE_CHECKING

from host_api.store.ids import new_id
from kernel.errors import BadSetting

if TYPE_CHECKING:
    # Slow to load, and most commands open no secret.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
_HEX = 2 * KEY_BYTES
_OTHERS = 0o077
_ABOUT_CHECK = b"valgate key check"


class Cipher:
    """AES-256-GCM under one key; a random nonce stands before each ciphertext."""

    def __init__(self, key: bytes, source: str) -> None:
        """Take 32 bytes; `source` names them in errors."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 — see above

        self._aead: AESGCM = AESGCM(key)
        self._source = source

    def seal(self, value: bytes, about: bytes) -> bytes:
        """Encrypt, bound to what it is about."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, value, about)

    def unseal(self, sealed: bytes, about: bytes) -> bytes:
        """Decrypt; raise BadSetting when this is not the key, or the row was tampered with."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 — see above

        try:
            return self._aead.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about)
        except InvalidTag as error:
            raise BadSetting(
                f"{self._source} is not the key that the secrets of this database were sealed with. "
                "Nothing was changed: give the right one with VALGATE_KEY_FILE or VALGATE_KEY."
            ) from error

    def new_check(self) -> bytes:
        """Return what tells this key from another, to be kept in the database."""
        return self.seal(b"valgate", _ABOUT_CHECK)

    def insist(self, check: bytes) -> None:
        """Raise BadSetting unless the check was made with this key."""
        self.unseal(check, _ABOUT_CHECK)


class Keys:
    """Where the key is: its text from the environment, or a file."""

    def __init__(self, file: Path, *, text: str | None = None, given: bool = False) -> None:
        """Use `text` if there is one, else the file; `given` says that the operator chose that file."""
        self._file, self._text, self._given = file, text, given

    @classmethod
    def beside(cls, database: Path, *, text: str | None = None) -> Keys:
        """Use `text`, or the file that stands beside a database."""
        return cls(database.with_name(f"{database.name}.key"), text=text)

    def cipher(self, *, create: bool) -> Cipher:
        """Load the key; make the file when there is none and `create` says so. Raises BadSetting."""
        if self._text is not None:
            return Cipher(parse_key(self._text, "VALGATE_KEY"), "VALGATE_KEY")
        try:
            text = self._read(create=create)
        except (OSError, UnicodeDecodeError) as error:
            raise BadSetting(f"The key file {self._file} cannot be used: {_reason(error)}.") from error
        return Cipher(parse_key(text, f"The key file {self._file}"), f"The key in {self._file}")

    def _read(self, *, create: bool) -> str:
        if not self._file.exists():
            if not create:
                raise BadSetting(
                    f"The key file {self._file} is gone, and without it the secrets of this database stay sealed. "
                    "Put it back, or name it with VALGATE_KEY_FILE."
                )
            self._make()
        # A file that the operator chose may be shared on purpose, as container secrets are.
        if not self._given and self._file.stat().st_mode & _OTHERS:
            raise BadSetting(f"The key file {self._file} can be read by others: chmod 600 {self._file}")
        return self._file.read_text("ascii")

    def _make(self) -> None:
        """Write a new key, whole or not at all, readable by its owner alone; another process may be first."""
        part = self._file.with_name(f".{self._file.name}.{new_id()}.part")
        try:
            file = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(file, "w", encoding="ascii") as out:
                out.write(os.urandom(KEY_BYTES).hex() + "\n")
                out.flush()
                os.fsync(file)
            os.link(part, self._file)
        except FileExistsError:
            return
        finally:
            part.unlink(missing_ok=True)
        _sync_folder(self._file.parent)


def parse_key(text: str, source: str) -> bytes:
    """Read 32 bytes written as hexadecimal or base64; raise BadSetting that never shows them."""
    text = text.strip()
    try:
        key = bytes.fromhex(text) if len(text) == _HEX else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != KEY_BYTES:
        raise BadSetting(f"{source} must be 32 bytes, as 64 hexadecimal digits or in base64 (openssl rand -hex 32).")
    return key


def _sync_folder(folder: Path) -> None:
    """Make a new name in this folder last: a lost key is lost secrets."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "it is not text"
