"""Slots: wiped until they are the heap again, whatever was done to them; and whoever is told no never uses what is not clean."""

from __future__ import annotations

import ctypes
import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel import slots as room
from kernel.slots import (
    GUARD,
    MOST_FREE,
    MOST_RANGES,
    MOST_RESIDENT,
    MOST_STACKS,
    PAGE,
    RESERVED,
    STACK_RESIDENT,
    Heap,
    Slot,
    Slots,
    Stacks,
)
from tests.kernel.system import heap_files, mapped, mappings_within, refusing, resident, rights

MARK = b"what is one guest's and no other's"
SMALL = 40
"""Pages of the heap that another one lies over."""
ONES, TWOS = b"\1" * PAGE, b"\2" * PAGE
Pieces = tuple[tuple[int, bytes], ...]


@pytest.fixture
def slots() -> Iterator[Slots]:
    made = Slots()
    yield made
    made.close()


@pytest.fixture
def held() -> Iterator[dict[int, int]]:
    """What slots and heaps have of the system at this moment: the size of each place that it gave them, by address."""
    places: dict[int, int] = {}
    give, take = room._mmap, room._munmap

    def giving(at: int | None, *arguments: int) -> int | None:
        place: int | None = give(at, *arguments)
        if at is None and place not in (None, room._FAILED):
            places[place] = arguments[0]
        return place

    def taking(at: int, size: int) -> int:
        refused: int = take(at, size)
        if not refused and places.get(at) == size:
            del places[at]
        return refused

    gc.collect()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(room, "_mmap", giving)
        patched.setattr(room, "_munmap", taking)
        yield places


def base() -> Heap:
    return Heap(SMALL * PAGE, ((PAGE, ONES * 3), (20 * PAGE, ONES * 20)))


def pieces_of(numbers: list[int]) -> Pieces:
    """Pages of their own content, in runs as they come."""
    pages = [(number * PAGE, bytes([number % 250 + 3]) * PAGE) for number in sorted(set(numbers))]
    return tuple(room._joined(pages))


def laid(size: int, *layers: Pieces) -> bytes:
    """What a heap of these pieces is, one over the other."""
    memory = bytearray(size)
    for pieces in layers:
        for at, piece in pieces:
            memory[at : at + len(piece)] = piece
    return bytes(memory)


def memory_of(slot: Slot) -> bytes:
    return ctypes.string_at(slot.at, slot.size)


def write(slot: Slot, at: int, data: bytes = MARK) -> None:
    ctypes.memmove(slot.at + at, data, len(data))


def again(slots: Slots, slot: Slot) -> Slot:
    """Give it back and take it: the same place, or a new one."""
    slots.give(slot)
    return slots.take(slot.heap)


# -- heaps ------------------------------------------------------------------------------------------------

NUMBERS = st.lists(st.integers(0, SMALL + 30), max_size=40)


@given(NUMBERS, st.integers(0, 31))
def test_a_heap_over_another_is_the_other_with_its_own_pages(numbers: list[int], more: int) -> None:
    """In runs of any length, over what was and beyond its end."""
    below, size = base(), (SMALL + more) * PAGE
    pieces = pieces_of([number for number in numbers if number * PAGE < size])
    slots = Slots()
    slot = slots.take(Heap(size, pieces, below))
    assert memory_of(slot) == laid(size, ((PAGE, ONES * 3), (20 * PAGE, ONES * 20)), pieces)
    assert rights(slot.at + size) == rights(slot.at + RESERVED + GUARD - 1) == "---p"
    slots.give(slot)
    slots.close()


def test_a_heap_that_ends_before_the_one_below_is_none() -> None:
    """Its guest would have memory behind its size, which nobody wipes."""
    below = base()
    with pytest.raises(MemoryError, match="not smaller"):
        Heap((SMALL - 1) * PAGE, (), below)


def test_a_heap_lies_over_a_whole_one() -> None:
    """What the middle one has copied would be missing."""
    middle = Heap(SMALL * PAGE, ((0, TWOS),), base())
    with pytest.raises(MemoryError, match="over a whole one"):
        Heap(SMALL * PAGE, (), middle)


