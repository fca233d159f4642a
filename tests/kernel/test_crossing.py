"""What crosses between guests: references are rewritten, never believed; each side has its own numbers.

In every script here the root's handle 1 is the capability that loads B's val, and handle 2 is what that val gave: B's object 5.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from kernel import wire
from kernel.capability import Seen
from kernel.errors import BrokenGuest, Deadlock, LimitError
from kernel.evaluation import Evaluation
from kernel.principals import Authority
from kernel.wire import Kind, Op, Ref, Result
from tests.kernel.stage import AGAIN, ENTER, FINISH, TELL, B, C, answering, call, head, held, loading, own, promising

if TYPE_CHECKING:
    from tests.kernel.conftest import Put

LOAD = call(1)
GIVE = head(Kind.RESULT, refs=(own(5),), payload=wire.encode_reference(0))
ANSWER = head(Kind.RESULT, payload=wire.encode("answer"))
USE = call(2, Op.APPLY)
REST = head(Kind.RESULT)
WAIT = head(Kind.WAIT)


def settle(number: int = 5, status: int = 0, refs: tuple[int, ...] = (), payload: bytes = b"") -> bytes:
    return head(Kind.SETTLE, status, number, refs, payload=payload or wire.encode("value"))


# -- calls ------------------------------------------------------------------------------------------------


async def test_a_val_of_others_is_loaded_and_called(script: Put) -> None:
    stage = script([LOAD, USE, TELL], [GIVE, ANSWER])
    told = await stage.told(loading(B))
    assert (told.say, told.op, told.refs) == (wire.Say.REPLY, 0, ())
    assert told.payload.startswith(wire.encode("answer"))
    assert stage.usage.guests == 2
    assert stage.kernel.guests == 0


async def test_a_givers_number_becomes_a_handle_of_the_taker(script: Put) -> None:
    told = await script([LOAD, TELL], [GIVE]).told(loading(B))
    assert told.refs == (held(2) | Ref.CALLABLE,)


async def test_the_val_hears_the_operation_its_own_number_and_the_status_comes_back(script: Put) -> None:
    show = head(Kind.RESULT, wire.THREW | 4, payload=wire.encode("thrown"))
    told = await script([LOAD, call(2, Op.GET, payload=wire.encode("x")), TELL], [GIVE, show]).told(loading(B))
    assert told.op == wire.THREW | 4
    asked = (
        await script([LOAD, call(2, Op.GET, payload=wire.encode("x")), TELL], [GIVE, TELL]).told(loading(B))
    ).inner()
    assert (asked.say, asked.op, asked.target) == (wire.Say.REQUEST, Op.GET, 5)
    assert asked.payload.startswith(wire.encode("x"))


async def test_flags_for_the_kernel_do_not_reach_the_caller(script: Put) -> None:
    """A library says that it has finished the evaluation: it has answered a call, and nothing else."""
    show = head(Kind.RESULT, Result.FINISHED, payload=wire.encode("mine"))
    told = await script([LOAD, USE, TELL], [GIVE, show]).told(loading(B))
    assert told.op == 0


async def test_an_object_that_comes_home_is_the_original(script: Put) -> None:
    back = head(Kind.RESULT, refs=(held(1),), payload=wire.encode_reference(0))
    told = await script([LOAD, call(2, Op.APPLY, refs=(own(9),)), TELL], [GIVE, back]).told(loading(B))
    assert told.refs == (own(9),)


async def test_a_third_guest_gets_a_handle_of_its_own(script: Put) -> None:
    """A hands B's function to C: C's handle is C's first, and a call of it runs in B."""
    stage = script([LOAD, LOAD, call(3, Op.APPLY, refs=(held(2),)), TELL], [GIVE, TELL])
    asked = (await stage.told(loading(B, C))).inner()
    assert asked.refs == (held(1) | Ref.CALLABLE,)
    grants = [(node.giver, node.to, node.author) for node in stage.recording.nodes if node.capability == "grant"]
    assert grants == [("@b", "@a", "@b"), ("@c", "@a", "@c"), ("@a", "@c", "@b")]


async def test_a_grant_and_each_of_its_uses_are_recorded(script: Put) -> None:
    stage = script([LOAD, USE, USE, FINISH], [GIVE, ANSWER, ANSWER])
    await stage.play(loading(B))
    load, grant = stage.recording.nodes
    assert (load.capability, load.seen, load.author, load.parent) == ("load", Seen.GRANTED, "@a", None)
    assert (grant.capability, grant.op, grant.target, grant.uses, grant.parent) == (
        "grant",
        "function",
        "@b.lib",
        2,
        load.id,
    )


