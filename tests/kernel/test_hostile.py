"""Hostile guests, written in WebAssembly: each ends in its typed error, alone, and leaves nothing behind.

`survive` asks the same of each attack: the error within the budget, an event loop that goes on serving, no guest left, and a
harmless evaluation beside and after it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from kernel import wire
from kernel.errors import BrokenGuest, CpuLimit, MemoryLimit, ValgateError
from kernel.image import WASM_PAGE
from kernel.wire import Kind, Op, Result
from tests.kernel.stage import (
    ENTER,
    FINISH,
    INBOX,
    PAGE,
    READY_AT,
    SAY_FINISH,
    SAY_READY,
    TELL,
    Fake,
    Stage,
    answering,
    call,
    head,
    pinging,
    program,
)

if TYPE_CHECKING:
    from tests.kernel.conftest import Put

PATIENCE = 0.1
"""Seconds of this thread's work that others may wait while a guest attacks; most show a tenth."""
BUDGET = 0.3
"""Seconds of processor time for an attack, unless it says otherwise."""
SLACK = 0.5
"""Seconds of this thread's work beyond the budget: the tests' own, slower while coverage is counted."""


@pytest.fixture
def harmless(guest: Put) -> Stage:
    return guest(program(SAY_READY + SAY_FINISH))


async def survive(
    stage: Stage, harmless: Stage, expected: type[ValgateError], *capabilities: Fake, **limits: float
) -> str:
    """Play the attack: return what its error says."""
    limits = {"cpu": BUDGET} | limits
    async with pinging() as ping:
        started = time.thread_time()
        with pytest.raises(expected) as failed:
            await stage.run(capabilities, limits)
        took = time.thread_time() - started
    assert took < limits["cpu"] + SLACK
    assert ping.longest < PATIENCE
    assert stage.kernel.guests == 0
    assert await harmless.play() == ("done",)
    assert harmless.kernel.guests == 0
    return str(failed.value)


# -- time -----------------------------------------------------------------------------------------------


async def test_an_endless_loop_ends_in_the_cpu_limit(guest: Put, harmless: Stage) -> None:
    """The attacker never asks anything, so that the kernel never has its turn."""
    words = await survive(guest(program(SAY_READY + "(loop $l (br $l))")), harmless, CpuLimit)
    assert words == f"the evaluation used its {BUDGET:g} s of processor time; do less, or in several runs"


async def test_an_endless_loop_before_ready_ends_in_the_cpu_limit(guest: Put, harmless: Stage) -> None:
    """The attacker spins while it is being born."""
    await survive(guest(program("(loop $l (br $l))")), harmless, CpuLimit)


async def test_a_flood_of_host_calls_ends_in_the_cpu_limit(script: Put, harmless: Stage) -> None:
    """The attacker asks as fast as it can: each call is cheap, and all of them would keep the loop from others."""
    fake = answering(1)
    await survive(script([call(1)], loop=True), harmless, CpuLimit, fake, cpu=0.5)
    assert fake.calls > 100


async def test_a_flood_of_refused_calls_ends_in_the_cpu_limit(script: Put, harmless: Stage) -> None:
    await survive(script([call(77)], loop=True), harmless, CpuLimit)


async def test_a_flood_of_settlements_ends_in_the_cpu_limit(script: Put, harmless: Stage) -> None:
    await survive(script([head(Kind.SETTLE, 0, 5)], loop=True), harmless, CpuLimit)


async def test_a_flood_of_waiting_ends_in_the_cpu_limit(script: Put, harmless: Stage) -> None:
    """The attacker waits for what cannot happen, is told so, and waits again."""
    await survive(script([head(Kind.WAIT)], loop=True), harmless, CpuLimit)


async def test_jobs_that_never_end_end_in_the_cpu_limit(script: Put, harmless: Stage) -> None:
    """The attacker always has one more job pending: an endless chain of microtasks."""
    await survive(script([head(Kind.RESULT, Result.JOBS)], loop=True), harmless, CpuLimit)


async def test_a_flood_of_huge_messages_ends_in_the_cpu_limit(guest: Put, harmless: Stage) -> None:
    """The attacker sends its whole memory, again and again: 16 MiB to copy each time."""
    size = 256 * WASM_PAGE
    grow = "(drop (memory.grow (i32.const 255)))"
    message = head(Kind.CALL, 1, 1, inbox=INBOX, capacity=4)
    memory = bytearray(PAGE)
    memory[: len(message)] = message
    body = f"{SAY_READY}{grow}(loop $l (drop (call $call (i32.const 0) (i32.const {size}))) (br $l))"
    await survive(guest(program(body), bytes(memory)), harmless, CpuLimit, answering(1))


