"""Linear memories and stacks: reused, and always made clean. Everything about pages of the operating system is here.

A heap is what the guests of one image begin with: bytes in a sealed file that is mapped privately, so that a guest shares the pages
it reads and has its own of those it writes. A slot is the place of one guest's memory. When its guest dies it is wiped at once: the
system says which pages are not the file's any more (PAGEMAP_SCAN), these are copied back, and what had grown is gone. The next
guest of the same heap then finds its pages at hand: a page that is written for the first time costs microseconds, to copy one back a
tenth of that. Where the system does not say, or says too much, the slot is mapped anew, which forgets everything.

What must never happen here: a byte of one guest that another one reads; a page behind a memory's size that can be touched: code is
compiled without checks of bounds, so whatever is not memory must not be mapped. tests/kernel/test_slots.py attacks both.
This file does not know wasmtime, nor what is in a heap.
"""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import struct
import weakref
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from resource import RUSAGE_THREAD, getrusage
from threading import get_ident
from typing import Protocol

PAGE = mmap.PAGESIZE
RESERVED, GUARD = 4 << 30, 32 << 20
"""Bytes of addresses of a memory, all that code can name; and behind them, for what is added to an address."""
MOST_RESIDENT = 1 << 20
"""Bytes written by one guest that are copied back for the next; beyond, the slot is mapped anew."""
MOST_FREE, MOST_STACKS = 128, 16
"""Slots that wait for a guest, with the stacks that stay with them; and stacks that wait by themselves."""
STACK_RESIDENT = 64 << 10
MOST_RANGES = 1024
USUAL_MAPPINGS, OTHERS_MAPPINGS = 65_530, 8_192
"""Mappings that the system lets a process have, where it does not say; and how many are for all that is no guest's."""
AROUND = 4
"""Mappings of a guest beside its heap's: what has grown, what must not be touched; its stack, and the page before that."""

_libc = ctypes.PyDLL(None, use_errno=True)  # short calls: the interpreter lock is kept
_mmap, _mprotect, _munmap, _madvise, _ioctl = (
    _libc[name] for name in ("mmap", "mprotect", "munmap", "madvise", "ioctl")
)
_mmap.restype = ctypes.c_void_p
_mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int64]
_mprotect.argtypes = _madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
_munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
_ioctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p]
move = _libc.memmove
"""ctypes' own lets the interpreter lock go for each."""
move.argtypes, move.restype = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t], None
NONE, READ, WRITE = 0, 1, 3
_NOWHERE = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000
"""MAP_NORESERVE: addresses and nothing else."""
_FIXED = 0x10
_FAILED = ctypes.c_void_p(-1).value
_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE

_SCAN = 0xC0606610
_IS_FILE, _PRESENT, _SWAPPED = 1 << 2, 1 << 3, 1 << 4

_SYS_USERFAULTFD = 323
_USER_MODE_ONLY = 1
_API, _REGISTER, _WRITE_PROTECT, _SHARED_MEMORY = 0xC018AA3F, 0xC020AA00, 2, 1 << 12


def _watcher() -> int:
    """Return a userfaultfd, or -1.

    Nothing is ever protected with it. But where one may protect, the system maps the page that is touched and not sixteen around it,
    and what is mapped is what a scan has to look at.
    """
    watcher: int = _libc.syscall(_SYS_USERFAULTFD, os.O_CLOEXEC | os.O_NONBLOCK | _USER_MODE_ONLY)
    asked = ctypes.create_string_buffer(struct.pack("<3Q", 0xAA, _SHARED_MEMORY, 0))
    return watcher if watcher >= 0 and _ioctl(watcher, _API, ctypes.addressof(asked)) == 0 else -1


class _Scan(ctypes.Structure):
    """The kernel's struct pm_scan_arg (Documentation/admin-guide/mm/pagemap.rst)."""

    _fields_ = tuple(
        (name, ctypes.c_uint64)
        for name in (
            *("size", "flags", "start", "end", "walk_end", "vec", "vec_len", "max_pages"),
            *("category_inverted", "category_mask", "category_anyof_mask", "return_mask"),
        )
    )