@pytest.mark.parametrize(("flags", "kind"), [(Ref.CALLABLE, "function"), (Ref.PROMISE, "promise"), (0, "object")])
async def test_a_grant_says_what_kind_of_thing_was_handed_over(script: Put, flags: int, kind: str) -> None:
    stage = script([LOAD, FINISH], [head(Kind.RESULT, refs=(own(5, flags),), payload=wire.encode_reference(0))])
    await stage.play(loading(B))
    assert stage.recording.nodes[-1].op == kind


# -- forged references ----------------------------------------------------------------------------------


async def test_another_guests_handle_number_means_nothing_here(script: Put) -> None:
    """B holds two of A's objects and calls, by number, what only A holds: its handle for C's function."""
    hand = call(2, Op.APPLY, refs=(own(9),))
    stage = script([LOAD, LOAD, hand, TELL], [GIVE, call(3, Op.APPLY), TELL])
    asked = (await stage.told(loading(B, C))).inner()
    assert asked.error == ("ReferenceError", "no such handle")


async def test_a_reference_by_a_handle_it_does_not_hold_is_refused(script: Put) -> None:
    told = await script([LOAD, call(2, Op.APPLY, refs=(held(99),)), TELL], [GIVE, ANSWER]).told(loading(B))
    assert told.error == ("ReferenceError", "no such handle")


async def test_a_capability_does_not_cross_as_a_reference(script: Put) -> None:
    """A hands its own authority to B: only functions and objects of guests can be handed over."""
    told = await script([LOAD, call(2, Op.APPLY, refs=(held(1),)), TELL], [GIVE, ANSWER]).told(loading(B))
    assert told.error == ("TypeError", "a capability does not cross")


async def test_a_capability_does_not_cross_in_an_answer(script: Put) -> None:
    give_away = head(Kind.RESULT, refs=(held(1),), payload=wire.encode_reference(0))
    told = await script([LOAD, TELL], [give_away]).told(loading(B), answering(1))
    assert told.error == ("TypeError", "a capability does not cross")


@pytest.mark.parametrize("op", [0, Op.ENTER, Op.LOAD, Op.PUMP, Op.SETTLED, Op.END, Op.PURE, Op.APPLY | wire.PUMP_AFTER])
async def test_the_kernels_operations_are_not_a_guests_to_ask(script: Put, op: int) -> None:
    """A asks B's guest what only the kernel asks: load this, run your jobs, your promise came to that."""
    told = await script([LOAD, call(2, op), TELL], [GIVE, ANSWER]).told(loading(B))
    assert told.error == ("TypeError", "no such operation on an object")


async def test_a_message_between_guests_has_a_size_limit_both_ways(script: Put) -> None:
    large = wire.encode("x" * 100)
    told = await script([LOAD, call(2, Op.APPLY, payload=large), TELL], [GIVE, ANSWER]).told(loading(B), message=64)
    assert told.error is not None
    assert told.error[0] == "LimitError"
    told = await script([LOAD, USE, TELL], [GIVE, head(Kind.RESULT, payload=large)]).told(loading(B), message=64)
    assert told.error == ("LimitError", "a message of more than 64 bytes does not cross; send less at a time")


async def test_a_taker_holds_as_many_as_its_limit_and_not_one_more(script: Put) -> None:
    """The limit is two here: the capability and one function."""
    for words, refused in (((own(5),), False), ((own(5), own(6)), True)):
        give = head(Kind.RESULT, refs=words, payload=wire.encode("x"))
        told = await script([LOAD, TELL], [give]).told(loading(B), handles=2)
        assert (told.error is not None) == refused


async def test_what_is_let_go_is_released_at_home_and_the_number_is_dead(script: Put) -> None:
    """A releases B's function with its next call: B hears of it, and A's number means nothing any more."""
    keep = head(Kind.RESULT, refs=(own(5), own(6)), payload=wire.encode("both"))
    root = [LOAD, call(1, released=(2,)), call(3, Op.APPLY), TELL]
    asked = (await script(root, [keep, head(Kind.RESULT), TELL]).told(loading(B))).inner()
    assert asked.say == wire.Say.REQUEST
    root = [LOAD, call(1, released=(2,)), USE, TELL]
    assert (await script(root, [keep, head(Kind.RESULT)]).told(loading(B))).error == (
        "ReferenceError",
        "no such handle",
    )


# -- depth, numbers -------------------------------------------------------------------------------------


async def test_calls_nest_64_deep_and_not_65(script: Put) -> None:
    """A calls B with a function, B calls that, it calls B again … until a call is refused; then that guest returns from main."""
    down = call(2, Op.APPLY, refs=(own(9),))
    back = call(1, Op.APPLY)
    stage = script([LOAD, down, AGAIN], [GIVE, back, AGAIN])
    with pytest.raises(BrokenGuest, match="returned"):
        await stage.play(loading(B), cpu=1.0)
    assert sum(node.uses for node in stage.recording.nodes) == 64


