"""The life of one run: promises, waiting, loading, limits, cancellation, and how it ends."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kernel import evaluation as evaluations
from kernel import wire
from kernel.capability import Answer, Call, Operation, Seen, Throw, Values
from kernel.errors import (
    BadRequest,
    BadSetting,
    BrokenGuest,
    CpuLimit,
    Deadlock,
    HostFailure,
    LimitError,
    Overloaded,
    PermissionRefused,
    WallLimit,
)
from kernel.evaluation import Entry, Open, _first_line
from kernel.principals import Authority, Principal
from kernel.scheduler import Scheduler
from kernel.wire import Kind, Message, Op, Ref, Result, Value
from tests.kernel.stage import (
    AGAIN,
    ENTER,
    FINISH,
    INBOX,
    OWN,
    PAGE,
    SAY_READY,
    TELL,
    A,
    B,
    Fake,
    Told,
    answering,
    call,
    head,
    loading,
    own,
    pinging,
    program,
    promising,
)
from tests.kernel.system import full

if TYPE_CHECKING:
    from tests.kernel.conftest import Put

ASK = call(1)
REST = head(Kind.RESULT)
WAIT = head(Kind.WAIT)
HOST_FAILED = ("HostError", "The host could not do this. It is not the val's fault; the operator's log has the cause.")


async def soon() -> Value:
    await asyncio.sleep(0.01)
    return "value"


async def never() -> Value:
    await asyncio.get_running_loop().create_future()
    return None


class Parked:
    """Work that never ends, and says when it has begun."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    async def __call__(self) -> Value:
        self.begun.set()
        return await never()


# -- what a capability may answer ---------------------------------------------------------------------------


async def test_one_value_is_a_value_and_several_are_an_array(script: Put) -> None:
    assert (await script([ASK, TELL]).told(answering("x"))).payload.startswith(wire.encode("x"))
    told = await script([ASK, TELL]).told(answering("x", 1))
    assert told.payload.startswith(wire.encode_array("x", 1))


async def test_a_verdict_that_is_an_error_is_thrown(script: Put) -> None:
    stage = script([ASK, TELL])
    fake = Fake(lambda _o, _c: Answer(Throw(PermissionRefused("no")), seen=Seen.REFUSED, row=2))
    assert (await stage.told(fake)).error == ("PermissionError", "no")
    (node,) = stage.recording.closed
    assert (node.seen, node.row, node.effect) == (Seen.REFUSED, 2, False)


async def test_a_capability_that_refuses_throws_its_own_words(script: Put) -> None:
    def act(_operation: object, _call: object) -> Answer:
        raise LimitError("no more of these")

    stage = script([ASK, TELL])
    assert (await stage.told(Fake(act))).error == ("LimitError", "no more of these")
    assert [node.seen for node in stage.recording.closed] == [Seen.ERROR]


async def test_a_trap_inside_a_host_call_says_nothing_of_the_host(script: Put) -> None:
    """A capability breaks: the guest sees one fixed sentence, the operator the cause, and the evaluation goes on."""

    def act(_operation: object, _call: object) -> Answer:
        raise OSError("/secret/path is gone")

    stage = script([ASK, TELL])
    evaluation = stage.evaluation(Fake(act))
    (raw,) = await evaluation.run(ENTER)
    assert isinstance(raw, bytes)
    assert b"HostError" in raw
    assert b"/secret/path" not in raw
    assert [str(failure.__cause__) for failure in evaluation.failures] == ["/secret/path is gone"]
    assert stage.recording.closed[0].seen is Seen.ERROR


async def test_an_operators_mistake_is_not_shown_to_guests(script: Put) -> None:
    def act(_operation: object, _call: object) -> Answer:
        raise BadSetting("the key file /secret/key is not there")

    evaluation = script([ASK, TELL]).evaluation(Fake(act))
    assert Told.parse(await evaluation.run(ENTER)).error == HOST_FAILED
    assert "/secret/key" in str(evaluation.failures[0].__cause__)


