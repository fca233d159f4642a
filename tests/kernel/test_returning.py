"""A guest that asked nothing says its first and last by returning. It can be asked nothing more, so no guest may say anything else so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kernel import wire
from kernel.builder import Builder
from kernel.engine import Engine
from kernel.errors import BrokenGuest
from kernel.fiber import Fiber, Turn
from kernel.guest import Guest
from kernel.image import WASM_PAGE, Image
from kernel.limits import MIB, Limits
from kernel.wire import Kind, Op, Result
from tests.kernel.stage import (
    FINISH,
    FINISH_AT,
    INBOX,
    INBOX_SIZE,
    LIMITS,
    OWN,
    PAGE,
    SAY_FINISH,
    SAY_READY,
    B,
    Stage,
    call,
    head,
    loading,
    own,
    program,
    step,
)
from tests.kernel.test_builder import FINE, UNIT

if TYPE_CHECKING:
    from tests.kernel.conftest import Put

AT = 0x2000
TAKEN = INBOX, INBOX_SIZE
"""The inbox of an image whose guests find their first request there."""


def word(at: int, length: int) -> int:
    """What main returns: where the message lies, and how long it is."""
    return length << 32 | at


def leaving(message: bytes, body: str = "", *, at: int = AT, length: int | None = None) -> tuple[bytes, bytes]:
    """A guest that returns this message, and the memory it begins with."""
    memory = bytearray(PAGE)
    memory[AT : AT + len(message)] = message
    return program(body, returns=word(at, len(message) if length is None else length)), bytes(memory)


async def play(put: Put, code: bytes, memory: bytes = bytes(PAGE), **more: object) -> tuple[wire.Value, ...]:
    stage: Stage = put(code, memory, **more)
    try:
        return await stage.play()
    finally:
        assert stage.kernel.guests == 0


async def test_what_it_returns_is_what_the_evaluation_came_to(guest: Put) -> None:
    assert await play(guest, *leaving(FINISH), inbox=TAKEN) == ("done",)


async def test_it_is_read_whole_however_long(guest: Put) -> None:
    """An answer to the kernel has no limit but the guest's memory."""
    text = "x" * (wire.MOST_AROUND + 2000)
    message = head(Kind.RESULT, Result.FINISHED, payload=wire.encode(text))
    memory = bytes(WASM_PAGE) + message + bytes(-len(message) % WASM_PAGE)
    stage = guest(program("", returns=word(WASM_PAGE, len(message))), memory, inbox=TAKEN)
    assert await stage.play(message=1000) == (text,)


FINISHES_WITH = {
    "half a head": leaving(FINISH, length=5),
    "nothing that can be read": leaving(head(Kind.RESULT, Result.FINISHED, payload=b"\xff\xff")),
    "an address beyond its memory": leaving(FINISH, at=WASM_PAGE),
    "a message that runs out of its memory": leaving(FINISH, at=WASM_PAGE - 8),
    "the greatest address": leaving(FINISH, at=(1 << 32) - 1),
    "the greatest length": leaving(FINISH, length=(1 << 31) - 1),
    "an inbox outside": leaving(head(Kind.RESULT, Result.FINISHED, payload=wire.encode(1), inbox=WASM_PAGE)),
    "jobs left": leaving(head(Kind.RESULT, Result.FINISHED | Result.JOBS, payload=wire.encode(1))),
    "something to say at the end": leaving(
        head(Kind.RESULT, Result.FINISHED | Result.ATTENTION, payload=wire.encode(1))
    ),
    "a result that ends nothing": leaving(head(Kind.RESULT, payload=wire.encode(1))),
    "what it threw": leaving(head(Kind.RESULT, wire.THREW, payload=wire.encode(1))),
    "a host call": leaving(call(1)),
    "a promise that settled": leaving(head(Kind.SETTLE, payload=wire.encode(1))),
    "a wait": leaving(head(Kind.WAIT)),
    "that it is ready": leaving(head(Kind.READY)),
    "a wish for more": leaving(head(Kind.FETCH)),
    "an unknown kind": leaving(head(99)),
    "an object": leaving(head(Kind.RESULT, Result.FINISHED, refs=(own(1),), payload=wire.encode_reference(0))),
}


@pytest.mark.parametrize("what", FINISHES_WITH)
async def test_a_guest_that_returns_anything_else_is_broken(guest: Put, what: str) -> None:
    with pytest.raises(BrokenGuest):
        await play(guest, *FINISHES_WITH[what], inbox=TAKEN)


