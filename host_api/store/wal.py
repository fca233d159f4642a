"""Whether anything was committed to a database since a moment, by any process, without asking the database.

With a write-ahead log the `-shm` file begins with two copies of a header. Each commit writes both anew, with a count of commits,
the log's length and checksums: it is what makes the commit visible, and comes before whoever committed is told.
SQLite itself takes what it has in memory for current as long as these bytes are what they were when it last read (`walIndexTryHdr`
in its wal.c). So bytes that were there before a question, and are there still, say that asking again would have the same answer.
Source: https://www.sqlite.org/walformat.html, 2.1.

It must never open that file: closing any descriptor of it would drop the locks that SQLite has on it for this whole process.
What is mapped is SQLite's own descriptor, so it is also the very file that SQLite looks at; and a mapping has no descriptor.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Protocol

COPY = 48
"""Bytes of one header."""
OPEN = Path("/proc/self/fd")


class Header(Protocol):
    """Both copies of the header, as they are at this moment; no bytes where there is nothing to be read, as in `NOTHING`."""

    @property
    def raw(self) -> bytes:
        """Read them."""


class Nothing:
    """No header: whoever asks must ask the database."""

    raw = b""


NOTHING = Nothing()


def is_whole(raw: bytes) -> bool:
    """Whether this is a header that nobody was just writing."""
    return len(raw) == 2 * COPY and raw[:COPY] == raw[COPY:]


def mapped(database: Path) -> Header:
    """Map the header of a database that this process has open, with a log; NOTHING where it cannot be found. It needs `unmapped`."""
    # Slow to load; a command that asks a few times does without.
    from ctypes import CDLL, c_char, c_int, c_long, c_size_t, c_void_p  # noqa: PLC0415
    from mmap import MAP_SHARED, PROT_READ  # noqa: PLC0415

    descriptor = _descriptor(database)
    if descriptor is None:
        return NOTHING
    mmap = CDLL(None).mmap
    mmap.restype, mmap.argtypes = c_void_p, [c_void_p, c_size_t, c_int, c_int, c_int, c_long]
    at = mmap(None, 2 * COPY, PROT_READ, MAP_SHARED, descriptor, 0)
    if at is None or at == c_void_p(-1).value or descriptor != _descriptor(database):
        return NOTHING
    return (c_char * (2 * COPY)).from_address(at)


def unmapped(header: Header) -> Header:
    """Take a mapping away, before SQLite lets go of the file: who comes then may make it shorter. Return NOTHING."""
    if header is not NOTHING:
        from ctypes import CDLL, addressof, c_size_t, c_void_p  # noqa: PLC0415

        munmap = CDLL(None).munmap
        munmap.argtypes = [c_void_p, c_size_t]
        munmap(addressof(header), 2 * COPY)  # type: ignore[arg-type] # made above
    return NOTHING


def _descriptor(database: Path) -> int | None:
    """Return SQLite's descriptor of the file, which it keeps as long as this process has the database open."""
    try:
        wanted = os.stat(f"{database.resolve()}-shm")  # noqa: PTH116 - not a path of ours
        numbers = [int(name) for name in os.listdir(OPEN)]  # noqa: PTH208
    except OSError:
        return None
    found: list[int] = []
    for number in numbers:
        with suppress(OSError):  # of the listing itself, or closed meanwhile
            if os.path.samestat(os.fstat(number), wanted):
                found.append(number)
    return found[0] if len(found) == 1 else None  # of several, one could be somebody's who closes it
