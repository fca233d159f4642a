"""Instances that serve one guest after another: what the first did to them must be nowhere in the second's life."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import wasmtime

from kernel import fiber as fibers
from kernel.engine import Engine
from kernel.fiber import Fiber, Instance, Program, Turn
from kernel.image import WASM_PAGE, Image, has_one_variable
from kernel.limits import MIB
from kernel.slots import STACK_RESIDENT
from tests.kernel.stage import PAGE, SAY_FINISH, program
from tests.kernel.system import resident

POINTER = 4096
VARIABLE = f'(global $sp (export "__stack_pointer") (mut i32) (i32.const {POINTER}))'
NAP = f"(loop $l {SAY_FINISH} (br_if $l (i32.load (i32.const 0))))"
"""Says its last, and goes on as long as there is something at address 0."""
LEAVES_AT = 0x3000
BEGUN = (1 << 15, 100, 1 << 20)


@pytest.fixture
def opened() -> Iterator[Callable[..., Engine]]:
    engines: list[Engine] = []

    def make(body: str, more: str = VARIABLE) -> Engine:
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
    while fiber.step() is Turn.TICKED:
        pass
    return fiber


def instance(fiber: Fiber) -> Instance:
    assert fiber._instance is not None
    return fiber._instance


def one_and_another(of: Program) -> tuple[bool, Fiber]:
    """Whether the second guest has the instance of the first, and the second."""
    first = live(of)
    before = instance(first)
    first.close(over=True)
    second = live(of)
    return instance(second) is before, second


def word(fiber: Fiber, at: int) -> int:
    return int.from_bytes(ctypes.string_at(fiber.base + at, 4), "little")


# -- what an instance keeps ----------------------------------------------------------------------------------


def test_the_next_guest_has_the_instance_of_one_that_returned(opened: Callable[..., Engine]) -> None:
    """Else all that follows would show nothing."""
    again, fiber = one_and_another(made(opened(NAP)))
    assert again
    fiber.close(over=True)


def test_what_a_guest_wrote_is_not_there_for_the_next(opened: Callable[..., Engine]) -> None:
    """The attacker looks first where it wrote before."""
    looks = f"(i32.store (i32.const {LEAVES_AT + 8}) (i32.load (i32.const {LEAVES_AT}))) (i32.store (i32.const {LEAVES_AT}) (i32.const 7))"
    again, fiber = one_and_another(made(opened(looks + NAP)))
    assert again
    assert (word(fiber, LEAVES_AT), word(fiber, LEAVES_AT + 8)) == (7, 0)
    fiber.close()


def test_what_a_guest_does_after_its_last_word_is_not_there_for_the_next(opened: Callable[..., Engine]) -> None:
    late = f"(i32.store (i32.const {LEAVES_AT + 8}) (i32.load (i32.const {LEAVES_AT}))) {SAY_FINISH} (i32.store (i32.const {LEAVES_AT}) (i32.const 7))"
    again, fiber = one_and_another(made(opened(late)))
    assert again
    assert word(fiber, LEAVES_AT + 8) == 0
    fiber.close()


def test_the_stack_pointer_is_where_it_began_whatever_the_last_guest_left(opened: Callable[..., Engine]) -> None:
    """The attacker returns with a pointer into what it prepared."""
    twists = f"(i32.store (i32.const {LEAVES_AT}) (global.get $sp)) (global.set $sp (i32.const 77))"
    again, fiber = one_and_another(made(opened(twists + NAP)))
    assert again
    assert word(fiber, LEAVES_AT) == POINTER
    fiber.close()


@pytest.mark.parametrize(
    ("more", "body"),
    [
        ("", ""),
        (f"{VARIABLE} (global $hidden (mut i32) (i32.const 0))", "(global.set $hidden (i32.const 7))"),
        ('(global $sp (mut i32) (i32.const 0)) (global (export "__stack_pointer") i32 (i32.const 0))', ""),
        ('(global $sp (export "__stack_pointer") (mut i64) (i64.const 0))', ""),
        ('(global $sp (export "__stack_pointer") i32 (i32.const 0))', ""),
        ('(global $sp (export "another") (mut i32) (i32.const 0))', ""),
    ],
    ids=["none", "a second one", "one that is not told", "of another size", "that is constant", "of another name"],
)
def test_code_that_can_keep_something_beside_its_memory_gets_a_new_instance_each_time(
    opened: Callable[..., Engine], more: str, body: str
) -> None:
    again, fiber = one_and_another(made(opened(body + NAP, more)))
    assert not again
    fiber.close()


def test_the_engine_of_ours_keeps_nothing_beside_its_memory() -> None:
    engine = Path(__file__).parents[2] / "guests" / "build" / "engine.wasm"
    assert has_one_variable(engine.read_bytes())
    assert not has_one_variable(program(NAP))


# -- who gets a new one --------------------------------------------------------------------------------------


def test_a_guest_that_grew_takes_its_instance_along(opened: Callable[..., Engine]) -> None:
    """WebAssembly's memory does not shrink: the next would have what it did not ask for."""
    of = made(opened(f"(i32.store (i32.const {LEAVES_AT}) (memory.grow (i32.const 1)))" + NAP))
    again, fiber = one_and_another(of)
    assert not again
    assert word(fiber, LEAVES_AT) == 1
    assert fiber.memory_size() == 2 * WASM_PAGE
    fiber.close()


