"""Hashes, and HMAC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

from host_api.crypto.work import HASHES, Check, by_bytes, hashing, raw


@dataclass(frozen=True, slots=True)
class Digest:
    """The hash of some bytes."""

    hash: str
    data: bytes
    name: ClassVar[str] = "digest"
    shape: ClassVar[tuple[Check, ...]] = (hashing, raw)

    def price(self) -> int:
        """Return what the bytes cost."""
        return by_bytes(self.data)

    def do(self) -> bytes:
        """Return the hash."""
        hasher = hashes.Hash(HASHES[self.hash])
        hasher.update(self.data)
        return hasher.finalize()


@dataclass(frozen=True, slots=True)
class HmacSign:
    """The code of some bytes under a key."""

    hash: str
    key: bytes
    data: bytes
    name: ClassVar[str] = "hmac sign"
    shape: ClassVar[tuple[Check, ...]] = (hashing, raw, raw)

    def price(self) -> int:
        """Return what the bytes cost."""
        return by_bytes(self.key, self.data)

    def do(self) -> bytes:
        """Return the code."""
        return _hmac(self.hash, self.key, self.data).finalize()


@dataclass(frozen=True, slots=True)
class HmacVerify:
    """Whether this is the code of these bytes; compared in constant time."""

    hash: str
    key: bytes
    signature: bytes
    data: bytes
    name: ClassVar[str] = "hmac verify"
    shape: ClassVar[tuple[Check, ...]] = (hashing, raw, raw, raw)

    def price(self) -> int:
        """Return what the bytes cost."""
        return by_bytes(self.key, self.signature, self.data)

    def do(self) -> bool:
        """Say whether."""
        try:
            _hmac(self.hash, self.key, self.data).verify(self.signature)
        except InvalidSignature:
            return False
        return True


def _hmac(hash_name: str, key: bytes, data: bytes) -> HMAC:
    mac = HMAC(key, HASHES[hash_name])
    mac.update(data)
    return mac
