"""What the system says of this process: its mappings, their rights and what of them is in memory, its open files.

The rest of the process (the interpreter, coverage, what the collector has yet to find) maps and opens when it likes: how much there is
of all tells a leak of many, and no leak of one. For that there is what is held by the code under test alone.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from kernel import slots as room
from kernel import store
from kernel.slots import PAGE, Stacks


def mapped(at: int) -> bool:
    """Whether an address is anybody's."""
    ranges = (line.split()[0].split("-") for line in Path("/proc/self/maps").read_text().splitlines())
    return any(int(low, 16) <= at < int(high, 16) for low, high in ranges)


def rights(at: int) -> str:
    """The rights of the mapping of an address, as the system writes them: `rw-p`."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        low, high = (int(end, 16) for end in line.split()[0].split("-"))
        if low <= at < high:
            return line.split()[1]
    return "none"


def files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def heap_files() -> int:
    """Open files that are heaps'."""
    names = (str(file.readlink()) for file in Path("/proc/self/fd").iterdir() if file.is_symlink())
    return sum("memfd:valgate-heap" in name for name in names)


def mappings() -> int:
    """Counted piece by piece: who reads thousands of lines at once makes mappings for them, and does not always lose them again."""
    with Path("/proc/self/maps").open("rb", buffering=0) as said:
        return sum(piece.count(b"\n") for piece in iter(partial(said.read, PAGE), b""))


def mappings_within(start: int, end: int) -> int:
    """Mappings that have an address of a range."""
    ranges = (line.split()[0].split("-") for line in Path("/proc/self/maps").read_text().splitlines())
    return sum(int(low, 16) < end and int(high, 16) > start for low, high in ranges)


def resident(at: int, size: int) -> int:
    """Bytes of a range that are in memory."""
    vector = (ctypes.c_ubyte * (size // PAGE))()
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.mincore(ctypes.c_void_p(at), ctypes.c_size_t(size), vector) == 0
    return sum(each & 1 for each in vector) * PAGE


def refusing(after: int) -> Callable[..., int]:
    """The system's mmap, that refuses after so many calls."""
    done = 0
    real = room._mmap

    def call(*arguments: object) -> int:
        nonlocal done
        done += 1
        if done <= after:
            return real(*arguments)  # type: ignore[no-any-return]
        ctypes.set_errno(12)
        return -1 & (1 << 64) - 1

    return call


@contextmanager
def full(after: int) -> Iterator[None]:
    """Have the system refuse guests their memory and stacks after so many mappings; no stack waits for them."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(store, "_stacks", Stacks())
        patched.setattr(room, "_mmap", refusing(after))
        yield