async def test_every_host_call_is_recorded_before_its_effect_and_after_its_verdict(script: Put) -> None:
    stage = script([ASK, FINISH])
    open_at_effect = []

    def act(_operation: object, _call: object) -> Answer:
        open_at_effect.append((len(stage.recording.nodes), len(stage.recording.closed)))
        return Answer(Values((1,)), seen=Seen.NOOP, row=10, effect=True, recorded=False)

    await stage.play(Fake(act))
    assert open_at_effect == [(1, 0)]
    (node,) = stage.recording.closed
    assert (node.capability, node.op, node.target) == ("fake", "say", "something")
    assert (node.seen, node.row, node.effect, node.recorded) == (Seen.NOOP, 10, True, False)


async def test_a_call_of_a_capability_carries_who_asks(script: Put) -> None:
    asked = []

    def act(_operation: object, call: object) -> Answer:
        asked.append(call)
        return Answer(Values((None,)))

    await script([ASK, FINISH]).play(Fake(act))
    (seen,) = asked
    assert (seen.frame.author, seen.source, seen.run.evaluation, seen.decisions) == (A, "@a.entry", "e", ())  # type: ignore[attr-defined]


def test_a_run_counts_what_is_spent_up_to_the_limit_and_not_one_more(script: Put) -> None:
    run = script([FINISH]).evaluation()._run
    run.spend("x", 2, 3, "things")
    run.spend("x", 1, 3, "things")
    with pytest.raises(LimitError, match="an evaluation may use 3 things"):
        run.spend("x", 1, 3, "things")
    assert run.spent == {"x": 3}


# -- promises of the host's -------------------------------------------------------------------------------


async def test_a_host_call_that_answers_later_is_a_promise(script: Put) -> None:
    told = await script([ASK, TELL]).told(promising(never))
    assert told.refs == (2 << wire.KIND_BITS | Ref.PROMISE | Ref.HANDLE,)
    told = await script([ASK, REST, TELL]).told(promising(soon))
    assert (told.op, told.target) == (Op.SETTLED | wire.PUMP_AFTER, 2)
    assert told.payload.startswith(wire.encode(0, "value"))


async def test_a_promise_of_the_hosts_that_fails_is_rejected_with_its_error(script: Put) -> None:
    async def fail() -> Value:
        raise BadRequest("not this")

    told = await script([ASK, REST, TELL]).told(promising(fail))
    assert told.payload.startswith(wire.encode(wire.THREW) + wire.encode_error("TypeError", "not this"))


async def test_a_promise_of_the_hosts_that_breaks_says_nothing_of_the_host(script: Put) -> None:
    async def fail() -> Value:
        raise OSError("/secret/path is gone")

    evaluation = script([ASK, REST, TELL]).evaluation(promising(fail))
    (raw,) = await evaluation.run(ENTER)
    assert wire.encode_error(*HOST_FAILED) in raw  # type: ignore[operator]
    assert [str(failure.__cause__) for failure in evaluation.failures] == ["/secret/path is gone"]


async def test_letting_a_promise_go_while_its_work_ends_is_a_deadlock_and_not_a_spin(script: Put) -> None:
    """The attacker drops the promise, so that nobody is told: the evaluation must not wait for it without waiting."""
    async with pinging() as ping:

        async def after_others() -> Value:
            await ping.has_run(3)
            return "value"

        with pytest.raises(Deadlock):
            await script([ASK, head(Kind.RESULT, released=(2,)), FINISH]).play(promising(after_others))


async def test_work_that_cancels_itself_is_a_deadlock(script: Put) -> None:
    async def cancelled() -> Value:
        raise asyncio.CancelledError

    with pytest.raises(Deadlock):
        await script([ASK, REST, FINISH]).play(promising(cancelled))


async def test_what_is_pending_at_the_end_is_cancelled_and_counted(script: Put) -> None:
    stage = script([ASK, ASK, FINISH])
    await stage.play(promising(never))
    assert stage.usage.cancelled == 2
    assert len(asyncio.all_tasks()) == 1


# -- waiting and resting ----------------------------------------------------------------------------------


