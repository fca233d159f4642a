"""Keys from passwords and from other secrets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from host_api.crypto.work import BASE, HASHES, Check, OperationError, by_bytes, hashing, number, raw

LONGEST = 1 << 20
ITERATIONS_A_MILLISECOND = {"SHA-1": 2500, "SHA-256": 2500, "SHA-384": 800, "SHA-512": 800}
"""Half of what ours does."""


@dataclass(frozen=True, slots=True)
class Pbkdf2:
    """PBKDF2 with HMAC (RFC 8018)."""

    hash: str
    password: bytes
    salt: bytes
    iterations: int
    length: int
    name: ClassVar[str] = "pbkdf2"
    shape: ClassVar[tuple[Check, ...]] = (
        hashing,
        raw,
        raw,
        number(range(1, 1 << 32), "PBKDF2 takes one iteration or more"),
        number(range(1, LONGEST + 1), "PBKDF2 gives 1 byte to 1 MiB here"),
    )

    def price(self) -> int:
        """Return what the iterations cost: each block of the output takes all of them."""
        blocks = -(-self.length // HASHES[self.hash].digest_size)
        rounds = self.iterations * blocks * 1000 // ITERATIONS_A_MILLISECOND[self.hash]
        return by_bytes(self.password) + blocks * by_bytes(self.salt) + rounds

    def do(self) -> bytes:
        """Return the key."""
        return PBKDF2HMAC(HASHES[self.hash], self.length, self.salt, self.iterations).derive(self.password)


@dataclass(frozen=True, slots=True)
class Hkdf:
    """HKDF (RFC 5869): extract, then expand."""

    hash: str
    secret: bytes
    salt: bytes
    info: bytes
    length: int
    name: ClassVar[str] = "hkdf"
    shape: ClassVar[tuple[Check, ...]] = (
        hashing,
        raw,
        raw,
        raw,
        number(range(1, LONGEST + 1), "HKDF gives 1 byte or more"),
    )

    def price(self) -> int:
        """Return what the bytes cost: each block goes through `info`."""
        blocks = -(-self.length // HASHES[self.hash].digest_size)
        return BASE + by_bytes(self.secret, self.salt) + min(blocks, 255) * by_bytes(self.info)

    def do(self) -> bytes:
        """Return the key."""
        if self.length > 255 * HASHES[self.hash].digest_size:
            raise OperationError("HKDF gives no more than 255 times the length of its hash")
        return HKDF(HASHES[self.hash], self.length, self.salt, self.info).derive(self.secret)
