"""A key as its fields: what a JSON Web Key is made of.

RSA's are n, e, d, p, q, dp, dq, qi in the order of RFC 7518; a curve's are the public bytes, and for a private key its own before
them. They go between the runtime and here packed as one: length in four bytes, then the bytes, one field after another.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from host_api.crypto.encoded import CURVES, Private, Public, insist_size, insist_sound, spki
from host_api.crypto.work import DataError

UNCOMPRESSED = 4
"""The first byte of a point that is written as both its numbers (SEC 1)."""
OCTETS = {"P-256": 32, "P-384": 48, "P-521": 66, "Ed25519": 32, "X25519": 32}


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


def _number(field: bytes) -> int:
    return int.from_bytes(field, "big")


def _octets(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _insist_fields(fields: list[bytes], *counts: int) -> None:
    if len(fields) not in counts:
        raise DataError("a key has other fields")


def build_public(of: str, fields: list[bytes]) -> Public:
    """Make a public key of its fields; raise DataError, or what the library raises for numbers that are none."""
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


def build_private(of: str, fields: list[bytes]) -> Private:
    """Make a private key of its fields; raise DataError, or what the library raises for numbers that are none."""
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
    public = build_public(of, [point])
    key = _from_scalar(of, own)
    if spki(key.public_key()) != spki(public):
        raise DataError(f"the halves of this key of {of} do not belong together")
    return key


def _from_scalar(of: str, own: bytes) -> Private:
    if of in CURVES:
        return ec.derive_private_key(_number(own), CURVES[of])
    ours = ed25519.Ed25519PrivateKey if of == "Ed25519" else x25519.X25519PrivateKey
    return ours.from_private_bytes(own)


def public_fields(key: Public) -> tuple[bytes, ...]:
    """Take a public key apart."""
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return _octets(numbers.n), _octets(numbers.e)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return (key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),)
    return (key.public_bytes_raw(),)


def private_fields(of: str, key: Private) -> tuple[bytes, ...]:
    """Take a private key apart."""
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        rest = (numbers.d, numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp)
        return (*public_fields(key.public_key()), *map(_octets, rest))
    if isinstance(key, ec.EllipticCurvePrivateKey):
        own = key.private_numbers().private_value.to_bytes(OCTETS[of], "big")
    else:
        own = key.private_bytes_raw()
    return (own, *public_fields(key.public_key()))
