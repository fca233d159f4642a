"""AES: GCM, CBC, CTR, and the wrapping of keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import keywrap, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from host_api.crypto.work import Check, OperationError, by_bytes, number, raw, sized, truth

BLOCK = 16
LARGEST_WRAPPED = 16 * 1024
aes_key = sized((16, 24, 32), "an AES key has 16, 24 or 32 bytes")
aes_block = sized((BLOCK,), "AES-CBC takes an iv of 16 bytes, and AES-CTR such a counter")
FAILED = "the data could not be decrypted: another key or other parameters, or it was changed"


@dataclass(frozen=True, slots=True)
class Gcm:
    """AES-GCM, both ways: the tag, cut to `tag` bytes, stands behind the ciphertext."""

    seal: bool
    key: bytes
    iv: bytes
    data: bytes
    extra: bytes
    tag: int
    name: ClassVar[str] = "aes-gcm"
    shape: ClassVar[tuple[Check, ...]] = (
        truth,
        aes_key,
        sized(range(8, 129), "AES-GCM takes an iv of 8 to 128 bytes here; 12 is usual"),
        raw,
        raw,
        number((4, 8, 12, 13, 14, 15, 16), "AES-GCM takes a tagLength of 32, 64, 96, 104, 112, 120 or 128"),
    )

    def price(self) -> int:
        """Return what the bytes cost."""
        return by_bytes(self.data, self.extra)

    def do(self) -> bytes:
        """Encrypt or decrypt."""
        return self._encrypt() if self.seal else self._decrypt()

    def _encrypt(self) -> bytes:
        encryptor = Cipher(algorithms.AES(self.key), modes.GCM(self.iv)).encryptor()
        encryptor.authenticate_additional_data(self.extra)
        return encryptor.update(self.data) + encryptor.finalize() + encryptor.tag[: self.tag]

    def _decrypt(self) -> bytes:
        if len(self.data) < self.tag:
            raise OperationError("the data is shorter than its tag")
        text, tag = self.data[: -self.tag], self.data[-self.tag :]
        mode = modes.GCM(self.iv, tag, min_tag_length=self.tag)
        decryptor = Cipher(algorithms.AES(self.key), mode).decryptor()
        decryptor.authenticate_additional_data(self.extra)
        try:
            return decryptor.update(text) + decryptor.finalize()
        except InvalidTag:
            raise OperationError(FAILED) from None


@dataclass(frozen=True, slots=True)
class Cbc:
    """AES-CBC with the padding of PKCS#7, both ways."""

    seal: bool
    key: bytes
    iv: bytes
    data: bytes
    name: ClassVar[str] = "aes-cbc"
    shape: ClassVar[tuple[Check, ...]] = (truth, aes_key, aes_block, raw)

    def price(self) -> int:
        """Return what the bytes cost."""
        return by_bytes(self.data)

    def do(self) -> bytes:
        """Encrypt or decrypt."""
        cipher = Cipher(algorithms.AES(self.key), modes.CBC(self.iv))
        pad = padding.PKCS7(BLOCK * 8)
        if self.seal:
            padder, encryptor = pad.padder(), cipher.encryptor()
            return encryptor.update(padder.update(self.data) + padder.finalize()) + encryptor.finalize()
        decryptor, unpadder = cipher.decryptor(), pad.unpadder()
        try:
            padded = decryptor.update(self.data) + decryptor.finalize()
            return unpadder.update(padded) + unpadder.finalize()
        except ValueError:
            raise OperationError(FAILED) from None


@dataclass(frozen=True, slots=True)
class Ctr:
    """AES-CTR, which is its own inverse; the last `bits` bits of the block count, and go round."""

    key: bytes
    counter: bytes
    bits: int
    data: bytes
    name: ClassVar[str] = "aes-ctr"
    shape: ClassVar[tuple[Check, ...]] = (
        aes_key,
        aes_block,
        number(range(1, 129), "AES-CTR takes a length of 1 to 128"),
        raw,
    )

    def price(self) -> int:
        """Return what the bytes cost."""
        return by_bytes(self.data)

    def do(self) -> bytes:
        """Encrypt, or decrypt; the library counts all 128 bits, so where ours go round it begins anew."""
        start, period = int.from_bytes(self.counter, "big"), 1 << self.bits
        if -(-len(self.data) // BLOCK) > period:
            raise OperationError("the counter of AES-CTR is too short for so much data")
        turn = (period - start % period) * BLOCK
        first = self._run(self.counter, self.data[:turn])
        return first + self._run((start - start % period).to_bytes(BLOCK, "big"), self.data[turn:])

    def _run(self, counter: bytes, data: bytes) -> bytes:
        encryptor = Cipher(algorithms.AES(self.key), modes.CTR(counter)).encryptor()
        return encryptor.update(data) + encryptor.finalize()


@dataclass(frozen=True, slots=True)
class Wrap:
    """AES-KW (RFC 3394), both ways."""

    seal: bool
    key: bytes
    data: bytes
    name: ClassVar[str] = "aes-kw"
    shape: ClassVar[tuple[Check, ...]] = (
        truth,
        aes_key,
        sized(range(16, LARGEST_WRAPPED, 8), "AES-KW takes keys of whole blocks of 8 bytes, two at least"),
    )

    def price(self) -> int:
        """Return what the bytes cost: six times over, and not in a piece."""
        return by_bytes(self.data) + len(self.data) * 6

    def do(self) -> bytes:
        """Wrap or unwrap."""
        try:
            make = keywrap.aes_key_wrap if self.seal else keywrap.aes_key_unwrap
            return make(self.key, self.data)
        except (keywrap.InvalidUnwrap, ValueError):
            raise OperationError(FAILED) from None
