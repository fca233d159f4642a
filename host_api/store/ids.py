"""New names for things, from the system's randomness: nobody guesses one.

Without the standard library's uuid and secrets, which take longer to load than most commands to run.
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64encode

ID_BYTES = 16
_MARKS = 0xF << 76 | 0b11 << 62
TOKEN_BYTES = 32
RANDOM_BYTES = 10
AHEAD = 128
"""Timed ids whose random part is made at once: each asking for randomness is a call of the system's. None is used twice."""
_VERSION, _VARIANT = (
    bytes(0x70 | byte & 0x0F for byte in range(256)),
    bytes(0x80 | byte & 0x3F for byte in range(256)),
)
"""What becomes of the two bytes of chance that say which kind of id it is, too."""
_random: list[str] = []


def new_id() -> str:
    """Make a random UUID (RFC 9562, version 4)."""
    number = int.from_bytes(os.urandom(ID_BYTES)) & ~_MARKS | 4 << 76 | 0b10 << 62
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def new_timed_id(now: int) -> str:
    """Make a UUID that begins with the time, in milliseconds since 1970 (RFC 9562, version 7), and has 74 random bits.

    For what is kept by the hundred thousand: what is new stands together in an index, and not all over it.
    """
    try:
        rest = _random.pop()
    except IndexError:
        rest, *ahead = _random_parts(bytearray(os.urandom(AHEAD * RANDOM_BYTES)))
        _random.extend(ahead)
    return f"{now >> 16:08x}-{now & 0xFFFF:04x}{rest}"


os.register_at_fork(after_in_child=_random.clear)  # two processes must not have the same ids


def _random_parts(chance: bytearray) -> list[str]:
    """Write what comes behind the time, of each so many random bytes."""
    for first, table in ((0, _VERSION), (2, _VARIANT)):
        chance[first::RANDOM_BYTES] = chance[first::RANDOM_BYTES].translate(table)
    digits = chance.hex()
    starts = range(0, len(digits), 2 * RANDOM_BYTES)
    return [f"-{digits[at : at + 4]}-{digits[at + 4 : at + 8]}-{digits[at + 8 : at + 20]}" for at in starts]


def new_token(prefix: str) -> str:
    """Make a token of 256 random bits."""
    return prefix + urlsafe_b64encode(os.urandom(TOKEN_BYTES)).rstrip(b"=").decode("ascii")