@pytest.mark.parametrize(
    "body",
    [
        f"(loop $l {SAY_FINISH} (br $l))",
        f"{SAY_FINISH} unreachable",
        f"{SAY_FINISH} (loop $l (br $l))",
        f"{SAY_FINISH} (drop (i32.load (i32.const 0x7fffffff)))",
        f"(func $deep (call $deep)) {SAY_FINISH} (call $deep)",
    ],
    ids=["asks again", "traps", "spins", "reads beyond", "recurses without end"],
)
def test_a_guest_that_does_not_return_at_its_end_takes_its_instance_along(
    opened: Callable[..., Engine], body: str
) -> None:
    more = VARIABLE
    if body.startswith("(func"):
        helper, _, body = body.partition(") (drop")
        more, body = VARIABLE + helper + ")", "(drop" + body
    again, fiber = one_and_another(made(opened(body, more)))
    assert not again
    fiber.close()


def test_a_guest_that_has_ended_before_takes_its_instance_along(opened: Callable[..., Engine]) -> None:
    of = made(opened(""))
    first = live(of)
    assert first.why() == "returned"
    before = instance(first)
    first.close(over=True)
    second = Fiber(of, MIB, BEGUN)
    assert instance(second) is not before
    second.close()


def test_a_guest_that_is_closed_in_the_middle_takes_its_instance_along(opened: Callable[..., Engine]) -> None:
    of = made(opened(NAP))
    first = live(of)
    before = instance(first)
    first.close()
    second = live(of)
    assert instance(second) is not before
    second.close()


def test_a_fiber_that_is_closed_does_nothing_to_the_next_guest(opened: Callable[..., Engine]) -> None:
    """Who still has the first guest's fiber has nothing."""
    of = made(opened(NAP))
    first = live(of)
    first.close(over=True)
    second = live(of)
    with pytest.raises(RuntimeError, match="has ended"):
        first.step()
    with pytest.raises(RuntimeError, match="asked nothing"):
        first.answer(b"x", 0, 1)
    for ask in (first.changed, lambda: first.begin(b"")):
        with pytest.raises(RuntimeError, match="is closed"):
            ask()
    first.close(over=True)
    assert instance(second).slot.tenant is instance(second) or instance(second).slot.tenant is None
    second.close(over=True)


# -- every life has its own bounds ------------------------------------------------------------------------------


def test_each_guest_has_its_own_limit_of_memory(opened: Callable[..., Engine]) -> None:
    grows = f"(i32.store (i32.const {LEAVES_AT}) (memory.grow (i32.load (i32.const 0))))"
    of = made(opened(f"(if (i32.load (i32.const 0)) (then {grows})) {SAY_FINISH}"))
    first = live(of, 10 * MIB)
    first.close(over=True)
    second = Fiber(of, MIB, BEGUN)
    ctypes.memmove(second.base, (17).to_bytes(4, "little"), 4)
    second.begin(b"")
    assert second.step() is Turn.PARKED
    assert word(second, LEAVES_AT) == (1 << 32) - 1  # 1.1 MiB
    second.close()


def test_each_guest_can_be_interrupted(opened: Callable[..., Engine]) -> None:
    of = made(opened(f"(if (i32.load (i32.const 0)) (then (loop $l (br $l)))) {SAY_FINISH}"))
    live(of).close(over=True)
    second = Fiber(of, MIB, BEGUN)
    ctypes.memmove(second.base, b"\1\0\0\0", 4)
    second.begin(b"")
    assert second.step() is Turn.TICKED
    assert second.step() is Turn.TICKED
    second.close()


def test_a_deep_life_leaves_little_of_its_stack_to_the_next(opened: Callable[..., Engine]) -> None:
    deep = "(func $deep (param i32) (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1))))))"
    of = made(opened(f"(call $deep (i32.const 100000)) {SAY_FINISH}", VARIABLE + deep))
    first = live(of)
    stack = instance(first).stack
    size = fibers._stack_sizes[stack]
    assert resident(stack, size) > 4 * STACK_RESIDENT
    first.close(over=True)
    assert stack in fibers._stack_sizes
    assert resident(stack, size) <= STACK_RESIDENT
    second = live(of)
    assert instance(second).stack == stack
    second.close()


# -- what waits is let go ------------------------------------------------------------------------------------------


def test_instances_that_wait_go_with_their_program_and_with_the_engine(opened: Callable[..., Engine]) -> None:
    engine = opened(NAP)
    stores, stacks = len(fibers._slots), len(fibers._stack_sizes)

    def closes(_: Program) -> None:
        engine.slots.close()

    for end in (engine.forget, closes):
        of = made(engine)
        lives = [live(of) for _ in range(5)]
        for fiber in lives:
            fiber.close(over=True)
        assert len(fibers._slots) == stores + 5
        end(of)
        assert (len(fibers._slots), len(fibers._stack_sizes)) == (stores, stacks)


def test_an_instance_whose_memory_cannot_be_wiped_is_let_go(
    opened: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    of = made(opened(NAP))
    stores = len(fibers._slots)
    first = live(of)

    def refuse(_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(type(of.slots), "_wipe", lambda *_: refuse(None))
    first.close(over=True)
    assert len(fibers._slots) == stores


def test_a_heap_that_is_closed_keeps_no_instance(opened: Callable[..., Engine]) -> None:
    engine = opened(NAP)
    of, stores = made(engine), len(fibers._slots)
    first = live(of)
    engine.forget(of)
    first.close(over=True)
    assert len(fibers._slots) == stores


def test_what_the_engine_refuses_at_birth_leaves_its_place(opened: Callable[..., Engine]) -> None:
    engine = opened("", '(import "kernel" "nothing" (func))')
    of, stores = made(engine), len(fibers._slots)
    for _ in range(3):
        with pytest.raises(wasmtime.WasmtimeError, match="nothing"):
            Fiber(of, MIB, BEGUN)
    assert len(fibers._slots) == stores
