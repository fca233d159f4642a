"""Stores that have one guest after another: what the first did must be nowhere in the second's life.

The second is a new instance of the code over the same memory, which is wiped.
"""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable, Iterator

import pytest
import wasmtime

from kernel import engine as clockwork
from kernel import store as rooms
from kernel.engine import Engine
from kernel.evaluation import Kernel
from kernel.fiber import Fiber, Turn
from kernel.guest import Guest
from kernel.image import WASM_PAGE, Image
from kernel.limits import MIB, Limits
from kernel.slots import STACK_RESIDENT, Slot
from kernel.store import LIVES, Program, Store
from tests.kernel.stage import OWN, PAGE, SAY_FINISH, program, step
from tests.kernel.system import resident

NAP = f"(loop $l {SAY_FINISH} (br_if $l (i32.load (i32.const 0))))"
"""Says its last, and goes on as long as there is something at address 0."""
LEAVES_AT, FOUND_AT = 0x3000, 0x3008
BEGUN = (1 << 15, 100, 1 << 20)
AWAKE = 1_000_000
"""Ticks without anybody running, after which the tick does not sleep while a test lasts."""


@pytest.fixture
def opened() -> Iterator[Callable[..., Engine]]:
    engines: list[Engine] = []

    def make(body: str, more: str = "") -> Engine:
        engines.append(Engine(program(body, more)))
        return engines[-1].__enter__()

    yield make
    for engine in engines:
        engine.__exit__(None, None, None)


def made(engine: Engine) -> Program:
    return engine.program(Image.of(bytes(PAGE)))


def live(of: Program, limit: int = MIB) -> Fiber:
    """A guest that has run until it said something, or ended."""
    fiber = Fiber(of, limit, BEGUN)
    fiber.begin(b"")
    step(fiber)
    return fiber


def store(fiber: Fiber) -> Store:
    assert fiber._store is not None
    return fiber._store


def one_and_another(of: Program) -> tuple[bool, Fiber]:
    """Whether the second guest has the store of the first, and the second."""
    first = live(of)
    before = store(first)
    first.close(over=True)
    second = live(of)
    return store(second) is before, second


def word(fiber: Fiber, at: int) -> int:
    return int.from_bytes(ctypes.string_at(fiber.slot.at + at, 4), "little")


# -- nothing is left ------------------------------------------------------------------------------------------

LEAVES = {
    "in memory": (
        "",
        f"(i32.store (i32.const {FOUND_AT}) (i32.load (i32.const {LEAVES_AT}))) (i32.store (i32.const {LEAVES_AT}) (i32.const 7)) {SAY_FINISH}",
    ),
    "in memory, after its last word": (
        "",
        f"(i32.store (i32.const {FOUND_AT}) (i32.load (i32.const {LEAVES_AT}))) {SAY_FINISH} (i32.store (i32.const {LEAVES_AT}) (i32.const 7))",
    ),
    "in a global": (
        "(global $g (mut i32) (i32.const 0))",
        f"(i32.store (i32.const {FOUND_AT}) (global.get $g)) (global.set $g (i32.const 7)) {SAY_FINISH}",
    ),
    "in a global that is exported, as a stack pointer": (
        '(global $g (export "__stack_pointer") (mut i32) (i32.const 0))',
        f"(i32.store (i32.const {FOUND_AT}) (global.get $g)) {SAY_FINISH} (global.set $g (i32.const 7))",
    ),
    "in a table": (
        "(table $t 2 2 funcref) (elem declare func $main)",
        f"(i32.store (i32.const {FOUND_AT}) (i32.eqz (ref.is_null (table.get $t (i32.const 1))))) (table.set $t (i32.const 1) (ref.func $main)) {SAY_FINISH}",
    ),
    "in a table that grows": (
        "(table $t 0 9 funcref)",
        f"(i32.store (i32.const {FOUND_AT}) (table.grow $t (ref.null func) (i32.const 1))) {SAY_FINISH}",
    ),
    "in a segment that is dropped": (
        "(table $t 1 funcref) (elem $e func $main)",
        f"(table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1)) (elem.drop $e) {SAY_FINISH}",
    ),
}


@pytest.mark.parametrize(("more", "body"), LEAVES.values(), ids=LEAVES)
def test_what_a_guest_left_is_not_there_for_the_next_of_its_store(
    opened: Callable[..., Engine], more: str, body: str
) -> None:
    again, fiber = one_and_another(made(opened(body, more)))
    assert again  # else this would show nothing
    assert word(fiber, FOUND_AT) == 0
    fiber.close(over=True)