def _insist(good: bool, what: str) -> None:  # noqa: FBT001 - a condition
    if not good:
        raise MemoryError(f"the system refuses {what}: {os.strerror(ctypes.get_errno())}")


def _map(at: int | None, size: int, protection: int, flags: int, file: int = -1, offset: int = 0) -> int:
    found = _mmap(at, size, protection, flags, file, offset)
    _insist(found not in (None, _FAILED), "a mapping of memory")
    return int(found)


def _view(at: int, size: int) -> memoryview:
    """Return bytes at an address, to be read and written as such; nothing is looked at when it is used."""
    return memoryview((ctypes.c_char * size).from_address(at)).cast("B")


Mapping = tuple[int, int, int, int]
"""Address in the memory, size, file, and where in it."""


class Heap:
    """Bytes that guests begin with. Over another heap it holds only what differs, and shares the rest with it.

    The system takes its file back with the last who holds it: whoever is still to be born of it finds its own bytes, never a file
    that has come to the same number since.
    """

    def __init__(self, size: int, pieces: Iterable[tuple[int, bytes]], over: Heap | None = None) -> None:
        """Take the size in bytes (pages), and pieces as (address, bytes), whole pages, in order; raise MemoryError."""
        pieces = tuple(pieces)
        self.size, self.weight, self.closed = size, sum(len(piece) for _, piece in pieces), False
        self.over = over
        below = over.size if over else 0
        if size < below or (over and over.over):
            raise MemoryError("a heap lies over a whole one, and is not smaller")
        parted = [part for piece in pieces for part in _parted(piece, below)]
        own = _worth_mapping(parted, below)
        self.copied = tuple(one for one in parted if one[0] < below and one not in own)
        few = self.copied if len(self.copied) <= _MOST_OVERLAYS else ()
        self._file = _file()
        weakref.finalize(self, os.close, self._file)
        above = [one for one in parted if one[0] >= below]
        written = tuple(self._written((*own, *few), above))
        some = slice(len(own), len(own) + len(few))
        self.spread: tuple[Mapping, ...] = written[some]
        """Of what is copied, where it lies in the file."""
        self.mappings: tuple[Mapping, ...] = (
            *(over.mappings if over else ()),
            *written[: len(own)],
            *written[some.stop :],
        )
        fcntl.fcntl(self._file, fcntl.F_ADD_SEALS, _SEALS)
        self.cost, self.cost_spread = _cost(self.mappings), _cost(self.mappings + self.spread)
        self.master = _map(None, size, NONE, _NOWHERE)
        weakref.finalize(self, _munmap, self.master, size)
        self.lay(self.master)
        _insist(_mprotect(self.master, size, READ) == 0, "a heap to be read-only")
        self.view = _view(self.master, size).toreadonly()

    def _written(self, own: Iterable[tuple[int, bytes]], above: list[tuple[int, bytes]]) -> Iterator[Mapping]:
        """Write the file: what is mapped in a row, and behind it all that the other heap does not have, in its place."""
        below, offset = self.over.size if self.over else 0, 0
        for at, piece in own:
            os.pwrite(self._file, piece, offset)
            yield at, len(piece), self._file, offset
            offset += len(piece)
        for at, piece in above:
            os.pwrite(self._file, piece, offset + at - below)
        if self.size > below:
            yield below, self.size - below, self._file, offset

    def lay(self, at: int, *, spread: bool = False) -> None:
        """Map it at this address, whatever is there; raise MemoryError.

        `spread`: also what else would be copied. What is mapped is the guest's own only once it is written, and is wiped only then.
        """
        spread = spread and bool(self.spread)
        for offset, size, file, start in self.mappings + self.spread if spread else self.mappings:
            _map(at + offset, size, WRITE, mmap.MAP_PRIVATE | _FIXED, file, start)
        for offset, piece in () if spread else self.copied:
            move(at + offset, piece, len(piece))

    def close(self) -> None:
        """Keep no slot for it any more; guests that live on it, and are born of it yet, go on."""
        self.closed = True


