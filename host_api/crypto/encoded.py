"""Keys as bytes: from the encodings of PKCS#8 and SubjectPublicKeyInfo to the library's objects.

OpenSSL reads only what says at its very beginning that it is of the wanted kind: other kinds have costs of their own.
RSA's own check of a private key is not used: it takes a third of a second, and the interpreter's lock all that time. Ours is of
arithmetic alone, so it does not know whether p and q are prime; that, `keys.Take` tries out with one signature. Numbers that pass
it make wrong signatures at worst: OpenSSL's work with them is bounded by their sizes, which are checked.
"""

from __future__ import annotations

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

from host_api.crypto.work import DataError

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | x25519.X25519PrivateKey
Public = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | x25519.X25519PublicKey

BITS = range(1024, 4097)
"""Sizes of an RSA modulus."""
EXPONENTS = range(3, 1 << 64, 2)

CURVES: dict[str, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
ALGORITHMS = {
    kind: bytes.fromhex(text)
    for kind, text in {
        "RSA": "300d06092a864886f70d0101010500",
        "P-256": "301306072a8648ce3d020106082a8648ce3d030107",
        "P-384": "301006072a8648ce3d020106052b81040022",
        "P-521": "301006072a8648ce3d020106052b81040023",
        "Ed25519": "300506032b6570",
        "X25519": "300506032b656e",
    }.items()
}
"""Each kind's AlgorithmIdentifier (RFC 3279, 5480, 8410)."""
UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, InternalError)
"""What the library raises for bytes that are no key."""


def private_key(kind: str, encoded: bytes) -> Private:
    """Read a PKCS#8 key of this kind; raise DataError."""
    _insist_kind(kind, encoded, private=True)
    try:
        key = load_der_private_key(encoded, None, unsafe_skip_rsa_key_validation=True)
    except UNREADABLE:
        raise DataError(f"these bytes are no private key of {kind}") from None
    if isinstance(key, rsa.RSAPrivateKey):
        insist_sound(key.private_numbers())
    if not isinstance(key, Private):  # pragma: no cover - the kind was insisted on
        raise DataError(f"these bytes are no private key of {kind}")
    return key


def public_key(kind: str, encoded: bytes) -> Public:
    """Read a SubjectPublicKeyInfo of this kind; raise DataError."""
    _insist_kind(kind, encoded, private=False)
    try:
        key = load_der_public_key(encoded)
    except UNREADABLE:
        raise DataError(f"these bytes are no public key of {kind}") from None
    if isinstance(key, rsa.RSAPublicKey):
        insist_size(key.public_numbers())
    if not isinstance(key, Public):  # pragma: no cover - the kind was insisted on
        raise DataError(f"these bytes are no public key of {kind}")
    return key


def rsa_private(encoded: bytes) -> rsa.RSAPrivateKey:
    """Read an RSA key."""
    key = private_key("RSA", encoded)
    assert isinstance(key, rsa.RSAPrivateKey)  # noqa: S101 - for the type checker
    return key


def rsa_public(encoded: bytes) -> rsa.RSAPublicKey:
    """Read an RSA key."""
    key = public_key("RSA", encoded)
    assert isinstance(key, rsa.RSAPublicKey)  # noqa: S101 - for the type checker
    return key


def pkcs8(key: Private) -> bytes:
    """Write a private key."""
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def spki(key: Public) -> bytes:
    """Write a public key."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def insist_size(numbers: rsa.RSAPublicNumbers) -> None:
    """Insist on a modulus and an exponent whose arithmetic has a known price."""
    if numbers.n.bit_length() not in BITS:
        raise DataError(f"an RSA modulus has {BITS[0]} to {BITS[-1]} bits here")
    if numbers.e not in EXPONENTS or numbers.n % 2 == 0:
        raise DataError("an RSA exponent is odd, at least 3 and below 2^64 here")


def insist_sound(key: rsa.RSAPrivateNumbers) -> None:
    """Insist that the numbers of a private key belong together."""
    insist_size(key.public_numbers)
    n, e, p, q = key.public_numbers.n, key.public_numbers.e, key.p, key.q
    if min(p, q).bit_length() < n.bit_length() * 3 // 8 or p == q or p * q != n or not 1 < key.d < n:
        raise DataError("the numbers of this RSA key do not belong together")
    inverse = key.d * e % (p - 1) == 1 and key.d * e % (q - 1) == 1 and 0 < key.iqmp < p and key.iqmp * q % p == 1
    if not inverse or key.dmp1 != key.d % (p - 1) or key.dmq1 != key.d % (q - 1):
        raise DataError("the numbers of this RSA key do not belong together")


def _insist_kind(kind: str, encoded: bytes, *, private: bool) -> None:
    """Insist that the AlgorithmIdentifier is where it belongs: after the outer header, and the version of a private key."""
    at = 2 if encoded[1:2] < b"\x80" else 2 + (encoded[1] & 0x7F)
    if private:
        at += 3
    if not encoded.startswith(ALGORITHMS[kind], at):
        raise DataError(f"these bytes are no key of {kind}")