async def test_waiting_inside_a_call_lets_what_is_awaited_happen(script: Put) -> None:
    told = await script([ASK, WAIT, REST, TELL]).told(promising(soon))
    assert (told.say, told.op) == (wire.Say.REPLY, 0)


async def test_waiting_for_what_cannot_happen_is_a_deadlock_thrown_into_who_waits(script: Put) -> None:
    told = await script([WAIT, TELL]).told()
    assert told.error == ("Deadlock", "the evaluation waits for something that cannot happen any more")


async def test_a_library_may_wait_while_it_is_loaded(script: Put) -> None:
    """Its top level awaits: it is told what happened, and then its answer reaches the caller."""
    fake = promising(soon)
    fake.to = lambda frame: frame.authority is Authority.FOREIGN
    told = await script([ASK, TELL], [ASK, WAIT, REST, head(Kind.RESULT, payload=wire.encode("late"))]).told(
        loading(B), fake
    )
    assert told.payload.startswith(wire.encode("late"))


async def test_who_is_in_the_middle_of_a_call_is_not_told_meanwhile(script: Put) -> None:
    """The root holds a promise of the host's and loads a library that waits for its own: the root hears of its only at rest."""
    fake = promising(soon)
    root = [call(2), ASK, REST, TELL]
    told = await script(root, [ASK, WAIT, REST, head(Kind.RESULT, payload=wire.encode("late"))]).told(loading(B), fake)
    assert told.op == Op.SETTLED | wire.PUMP_AFTER


async def test_who_lets_a_promise_go_before_it_can_be_told_is_not_told(script: Put) -> None:
    """The host's promise settles while the root is in the middle of a call; with its next message the root drops it."""
    fake = promising(soon)
    root = [call(2), ASK, head(Kind.RESULT, released=(3,)), FINISH]
    with pytest.raises(Deadlock):
        await script(root, [ASK, WAIT, REST, REST]).play(loading(B), fake)


async def test_nothing_left_to_wait_for_is_a_deadlock(script: Put) -> None:
    with pytest.raises(Deadlock):
        await script([REST, FINISH]).play()


async def test_jobs_are_run_at_rest(script: Put) -> None:
    told = await script([head(Kind.RESULT, Result.JOBS), TELL]).told()
    assert (told.say, told.op) == (wire.Say.REQUEST, Op.PUMP)


# -- the end ----------------------------------------------------------------------------------------------


async def test_the_entry_reaches_the_root_with_its_handles_and_its_values(guest: Put) -> None:
    """The root hands back what it was asked first: an array of names and handles of what it was granted, then the values."""
    shown = head(Kind.RESULT, Result.FINISHED, payload=b"\x0f" + (128).to_bytes(4, "little"))
    memory = bytearray(PAGE)
    memory[INBOX - len(shown) : INBOX] = shown
    say = f"(drop (call $call (i32.const {INBOX - len(shown)}) (i32.const {len(shown) + 128})))"
    hidden = answering(2)
    hidden.to = lambda _: False
    evaluation = guest(program(SAY_READY + say), bytes(memory)).evaluation(answering(1), hidden)
    asked = Told.parse(await evaluation.run(Entry(Op.PURE, ("text", 2))))
    assert (asked.say, asked.op) == (wire.Say.REQUEST, Op.PURE | wire.PUMP_AFTER)
    assert asked.payload.startswith(wire.encode("fake", "text", 2))


async def test_who_has_something_left_to_say_is_asked_at_the_end(script: Put) -> None:
    finish = head(Kind.RESULT, Result.FINISHED | Result.ATTENTION, payload=wire.encode("done"))
    evaluation = script([finish, head(Kind.RESULT, payload=wire.encode("a complaint", None))]).evaluation()
    assert await evaluation.run(ENTER) == ("done",)
    assert evaluation.complaints == ["a complaint"]


async def test_a_complaint_that_was_thrown_is_none(script: Put) -> None:
    finish = head(Kind.RESULT, Result.FINISHED | Result.ATTENTION, payload=wire.encode("done"))
    evaluation = script([finish, head(Kind.RESULT, wire.THREW, payload=b"\xff")]).evaluation()
    assert await evaluation.run(ENTER) == ("done",)
    assert evaluation.complaints == []


