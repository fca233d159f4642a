"""Fibers: they park and wake, tick and end, and the kernel forbids what wasmtime does not."""

from __future__ import annotations

import asyncio
import ctypes
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import wasmtime
from wasmtime import _bindings as generated

from kernel import capi, slots, store
from kernel import engine as engines
from kernel import fiber as fibers
from kernel.engine import Engine
from kernel.errors import GuestError
from kernel.fiber import Fiber, Turn
from kernel.image import Image
from kernel.limits import MIB
from kernel.slots import GUARD, RESERVED
from kernel.wire import MOST_AROUND, Kind
from tests.kernel.stage import IMPORTS, PAGE, READY, READY_AT, SAY_FINISH, SAY_READY, Stage, head, program

if TYPE_CHECKING:
    from tests.kernel.conftest import Put

WAIT_AT = 0x1800
PAGES_SIZE = len(PAGE)
ECHO = program(
    f"(loop $l {SAY_READY} (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))) (br $l))"
)


def start(engine: Engine, memory: bytes = bytes(PAGE)) -> Fiber:
    fiber = Fiber(engine.program(Image.of(memory)), MIB, (1, 2, 3))
    assert not fiber.begin(b"")
    return fiber


def run_to_message(fiber: Fiber) -> bytes:
    while fiber.step() is not Turn.PARKED:
        pass
    return fiber.message


# -- the self-check ---------------------------------------------------------------------------------------


def test_a_fiber_parks_and_wakes_again_and_again() -> None:
    """What everything rests on: libc's strlen on a flag is a continuation that says when to go on."""
    with Engine(ECHO) as engine:
        fiber = start(engine)
        for round_ in range(100):
            assert run_to_message(fiber) == READY
            assert not capi.poll(fiber._future)  # parked: polling it does not wake it
            assert fiber.answer(round_.to_bytes(4, "little"), 0, 4)
        assert fiber.slot.size == 65536
        fiber.close()


def test_an_answer_is_written_where_it_was_asked_for_and_only_if_it_fits() -> None:
    with Engine(ECHO) as engine:
        fiber = start(engine)
        run_to_message(fiber)
        assert not fiber.answer(b"12345", 0, 4)
        run_to_message(fiber)
        assert fiber.answer(b"1234", 0, 4)
        fiber.close()


def test_no_more_of_a_message_is_copied_than_it_takes_to_refuse_it() -> None:
    limit = 100
    for extra in (0, 1, 50_000):
        size = limit + MOST_AROUND + 1 + extra
        body = f"(drop (memory.grow (i32.const 8))) (drop (call $call (i32.const 0) (i32.const {size})))"
        with Engine(program(body)) as engine:
            fiber = Fiber(engine.program(Image.of(bytes(PAGE))), MIB, (1, 2, limit))
            fiber.begin(b"")
            assert len(run_to_message(fiber)) == size - extra
            assert len(fiber.whole()) == size
            fiber.close()


def test_fibers_interleave_without_knowing_of_one_another() -> None:
    with Engine(ECHO) as engine:
        every = [start(engine) for _ in range(20)]
        for _ in range(5):
            for fiber in every:
                assert run_to_message(fiber) == READY
            for fiber in reversed(every):
                fiber.answer(b"", 0, 0)
        for fiber in every:
            fiber.close()


def test_a_fiber_that_has_ended_is_not_stepped_again() -> None:
    """Polling a future that is done is a crash of the process: the kernel says so itself."""
    with Engine(program("")) as engine:
        fiber = start(engine)
        while fiber.step() is not Turn.ENDED:
            pass
        assert fiber.why() == "returned"
        with pytest.raises(RuntimeError, match="has ended"):
            fiber.step()
        fiber.close()
        fiber.close()


def test_a_fiber_is_stepped_only_when_answered_and_answered_only_when_it_asked() -> None:
    """Its answer goes to an address on its own stack: without a question there is none."""
    with Engine(ECHO) as engine:
        fiber = start(engine)
        with pytest.raises(RuntimeError, match="asked nothing"):
            fiber.answer(b"", 0, 0)
        run_to_message(fiber)
        with pytest.raises(RuntimeError, match="waits for its answer"):
            fiber.step()
        fiber.answer(b"", 0, 0)
        with pytest.raises(RuntimeError, match="asked nothing"):
            fiber.answer(b"", 0, 0)
        fiber.close()


def test_a_running_fiber_is_known_only_while_it_runs() -> None:
    with Engine(ECHO) as engine:
        fiber = start(engine)
        run_to_message(fiber)
        assert fibers.running() is None
        fiber.close()


def test_main_gets_its_three_arguments() -> None:
    body = "(if (i32.ne (i32.const 123) (i32.add (i32.mul (local.get 0) (i32.const 100)) (i32.add (i32.mul (local.get 1) (i32.const 10)) (local.get 2)))) (then unreachable))"
    with Engine(program(body)) as engine:
        fiber = start(engine)
        while fiber.step() is not Turn.ENDED:
            pass
        assert fiber.why() == "returned"
        fiber.close()


