"""Making keys, and taking them apart, of every kind that has two halves.

Fields that go to the runtime as one are packed: length in four bytes, then the bytes, one field after another. RSA's are
n, e, d, p, q, dp, dq, qi in the order of RFC 7518; a curve's are the public bytes, and for a private key its own before them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cryptography.exceptions import InternalError, InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from host_api.crypto.curves import CURVE_PRICE
from host_api.crypto.encoded import (
    BITS,
    CURVES,
    UNREADABLE,
    Private,
    Public,
    insist_size,
    insist_sound,
    pkcs8,
    private_key,
    public_key,
    spki,
)
from host_api.crypto.rsa import private_price, public_price, reading_price
from host_api.crypto.work import BASE, HASHES, Check, DataError, der, number, one_of, truth

KINDS = ("RSA", *CURVE_PRICE)
a_kind = one_of(*KINDS)
UNCOMPRESSED = 4
"""The first byte of a point that is written as both its numbers (SEC 1)."""
OCTETS = {"P-256": 32, "P-384": 48, "P-521": 66, "Ed25519": 32, "X25519": 32}
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
                key = _build_private(self.kind, fields)
                _try(key)
                return pkcs8(key)
            return spki(_build_public(self.kind, fields))
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
            return pack(*_private_fields(self.kind, private_key(self.kind, self.key)))
        return pack(*_public_fields(public_key(self.kind, self.key)))


def pack(*fields: bytes) -> bytes:
    """Write fields as one."""
    return b"".join(len(field).to_bytes(4, "little") + field for field in fields)


def unpack(packed: bytes) -> list[bytes]:
    """Read fields; raise DataError for a length that lies."""
    fields, at = [], 0
    while at < len(packed):
        size = int.from_bytes(packed[at : at + 4], "little")
        at += 4
        if size > len(packed) - at:
            raise DataError("a field of this key is cut short")
        fields.append(packed[at : at + size])
        at += size
    return fields


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


def _number(field: bytes) -> int:
    return int.from_bytes(field, "big")


def _octets(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _insist_fields(fields: list[bytes], *counts: int) -> None:
    if len(fields) not in counts:
        raise DataError("a key has other fields")


def _build_public(of: str, fields: list[bytes]) -> Public:
    if of == "RSA":
        _insist_fields(fields, 2)
        numbers = rsa.RSAPublicNumbers(_number(fields[1]), _number(fields[0]))
        insist_size(numbers)
        return numbers.public_key()
    _insist_fields(fields, 1)
    (point,) = fields
    if of in CURVES:
        if len(point) != 2 * OCTETS[of] + 1 or point[0] != UNCOMPRESSED:
            raise DataError(f"a public key of {of} is a point that is not compressed")
        return ec.EllipticCurvePublicKey.from_encoded_point(CURVES[of], point)
    ours = ed25519.Ed25519PublicKey if of == "Ed25519" else x25519.X25519PublicKey
    return ours.from_public_bytes(point)


def _build_private(of: str, fields: list[bytes]) -> Private:
    if of == "RSA":
        _insist_fields(fields, 8)
        n, e, d, p, q, dp, dq, qi = map(_number, fields)
        numbers = rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, rsa.RSAPublicNumbers(e, n))
        insist_sound(numbers)
        return numbers.private_key(unsafe_skip_rsa_key_validation=True)
    _insist_fields(fields, 2)
    own, point = fields
    if len(own) != OCTETS[of]:
        raise DataError(f"a private key of {of} has {OCTETS[of]} bytes")
    public = _build_public(of, [point])
    key = _from_scalar(of, own)
    if spki(key.public_key()) != spki(public):
        raise DataError(f"the halves of this key of {of} do not belong together")
    return key


def _from_scalar(of: str, own: bytes) -> Private:
    if of in CURVES:
        return ec.derive_private_key(_number(own), CURVES[of])
    ours = ed25519.Ed25519PrivateKey if of == "Ed25519" else x25519.X25519PrivateKey
    return ours.from_private_bytes(own)


def _public_fields(key: Public) -> tuple[bytes, ...]:
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return _octets(numbers.n), _octets(numbers.e)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return (key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),)
    return (key.public_bytes_raw(),)


def _private_fields(of: str, key: Private) -> tuple[bytes, ...]:
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        rest = (numbers.d, numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp)
        return (*_public_fields(key.public_key()), *map(_octets, rest))
    if isinstance(key, ec.EllipticCurvePrivateKey):
        own = key.private_numbers().private_value.to_bytes(OCTETS[of], "big")
    else:
        own = key.private_bytes_raw()
    return (own, *_public_fields(key.public_key()))