# -- memory and stack -----------------------------------------------------------------------------------


def growing(pages: int) -> bytes:
    """Grow to so many pages; answer `done` if that went well and trap if not."""
    return program(
        f"{SAY_READY}(if (i32.eq (memory.grow (i32.const {pages - 1})) (i32.const -1)) (then unreachable)){SAY_FINISH}"
    )


async def test_a_guest_may_grow_to_its_limit_of_1024_pages(guest: Put) -> None:
    stage = guest(growing(1024))
    assert await stage.play(memory=1024 * WASM_PAGE) == ("done",)
    assert stage.usage.peak == 1024 * WASM_PAGE


async def test_a_guest_does_not_grow_one_page_beyond_its_limit(guest: Put, harmless: Stage) -> None:
    words = await survive(guest(growing(1025)), harmless, BrokenGuest, memory=1024 * WASM_PAGE)
    assert "unreachable" in words


async def test_a_guest_that_says_it_is_exhausted_ends_in_the_memory_limit(script: Put, harmless: Stage) -> None:
    words = await survive(script([head(Kind.EXHAUSTED)]), harmless, MemoryLimit)
    assert words == "a guest used all of its 64 MiB of memory; keep less at a time"


async def test_the_stack_ends_in_a_broken_guest(guest: Put, harmless: Stage) -> None:
    """The attacker calls itself without end: the fiber's stack is the host's memory."""
    more = "(func $deeper (param i32) (result i32) (i32.add (i32.const 1) (call $deeper (local.get 0))))"
    stage = guest(program(f"{SAY_READY}(drop (call $deeper (i32.const 1)))", more))
    words = await survive(stage, harmless, BrokenGuest, cpu=1.0)
    assert "stack" in words


async def test_a_trap_ends_in_a_broken_guest_that_says_which(guest: Put, harmless: Stage) -> None:
    stage = guest(program(f"{SAY_READY}(drop (i32.div_u (i32.const 1) (i32.const 0)))"))
    assert "integer divide by zero" in await survive(stage, harmless, BrokenGuest)


async def test_returning_from_main_ends_in_a_broken_guest(guest: Put, harmless: Stage) -> None:
    assert await survive(guest(program(SAY_READY)), harmless, BrokenGuest) == "returned"


# -- pointers and lengths ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "length"),
    [
        (WASM_PAGE - 27, 28),
        (WASM_PAGE, 1),
        (WASM_PAGE + 1, 0),
        (0, WASM_PAGE + 1),
        (2**32 - 1, 28),
        (2**32 - 28, 28),
        (2**31, 2**31),
        (16, 2**32 - 1),
        (2**32 - 1, 2**32 - 1),
        (40 * 2**20, 28),
    ],
)
async def test_a_message_outside_the_memory_is_not_read(guest: Put, harmless: Stage, start: int, length: int) -> None:
    """The attacker points beyond its memory, also so that start plus length is small again in 32 bits."""
    stage = guest(program(f"{SAY_READY}(drop (call $call (i32.const {start}) (i32.const {length})))"))
    assert "shorter than its head" in await survive(stage, harmless, BrokenGuest)


async def test_a_message_may_end_where_the_memory_ends(guest: Put) -> None:
    memory = bytearray(PAGE)
    memory[-len(FINISH) :] = FINISH
    at = WASM_PAGE - len(FINISH)
    stage = guest(program(f"{SAY_READY}(drop (call $call (i32.const {at}) (i32.const {len(FINISH)})))"), bytes(memory))
    assert await stage.play() == ("done",)


async def test_memory_that_was_grown_may_be_used_for_messages(guest: Put) -> None:
    """And only then: the size of the moment counts, not the greatest possible one."""
    copy = f"(memory.copy (i32.const {WASM_PAGE}) (i32.const {READY_AT + 64}) (i32.const {len(FINISH)}))"
    say = f"(drop (call $call (i32.const {WASM_PAGE}) (i32.const {len(FINISH)})))"
    grow = "(drop (memory.grow (i32.const 1)))"
    assert await guest(program(SAY_READY + grow + copy + say)).play() == ("done",)
    with pytest.raises(BrokenGuest):
        await guest(program(SAY_READY + say)).play()