@pytest.mark.parametrize(
    ("code", "what"),
    [
        (wasmtime.wat2wasm(f"(module {IMPORTS})"), "a main"),
        (wasmtime.wat2wasm(f"(module {IMPORTS} (func unreachable) (start 1))"), "a start"),
    ],
)
def test_modules_of_another_shape_are_refused(code: bytes, what: str) -> None:
    with Engine(bytes(code)) as engine, pytest.raises(wasmtime.WasmtimeError, match=what):
        Fiber(engine.program(Image.of(bytes(PAGE))), MIB, (0, 0, 0))


def test_an_image_larger_than_the_memory_limit_is_refused() -> None:
    with Engine(ECHO) as engine, pytest.raises(wasmtime.WasmtimeError, match="memory"):
        Fiber(engine.program(Image.of(bytes(PAGE))), 65535, (0, 0, 0))


def test_code_that_imports_what_there_is_not_is_refused() -> None:
    code = wasmtime.wat2wasm(
        '(module (import "wasi" "fd_write" (func)) (func (export "main") (param i32 i32 i32 i32)))'
    )
    with Engine(bytes(code)) as engine, pytest.raises(wasmtime.WasmtimeError, match="fd_write"):
        start(engine)


def test_a_trap_and_an_error_say_why() -> None:
    with Engine(program("unreachable")) as engine:
        fiber = start(engine)
        while fiber.step() is not Turn.ENDED:
            pass
        assert "unreachable" in fiber.why()
        fiber.close()


def test_an_error_that_is_no_trap_says_why() -> None:
    """As when there is no memory left for a fiber's stack."""
    with Engine(ECHO) as engine:
        fiber = start(engine)
        fiber._here().places.error = ctypes.cast(generated.wasmtime_error_new(b"no stack"), ctypes.c_void_p).value
        assert fiber.why() == "no stack"
        assert fiber.why() == "returned"
        fiber.close()


def test_a_closed_engine_is_not_used() -> None:
    engine = wasmtime.Engine()
    engine.close()
    with pytest.raises(ValueError, match="closed"):
        capi.pointer(engine)


# -- the two pure imports -----------------------------------------------------------------------------------


def imports(name: str) -> bytes:
    """Write what a pure import answers to address 0 and 8, then say READY."""
    ask = f'(import "kernel" "{name}" (func $ask (result i64)))'
    store = "(i64.store (i32.const 0) (call $ask)) (i64.store (i32.const 8) (call $ask))"
    return bytes(
        wasmtime.wat2wasm(
            f'(module {IMPORTS} {ask} (func (export "main") (param i32 i32 i32 i32) (result i64) {store}{say(0, 16)} (i64.const 0)))'
        )
    )


def say(at: int, size: int) -> str:
    return f"(drop (call $call (i32.const {at}) (i32.const {size})))"


def answers(name: str) -> tuple[int, int]:
    with Engine(imports(name)) as engine:
        fiber = start(engine)
        message = run_to_message(fiber)
        fiber.close()
    return int.from_bytes(message[:8], "little"), int.from_bytes(message[8:], "little")


def test_the_clock_is_the_time_in_nanoseconds() -> None:
    before = time.time_ns()
    first, second = answers("clock")
    assert before <= first <= second <= time.time_ns()


def test_random_is_new_each_time() -> None:
    assert len({*answers("random"), *answers("random")}) == 4


def test_who_asks_before_it_runs_is_answered() -> None:
    """A start function is no step of anybody's."""
    ask = '(import "kernel" "clock" (func $ask (result i64)))'
    code = f'(module {IMPORTS} {ask} (func $s (drop (call $ask))) (start $s) (func (export "main") (param i32 i32 i32 i32) (result i64) (i64.const 0)))'
    with Engine(bytes(wasmtime.wat2wasm(code))) as engine:
        fiber = start(engine)
        assert not fiber.asked
        fiber.close()


# -- memories and stacks are ours -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape", [(PAGES_SIZE + 1, RESERVED, GUARD), (PAGES_SIZE, RESERVED - 1, GUARD), (PAGES_SIZE, RESERVED, 0)]
)
def test_a_memory_of_another_shape_is_not_made(monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int, int]) -> None:
    """Code is compiled for so many addresses, and checks nothing."""
    with Engine(ECHO) as engine:
        made = engine.program(Image.of(bytes(PAGE)))
        monkeypatch.setattr(store, "_born", engine.slots.take(made.heap))
        size, reserved, guard = shape
        with pytest.raises(wasmtime.WasmtimeError, match="a memory of this shape is not made here"):
            capi.check(store._on_new_memory(0, 0, size, 0, reserved, guard, 0))


def test_a_memory_that_nobody_is_born_with_is_not_made() -> None:
    with pytest.raises(wasmtime.WasmtimeError, match="a memory of this shape is not made here"):
        capi.check(store._on_new_memory(0, 0, PAGES_SIZE, 0, RESERVED, GUARD, 0))


def ends(engine: Engine) -> str:
    fiber = start(engine)
    while fiber.step() is not Turn.ENDED:
        pass
    why = fiber.why()
    fiber.close()
    return why


