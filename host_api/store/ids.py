"""New names for things, from the system's randomness: nobody guesses one.

Without the standard library's uuid and secrets, which take longer to load than most commands to run.
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64encode

ID_BYTES = 16
TOKEN_BYTES = 32


def new_id() -> str:
    """Make a random UUID (RFC 9562, version 4)."""
    raw = bytearray(os.urandom(ID_BYTES))
    raw[6] = raw[6] & 0x0F | 0x40
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def new_token(prefix: str) -> str:
    """Make a token of 256 random bits."""
    return prefix + urlsafe_b64encode(os.urandom(TOKEN_BYTES)).rstrip(b"=").decode("ascii")