@pytest.mark.parametrize(
    ("inbox", "capacity"),
    [(WASM_PAGE - 8, 9), (WASM_PAGE + 1, 0), (2**32 - 4, 8), (0, 2**32 - 1), (2**31, 2**31)],
)
async def test_an_inbox_outside_the_memory_is_not_written(
    script: Put, harmless: Stage, inbox: int, capacity: int
) -> None:
    """The attacker asks for an answer beyond its memory, where the host's own lies."""
    stage = script([head(Kind.CALL, 1, 1, inbox=inbox, capacity=capacity)])
    assert "inbox outside" in await survive(stage, harmless, BrokenGuest, answering(1))


@pytest.mark.parametrize("size", [1, 27])
async def test_a_message_shorter_than_its_head_breaks_the_guest(script: Put, harmless: Stage, size: int) -> None:
    assert "shorter" in await survive(script([FINISH[:size]]), harmless, BrokenGuest)


@pytest.mark.parametrize(("nrefs", "nreleased"), [(1, 0), (0, 1), (2**32 - 1, 1), (2**31, 2**31), (1000, 1000)])
async def test_more_references_than_bytes_break_the_guest(
    script: Put, harmless: Stage, nrefs: int, nreleased: int
) -> None:
    message = wire.HEAD.pack(INBOX, 64, Kind.CALL, 1, 1, nrefs, nreleased)
    assert "more references" in await survive(script([message]), harmless, BrokenGuest, answering(1))


# -- messages out of turn ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [0, Kind.READY, 8, 99, 2**32 - 1])
async def test_a_kind_that_is_none_breaks_the_guest(script: Put, harmless: Stage, kind: int) -> None:
    assert "no guest of ours says" in await survive(script([head(kind)]), harmless, BrokenGuest)


@pytest.mark.parametrize("kind", [Kind.CALL, Kind.RESULT, Kind.FETCH, Kind.SETTLE, Kind.WAIT])
async def test_a_guest_must_begin_by_being_ready(guest: Put, harmless: Stage, kind: Kind) -> None:
    """The attacker answers, asks or waits before anybody spoke to it."""
    memory = bytearray(PAGE)
    first = head(kind)
    memory[: len(first)] = first
    stage = guest(program("(drop (call $call (i32.const 0) (i32.const 28)))"), bytes(memory))
    assert "ready" in await survive(stage, harmless, BrokenGuest)


async def test_fetching_what_was_not_sent_breaks_the_guest(script: Put, harmless: Stage) -> None:
    assert "fetches" in await survive(script([head(Kind.FETCH)]), harmless, BrokenGuest)


async def test_fetching_twice_breaks_the_guest(script: Put, harmless: Stage) -> None:
    small = head(Kind.CALL, 1, 1, capacity=4)
    assert "fetches" in await survive(
        script([small, head(Kind.FETCH), head(Kind.FETCH)]), harmless, BrokenGuest, answering(1)
    )


async def test_what_did_not_fit_is_fetched(script: Put) -> None:
    small = head(Kind.CALL, 1, 1, capacity=4)
    told = await script([small, head(Kind.FETCH, capacity=8), head(Kind.FETCH), TELL]).told(answering(7))
    assert told.payload.startswith(wire.encode(7))


async def test_finishing_twice_breaks_the_guest(script: Put, harmless: Stage) -> None:
    """The attacker ends the evaluation, and at the end once more: which of the two would be the answer?"""
    first = head(Kind.RESULT, Result.FINISHED | Result.ATTENTION, payload=wire.encode("first"))
    assert "not its own to end" in await survive(script([first, FINISH]), harmless, BrokenGuest)


@pytest.mark.parametrize("payload", [wire.encode_array(1), b"\xff", wire.UNDEFINED * 100])
async def test_finishing_with_what_is_no_plain_value_breaks_the_guest(
    script: Put, harmless: Stage, payload: bytes
) -> None:
    """The attacker's answer cannot be read; a refusal thrown into it would find nobody listening."""
    last = head(Kind.RESULT, Result.FINISHED, payload=payload)
    await survive(script([last, call(1), FINISH]), harmless, BrokenGuest, answering(1))


async def test_a_complaint_that_is_no_plain_value_breaks_the_guest(script: Put, harmless: Stage) -> None:
    first = head(Kind.RESULT, Result.FINISHED | Result.ATTENTION, payload=wire.encode("first"))
    await survive(script([first, head(Kind.RESULT, payload=b"\xff"), call(1)]), harmless, BrokenGuest, answering(1))


# -- handles --------------------------------------------------------------------------------------------


