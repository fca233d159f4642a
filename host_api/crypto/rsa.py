"""RSA: signatures and OAEP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cryptography.exceptions import InternalError, InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding

from host_api.crypto.encoded import rsa_private, rsa_public
from host_api.crypto.work import BASE, HASHES, Check, OperationError, by_bytes, der, hashing, number, one_of, raw, truth

a_scheme = one_of("RSASSA-PKCS1-v1_5", "RSA-PSS")
a_salt = number(range(513), "RSA-PSS takes a saltLength that fits into the key")
PRIVATE, PUBLIC = 5000, 300
"""Microseconds of one step with a key of 2048 bits, at worst: p and q are no primes, so OpenSSL notices and begins anew without
them, which takes five times as long; and the public exponent is the longest allowed."""


def private_price(size: int) -> int:
    """Return the price of one step with a private key of so many bytes: cubic in its bits, 9/16 of a byte each."""
    return 1000 + int(PRIVATE * (size * 16 / 9 / 2048) ** 3)


def reading_price(size: int) -> int:
    """Return the price of reading an encoded key of so many bytes, and of checking its numbers."""
    return BASE + size // 5


def public_price(size: int) -> int:
    """Return the price of one step with a public key of so many bytes."""
    return BASE + int(PUBLIC * (size * 8 / 2048) ** 2)


@dataclass(frozen=True, slots=True)
class RsaSign:
    """A signature of some bytes."""

    scheme: str
    hash: str
    salt: int
    key: bytes
    data: bytes
    name: ClassVar[str] = "rsa sign"
    shape: ClassVar[tuple[Check, ...]] = (a_scheme, hashing, a_salt, der, raw)

    def price(self) -> int:
        """Return what the key and the bytes cost."""
        return private_price(len(self.key)) + by_bytes(self.data)

    def do(self) -> bytes:
        """Sign."""
        key = rsa_private(self.key)
        try:
            return key.sign(self.data, _padding(self.scheme, self.hash, self.salt), HASHES[self.hash])
        except (ValueError, InternalError):
            raise OperationError(f"{self.scheme} cannot sign with this key, hash and saltLength") from None


@dataclass(frozen=True, slots=True)
class RsaVerify:
    """Whether this is a signature of these bytes."""

    scheme: str
    hash: str
    salt: int
    key: bytes
    signature: bytes
    data: bytes
    name: ClassVar[str] = "rsa verify"
    shape: ClassVar[tuple[Check, ...]] = (a_scheme, hashing, a_salt, der, raw, raw)

    def price(self) -> int:
        """Return what the key and the bytes cost."""
        return public_price(len(self.key)) + by_bytes(self.signature, self.data)

    def do(self) -> bool:
        """Say whether."""
        key = rsa_public(self.key)
        try:
            key.verify(self.signature, self.data, _padding(self.scheme, self.hash, self.salt), HASHES[self.hash])
        except (InvalidSignature, ValueError, InternalError):
            return False
        return True


def _padding(scheme_name: str, hash_name: str, salt_length: int) -> padding.PKCS1v15 | padding.PSS:
    if scheme_name == "RSA-PSS":
        return padding.PSS(padding.MGF1(HASHES[hash_name]), salt_length)
    return padding.PKCS1v15()


@dataclass(frozen=True, slots=True)
class Oaep:
    """RSA-OAEP: `seal` takes a public key, its opposite a private one."""

    seal: bool
    hash: str
    label: bytes
    key: bytes
    data: bytes
    name: ClassVar[str] = "rsa-oaep"
    shape: ClassVar[tuple[Check, ...]] = (truth, hashing, raw, der, raw)

    def price(self) -> int:
        """Return what the key and the bytes cost."""
        step = public_price if self.seal else private_price
        return step(len(self.key)) + by_bytes(self.label, self.data)

    def do(self) -> bytes:
        """Encrypt or decrypt."""
        pad = padding.OAEP(padding.MGF1(HASHES[self.hash]), HASHES[self.hash], self.label)
        try:
            if self.seal:
                return rsa_public(self.key).encrypt(self.data, pad)
            return rsa_private(self.key).decrypt(self.data, pad)
        except (ValueError, InternalError):
            what = "is too long to be encrypted" if self.seal else "could not be decrypted"
            raise OperationError(f"the data {what} with this key of RSA-OAEP") from None
