"""Everything about images: a booted heap as a WebAssembly module, and the engine's code without its data.

An image is a module that holds a memory and nothing else: its data segments are the heap of a guest that has booted. The engine's
code is a second module that imports that memory. A fresh guest is two copy-on-write instantiations, whatever the heap's size.
This file does not know what is in a heap; that it holds no seed, time, secret or handle is the builder's to see (ABI.md).
"""

from __future__ import annotations

from collections.abc import Iterator

PAGE = 4096
WASM_PAGE = 65536
MAGIC = b"\0asm\1\0\0\0"
MEMORY, EXPORT, DATA, DATA_COUNT = 5, 7, 11, 12


def _unsigned(number: int) -> bytes:
    out = bytearray()
    while True:
        number, low = number >> 7, number & 0x7F
        out.append(low | (0x80 if number else 0))
        if not number:
            return bytes(out)


def _signed(number: int) -> bytes:
    out = bytearray()
    while True:
        number, low = number >> 7, number & 0x7F
        if (number == 0 and not low & 0x40) or (number == -1 and low & 0x40):
            out.append(low)
            return bytes(out)
        out.append(low | 0x80)


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


def _segments(memory: bytes) -> Iterator[tuple[int, bytes]]:
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


def image_module(memory: bytes, limit: int = 0) -> bytes:
    """Return a module whose memory begins as these bytes (a multiple of 64 KiB) and may grow to `limit` bytes (0: no maximum)."""
    low, high = len(memory) // WASM_PAGE, limit // WASM_PAGE
    limits = b"\1" + _unsigned(low) + _unsigned(high) if high else b"\0" + _unsigned(low)
    segments = [b"\0\x41" + _signed(at) + b"\x0b" + _unsigned(len(data)) + data for at, data in _segments(memory)]
    return b"".join(
        (
            MAGIC,
            _section(MEMORY, b"\1" + limits),
            _section(EXPORT, b"\1\6memory\2\0"),
            _section(DATA, _unsigned(len(segments)) + b"".join(segments)),
        )
    )
