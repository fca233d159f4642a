"""Elliptic curves: signatures and agreement. An ECDSA signature is r and s, each as long as the curve's field (IEEE P1363)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cryptography.exceptions import InternalError, InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from host_api.crypto.encoded import CURVES, private_key, public_key
from host_api.crypto.work import HASHES, Check, OperationError, by_bytes, der, hashing, one_of, raw

CURVE_PRICE = {"P-256": 200, "P-384": 1200, "P-521": 1200, "Ed25519": 200, "X25519": 100}
"""Microseconds of a step: reading a key and using it once."""
curve = one_of(*CURVES)


@dataclass(frozen=True, slots=True)
class EcdsaSign:
    """A signature of some bytes."""

    kind: str
    hash: str
    key: bytes
    data: bytes
    name: ClassVar[str] = "ecdsa sign"
    shape: ClassVar[tuple[Check, ...]] = (curve, hashing, der, raw)

    def price(self) -> int:
        """Return what the curve and the bytes cost."""
        return CURVE_PRICE[self.kind] + by_bytes(self.data)

    def do(self) -> bytes:
        """Sign."""
        key = private_key(self.kind, self.key)
        assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101 - for the type checker
        r, s = decode_dss_signature(key.sign(self.data, ec.ECDSA(HASHES[self.hash])))
        size = _octets(self.kind)
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")


@dataclass(frozen=True, slots=True)
class EcdsaVerify:
    """Whether this is a signature of these bytes."""

    kind: str
    hash: str
    key: bytes
    signature: bytes
    data: bytes
    name: ClassVar[str] = "ecdsa verify"
    shape: ClassVar[tuple[Check, ...]] = (curve, hashing, der, raw, raw)

    def price(self) -> int:
        """Return what the curve and the bytes cost."""
        return CURVE_PRICE[self.kind] + by_bytes(self.data)

    def do(self) -> bool:
        """Say whether."""
        key = public_key(self.kind, self.key)
        assert isinstance(key, ec.EllipticCurvePublicKey)  # noqa: S101 - for the type checker
        size = _octets(self.kind)
        if len(self.signature) != 2 * size:
            return False
        r, s = (int.from_bytes(half, "big") for half in (self.signature[:size], self.signature[size:]))
        try:
            key.verify(encode_dss_signature(r, s), self.data, ec.ECDSA(HASHES[self.hash]))
        except (InvalidSignature, ValueError, InternalError):
            return False
        return True


def _octets(kind: str) -> int:
    return (CURVES[kind].key_size + 7) // 8


@dataclass(frozen=True, slots=True)
class EdSign:
    """An Ed25519 signature of some bytes."""

    key: bytes
    data: bytes
    name: ClassVar[str] = "ed25519 sign"
    shape: ClassVar[tuple[Check, ...]] = (der, raw)

    def price(self) -> int:
        """Return what the curve and the bytes cost: they are gone through twice."""
        return CURVE_PRICE["Ed25519"] + by_bytes(self.data, self.data)

    def do(self) -> bytes:
        """Sign."""
        key = private_key("Ed25519", self.key)
        assert isinstance(key, ed25519.Ed25519PrivateKey)  # noqa: S101 - for the type checker
        return key.sign(self.data)


@dataclass(frozen=True, slots=True)
class EdVerify:
    """Whether this is an Ed25519 signature of these bytes."""

    key: bytes
    signature: bytes
    data: bytes
    name: ClassVar[str] = "ed25519 verify"
    shape: ClassVar[tuple[Check, ...]] = (der, raw, raw)

    def price(self) -> int:
        """Return what the curve and the bytes cost."""
        return CURVE_PRICE["Ed25519"] + by_bytes(self.data)

    def do(self) -> bool:
        """Say whether."""
        key = public_key("Ed25519", self.key)
        assert isinstance(key, ed25519.Ed25519PublicKey)  # noqa: S101 - for the type checker
        try:
            key.verify(self.signature, self.data)
        except (InvalidSignature, ValueError, InternalError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Agree:
    """The secret that a private key shares with another's public one."""

    kind: str
    key: bytes
    other: bytes
    name: ClassVar[str] = "agree"
    shape: ClassVar[tuple[Check, ...]] = (one_of(*CURVES, "X25519"), der, der)

    def price(self) -> int:
        """Return what the curve costs."""
        return CURVE_PRICE[self.kind]

    def do(self) -> bytes:
        """Return it; raise OperationError when it would be nothing."""
        mine, theirs = private_key(self.kind, self.key), public_key(self.kind, self.other)
        try:
            if isinstance(mine, x25519.X25519PrivateKey) and isinstance(theirs, x25519.X25519PublicKey):
                return mine.exchange(theirs)
            assert isinstance(mine, ec.EllipticCurvePrivateKey)  # noqa: S101 - for the type checker
            assert isinstance(theirs, ec.EllipticCurvePublicKey)  # noqa: S101 - for the type checker
            return mine.exchange(ec.ECDH(), theirs)
        except (ValueError, InternalError):
            raise OperationError("these two keys agree on no secret") from None
