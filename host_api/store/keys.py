"""The key that secrets are sealed with: where it comes from, and what it does.

A sealed secret opens only for the account and the name it was sealed for, so rows cannot be exchanged in the database.
The database keeps a *check*, sealed with its key, and the check says which key is the right one: never a file's name or age.
While a key is rotated there are two files, and whoever looks for the key finds the one that opens the check.
This file never logs, prints or stores a value.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
from contextlib import suppress
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
        self._key = key
        self.source = source

    def derive(self, about: bytes) -> bytes:
        """Return another key, of which nothing leads back to this one."""
        return hmac.digest(self._key, b"valgate derived key\0" + about, "sha256")

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
                f"{self.source} is not the key that the secrets of this database were sealed with. "
                "Nothing was changed: give the right one with VALGATE_KEY_FILE or VALGATE_KEY. "
                "After `valgate key rotate --to FILE` that is VALGATE_KEY_FILE=FILE, and servers are to be started again with it."
            ) from error

    def new_check(self) -> bytes:
        """Return what tells this key from another, to be kept in the database."""
        return self.seal(b"valgate", _ABOUT_CHECK)

    def insist(self, check: bytes) -> None:
        """Raise BadSetting unless the check was made with this key."""
        self.unseal(check, _ABOUT_CHECK)

    def opens(self, check: bytes) -> bool:
        """Whether the check was made with this key."""
        try:
            self.insist(check)
        except BadSetting:
            return False
        return True


class Keys:
    """Where the key is: its text from the environment, or a file."""

    def __init__(self, file: Path, *, text: str | None = None, given: bool = False) -> None:
        """Use `text` if there is one, else the file; `given` says that the operator chose that file."""
        self._file, self._text, self._given = file, text, given
        self._next = file.with_name(f"{file.name}.next")
        self._known: tuple[bytes, Cipher] | None = None

    @classmethod
    def beside(cls, database: Path, *, text: str | None = None) -> Keys:
        """Use `text`, or the file that stands beside a database."""
        file = database.with_name(f"{database.name}.key")
        # A link leads to where the key is kept, and there it is replaced.
        return cls(file.resolve() if file.is_symlink() else file, text=text)

    @property
    def file(self) -> Path:
        """The file that the operator chose, or the one beside the database."""
        return self._file

    @property
    def ours(self) -> bool:
        """Whether the file is ours to replace: the operator chose neither it nor a key."""
        return self._text is None and not self._given

    def cipher(self, check: bytes) -> Cipher:
        """Load the key that made this check; raise BadSetting. What was loaded is kept until another check is asked for."""
        known = self._known
        if known is None or known[0] != check:
            known = self._known = check, self._find(check)
        return known[1]

    def first(self) -> Cipher:
        """Load the key for a database that has none, and make the file where there is none. Raises BadSetting."""
        if self._text is None and not self._file.exists():
            make_key(self._file)
        return self._load(self._file)

    def following(self) -> Cipher:
        """Make the key that is to follow, on the disk beside the present one; only with the database's write lock."""
        with suppress(FileNotFoundError):
            self._next.unlink()  # of a rotation that was interrupted: it seals nothing
        _write_key(self._next, like=self._file)
        _sync_folder(self._next.parent)
        return self._load(self._next)

    def settle(self, check: bytes) -> None:
        """After a rotation, whole or interrupted, leave the one file that opens the check; only with the database's write lock.

        Without that lock a file might be taken away that the next commit is about to make the right one.
        """
        if not self.ours or not self._next.exists():
            return
        if self._opens(self._file, check):
            self._next.unlink()
        elif self._opens(self._next, check):
            self._next.replace(self._file)
        _sync_folder(self._file.parent)

    def _find(self, check: bytes) -> Cipher:
        try:
            return self._insist(self._file, check)
        except BadSetting:
            # Whoever rotates may rename the one to the other between two looks: hence the second look at the first.
            for file in (self._next, self._file) if self.ours else ():
                with suppress(BadSetting):
                    return self._insist(file, check)
            raise

    def _insist(self, file: Path, check: bytes) -> Cipher:
        cipher = self._load(file)
        cipher.insist(check)
        return cipher

    def _opens(self, file: Path, check: bytes) -> bool:
        try:
            return self._load(file).opens(check)
        except BadSetting:
            return False

    def _load(self, file: Path) -> Cipher:
        if self._text is not None:
            return Cipher(parse_key(self._text, "VALGATE_KEY"), "VALGATE_KEY")
        try:
            text = self._read(file)
        except (OSError, UnicodeDecodeError) as error:
            raise BadSetting(f"The key file {file} cannot be used: {_reason(error)}.") from error
        return Cipher(parse_key(text, f"The key file {file}"), f"The key in {file}")

    def _read(self, file: Path) -> str:
        if not file.exists():
            raise BadSetting(
                f"The key file {file} is gone, and without it the secrets of this database stay sealed. "
                "Put it back, or name it with VALGATE_KEY_FILE."
            )
        # A file that the operator chose may be shared on purpose, as container secrets are.
        if not self._given and file.stat().st_mode & _OTHERS:
            raise BadSetting(f"The key file {file} can be read by others: chmod 600 {file}")
        return file.read_text("ascii")


def make_key(file: Path) -> None:
    """Write a new key, whole or not at all, readable by its owner alone; another process may be first. Raises BadSetting."""
    part = file.with_name(f".{file.name}.{new_id()}.part")
    try:
        _write_key(part)
        os.link(part, file)
        _sync_folder(file.parent)
    except FileExistsError:
        return
    except OSError as error:
        raise BadSetting(f"The key file {file} cannot be made: {_reason(error)}.") from error
    finally:
        part.unlink(missing_ok=True)


def _write_key(part: Path, like: Path | None = None) -> None:
    """Write a new key to a new file, which belongs to whom `like` does."""
    file = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(file, "w", encoding="ascii") as out:
        if like is not None:
            _give_to_owner_of(like, file)
        out.write(os.urandom(KEY_BYTES).hex() + "\n")
        out.flush()
        os.fsync(file)


def _give_to_owner_of(old: Path, new: int) -> None:
    """An operator may rotate as root what a server reads as somebody else.

    The file that is open, not its name: who owns the folder could put a link there, and would be given what it leads to.
    """
    owner, mine = old.stat(), os.fstat(new)
    if (owner.st_uid, owner.st_gid) != (mine.st_uid, mine.st_gid):
        os.fchown(new, owner.st_uid, owner.st_gid)


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