# -- loading ----------------------------------------------------------------------------------------------


async def test_a_val_is_sent_once_and_named_afterwards(script: Put) -> None:
    told = await script([ASK, ASK, TELL], [head(Kind.RESULT), TELL]).told(loading(B))
    asked = told.inner()
    assert asked.op == Op.LOAD
    assert asked.payload.startswith(wire.UNDEFINED + wire.encode("key"))
    assert wire.encode("code") not in asked.payload


async def test_a_val_that_threw_while_it_was_loaded_is_sent_again(script: Put) -> None:
    told = await script([ASK, ASK, TELL], [head(Kind.RESULT, wire.THREW), TELL]).told(loading(B))
    assert told.inner().payload.startswith(wire.UNDEFINED + wire.encode("key", "code"))


async def test_a_val_whose_top_level_reads_itself_is_refused(script: Put) -> None:
    again = loading(B)
    again.to = lambda _: True
    told = await script([ASK, TELL], [ASK, TELL]).told(again)
    assert told.inner().error == ("TypeError", "@b.lib is still being loaded: its top level reads itself")


async def test_own_code_is_loaded_in_the_root_itself(script: Put) -> None:
    stage = script([ASK, head(Kind.RESULT, payload=wire.encode("mine")), TELL])
    told = await stage.told(loading(A, authority=Authority.OWN))
    assert told.payload.startswith(wire.encode("mine"))
    assert stage.usage.guests == 1


# -- how many guests --------------------------------------------------------------------------------------


async def test_an_evaluation_has_32_guests_and_not_33(script: Put) -> None:
    authors = [Principal(f"b{number}") for number in range(40)]
    fake = loading(*authors)
    with pytest.raises(BrokenGuest, match="returned"):
        await script([ASK, AGAIN], [REST]).play(fake, cpu=1.0)
    assert fake.calls == 32


async def test_one_guest_more_than_the_limit_is_a_limit_error(script: Put) -> None:
    stage = script([ASK, TELL], [REST])
    assert (await stage.told(loading(B), guests=2)).error is None
    told = await stage.told(loading(B), guests=1)
    assert told.error == ("LimitError", "an evaluation may have 1 guests, and this would be one more")


async def test_too_many_guests_in_the_process_is_overloaded(script: Put) -> None:
    """For the first guest of an evaluation it is the evaluation's error; later it is thrown into who asked."""
    stage = script([ASK, TELL], [REST])
    stage.kernel.most_guests = 1
    assert (await stage.told(loading(B))).error == ("Error", "too many guests are alive; try again in a moment")
    stage.kernel.most_guests = 0
    with pytest.raises(Overloaded):
        await stage.play()
    assert stage.kernel.guests == 0


