"""The attacker's code names every address behind the end of its memory: code is compiled without checks of bounds.

It reads and writes at the end, a mebibyte behind it, at the last address there is, and with the largest offsets an instruction
takes; before it grows and after; and in a place where a guest before it had grown, filled all and died.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

import pytest

from kernel.engine import Engine
from kernel.fiber import Fiber, Turn
from kernel.image import WASM_PAGE, Image
from kernel.limits import MIB
from kernel.slots import GUARD
from kernel.store import Program
from tests.kernel.stage import program

ADDRESSES = {
    "at the end": (WASM_PAGE, 0),
    "half behind the end": (WASM_PAGE - 3, 0),
    "a page behind it": (2 * WASM_PAGE - 4, 0),
    "a mebibyte behind it": (WASM_PAGE + MIB, 0),
    "in the middle": (1 << 31, 0),
    "at the last address": ((1 << 32) - 4, 0),
    "beyond the last address": ((1 << 32) - 1, 0),
    "in the guard": ((1 << 32) - 1, GUARD - 8),
    "at the end of the guard": ((1 << 32) - 1, GUARD - 1),
    "beyond the guard": ((1 << 32) - 1, GUARD),
    "far beyond the guard": ((1 << 32) - 1, 1 << 31),
    "as far as there are words": ((1 << 32) - 1, (1 << 32) - 1),
    "by its offset alone": (0, (1 << 32) - 1),
}
WAYS = {
    "reads": "(drop (i32.load offset={1} (i32.const {0})))",
    "writes": "(i32.store offset={1} (i32.const {0}) (i32.const 7))",
    "writes much": "(i64.store offset={1} (i32.const {0}) (i64.const 7))",
    "reads much": "(drop (v128.load offset={1} (i32.const {0})))",
}
GROW = "(if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then (loop $l (br $l))))"
FILL = "(memory.fill (i32.const 0) (i32.const 77) (i32.mul (memory.size) (i32.const 65536)))"
CLEAN = """(loop $next (if (i32.load8_u (local.get 0)) (then (loop $found (br $found))))
  (local.set 0 (i32.add (local.get 0) (i32.const 1)))
  (br_if $next (i32.lt_u (local.get 0) (i32.mul (memory.size) (i32.const 65536)))))"""
"""Ends if all of its memory is zeros, else it never does."""


@pytest.fixture(scope="module")
def neighbour() -> Iterator[None]:
    """Somebody else's memory, wherever the system puts it."""
    with Engine(program(FILL)) as engine:
        fiber = Fiber(one_page(engine), 64 * MIB, (0, 0, 0))
        yield
        fiber.close()


def one_page(engine: Engine) -> Program:
    return engine.program(Image.of(bytes(WASM_PAGE)))


def end_of(engine: Engine, made: Program, memory: int = 64 * MIB) -> str:
    """Run a guest; return how it ended."""
    fiber = Fiber(made, memory, (0, 0, 0))
    fiber.begin(b"")
    engine.wake()
    for _ in range(5_000):  # ticks: a minute at the most, of which a busy machine gives it little
        if fiber.step() is Turn.ENDED:
            why = fiber.why()
            fiber.close()
            return why
    fiber.close()
    return "never"


@pytest.mark.usefixtures("neighbour")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("where", ADDRESSES)
def test_what_is_behind_a_memory_is_nobodys(where: str, way: str) -> None:
    address, offset = ADDRESSES[where]
    attack = WAYS[way].format(address, offset)
    with Engine(program(attack)) as engine:
        assert "out of bounds memory access" in end_of(engine, one_page(engine))


@pytest.mark.parametrize("way", WAYS)
def test_a_memory_that_grew_ends_where_it_says(way: str) -> None:
    inside, behind = (WAYS[way].format(2 * WASM_PAGE + shift, 0) for shift in (-16, 0))
    with Engine(program(GROW + inside)) as engine:
        assert end_of(engine, one_page(engine)) == "returned"
    with Engine(program(GROW + inside + behind)) as engine:
        assert "out of bounds memory access" in end_of(engine, one_page(engine))


@pytest.mark.parametrize(
    "fill",
    [
        "(memory.fill (i32.const 65530) (i32.const 1) (i32.const 16))",
        "(memory.copy (i32.const 0) (i32.const 65530) (i32.const 16))",
    ],
)
def test_what_is_done_to_much_at_once_ends_at_the_end_too(fill: str) -> None:
    with Engine(program(fill)) as engine:
        assert "out of bounds memory access" in end_of(engine, one_page(engine))


def test_what_an_earlier_guest_had_grown_is_gone() -> None:
    """The next one in its place finds zeros as far as it grows, and behind that nothing at all."""
    looks = f"{CLEAN} {GROW} (local.set 0 (i32.const 0)) {CLEAN} (drop (i32.load (i32.const 131072)))"
    with Engine(program(looks)) as engine:
        made = one_page(engine)
        for _ in range(3):
            slot = engine.slots.take(made.heap)
            slot.grow(4 * WASM_PAGE)
            ctypes.memset(slot.at, 7, slot.size)
            engine.slots.give(slot)
            assert "out of bounds memory access" in end_of(engine, made)


def test_a_guest_that_grew_to_its_limit_leaves_no_more_than_it_was_born_with() -> None:
    grow_all = "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))"
    with Engine(program(f"{CLEAN} {grow_all} {FILL} (drop (i32.load (i32.const 67108864)))")) as engine:
        made = one_page(engine)
        for _ in range(5):
            assert "out of bounds memory access" in end_of(engine, made)


def test_a_memory_grows_no_further_than_its_limit() -> None:
    with Engine(
        program("(if (i32.ne (memory.grow (i32.const 17)) (i32.const -1)) (then unreachable)) " + GROW)
    ) as engine:
        assert end_of(engine, one_page(engine), MIB) == "returned"