def test_a_guest_cannot_make_a_heap_that_takes_all_mappings_of_the_process(slots: Slots) -> None:
    """The attacker's top level leaves four pages and skips one, as far as memory goes; mappings are 65,530 a process."""
    many = [page for page in range(15 * 1024) if page % 5]
    below = Heap(8 * 1024 * PAGE, ())
    heap = Heap(16 * 1024 * PAGE, pieces_of(many), below)
    assert len(heap.mappings) < 100
    slot = slots.take(heap)
    assert memory_of(slot) == laid(heap.size, pieces_of(many))
    slot = again(slots, slot)
    assert memory_of(slot) == laid(heap.size, pieces_of(many))


LAYOUTS = {"spread": 1 << 20, "copied": 0}
"""How many mappings there are for guests: where they are plenty, each page that differs is mapped."""


@pytest.mark.parametrize("plenty", LAYOUTS.values(), ids=LAYOUTS)
@given(numbers=NUMBERS, more=st.integers(0, 31))
def test_a_slot_has_no_more_mappings_than_are_counted(plenty: int, numbers: list[int], more: int) -> None:
    """Or guests would take those that the library needs, which ends the process when it is refused one."""
    size = (SMALL + more) * PAGE
    heap = Heap(size, pieces_of([number for number in numbers if number * PAGE < size]), base())
    slots = Slots(plenty + heap.cost)
    slot = slots.take(heap)
    assert slot.spread == (plenty > 0)
    slot.grow(slot.size + 7 * PAGE)
    assert slots.mappings == slot.cost
    assert mappings_within(slot.at, slot.at + RESERVED + GUARD) <= slot.cost - 2  # two are its stack's
    slots.give(slot)
    slots.close()
    assert slots.mappings == 0


def test_pages_are_spread_as_long_as_mappings_are_plenty(slots: Slots) -> None:
    """Thousands that wait would else take all there are."""
    heap = Heap(SMALL * PAGE, pieces_of([2, 4, 6]), base())
    slots.most_mappings = 40 * heap.cost_spread
    taken = [slots.take(heap) for _ in range(20)]
    assert [slot.spread for slot in taken] == [True] * 10 + [False] * 10
    assert slots.mappings == 10 * heap.cost_spread + 10 * heap.cost
    for slot in taken:
        slots.give(slot)
    slots.forget(heap)
    assert slots.mappings == 0


def test_a_page_of_the_heap_that_no_guest_wrote_is_not_wiped(slots: Slots) -> None:
    slot = slots.take(Heap(SMALL * PAGE, pieces_of([2, 4, 6]), base()))
    write(slot, 4 * PAGE)
    assert slots.written(slot) == [(slot.at + 4 * PAGE, slot.at + 5 * PAGE)]
    slots.give(slot)


def test_mappings_of_guests_have_an_end_and_come_back(slots: Slots) -> None:
    heap = base()
    slots.most_mappings = 3 * heap.cost
    taken = [slots.take(heap) for _ in range(3)]
    with pytest.raises(MemoryError, match="more mappings"):
        slots.take(heap)
    slots.give(taken.pop())
    taken.append(slots.take(heap))
    for slot in taken:
        slots.give(slot)
    slots.forget(heap)
    assert slots.mappings == 0


def test_what_waits_for_guests_of_one_heap_keeps_nobody_of_another_from_being_born(slots: Slots) -> None:
    one, other = base(), base()
    slots.most_mappings = 2 * one.cost
    for slot in [slots.take(one), slots.take(one)]:
        slots.give(slot)
    assert slots.take(other).heap is other
    assert slots.mappings == 2 * one.cost


def test_guests_leave_mappings_to_the_rest_of_the_process() -> None:
    slots = Slots()
    assert 0 < slots.most_mappings < int(Path("/proc/sys/vm/max_map_count").read_text())
    slots.close()


def test_a_system_that_does_not_say_how_many_mappings_there_are_is_taken_for_a_usual_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(_: Path) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", unknown)
    assert room._most_mappings() == room.USUAL_MAPPINGS - room.OTHERS_MAPPINGS


