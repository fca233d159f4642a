"""Everything about images as bytes: the heap of a guest that has booted, and the engine's code without its data.

An image is what a guest's memory begins with, as pages that are not empty; over another image, the pages that differ. A fresh guest
is the engine's code and a mapping of these pages, whatever their number. This file does not know what is in a heap; that it holds no
seed, time, secret or handle is the builder's to see (ABI.md).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

PAGE = 4096
WASM_PAGE = 65536
MAGIC = b"\0asm\1\0\0\0"
MEMORY, EXPORT, DATA, DATA_COUNT = 5, 7, 11, 12
MOST_SIZE = 4 << 30

_HEAD, _PIECE = struct.Struct("<8s4I"), struct.Struct("<2I")
_FORM = b"valgate1"


class BadImage(ValueError):
    """These bytes are no image."""


@dataclass(frozen=True, slots=True)
class Image:
    """A heap: its size in bytes (of 64 KiB pages), where a guest of it takes its first request, and its pages as (address, bytes)."""

    size: int
    inbox: tuple[int, int]
    pieces: tuple[tuple[int, bytes], ...]

    @classmethod
    def of(cls, memory: bytes, inbox: tuple[int, int] = (0, 0)) -> Self:
        """Return the image of a memory (a multiple of 64 KiB); `inbox` is an address and a capacity, (0, 0): none is known."""
        return cls(len(memory), inbox, tuple(_pieces(memory)))

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote; raise BadImage."""
        try:
            form, size, inbox, capacity, count = _HEAD.unpack_from(data)
            pieces, at = [], _HEAD.size
            for _ in range(count):
                address, length = _PIECE.unpack_from(data, at)
                at += _PIECE.size + length
                pieces.append((address, data[at - length : at]))
        except struct.error as cut:
            raise BadImage("an image was cut short") from cut
        image = cls(size, (inbox, capacity), tuple(pieces))
        if form != _FORM or at != len(data):
            raise BadImage("these bytes are no image")
        return image

    def insist_whole(self) -> None:
        """Raise BadImage unless everything lies inside: whole pages, in order, none twice; and the inbox."""
        end = 0
        for at, piece in self.pieces:
            if at < end or at % PAGE or len(piece) % PAGE or not piece:
                raise BadImage("an image has pages out of place")
            end = at + len(piece)
        if self.size % WASM_PAGE or not end <= self.size < MOST_SIZE or sum(self.inbox) > self.size:
            raise BadImage("an image has a size that does not hold it")

    def to_bytes(self) -> bytes:
        """Write it."""
        parts = [_HEAD.pack(_FORM, self.size, *self.inbox, len(self.pieces))]
        for at, piece in self.pieces:
            parts += [_PIECE.pack(at, len(piece)), piece]
        return b"".join(parts)


def _pieces(memory: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield runs of pages that are not all zero, with their addresses."""
    empty = bytes(PAGE)
    start = None
    for at in range(0, len(memory) + PAGE, PAGE):
        page = memory[at : at + PAGE]
        if page in (b"", empty):
            if start is not None:
                yield start, memory[start:at]
            start = None
        elif start is None:
            start = at


def _unsigned(number: int) -> bytes:
    out = bytearray()
    while True:
        number, low = number >> 7, number & 0x7F
        out.append(low | (0x80 if number else 0))
        if not number:
            return bytes(out)


def _read_unsigned(data: bytes, at: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        byte, at = data[at], at + 1
        result |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return result, at


def _sections(module: bytes) -> Iterator[tuple[int, bytes]]:
    at = len(MAGIC)
    while at < len(module):
        kind = module[at]
        size, at = _read_unsigned(module, at + 1)
        yield kind, module[at : at + size]
        at += size


def _section(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + _unsigned(len(body)) + body


def without_data(module: bytes) -> bytes:
    """Return the same code without its data segments: the image has them already."""
    return MAGIC + b"".join(_section(kind, body) for kind, body in _sections(module) if kind not in (DATA, DATA_COUNT))


def memory_module(size: int) -> bytes:
    """Return a module that is a memory of `size` bytes and exports it: how a memory of ours comes into a store."""
    return MAGIC + _section(MEMORY, b"\1\0" + _unsigned(size // WASM_PAGE)) + _section(EXPORT, b"\1\6memory\2\0")