async def test_a_guest_for_which_the_system_has_no_room_is_overloaded_and_nobodys_fault(
    script: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attacker has guests until the process may have no more mappings: who comes then is told so, and it passes."""
    stage = script([ASK, TELL], [REST])
    slots = stage.kernel.engine.slots
    with monkeypatch.context() as patched:
        patched.setattr(slots, "most_mappings", 0)
        with pytest.raises(Overloaded, match="too many guests are alive"):
            await stage.play()
        patched.setattr(slots, "most_mappings", slots.mappings + stage.kernel.image.heap.cost)
        assert (await stage.told(loading(B))).error == ("Error", "too many guests are alive; try again in a moment")
    assert (await stage.told(loading(B))).error is None
    assert stage.kernel.guests == 0


@pytest.mark.parametrize("after", range(9))
async def test_who_is_refused_memory_or_a_stack_by_the_system_is_told_that_it_passes(script: Put, after: int) -> None:
    """The attacker, or the machine, takes all memory after so many mappings: a slot's, then its stack, then the next guest's."""
    stage = script([ASK, TELL], [REST])
    with full(after):
        try:
            told = (await stage.told(loading(B))).error
        except Overloaded as refused:
            told = refused.guest_name, str(refused)
    assert told in {None, ("Error", "too many guests are alive; try again in a moment")}
    assert (told is None) == (after >= 6)
    assert (await stage.told(loading(B))).error is None
    assert stage.kernel.guests == 0


class Door(Scheduler):
    """Notes who comes to begin or to go on."""

    came = 0

    def begins(self) -> bool:
        self.came += 1
        return super().begins()


async def test_who_begins_and_who_goes_on_after_waiting_does_so_in_turn(script: Put) -> None:
    """The attacker has thousands begin, or what thousands wait for come, at one moment."""
    stage = script([ASK, REST, TELL])
    stage.kernel.scheduler = door = Door()
    await stage.told(promising(soon))
    assert door.came == 2


async def test_who_is_cancelled_before_it_began_leaves_nothing(script: Put) -> None:
    stage = script([TELL])
    stage.kernel.scheduler._short.append(asyncio.get_running_loop().create_future())
    began = asyncio.create_task(stage.play())
    await asyncio.sleep(0)
    began.cancel()
    with pytest.raises(asyncio.CancelledError):
        await began
    assert stage.kernel.guests == 0
    assert stage.usage.guests == 0


async def test_the_hosts_work_beside_the_guests_is_paid_for(script: Put) -> None:
    """At the limit of processor time and past it; what is used says it too."""

    def working(seconds: float) -> Fake:
        def act(_operation: Operation, call: Call) -> Answer:
            call.run.worked += seconds
            return Answer(Values((1,)))

        return Fake(act)

    stage = script([call(1), FINISH])
    assert await stage.play(working(4.0), cpu=5.0) == ("done",)
    assert 4 < stage.usage.cpu < 5
    with pytest.raises(CpuLimit):
        await stage.play(working(5.0), cpu=5.0)


# -- limits and cancellation --------------------------------------------------------------------------------


async def test_an_evaluation_that_waits_too_long_ends_in_the_wall_limit(script: Put) -> None:
    stage, parked = script([ASK, REST, FINISH]), Parked()
    with pytest.raises(WallLimit, match=r"more than 0\.05 s"):
        await stage.play(promising(parked), wall=0.05)
    assert stage.kernel.guests == 0
    assert stage.usage.cancelled == parked.begun.is_set()  # a busy machine has the time be over before


async def test_an_evaluation_that_spins_too_long_ends_in_the_wall_limit(guest: Put) -> None:
    stage = guest(program(SAY_READY + "(loop $l (br $l))"))
    with pytest.raises(WallLimit):
        await stage.play(cpu=10.0, wall=0.1)
    assert stage.kernel.guests == 0


async def test_a_spinning_evaluation_can_be_cancelled(guest: Put) -> None:
    stage = guest(program(SAY_READY + "(loop $l (br $l))"))
    async with pinging() as ping:
        task = asyncio.create_task(stage.play(cpu=60.0, wall=60.0))
        await ping.has_run(2)
        assert stage.kernel.guests == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert stage.kernel.guests == 0


async def test_a_parked_evaluation_can_be_cancelled(script: Put) -> None:
    stage, parked = script([ASK, WAIT, FINISH]), Parked()
    task = asyncio.create_task(stage.play(promising(parked)))
    await parked.begun.wait()
    assert stage.kernel.guests == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (stage.kernel.guests, stage.usage.cancelled) == (0, 1)


async def test_a_second_cancellation_leaves_no_guest_behind(script: Put) -> None:
    """The host's work is slow to end; who asked loses patience twice."""
    parked, told, let_go = Parked(), asyncio.Event(), asyncio.Event()

    async def stubborn() -> Value:
        try:
            return await parked()
        finally:
            told.set()
            await let_go.wait()

    stage = script([ASK, REST, FINISH])
    task = asyncio.create_task(stage.play(promising(stubborn)))
    await parked.begun.wait()
    task.cancel()
    await told.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stage.kernel.guests == 0
    let_go.set()
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == 1


async def test_a_cancelled_evaluation_does_not_hold_up_who_waits_for_a_turn(guest: Put) -> None:
    """Two spin; one is cancelled while it stands in the queue."""
    stage = guest(program(SAY_READY + "(loop $l (br $l))"))
    tasks = [asyncio.create_task(stage.play(cpu=0.2)) for _ in range(3)]
    await asyncio.sleep(0.03)
    tasks[0].cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(end) for end in ended] == [asyncio.CancelledError, CpuLimit, CpuLimit]
    assert stage.kernel.guests == 0