def test_nobody_changes_a_heap_by_its_file() -> None:
    heap = base()
    with pytest.raises(PermissionError):
        os.pwrite(heap._file, b"x", 0)
    with pytest.raises(PermissionError):
        os.ftruncate(heap._file, 0)
    assert rights(heap.master) == "r--p"


# -- given back, it is the heap again -------------------------------------------------------------------------

SIZE = SMALL + 20
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, (SIZE + 64) * PAGE - len(MARK))),
        st.tuples(st.just("read"), st.integers(0, (SIZE + 64) * PAGE - len(MARK))),
        st.tuples(st.just("grow"), st.integers(1, 32)),
    ),
    max_size=20,
)


def act(slot: Slot, actions: list[tuple[str, int]]) -> None:
    for what, number in actions:
        if what == "grow":
            slot.grow(slot.size + number * PAGE)
        elif number + len(MARK) <= slot.size and what == "write":
            write(slot, number)
        elif number + len(MARK) <= slot.size:
            ctypes.string_at(slot.at + number, len(MARK))


def asked(slots: Slots) -> None:
    """The system says what was written."""


def not_asked(slots: Slots) -> None:
    slots.close()


def in_a_child(slots: Slots) -> None:
    """It would say what another process has written."""
    slots._process += 1


@pytest.mark.parametrize("plenty", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("where", [asked, not_asked, in_a_child])
@given(lives=st.lists(ACTIONS, min_size=1, max_size=3), numbers=NUMBERS)
def test_a_slot_given_back_is_the_heap_again_byte_for_byte(
    where: Callable[[Slots], None], plenty: int, lives: list[list[tuple[str, int]]], numbers: list[int]
) -> None:
    """Whatever its guests wrote, wherever they read, however far they grew; over another heap, with pages that are copied or mapped."""
    heap = Heap(SIZE * PAGE, pieces_of([number for number in numbers if number < SIZE]), base())
    slots = Slots(plenty + heap.cost)
    where(slots)
    slot = slots.take(heap)
    fresh = memory_of(slot)
    for actions in lives:
        act(slot, actions)
        slot = again(slots, slot)
        assert slot.size == heap.size
        assert memory_of(slot) == fresh
        assert rights(slot.at + heap.size) == "---p"
    slots.give(slot)
    slots.close()


def test_a_slot_is_used_again_and_says_what_was_written(slots: Slots) -> None:
    """Else all the tests above would show fresh mappings."""
    heap = base()
    slot = slots.take(heap)
    ctypes.string_at(slot.at, slot.size)
    assert slots.written(slot) == []
    write(slot, 5 * PAGE - 4)
    write(slot, 30 * PAGE)
    expected = [(slot.at + 4 * PAGE, slot.at + 6 * PAGE), (slot.at + 30 * PAGE, slot.at + 31 * PAGE)]
    assert slots.written(slot) == expected
    assert slots.changed(slot)[0][0] == 4 * PAGE
    slots.give(slot)
    second = slots.take(heap)
    assert second is slot
    assert slots.written(second) == expected  # at hand, and clean
    assert memory_of(second) == laid(heap.size, ((PAGE, ONES * 3), (20 * PAGE, ONES * 20)))


def test_a_life_that_wrote_where_none_did_is_looked_at(slots: Slots, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page that becomes a slot's own is a fault of the thread that writes; the attacker writes one more, at the end."""
    looked: list[Slot] = []
    look = Slots.written

    def noted(self: Slots, slot: Slot) -> list[tuple[int, int]] | None:
        looked.append(slot)
        return look(self, slot)

    monkeypatch.setattr(Slots, "written", noted)
    heap = base()
    slot = slots.take(heap)
    fresh = memory_of(slot)
    for number, (places, new) in enumerate(
        [((3, 9), True), ((3, 9), False), ((9,), False), ((3, 35), True), ((35, 3), False), ((), False)]
    ):
        for place in places:
            write(slot, place * PAGE + number)
        before = len(looked)
        slot = again(slots, slot)
        assert memory_of(slot) == fresh
        assert len(looked) > before or not new  # the rest of this process may have had faults as well


def test_a_life_in_which_no_page_is_new_is_not_looked_at(slots: Slots, monkeypatch: pytest.MonkeyPatch) -> None:
    heap = base()
    slot = slots.take(heap)
    write(slot, 3 * PAGE)
    slot = again(slots, slot)
    monkeypatch.setattr(Slots, "written", None)
    for faults in ((1, 5), (1, 5)):
        monkeypatch.setattr(room, "_faults", lambda faults=faults: faults)
        slot.faults = faults
        write(slot, 3 * PAGE)
        slots.give(slot)
        assert slots.take(heap) is slot
        assert memory_of(slot) == laid(heap.size, ((PAGE, ONES * 3), (20 * PAGE, ONES * 20)))


@pytest.mark.parametrize("faults", [(1, 6), (2, 5)], ids=["a fault", "another thread"])
def test_a_fault_or_another_thread_has_the_system_asked(
    slots: Slots, monkeypatch: pytest.MonkeyPatch, faults: tuple[int, int]
) -> None:
    slot = slots.take(base())
    slot = again(slots, slot)
    write(slot, 7 * PAGE)
    slot.faults = (1, 5)
    monkeypatch.setattr(room, "_faults", lambda: faults)
    slot = again(slots, slot)
    assert memory_of(slot) == laid(slot.size, ((PAGE, ONES * 3), (20 * PAGE, ONES * 20)))


def test_a_system_that_counts_no_faults_is_asked_after_each_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_faults", lambda: (1, 0))
    slots = Slots()
    slot = again(slots, slots.take(base()))
    write(slot, 7 * PAGE)
    slot = again(slots, slot)
    assert memory_of(slot) == laid(slot.size, ((PAGE, ONES * 3), (20 * PAGE, ONES * 20)))
    slots.close()


def test_what_changed_is_told_also_where_the_memory_grew_or_the_system_does_not_say(slots: Slots) -> None:
    for pagemap in (True, False):
        if not pagemap:
            slots.close()
        slot = slots.take(base())
        slot.grow(slot.size + 4 * PAGE)
        write(slot, 0)
        write(slot, 21 * PAGE, ONES)  # as it was
        write(slot, (SMALL + 2) * PAGE - 1)
        found = slots.changed(slot)
        assert [(at, len(piece)) for at, piece in found] == [(0, PAGE), ((SMALL + 1) * PAGE, 2 * PAGE)]
        assert laid(slot.size, ((PAGE, ONES * 3), (20 * PAGE, ONES * 20)), tuple(found)) == memory_of(slot)


def test_more_ranges_than_the_system_is_asked_for_are_wiped_all(slots: Slots) -> None:
    """The attacker writes every other page: the last ones would not stand in the list."""
    for ranges in (MOST_RANGES - 1, MOST_RANGES, MOST_RANGES + 1):
        slot = slots.take(Heap(2 * (MOST_RANGES + 2) * PAGE, ()))
        for number in range(ranges):
            write(slot, 2 * number * PAGE)
        assert (slots.written(slot) is None) == (ranges >= MOST_RANGES)
        slot = again(slots, slot)
        assert memory_of(slot) == bytes(slot.size)
        slots.give(slot)


def test_much_that_was_written_is_given_back_to_the_system(slots: Slots) -> None:
    heap = Heap(2 * MOST_RESIDENT, ())
    for size, kept in ((MOST_RESIDENT, MOST_RESIDENT), (MOST_RESIDENT + 1, 0)):
        slot = slots.take(heap)
        write(slot, 0, b"x" * size)
        slot = again(slots, slot)
        assert sum(end - start for start, end in slots.written(slot) or []) == kept
        assert memory_of(slot) == bytes(heap.size)
        slots.give(slot)


def test_many_short_lives_do_not_make_a_slot_grow(slots: Slots) -> None:
    """Each life writes elsewhere, and what was copied back stays at hand: not more than one guest's worth."""
    heap = Heap(8 * MOST_RESIDENT, ())
    slot = slots.take(heap)
    for life in range(8):
        write(slot, life * MOST_RESIDENT, b"x" * (MOST_RESIDENT // 2))
        slot = again(slots, slot)
        assert sum(end - start for start, end in slots.written(slot) or []) <= MOST_RESIDENT
    assert memory_of(slot) == bytes(heap.size)


FORKED = """
import ctypes, os, sys
from kernel.slots import PAGE, Heap, Slots
slots, heap = Slots(), Heap(16 * PAGE, ((0, b"h" * PAGE),))
slots.give(slots.take(heap))
if child := os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
slot = slots.take(heap)
ctypes.memset(slot.at, 7, slot.size)
slots.give(slot)
slot = slots.take(heap)
os._exit(0 if ctypes.string_at(slot.at, slot.size) == b"h" * PAGE + bytes(15 * PAGE) else 3)
"""


def test_a_child_of_the_process_that_opened_the_slots_wipes_its_own() -> None:
    """The system tells about the memory of who opened its file: the parent's slot is clean, and the child's would be left as it is."""
    done = subprocess.run(
        [sys.executable, "-c", FORKED], cwd=Path(__file__).parents[2], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_system_that_does_not_tell_its_pages_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError

    monkeypatch.setattr(os, "open", refuse)
    slots = Slots()
    monkeypatch.undo()
    assert slots.pagemap == -1
    slot = slots.take(base())
    write(slot, 0)
    assert slots.written(slot) is None
    slots.give(slot)
    slots.close()
    slots.close()


# -- where the system refuses ----------------------------------------------------------------------------------


@pytest.mark.parametrize("after", range(4))
@pytest.mark.parametrize("grown", [True, False], ids=["grown", "full"])
def test_a_slot_that_cannot_be_wiped_is_never_used_again(
    monkeypatch: pytest.MonkeyPatch,
    slots: Slots,
    held: dict[int, int],
    after: int,
    grown: bool,  # noqa: FBT001 - a case
) -> None:
    """The attacker fills the process's mappings while another guest dies."""
    heap = Heap(2 * MOST_RESIDENT, ((0, ONES),), Heap(MOST_RESIDENT, ()))
    slot = slots.take(heap)
    before = sorted(held.values())
    if grown:
        slot.grow(slot.size + PAGE)
    write(slot, 0, MARK * (MOST_RESIDENT // 20))
    monkeypatch.setattr(room, "_mmap", refusing(after))
    slots.give(slot)
    monkeypatch.undo()
    enough = 3 + grown  # the grown part, and the three mappings of the heap
    assert mapped(slot.at) == (after >= enough)
    following = slots.take(heap)
    assert memory_of(following) == laid(heap.size, ((0, ONES),))
    assert sorted(held.values()) == before
    assert mappings_within(following.at, following.at + RESERVED + GUARD) <= following.cost - 2
    slots.give(following)


@pytest.mark.parametrize("after", range(3))
def test_a_slot_that_cannot_be_made_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, slots: Slots, held: dict[int, int], after: int
) -> None:
    heap = Heap(2 * MOST_RESIDENT, (), Heap(MOST_RESIDENT, ()))
    before = dict(held)
    monkeypatch.setattr(room, "_mmap", refusing(after))
    with pytest.raises(MemoryError, match="the system refuses a mapping of memory: Cannot allocate memory"):
        slots.take(heap)
    monkeypatch.undo()
    assert held == before


@pytest.mark.parametrize("after", range(2))
def test_a_heap_that_cannot_be_made_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, held: dict[int, int], after: int
) -> None:
    before = dict(held), heap_files()
    monkeypatch.setattr(room, "_mmap", refusing(after))
    with pytest.raises(MemoryError):
        base()
    monkeypatch.undo()
    gc.collect()
    assert (held, heap_files()) == before


def test_memory_that_cannot_grow_says_so(slots: Slots) -> None:
    slot = slots.take(base())
    with pytest.raises(MemoryError, match="the system refuses more memory"):
        slot.grow(1 << 50)
    assert slot.size == SMALL * PAGE


# -- what waits ------------------------------------------------------------------------------------------------


def test_so_many_slots_wait_and_no_more(slots: Slots, held: dict[int, int]) -> None:
    """Of many heaps, the one longest unused first."""
    heaps = [base() for _ in range(4)]
    before = dict(held)
    for _ in range(3):
        taken = [slots.take(heap) for heap in heaps for _ in range(MOST_FREE)]
        for slot in taken:
            slots.give(slot)
        assert sum(len(waiting) for waiting in slots._free.values()) == slots._waiting == MOST_FREE
        assert list(slots._free) == heaps[-1:]
    for heap in heaps:
        slots.forget(heap)
    assert (slots._waiting, held) == (0, before)


def test_heaps_whose_slots_are_all_taken_do_not_let_others_wait_beyond_the_bound(slots: Slots) -> None:
    empty = [base() for _ in range(20)]
    for slot in [slots.take(heap) for heap in empty]:
        slots.take(again(slots, slot).heap)
    full = base()
    for slot in [slots.take(full) for _ in range(MOST_FREE + 20)]:
        slots.give(slot)
    assert slots._waiting == sum(map(len, slots._free.values())) == MOST_FREE


def test_a_heap_that_is_forgotten_goes_with_the_last_guest_on_it(slots: Slots, held: dict[int, int]) -> None:
    before = dict(held), heap_files()
    heap = base()
    first, second = slots.take(heap), slots.take(heap)
    slots.give(slots.take(heap))
    slots.forget(heap)
    write(first, 0)
    slots.give(first)
    assert not mapped(first.at)
    assert memory_of(second) == laid(heap.size, ((PAGE, ONES * 3), (20 * PAGE, ONES * 20)))
    slots.give(second)
    assert slots._waiting == 0
    del heap, first, second
    assert (held, heap_files()) == before


def test_who_is_born_of_a_forgotten_heap_has_its_bytes_and_not_those_of_the_next_file(slots: Slots) -> None:
    """A save forgets B's image while an evaluation has yet to be born of it; then C's image gets the number of B's file."""
    heap = Heap(4 * PAGE, ((0, ONES),), Heap(2 * PAGE, ()))
    slots.forget(heap)
    others = [Heap(4 * PAGE, ((0, TWOS * 4),)) for _ in range(8)]
    slot = slots.take(heap)
    assert memory_of(slot) == ONES + bytes(3 * PAGE)
    slots.give(slot)
    assert not mapped(slot.at)
    del others


def test_the_heap_below_stays_as_long_as_one_lies_over_it(slots: Slots) -> None:
    below = base()
    heap = Heap(SMALL * PAGE, ((0, TWOS),), below)
    slots.forget(below)
    del below
    others = [Heap(SMALL * PAGE, ((0, TWOS * SMALL),)) for _ in range(8)]
    slot = slots.take(heap)
    assert memory_of(slot) == laid(heap.size, ((0, TWOS), (PAGE, ONES * 3), (20 * PAGE, ONES * 20)))
    del others


# -- stacks ------------------------------------------------------------------------------------------------------


def test_a_stack_is_used_again_and_little_of_a_deep_one_is_kept() -> None:
    stacks, size = Stacks(), 1 << 20
    at = stacks.take(size)
    ctypes.memset(at, 7, size)
    assert resident(at, size) == size
    stacks.give(at, size)
    assert resident(at, size) <= STACK_RESIDENT
    assert stacks.take(size) == at
    assert stacks.take(size) != at
    assert stacks.take(2 * size) != at


def test_what_is_before_a_stack_cannot_be_touched() -> None:
    at = Stacks().take(1 << 20)
    assert (rights(at - 1), rights(at), rights(at + (1 << 20) - 1)) == ("---p", "rw-p", "rw-p")


def test_so_many_stacks_wait_and_no_more() -> None:
    stacks, size = Stacks(), 1 << 20
    taken = [stacks.take(size) for _ in range(MOST_STACKS + 3)]
    for at in taken:
        stacks.give(at, size)
    assert [mapped(at) for at in taken[-4:]] == [True, False, False, False]
    assert not mapped(taken[-1] - PAGE)


def test_a_stack_that_cannot_be_made_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_mmap", refusing(0))
    with pytest.raises(MemoryError, match="the system refuses"):
        Stacks().take(1 << 20)
