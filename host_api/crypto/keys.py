"""Making keys, and taking them apart, of every kind that has two halves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cryptography.exceptions import InternalError, InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, x25519

from host_api.crypto.curves import CURVE_PRICE
from host_api.crypto.encoded import (
    BITS,
    CURVES,
    UNREADABLE,
    Private,
    pkcs8,
    private_key,
    public_key,
    spki,
)
from host_api.crypto.fields import build_private, build_public, pack, private_fields, public_fields, unpack
from host_api.crypto.rsa import private_price, public_price, reading_price
from host_api.crypto.work import BASE, HASHES, Check, DataError, der, number, one_of, truth

KINDS = ("RSA", *CURVE_PRICE)
a_kind = one_of(*KINDS)
GENERATED = 100_000
"""Microseconds of making an RSA key of 2048 bits, in the mean; others grow with the power 3.2 of their size."""


@dataclass(frozen=True, slots=True)
class GenerateRsa:
    """A fresh RSA key, as PKCS#8."""

    bits: int
    exponent: int
    name: ClassVar[str] = "generate rsa"
    shape: ClassVar[tuple[Check, ...]] = (
        number(BITS, f"an RSA modulus has {BITS[0]} to {BITS[-1]} bits here"),
        number((3, 65537), "a fresh RSA key has the exponent 65537 or 3"),
    )

    def price(self) -> int:
        """Return the mean: how long it takes is luck."""
        return int(GENERATED * (self.bits / 2048) ** 3.2)

    def do(self) -> bytes:
        """Make it."""
        return pkcs8(rsa.generate_private_key(self.exponent, self.bits))


@dataclass(frozen=True, slots=True)
class GenerateCurve:
    """A fresh key on a curve, as PKCS#8."""

    kind: str
    name: ClassVar[str] = "generate curve"
    shape: ClassVar[tuple[Check, ...]] = (one_of(*CURVE_PRICE),)

    def price(self) -> int:
        """Return what one multiplication costs."""
        return CURVE_PRICE[self.kind]

    def do(self) -> bytes:
        """Make it."""
        if self.kind in CURVES:
            return pkcs8(ec.generate_private_key(CURVES[self.kind]))
        ours = ed25519.Ed25519PrivateKey if self.kind == "Ed25519" else x25519.X25519PrivateKey
        return pkcs8(ours.generate())


@dataclass(frozen=True, slots=True)
class Halve:
    """The public half of a private key, as SubjectPublicKeyInfo."""

    kind: str
    key: bytes
    name: ClassVar[str] = "public half"
    shape: ClassVar[tuple[Check, ...]] = (a_kind, der)

    def price(self) -> int:
        """Return what reading it costs."""
        return CURVE_PRICE.get(self.kind, 0) + reading_price(len(self.key))

    def do(self) -> bytes:
        """Return it."""
        return spki(private_key(self.kind, self.key).public_key())


@dataclass(frozen=True, slots=True)
class Take:
    """A stranger's encoding of a key, read in full and written anew."""

    kind: str
    private: bool
    key: bytes
    name: ClassVar[str] = "take key"
    shape: ClassVar[tuple[Check, ...]] = (a_kind, truth, der)

    def price(self) -> int:
        """Return what reading and trying it costs."""
        return _taking(self.kind, len(self.key) if self.private else 0)

    def do(self) -> bytes:
        """Return it; raise DataError."""
        if not self.private:
            return spki(public_key(self.kind, self.key))
        key = private_key(self.kind, self.key)
        _try(key)
        return pkcs8(key)


@dataclass(frozen=True, slots=True)
class Build:
    """A key from its packed fields."""

    kind: str
    private: bool
    fields: bytes
    name: ClassVar[str] = "build key"
    shape: ClassVar[tuple[Check, ...]] = (a_kind, truth, der)

    def price(self) -> int:
        """Return what reading and trying it costs."""
        return _taking(self.kind, len(self.fields) if self.private else 0)

    def do(self) -> bytes:
        """Return it as PKCS#8 or SubjectPublicKeyInfo; raise DataError."""
        fields = unpack(self.fields)
        try:
            if self.private:
                key = build_private(self.kind, fields)
                _try(key)
                return pkcs8(key)
            return spki(build_public(self.kind, fields))
        except UNREADABLE:
            raise DataError(f"these numbers are no key of {self.kind}") from None


@dataclass(frozen=True, slots=True)
class Part:
    """The packed fields of a key."""

    kind: str
    private: bool
    key: bytes
    name: ClassVar[str] = "key fields"
    shape: ClassVar[tuple[Check, ...]] = (a_kind, truth, der)

    def price(self) -> int:
        """Return what reading it costs."""
        return CURVE_PRICE.get(self.kind, 0) + reading_price(len(self.key))

    def do(self) -> bytes:
        """Return them."""
        if self.private:
            return pack(*private_fields(self.kind, private_key(self.kind, self.key)))
        return pack(*public_fields(public_key(self.kind, self.key)))


def _taking(of: str, private_bytes: int) -> int:
    if of != "RSA":
        return CURVE_PRICE[of]
    return BASE + reading_price(private_bytes) + private_price(private_bytes) + public_price(private_bytes // 4)


def _try(key: Private) -> None:
    """Sign once with an RSA key and look: numbers that belong together but are not prime fail here."""
    if not isinstance(key, rsa.RSAPrivateKey):
        return
    try:
        signature = key.sign(b"", padding.PKCS1v15(), HASHES["SHA-256"])
        key.public_key().verify(signature, b"", padding.PKCS1v15(), HASHES["SHA-256"])
    except (ValueError, InternalError, InvalidSignature):
        raise DataError("the numbers of this RSA key do not belong together") from None