async def test_at_the_call_depth_the_refusal_is_a_limit_error(script: Put) -> None:
    told = await script([LOAD, USE, TELL], [GIVE, ANSWER]).told(loading(B), call_depth=1)
    assert told.error is None
    told = await script([LOAD, TELL], [GIVE]).told(loading(B), call_depth=0)
    assert told.error == ("LimitError", "calls between owners are nested deeper than 0")


# -- promises -------------------------------------------------------------------------------------------


async def test_a_promise_of_others_is_told_when_it_settles(script: Put) -> None:
    """The library settles before it rests; the root, at rest, hears of it."""
    library = [
        head(Kind.RESULT, Result.JOBS, refs=(own(5, Ref.PROMISE),), payload=wire.encode_reference(0)),
        settle(),
        REST,
    ]
    told = await script([LOAD, REST, TELL], library).told(loading(B))
    assert (told.say, told.op, told.target) == (wire.Say.REQUEST, Op.SETTLED | wire.PUMP_AFTER, 2)
    assert told.payload.startswith(wire.encode(0, "value"))


async def test_a_promise_that_threw_is_told_so(script: Put) -> None:
    library = [
        head(Kind.RESULT, Result.JOBS, refs=(own(5, Ref.PROMISE),), payload=b""),
        settle(status=wire.THREW),
        REST,
    ]
    told = await script([LOAD, REST, TELL], library).told(loading(B))
    assert told.payload.startswith(wire.encode(wire.THREW, "value"))


async def test_what_a_promise_came_to_crosses_like_everything_else(script: Put) -> None:
    library = [head(Kind.RESULT, Result.JOBS, refs=(own(5, Ref.PROMISE),), payload=b""), settle(refs=(own(6),)), REST]
    told = await script([LOAD, REST, TELL], library).told(loading(B))
    assert told.refs == (held(3) | Ref.CALLABLE,)