def test_a_memory_that_the_system_does_not_let_grow_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    grows = "(if (i32.ne (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable)) (drop (i32.load (i32.const 65536)))"
    with Engine(program(grows)) as engine:
        made = engine.program(Image.of(bytes(PAGE)))
        fiber = Fiber(made, MIB, (1, 2, 3))
        fiber.begin(b"")
        monkeypatch.setattr(slots, "_mprotect", lambda *_: -1)
        while fiber.step() is not Turn.ENDED:
            pass
        assert "out of bounds memory access" in fiber.why()
        fiber.close()


def test_a_fiber_without_a_stack_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    with Engine(program("")) as engine:
        fiber = Fiber(engine.program(Image.of(bytes(PAGE))), MIB, (1, 2, 3))
        monkeypatch.setattr(store, "_stacks", slots.Stacks())
        monkeypatch.setattr(slots, "_mmap", lambda *_: None)
        fiber.begin(b"")
        assert fiber.step() is Turn.ENDED
        assert "the system refuses a mapping of memory" in fiber.why()
        monkeypatch.undo()
        fiber.close()
        assert ends(engine) == "returned"


# -- the version and the tick ---------------------------------------------------------------------------------


def test_another_wasmtime_than_the_pinned_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """An upgrade fails at the start and not in the middle of somebody's evaluation."""
    monkeypatch.setattr(capi, "version", lambda _: "51.0.0")
    with pytest.raises(RuntimeError, match=r"wasmtime 50\.0\.1, and 51\.0\.0 is installed"):
        Engine(ECHO)


def test_the_pinned_version_is_the_one_in_the_project() -> None:
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert f'"wasmtime=={capi.PINNED}"' in project


def ticking() -> int:
    return sum(thread.name == "valgate-tick" for thread in threading.enumerate())


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_the_tick_stops_with_the_engine() -> None:
    before = ticking()
    with Engine(ECHO):
        assert ticking() == before + 1
    assert ticking() == before


def test_the_tick_sleeps_when_nothing_runs_and_stops_also_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "IDLE_TICKS", 2)
    with Engine(ECHO) as engine:
        wait_for(lambda: engine._ticker._asleep)
    assert not engine._ticker._thread.is_alive()


def test_the_tick_wakes_for_a_guest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "IDLE_TICKS", 2)
    with Engine(program("(loop $l (br $l))")) as engine:
        wait_for(lambda: engine._ticker._asleep)
        fiber = start(engine)
        engine.wake()
        assert fiber.step() is Turn.TICKED
        fiber.close()


def test_a_guest_that_begins_while_the_tick_falls_asleep_is_not_left_without_it() -> None:
    """The wake-up call comes between the ticker's look and its sleep: it looks once more."""
    ticker = engines._Ticker(wasmtime.Engine())
    ticker._asleep = False
    ticker.wake()
    ticker._sleep(seen=0)  # would wait for ever
    assert not ticker._asleep


async def test_a_guest_that_runs_for_long_keeps_the_tick_awake(monkeypatch: pytest.MonkeyPatch, guest: Put) -> None:
    monkeypatch.setattr(engines, "IDLE_TICKS", 0)
    stage = guest(program(SAY_READY + SAY_FINISH))
    for _ in range(20):
        assert await stage.play() == ("done",)
        await asyncio.sleep(0.003)


# -- nothing is left behind -----------------------------------------------------------------------------------


def resident() -> int:
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


ENDS = {
    "in a trap": "unreachable",
    "in an endless loop": "(loop $l (br $l))",
    "by returning": "",
    "waiting for ever": f"(loop $l {SAY_READY.replace(str(READY_AT), str(WAIT_AT))} (br $l))",
}


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="tells the memory of this process on Linux only")
@pytest.mark.parametrize("end", ENDS)
async def test_memory_returns_after_a_hundred_attacks(guest: Put, end: str) -> None:
    """Each attacker fills 4 MiB and dies: kept, that would be 400 MiB."""
    fill = "(drop (memory.grow (i32.const 63))) (memory.fill (i32.const 65536) (i32.const 1) (i32.const 4128768))"
    memory = bytearray(PAGE)
    memory[WAIT_AT : WAIT_AT + 28] = head(Kind.WAIT)
    stage = guest(program(f"{SAY_READY}{fill}{ENDS[end]}"), bytes(memory))
    for _ in range(5):
        await attack(stage)
    before = resident()
    for _ in range(100):
        await attack(stage)
        await asyncio.sleep(0)
    assert resident() - before < 40 * MIB
    assert stage.kernel.guests == 0


async def attack(stage: Stage) -> None:
    with pytest.raises(GuestError):
        await stage.play(cpu=0.01)


def test_the_message_is_a_copy_of_the_moment() -> None:
    with Engine(ECHO) as engine:
        memory = bytearray(PAGE)
        fiber = start(engine, bytes(memory))
        message = run_to_message(fiber)
        fiber.answer(bytes(28), READY_AT, 28)
        assert message == READY
        assert run_to_message(fiber) == bytes(28)
        fiber.close()
