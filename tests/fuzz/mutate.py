"""Bytes that are nearly right: a sample, changed in a few of the ways in which bytes go wrong.

Everything random of the fuzzer comes out of one `Random`, so that a seed is a whole hunt.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from random import Random

WORDS = (0, 1, 2, 7, 8, 63, 64, 65, 255, 256, 16384, 16385, 65536, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFF)
"""Counts and lengths at which something changes."""
MOST_CHANGES = 6
LONGEST = 4096

Change = Callable[[bytearray, Random, Sequence[bytes]], None]


def flip(data: bytearray, chance: Random, _: Sequence[bytes]) -> None:
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def tag(data: bytearray, chance: Random, _: Sequence[bytes]) -> None:
    """A byte that may be a tag, a kind or an operation."""
    data[chance.randrange(len(data))] = chance.randrange(28)


def word(data: bytearray, chance: Random, _: Sequence[bytes]) -> None:
    at = chance.randrange(len(data))
    value = chance.choice(WORDS) if chance.random() < 0.7 else chance.randrange(len(data) + 8)
    data[at : at + 4] = struct.pack("<I", value)


def cut(data: bytearray, chance: Random, _: Sequence[bytes]) -> None:
    del data[chance.randrange(len(data)) :]


def drop(data: bytearray, chance: Random, _: Sequence[bytes]) -> None:
    at = chance.randrange(len(data))
    del data[at : at + 1 + chance.randrange(4)]


def repeat(data: bytearray, chance: Random, _: Sequence[bytes]) -> None:
    at = chance.randrange(len(data))
    part = data[at : at + 1 + chance.randrange(40)]
    data[at:at] = part * chance.choice((1, 2, 3, 64))


def splice(data: bytearray, chance: Random, samples: Sequence[bytes]) -> None:
    """Part of another sample, somewhere in this one."""
    other = chance.choice(samples)
    at = chance.randrange(len(data) + 1)
    data[at:at] = other[chance.randrange(len(other) + 1) :]


CHANGES: tuple[Change, ...] = (flip, tag, word, word, cut, drop, repeat, splice)


def mutated(chance: Random, samples: Sequence[bytes], *, intact: float = 0.1) -> bytes:
    """Return one of the samples, changed up to six times; as it is in `intact` of the cases."""
    data = bytearray(chance.choice(samples))
    if chance.random() < intact:
        return bytes(data)
    for _ in range(1 + chance.randrange(MOST_CHANGES)):
        if data:
            chance.choice(CHANGES)(data, chance, samples)
    return bytes(data[:LONGEST])