async def test_an_unknown_a_revoked_and_anothers_handle_are_one_answer(script: Put) -> None:
    """The attacker tries numbers: what it had, what others have, what never was."""
    unknown = await script([call(2), TELL]).told(answering(1))
    revoked = await script([call(1, released=(1,)), call(1), TELL]).told(answering(1))
    capability = await script([call(2), TELL]).told(
        answering(1), Fake(lambda o, c: answering(1).act(o, c), to=lambda _: False)
    )
    nothing = await script([call(0), TELL]).told()
    for told in (unknown, revoked, capability, nothing):
        assert told.error == ("ReferenceError", "no such handle")


async def test_releasing_what_it_does_not_hold_does_nothing(script: Put) -> None:
    told = await script([call(1, released=(7, 0, 2**32 - 1)), call(1), TELL]).told(answering(5))
    assert told.payload.startswith(wire.encode(5))


async def test_a_handle_of_a_capability_does_not_cross(script: Put) -> None:
    """The attacker hands its own authority on, as a reference in a host call."""
    told = await script([call(1, refs=(1 << 4 | wire.Ref.HANDLE,)), TELL]).told(answering(1))
    assert told.error == ("TypeError", "fake has no such operation")


async def test_an_operation_that_there_is_not_is_a_type_error(script: Put) -> None:
    for op in (0, 2, Op.ENTER, 2**32 - 1):
        told = await script([call(1, op), TELL]).told(answering(1))
        assert told.error == ("TypeError", "fake has no such operation")


async def test_a_host_call_that_cannot_be_read_is_a_type_error(script: Put) -> None:
    told = await script([call(1, payload=b"\x06\xff\xff\xff\xff"), TELL]).told(answering(1))
    assert told.error == ("TypeError", "a host call was cut short")


async def test_a_message_at_the_limit_passes_and_one_byte_more_does_not(guest: Put) -> None:
    limit = 1000
    for size, passes in ((limit, True), (limit + 1, False)):
        memory = bytearray(PAGE)
        asked = call(1, payload=b"\x06" + (size - 5).to_bytes(4, "little") + bytes(size - 5))
        memory[0x2000 : 0x2000 + len(asked)] = asked
        shown = head(Kind.RESULT, Result.FINISHED, payload=b"\x0f" + (64).to_bytes(4, "little"))
        memory[INBOX - len(shown) : INBOX] = shown
        body = f"{SAY_READY}(drop (call $call (i32.const 0x2000) (i32.const {len(asked)})))"
        body += f"(drop (call $call (i32.const {INBOX - len(shown)}) (i32.const {len(shown) + 64})))"
        (raw,) = await guest(program(body), bytes(memory)).play(answering(1), message=limit)
        assert isinstance(raw, bytes)
        threw = raw[4] & wire.THREW
        assert bool(threw) != passes
        assert (b"LimitError" in raw) != passes


async def test_the_guest_of_an_attack_is_not_used_again(script: Put) -> None:
    """After an attack the next evaluation begins with the image's memory, not with the attacker's."""
    told = await script([call(1), TELL]).told(answering(1))
    again = await script([call(1), TELL]).told(answering(1))
    assert told == again


async def test_an_evaluation_is_over_when_it_is_over(script: Put) -> None:
    evaluation = script([FINISH]).evaluation()
    assert await evaluation.run(ENTER) == ("done",)
    assert evaluation._guests == {}


async def test_an_answer_to_the_kernel_is_as_large_as_it_is_and_one_to_a_guest_is_not(guest: Put) -> None:
    """At the most that is copied of a message that crosses, one byte more, and far beyond."""
    limit = 1000
    longest = limit + wire.MOST_AROUND + 1
    for size in (longest, longest + 1, 100 * WASM_PAGE):
        length = size - wire.HEAD.size - 5
        asked = call(1)[: wire.HEAD.size]
        shown = head(Kind.RESULT, Result.FINISHED, payload=b"\x0f" + length.to_bytes(4, "little"))
        memory = bytearray(PAGE)
        memory[0x2000 : 0x2000 + len(asked)] = asked
        memory[0x3000 : 0x3000 + len(shown)] = shown
        body = f"{SAY_READY}(drop (memory.grow (i32.const 255)))"
        body += f"(drop (call $call (i32.const 0x2000) (i32.const {size})))"
        body += f"(i32.store (i32.const {0x3000 + size - 4}) (i32.load offset=4 (i32.const {INBOX})))"
        body += f"(drop (call $call (i32.const 0x3000) (i32.const {size})))"
        (raw,) = await guest(program(body), bytes(memory)).play(answering(1), message=limit)
        assert isinstance(raw, bytes)
        assert len(raw) == length
        assert raw[-4] & wire.THREW  # what it asked of the host was too large