def test_a_store_has_so_many_guests_and_no_more(opened: Callable[..., Engine]) -> None:
    """Each leaves its instance behind, which wasmtime keeps as long as the store."""
    of = made(opened(NAP))
    first = live(of)
    before = store(first)
    first.close(over=True)
    for number in range(1, LIVES + 1):
        fiber = live(of)
        assert (store(fiber) is before) == (number < LIVES)
        fiber.close(over=True)


# -- who takes the store along -----------------------------------------------------------------------------------


def test_a_guest_that_grew_takes_its_store_along(opened: Callable[..., Engine]) -> None:
    """WebAssembly's memory does not shrink: the next would have what it did not ask for."""
    of = made(opened(f"(i32.store (i32.const {LEAVES_AT}) (memory.grow (i32.const 1)))" + NAP))
    again, fiber = one_and_another(of)
    assert not again
    assert word(fiber, LEAVES_AT) == 1
    assert fiber.slot.size == 2 * WASM_PAGE
    fiber.close()


@pytest.mark.parametrize(
    ("body", "more"),
    [
        (f"(loop $l {SAY_FINISH} (br $l))", ""),
        (f"{SAY_FINISH} unreachable", ""),
        (f"{SAY_FINISH} (loop $l (br $l))", ""),
        (f"{SAY_FINISH} (drop (i32.load (i32.const 0x7fffffff)))", ""),
        (f"{SAY_FINISH} (call $deep)", "(func $deep (call $deep) (call $deep))"),
    ],
    ids=["asks again", "traps", "spins", "reads beyond", "recurses without end"],
)
def test_a_guest_that_does_not_return_at_its_end_takes_its_store_along(
    opened: Callable[..., Engine], body: str, more: str
) -> None:
    again, fiber = one_and_another(made(opened(body, more)))
    assert not again
    fiber.close()


def test_a_guest_that_has_ended_before_takes_its_store_along(opened: Callable[..., Engine]) -> None:
    of = made(opened(""))
    first = live(of)
    assert first.why() == "returned"
    before = store(first)
    first.close(over=True)
    second = Fiber(of, MIB, BEGUN)
    assert store(second) is not before
    second.close()


def test_a_guest_that_is_closed_in_the_middle_takes_its_store_along(opened: Callable[..., Engine]) -> None:
    of = made(opened(NAP))
    first = live(of)
    before = store(first)
    first.close()
    second = live(of)
    assert store(second) is not before
    second.close()


@pytest.mark.parametrize("over", [True, False])
def test_a_fiber_that_is_closed_does_nothing_to_the_next_guest(opened: Callable[..., Engine], over: bool) -> None:  # noqa: FBT001 - a case
    """Who still has the first guest's fiber has nothing."""
    of = made(opened(NAP))
    first = live(of)
    first.close(over=over)
    second = live(of)
    with pytest.raises(RuntimeError, match="has ended"):
        first.step()
    with pytest.raises(RuntimeError, match="asked nothing"):
        first.answer(b"x", 0, 1)
    for ask in (first.changed, lambda: first.begin(b"")):
        with pytest.raises(RuntimeError, match="is closed"):
            ask()
    first.close(over=True)
    assert second.answer(b"", 0, 0)
    assert step(second) is Turn.ENDED
    second.close(over=True)