async def test_what_promises_came_to_is_counted_until_they_are_let_go(
    script: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attacker settles promises large, so that the kernel keeps what its own memory may not hold."""
    give = head(Kind.RESULT, Result.JOBS, refs=(own(5, Ref.PROMISE), own(6)), payload=b"")
    large = wire.encode("x" * 1000)
    root = [LOAD, REST, call(3, Op.APPLY, released=(2,)), call(3, Op.APPLY), TELL]
    evaluation = script(root, [give, settle(payload=large), REST, ANSWER, TELL]).evaluation(loading(B))
    kept: list[int] = []
    close = Evaluation._close

    async def look(self: Evaluation) -> None:
        kept.extend(guest.kept for guest in self._guests.values())
        await close(self)

    monkeypatch.setattr(Evaluation, "_close", look)
    await evaluation.run(ENTER)
    assert kept == [0, 0]


async def test_a_guest_keeps_as_much_for_others_as_it_may_use_itself(script: Put) -> None:
    evaluation = script([FINISH]).evaluation()
    guest = evaluation._guest(evaluation._frame)
    guest.keep(bytes(60), 100)
    guest.keep(bytes(40), 100)
    with pytest.raises(LimitError, match="more than 100 bytes"):
        guest.keep(b"x", 100)
    guest.close()


async def test_a_promise_that_came_to_more_than_its_holder_can_hold_is_rejected(script: Put) -> None:
    """The root may hold two: the capability and the promise. What the promise came to would be the third."""
    give = head(Kind.RESULT, Result.JOBS, refs=(own(5, Ref.PROMISE),), payload=b"")
    told = await script([LOAD, REST, TELL], [give, settle(refs=(own(6),)), REST]).told(loading(B), handles=2)
    assert told.op == Op.SETTLED | wire.PUMP_AFTER
    assert told.payload.startswith(wire.encode(wire.THREW))
    assert b"LimitError" in told.payload


async def test_a_capability_does_not_cross_through_a_promise(script: Put) -> None:
    """The library's promise comes to the capability that it holds: the library is refused, and the root is told nothing."""
    give = head(Kind.RESULT, Result.JOBS, refs=(own(5, Ref.PROMISE),), payload=b"")
    fake = answering(1)
    fake.to = lambda frame: frame.authority is Authority.FOREIGN
    with pytest.raises(Deadlock):
        await script([LOAD, REST, FINISH], [give, settle(refs=(held(1),)), REST]).play(loading(B), fake)


async def test_settling_what_is_no_promise_tells_nobody(script: Put) -> None:
    """The library settles its function: whoever holds it is told nothing, and nothing can wake the root."""
    for number in (5, 6, 2**32 - 1):
        library = [head(Kind.RESULT, Result.JOBS, refs=(own(5),), payload=b""), settle(number), REST]
        with pytest.raises(Deadlock):
            await script([LOAD, REST, FINISH], library).play(loading(B))


async def test_a_promise_settles_once(script: Put) -> None:
    give = head(Kind.RESULT, Result.JOBS, refs=(own(5, Ref.PROMISE),), payload=b"")
    library = [give, settle(), settle(payload=wire.encode("other")), REST]
    told = await script([LOAD, REST, TELL], library).told(loading(B))
    assert told.payload.startswith(wire.encode(0, "value"))
    with pytest.raises(Deadlock):
        await script([LOAD, REST, REST, FINISH], library).play(loading(B))


async def test_who_gets_a_settled_promise_later_is_told_too(script: Put) -> None:
    """C is handed B's promise after it settled; what C says when it is told shows that it was."""
    give = head(Kind.RESULT, Result.JOBS, refs=(own(5, Ref.PROMISE),), payload=b"")
    hand = call(3, Op.APPLY, refs=(held(2),))
    with pytest.raises(BrokenGuest, match="not its own to end"):
        await script([LOAD, LOAD, REST, hand, REST, REST, REST], [give, settle(), REST, ANSWER, FINISH]).play(
            loading(B, C)
        )


async def test_a_promise_let_go_and_given_again_is_told_again(script: Put) -> None:
    """The root lets B's promise go with a call, and B, not told of it yet, answers that call with the promise once more."""
    give = head(Kind.RESULT, Result.JOBS, refs=(own(5, Ref.PROMISE), own(6)), payload=b"")
    again = head(Kind.RESULT, refs=(own(5, Ref.PROMISE),), payload=wire.encode_reference(0))
    root = [LOAD, REST, call(3, Op.APPLY, released=(2,)), REST, TELL]
    told = await script(root, [give, settle(), REST, again]).told(loading(B))
    assert (told.op, told.target) == (Op.SETTLED | wire.PUMP_AFTER, 4)
    assert told.payload.startswith(wire.encode(0, "value"))


@pytest.mark.parametrize(("calls", "released"), [(1, ()), (2, ()), (3, (5,)), (4, (6,))])
async def test_what_a_promise_came_to_lives_as_long_as_the_promise(
    script: Put, calls: int, released: tuple[int, ...]
) -> None:
    """The root drops the function that B's promise came to, then the promise: B may forget 6 only after 5."""
    give = head(Kind.RESULT, Result.JOBS, refs=(own(5, Ref.PROMISE), own(7)), payload=b"")
    use = [call(3, Op.APPLY, released=(4,)), call(3, Op.APPLY, released=(2,)), call(3, Op.APPLY), call(3, Op.APPLY)]
    library = [give, settle(refs=(own(6),)), REST, *[ANSWER] * (calls - 1), TELL]
    told = await script([LOAD, REST, *use[:calls], TELL], library).told(loading(B))
    assert told.inner().released == released


async def test_only_the_root_ends_the_evaluation(script: Put) -> None:
    """The library, asked to run its jobs, answers that the evaluation has finished."""
    give = head(Kind.RESULT, Result.JOBS, payload=b"")
    with pytest.raises(BrokenGuest, match="not its own to end"):
        await script([LOAD, REST, FINISH], [give, FINISH]).play(loading(B))


async def test_who_let_a_promise_go_is_not_told(script: Put) -> None:
    library = [head(Kind.RESULT, Result.JOBS, refs=(own(5, Ref.PROMISE),), payload=b""), settle(), REST]
    with pytest.raises(Deadlock):
        await script([LOAD, head(Kind.RESULT, released=(2,)), FINISH], library).play(loading(B))


async def test_a_settlement_has_a_size_limit(script: Put) -> None:
    library = [
        head(Kind.RESULT, Result.JOBS, refs=(own(5, Ref.PROMISE),), payload=b""),
        settle(payload=wire.encode("x" * 100)),
        REST,
    ]
    with pytest.raises(Deadlock):
        await script([LOAD, REST, FINISH], library).play(loading(B), message=64)


async def test_a_promise_of_the_hosts_is_not_called(script: Put) -> None:
    """Its work does not end: one that did, on a slow machine before the script's next word, would be told to the script."""

    async def never() -> wire.Value:
        await asyncio.Event().wait()
        return 1

    told = await script([call(1), call(2, Op.APPLY), TELL]).told(promising(never))
    assert told.error == ("TypeError", "a promise of the host's is not called")