SPOKE_BEFORE = {
    "a host call": leaving(FINISH, f"(drop (call $call (i32.const {FINISH_AT + 0x100}) (i32.const 28)))"),
    "its end": leaving(FINISH, SAY_FINISH),
    "nothing": leaving(FINISH, "(drop (call $call (i32.const 0) (i32.const 0)))"),
    "something outside": leaving(FINISH, "(drop (call $call (i32.const -1) (i32.const -1)))"),
}


@pytest.mark.parametrize("what", SPOKE_BEFORE)
def test_what_a_guest_returns_that_spoke_before_is_no_message(what: str) -> None:
    """Others may know of it, and ask it something yet."""
    code, memory = SPOKE_BEFORE[what]
    with Engine(code) as engine:
        fiber = Fiber(engine.program(Image.of(memory, TAKEN)), MIB, (1 << 15, 100, MIB))
        assert fiber.begin(b"first")
        assert step(fiber) is Turn.PARKED
        before = fiber.message
        fiber.answer(b"", 0, 0)
        assert step(fiber) is Turn.ENDED
        assert (fiber.last, fiber.message) == (False, before)
        fiber.close()


def test_what_a_guest_before_returned_is_not_said_by_the_next_that_traps() -> None:
    """What main returns is written to one place of a store's, and a trap writes nothing there."""
    traps = "(if (i32.load (i32.const 0)) (then unreachable))"
    code, memory = leaving(FINISH, traps)
    with Engine(code) as engine:
        of = engine.program(Image.of(memory, TAKEN))
        first = Fiber(of, MIB, (1 << 15, 100, MIB))
        first.begin(b"first")
        assert step(first) is Turn.LAST
        before = first._store
        first.close(over=True)
        second = Fiber(of, MIB, (1 << 15, 100, MIB))
        assert second._store is before
        second.slot.view[0] = 1
        second.begin(b"second")
        assert step(second) is Turn.ENDED
        assert "unreachable" in second.why()
        assert second.message == b""
        second.close(over=True)


async def test_a_guest_whose_first_request_waits_for_it_returns_nothing(guest: Put) -> None:
    """It did not find what it was asked."""
    with pytest.raises(BrokenGuest):
        await play(guest, *leaving(FINISH))


async def test_a_guest_that_was_ready_first_returns_nothing(guest: Put) -> None:
    with pytest.raises(BrokenGuest):
        await play(guest, *leaving(FINISH, SAY_READY))


@pytest.mark.parametrize("op", [0, Result.FINISHED])
async def test_another_owners_guest_does_not_return(guest: Put, op: int) -> None:
    """The attacker answers its caller and is gone, and the caller asks it something more."""
    root, result = call(1), head(Kind.RESULT, op, payload=wire.encode(1))
    memory = bytearray(PAGE)
    memory[AT : AT + len(root)] = root
    memory[AT + 0x400 : AT + 0x400 + len(result)] = result
    loads = f"(i32.eq (i32.and (i32.load (i32.const {INBOX + 4})) (i32.const 0xff)) (i32.const {Op.LOAD}))"
    asks = f"(loop $l (drop (call $call (i32.const {AT}) (i32.const {len(root)}))) (br $l))"
    code = program(f"(if (i32.eqz {loads}) (then {asks}))", returns=word(AT + 0x400, len(result)))
    stage: Stage = guest(code, bytes(memory), inbox=TAKEN)
    fake = loading(B)
    with pytest.raises(BrokenGuest):
        await stage.play(fake)
    assert fake.calls == 1
    assert stage.kernel.guests == 0


async def test_of_a_guest_that_returns_there_is_no_image() -> None:
    for message in (FINE, FINISH):
        code, memory = leaving(message)
        with Engine(code) as engine:
            stage = Stage(engine, memory, TAKEN)
            assert await Builder(stage.kernel, LIMITS).build([UNIT]) is None
            assert stage.kernel.guests == 0


def test_a_guest_that_returned_leaves_its_store_to_another(guest: Put) -> None:
    """And nothing in it."""
    code, memory = leaving(
        FINISH,
        "(i32.store (i32.const 0x3008) (i32.load (i32.const 0x3000))) (i32.store (i32.const 0x3000) (i32.const 7))",
    )
    stage: Stage = guest(code, memory, inbox=TAKEN)
    stores = []
    for _ in range(3):
        one = Guest(OWN, stage.kernel.image, Limits(), stage.kernel.birth(OWN, ()))
        one.say(wire.Say.REQUEST, Op.ENTER, 0, (), b"")
        assert step(one.fiber) is Turn.LAST
        assert one.message(to_kernel=True).kind == Kind.RESULT
        assert bytes(one.fiber.slot.view[0x3008:0x300C]) == bytes(4)
        stores.append(one.fiber._store)
        one.close()
    assert stores[0] is stores[1] is stores[2]