async def test_a_guest_that_does_not_return_at_its_end_is_interrupted_also_while_the_tick_slept(
    opened: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It grows once it has counted to two thousand millions: it does not come so far."""
    monkeypatch.setattr(clockwork, "IDLE_TICKS", 5)
    counts = (
        "(loop $l (br_if $l (i32.lt_u (local.tee 4 (i32.add (local.get 4) (i32.const 1))) (i32.const 2000000000))))"
    )
    engine = opened(f"(local i32) {SAY_FINISH} {counts} (drop (memory.grow (i32.const 1)))")
    grown: list[int] = []
    monkeypatch.setattr(Slot, "grow", lambda _, size: grown.append(size))
    kernel = Kernel(engine, made(engine))
    guest = Guest(OWN, kernel.image, Limits(), kernel.birth(OWN, ()))
    guest.fiber.begin(b"")
    while guest.fiber.step() is not Turn.PARKED:
        pass
    guest.message(to_kernel=True)
    assert guest.idle
    async with asyncio.timeout(60):
        while not engine._ticker._asleep:  # noqa: ASYNC110 - another thread's state
            await asyncio.sleep(0)
    monkeypatch.setattr(
        clockwork, "IDLE_TICKS", AWAKE
    )  # whoever is woken finds somebody running before it sleeps again
    kernel.bury([guest])
    kernel.bury_all()
    assert grown == []


# -- every life has its own bounds ------------------------------------------------------------------------------


def test_each_guest_has_its_own_limit_of_memory(opened: Callable[..., Engine]) -> None:
    grows = f"(i32.store (i32.const {LEAVES_AT}) (memory.grow (i32.load (i32.const 0))))"
    of = made(opened(f"(if (i32.load (i32.const 0)) (then {grows})) {SAY_FINISH}"))
    first = live(of, 10 * MIB)
    first.close(over=True)
    second = Fiber(of, MIB, BEGUN)
    ctypes.memmove(second.slot.at, (17).to_bytes(4, "little"), 4)
    second.begin(b"")
    assert step(second) is Turn.PARKED
    assert word(second, LEAVES_AT) == (1 << 32) - 1  # 1.1 MiB
    second.close()


def test_each_guest_can_be_interrupted(opened: Callable[..., Engine]) -> None:
    of = made(opened(f"(if (i32.load (i32.const 0)) (then (loop $l (br $l)))) {SAY_FINISH}"))
    live(of).close(over=True)
    second = Fiber(of, MIB, BEGUN)
    ctypes.memmove(second.slot.at, b"\1\0\0\0", 4)
    second.begin(b"")
    assert second.step() is Turn.TICKED
    assert second.step() is Turn.TICKED
    second.close()


@pytest.mark.parametrize("start", ["", "(func $s (call $deep (i32.const 3))) (start $s)"], ids=["", "that starts"])
def test_a_deep_life_leaves_little_of_its_stack_to_the_next(opened: Callable[..., Engine], start: str) -> None:
    """And to nobody else: a store knows its own stack, also when another's was made meanwhile."""
    deep = "(func $deep (param i32) (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1))))))"
    of = made(opened(f"(call $deep (i32.const 100000)) {SAY_FINISH}", deep + start))
    first, other = live(of), live(of)
    assert store(first).stack != store(other).stack
    stack = store(first).stack
    size = rooms._stack_sizes[stack]
    assert resident(stack, size) > 4 * STACK_RESIDENT
    first.close(over=True)
    assert stack in rooms._stack_sizes
    assert resident(stack, size) <= STACK_RESIDENT
    second = live(of)
    assert store(second).stack == stack
    second.close()
    other.close()
    assert not rooms.made_stacks


# -- what waits is let go ------------------------------------------------------------------------------------------


def test_stores_that_wait_go_with_their_program_and_with_the_engine(opened: Callable[..., Engine]) -> None:
    engine = opened(NAP)
    stores, stacks = len(rooms._slots), len(rooms._stack_sizes)

    def closes(_: Program) -> None:
        engine.slots.close()

    for end in (engine.forget, closes):
        of = made(engine)
        lives = [live(of) for _ in range(5)]
        for fiber in lives:
            fiber.close(over=True)
        assert len(rooms._slots) == stores + 5
        end(of)
        assert (len(rooms._slots), len(rooms._stack_sizes)) == (stores, stacks)


def test_a_store_whose_memory_cannot_be_wiped_is_let_go(
    opened: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    of = made(opened(NAP))
    stores = len(rooms._slots)
    first = live(of)

    def refuse(_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(type(of.slots), "_wipe", lambda *_: refuse(None))
    first.close(over=True)
    assert len(rooms._slots) == stores


def test_a_heap_that_is_closed_keeps_no_store(opened: Callable[..., Engine]) -> None:
    engine = opened(NAP)
    of, stores = made(engine), len(rooms._slots)
    first = live(of)
    engine.forget(of)
    first.close(over=True)
    assert len(rooms._slots) == stores


@pytest.mark.parametrize(
    ("more", "what"),
    [('(import "kernel" "nothing" (func))', "nothing"), ("(func $s unreachable) (start $s)", "a start")],
    ids=["what it imports", "how it starts"],
)
def test_what_is_refused_at_birth_leaves_its_place(opened: Callable[..., Engine], more: str, what: str) -> None:
    engine = opened("", more)
    of, stores = made(engine), len(rooms._slots)
    for _ in range(3):
        with pytest.raises(wasmtime.WasmtimeError, match=what):
            Fiber(of, MIB, BEGUN)
    assert len(rooms._slots) == stores


def test_a_store_that_takes_no_more_guests_than_it_said_is_let_go(
    opened: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """wasmtime counts as well."""
    of, stores = made(opened(NAP)), len(rooms._slots)
    monkeypatch.setattr(rooms, "LIVES", 1)
    first = live(of)
    store(first)._left = 5
    first.close(over=True)
    assert len(rooms._slots) == stores
    live(of).close(over=True)


def test_a_store_is_closed_once_and_has_no_stack_before_its_first_guest_runs(opened: Callable[..., Engine]) -> None:
    """A second deletion would be a crash of the process."""
    of, stores = made(opened(NAP)), len(rooms._slots)
    kept = store(Fiber(of, MIB, BEGUN))
    kept.trim()
    assert kept.stack == 0
    kept.close()
    kept.close()
    assert len(rooms._slots) == stores
    of.slots.give(kept.slot)