async def test_usage_says_what_was_used(script: Put) -> None:
    stage, before = script([ASK, FINISH], [REST]), time.thread_time()
    await stage.play(loading(B))
    assert stage.usage.guests == 2
    assert stage.usage.peak == 65536
    assert 0 < stage.usage.cpu < time.thread_time() - before


# -- what cannot happen, and is looked at all the same ----------------------------------------------------------
# One guest runs at a time, and only a guest that was asked something runs: so these need a kernel that is already wrong.


async def test_an_answer_out_of_turn_breaks_the_guest(script: Put) -> None:
    evaluation = script([FINISH]).evaluation()
    first, second = evaluation._guest(evaluation._frame), object()
    result = Message(0, 0, Kind.RESULT, 0, 0, (), (), b"")
    with pytest.raises(BrokenGuest, match="not asked"):
        evaluation._result(first, result)
    evaluation._frames.append(Open(None, second, None, ""))  # type: ignore[arg-type]
    with pytest.raises(BrokenGuest, match="not asked"):
        evaluation._result(first, result)
    evaluation._frames.append(Open(None, second, None, ""))  # type: ignore[arg-type]
    with pytest.raises(BrokenGuest, match="waits where"):
        evaluation._wait(first)
    with pytest.raises(BrokenGuest, match="in the middle"):
        await evaluation._rest()
    evaluation._frames.clear()
    with pytest.raises(BrokenGuest, match="waits where"):
        evaluation._wait(first)
    first.close()


def test_the_reason_of_a_trap_is_its_line_and_not_the_backtrace() -> None:
    assert (
        _first_line("error while executing\n  0: here\nCaused by:\n  wasm trap: unreachable")
        == "wasm trap: unreachable"
    )
    assert _first_line("returned") == "returned"
    assert _first_line("") == "ended"


async def test_a_failure_of_the_host_is_kept_for_the_operator(script: Put) -> None:
    def act(_operation: object, _call: object) -> Answer:
        raise HostFailure

    evaluation = script([ASK, FINISH]).evaluation(Fake(act))
    await evaluation.run(ENTER)
    assert len(evaluation.failures) == 1


async def test_an_object_that_was_never_given_a_name_is_named_by_who_gave_it(script: Put) -> None:
    stage = script([ASK, call(2, Op.APPLY, refs=(own(9),)), FINISH], [head(Kind.RESULT, refs=(own(5),)), REST])
    await stage.play(loading(B))
    assert [node.target for node in stage.recording.nodes if node.capability == "grant"] == ["@b.lib", "@a.entry"]


async def test_what_is_remembered_of_frames_has_an_end(script: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluations, "MOST_FRAMES", 2)
    kernel = script([FINISH]).kernel
    frames = [replace(OWN, caller=Principal(f"p{number}")) for number in range(4)]
    for frame in frames:
        assert kernel.birth(frame, ()) is kernel.birth(frame, ())
        assert kernel.birth(frame, ()) == ((), ({}, {}), wire.encode(""), {})
    assert list(kernel.births) == frames[-2:]


async def test_what_a_frame_asked_of_other_capabilities_is_not_remembered(script: Put) -> None:
    kernel, one = script([FINISH]).kernel, answering(1)
    with_one = kernel.birth(OWN, (one,))
    with_one.known[one, 1, b""] = one.parsers[1]((1,)), ()
    without = kernel.birth(OWN, ())
    assert (without.granted, without.known) == (({}, {}), {})
    assert kernel.birth(OWN, (one,)).granted == ({1: one}, {one: 1})
