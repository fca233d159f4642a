"""New names for things, from the system's randomness: nobody guesses one.

Without the standard library's uuid and secrets, which take longer to load than most commands to run.
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64encode

ID_BYTES = 16
RANDOM_BYTES = 10
_MARKS = 0xF << 76 | 0b11 << 62
TOKEN_BYTES = 32
AHEAD = 409
"""Timed ids for which randomness is asked at once: each asking is a call of the system's. None is used twice."""
_random: list[bytes] = []


def new_id() -> str:
    """Make a random UUID (RFC 9562, version 4)."""
    return _uuid(int.from_bytes(os.urandom(ID_BYTES)), 4)


def new_timed_id(now: int) -> str:
    """Make a UUID that begins with the time, in milliseconds since 1970 (RFC 9562, version 7), and has 74 random bits.

    For what is kept by the hundred thousand: what is new stands together in an index, and not all over it.
    """
    try:
        bits = _random.pop()
    except IndexError:
        fresh = os.urandom(AHEAD * RANDOM_BYTES)
        bits, *ahead = [fresh[at : at + RANDOM_BYTES] for at in range(0, len(fresh), RANDOM_BYTES)]
        _random.extend(ahead)
    return _uuid(now << 80 | int.from_bytes(bits), 7)


os.register_at_fork(after_in_child=_random.clear)  # two processes must not have the same ids


def _uuid(number: int, version: int) -> str:
    number = number & ~_MARKS | version << 76 | 0b10 << 62
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def new_token(prefix: str) -> str:
    """Make a token of 256 random bits."""
    return prefix + urlsafe_b64encode(os.urandom(TOKEN_BYTES)).rstrip(b"=").decode("ascii")