_OVERLAY, _MOST_OVERLAYS = 4, 64
"""Pages in a row that are worth a mapping of their own, fewer are copied into each slot; and mappings, of which a process has 65,530."""
_SPREAD = 4
"""The part of the process's mappings, as one of so many, up to which fewer pages have mappings of their own as well."""


def _cost(mappings: tuple[Mapping, ...]) -> int:
    """Return how many mappings of the system's a guest on these has."""
    return len({end for at, size, *_ in mappings for end in (at, at + size)}) - 1 + AROUND


def _parted(piece: tuple[int, bytes], below: int) -> tuple[tuple[int, bytes], ...]:
    """Cut a piece in two where another heap ends."""
    at, data = piece
    if not at < below < at + len(data):
        return (piece,)
    return (at, data[: below - at]), (below, data[below - at :])


def _worth_mapping(pieces: list[tuple[int, bytes]], below: int) -> list[tuple[int, bytes]]:
    """Return the longest of the pieces that lie over another heap."""
    long = [one for one in pieces if one[0] < below and len(one[1]) >= _OVERLAY * PAGE]
    return sorted(long, key=lambda one: -len(one[1]))[:_MOST_OVERLAYS]


def _file() -> int:
    """Return a file in memory, as long as any mapping of it: holes cost nothing."""
    file = os.memfd_create("valgate-heap", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(file, RESERVED)
    return file


def _joined(pages: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """Make one piece of pages in a row."""
    pieces: list[tuple[int, list[bytes]]] = []
    for at, page in pages:
        if pieces and pieces[-1][0] + len(pieces[-1][1]) * PAGE == at:
            pieces[-1][1].append(page)
        else:
            pieces.append((at, [page]))
    return [(at, b"".join(run)) for at, run in pieces]


Own = list[tuple[memoryview, memoryview]]
"""Pages that are a slot's own, and what they are to be again."""
Faults = tuple[int, int]
"""A thread, and how many page faults it has had."""


def _faults() -> Faults:
    usage = getrusage(RUSAGE_THREAD)
    return get_ident(), usage.ru_minflt + usage.ru_majflt


def _are_counted() -> bool:
    """Whether this system counts a page that is written for the first time."""
    at = _map(None, 64 * PAGE, WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    before = _faults()
    ctypes.memset(at, 1, 64 * PAGE)
    counted = _faults() != before
    _munmap(at, 64 * PAGE)
    return counted


class Tenant(Protocol):
    """What goes on over a memory from one guest to the next, and must not outlive its mapping."""

    def trim(self) -> None:
        """Give back what a guest took that was not of the memory."""

    def renew(self) -> None:
        """Be ready for the next guest: the memory is clean. Raise MemoryError where that cannot be."""

    def close(self) -> None:
        """End before the memory goes."""


@dataclass(eq=False, slots=True)
class Slot:
    """One guest's memory: its address, its size at this moment, what it began with, and what stays there for the next guest."""

    at: int
    view: memoryview
    """All addresses of its memory. Only the first `size` bytes may be touched, and none once it is unmapped."""
    heap: Heap
    size: int = 0
    spread: bool = False
    """How its heap is laid."""
    tenant: Tenant | None = None
    own: Own | None = None
    """Which of its pages were its own when its last guest died; None: nobody looked."""
    faults: Faults = (0, 0)
    """When its guest was born."""

    @property
    def cost(self) -> int:
        """How many mappings of the system's it has."""
        return self.heap.cost_spread if self.spread else self.heap.cost

    def grow(self, size: int) -> None:
        """Make the bytes up to `size` memory, of zeros; raise MemoryError."""
        _insist(_mprotect(self.at + self.size, size - self.size, WRITE) == 0, "more memory")
        self.size = size


def _most_mappings() -> int:
    """Return how many mappings guests may have: one more, and the next that is refused may be the library's, which ends the process."""
    try:
        most = int(Path("/proc/sys/vm/max_map_count").read_text())
    except (OSError, ValueError):
        most = USUAL_MAPPINGS
    return max(most - OTHERS_MAPPINGS, most // 2)


@dataclass(slots=True)
class Slots:
    """Slots of one process. `pagemap` is where the system says what was written, to the process that opened it; -1: it does not."""

    most_mappings: int = field(default_factory=_most_mappings)
    mappings: int = 0
    pagemap: int = -1
    watcher: int = field(default_factory=_watcher)
    _process: int = field(default_factory=os.getpid)
    _free: OrderedDict[Heap, list[Slot]] = field(default_factory=OrderedDict)
    _waiting: int = 0
    _ranges: ctypes.Array[ctypes.c_uint64] = field(default_factory=(ctypes.c_uint64 * (3 * MOST_RANGES)))
    _scan: _Scan = field(default_factory=_Scan)
    _scan_at: int = 0
    _faults: Faults = (0, 0)
    _counted: bool = field(default_factory=_are_counted)

    def __post_init__(self) -> None:
        with suppress(OSError):
            self.pagemap = os.open("/proc/self/pagemap", os.O_RDONLY | os.O_CLOEXEC)
        self._scan = _Scan(
            size=ctypes.sizeof(_Scan),
            vec=ctypes.addressof(self._ranges),
            vec_len=MOST_RANGES,
            category_inverted=_IS_FILE,
            category_mask=_IS_FILE,
            category_anyof_mask=_PRESENT | _SWAPPED,
        )
        self._scan_at = ctypes.addressof(self._scan)

    def take(self, heap: Heap) -> Slot:
        """Return a slot that is this heap, byte for byte; raise MemoryError."""
        waiting = self._free.get(heap)
        if waiting:
            self._waiting -= 1
            slot = waiting.pop()
            slot.faults = self._faults  # those since then are nobody's, and only have the system asked once more
            return slot
        self._insist_mappings(heap)
        spread = _SPREAD * (self.mappings + heap.cost_spread) <= self.most_mappings
        at = _map(None, RESERVED + GUARD, NONE, _NOWHERE)
        slot = Slot(at, _view(at, RESERVED), heap, heap.size, spread)
        try:
            self._lay(slot)
        except MemoryError:
            _munmap(slot.at, RESERVED + GUARD)
            raise
        self.mappings += slot.cost
        return slot

    def _insist_mappings(self, heap: Heap) -> None:
        while self.mappings + heap.cost > self.most_mappings and self._waiting:
            self._drop_oldest()
        _insist(self.mappings + heap.cost <= self.most_mappings, "more mappings")

    def _drop(self, slot: Slot) -> None:
        if slot.tenant is not None:
            slot.tenant.close()
        self.mappings -= slot.cost
        slot.view, slot.own = memoryview(b""), None
        _munmap(slot.at, RESERVED + GUARD)

    def _lay(self, slot: Slot) -> None:
        slot.heap.lay(slot.at, spread=slot.spread)
        if self._process == os.getpid():
            place = ctypes.create_string_buffer(struct.pack("<4Q", slot.at, slot.heap.size, _WRITE_PROTECT, 0))
            # Where that is refused, all is as well, and slower.
            _ioctl(self.watcher, _REGISTER, ctypes.addressof(place))

    def give(self, slot: Slot) -> None:
        """Take back a slot whose guest is dead: nothing of it is left when this returns."""
        if slot.heap.closed:
            self._drop(slot)
            return
        try:
            self._wipe(slot)
            if slot.tenant is not None:
                slot.tenant.renew()
        except MemoryError:
            self._drop(slot)
            return
        self._free.setdefault(slot.heap, []).append(slot)
        self._free.move_to_end(slot.heap)
        self._waiting += 1
        while self._waiting > MOST_FREE:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        heap, waiting = next(iter(self._free.items()))
        if waiting:
            self._drop(waiting.pop(0))
            self._waiting -= 1
        if not waiting:
            del self._free[heap]

    def _wipe(self, slot: Slot) -> None:
        """Make it as its heap is; raise MemoryError when the system refuses."""
        heap = slot.heap
        if slot.size != heap.size:
            _map(slot.at + heap.size, slot.size - heap.size, NONE, _NOWHERE | _FIXED)
            slot.size = heap.size
        self._faults = _faults()
        if slot.own is None or not self._counted or slot.faults != self._faults:
            slot.own = self._seen(slot)
            if slot.tenant is not None:
                slot.tenant.trim()
        if slot.own is None:
            self._lay(slot)
            return
        for own, clean in slot.own:
            own[:] = clean

    def _seen(self, slot: Slot) -> Own | None:
        """Look where its pages are its own; None where that is not known, or too much to copy.

        Not to be asked where no page became its own since it was last asked. That costs a page fault of the thread that writes,
        which is the one that runs guests; so a life without one left the pages that were known, and no others.
        """
        written = self.written(slot)
        if written is None or sum(end - start for start, end in written) > MOST_RESIDENT:
            return None
        at, now, heap = slot.at, slot.view, slot.heap.view
        return [(now[start - at : end - at], heap[start - at : end - at]) for start, end in written]

    def written(self, slot: Slot) -> list[tuple[int, int]] | None:
        """Return where a slot's pages are its own, as addresses from and to; None when the system does not say, or has too many."""
        scan, ranges = self._scan, self._ranges
        scan.start, scan.end = slot.at, slot.at + slot.size
        found: int = _ioctl(self.pagemap, _SCAN, self._scan_at) if self._process == os.getpid() else -1
        if not 0 <= found < MOST_RANGES:
            return None
        return list(zip(ranges[0 : 3 * found : 3], ranges[1 : 3 * found : 3], strict=True))

    def changed(self, slot: Slot) -> list[tuple[int, bytes]]:
        """Return what of a slot is not as its heap has it, as (address in the memory, whole pages)."""
        written = self.written(slot) or [(slot.at, slot.at + slot.size)]
        found: list[tuple[int, bytes]] = []
        for at in (at for start, end in written for at in range(start, end, PAGE)):
            offset = at - slot.at
            page = slot.view[offset : offset + PAGE].tobytes()
            before = slot.heap.view[offset : offset + PAGE] if offset < slot.heap.size else bytes(PAGE)
            if page != before:
                found.append((offset, page))
        return _joined(found)

    def forget(self, heap: Heap) -> None:
        """Close a heap, and let go what waits for its guests."""
        for slot in self._free.pop(heap, []):
            self._drop(slot)
            self._waiting -= 1
        heap.close()

    def close(self) -> None:
        """Let go of everything that waits."""
        for heap in list(self._free):
            self.forget(heap)
        for file in (self.pagemap, self.watcher):
            if file >= 0:
                os.close(file)
        self.pagemap = self.watcher = -1


@dataclass(slots=True)
class Stacks:
    """Native stacks, by size. Nothing on one is any guest's to read, so they are not wiped; but not all of a deep one is kept."""

    _free: dict[int, list[int]] = field(default_factory=dict)

    def take(self, size: int) -> int:
        """Return the lowest address of a stack, with a page before it that cannot be touched; raise MemoryError."""
        waiting = self._free.get(size)
        if waiting:
            return waiting.pop()
        at = _map(None, size + PAGE, NONE, _NOWHERE)
        _insist(_mprotect(at + PAGE, size, WRITE) == 0, "a stack")
        return at + PAGE

    def give(self, at: int, size: int) -> None:
        """Take one back."""
        waiting = self._free.setdefault(size, [])
        if len(waiting) < MOST_STACKS:
            self.trim(at, size)
            waiting.append(at)
        else:
            _munmap(at - PAGE, size + PAGE)

    @staticmethod
    def trim(at: int, size: int) -> None:
        """Give back to the system what of a stack only deep calls use."""
        _madvise(at, size - STACK_RESIDENT, mmap.MADV_DONTNEED)
