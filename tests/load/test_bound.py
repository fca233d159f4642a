from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_api.load.bound import Bound
from kernel.errors import Overloaded, TooMany


def test_as_many_as_may_be_are_taken_and_not_one_more() -> None:
    bound = Bound("things", 3)
    for _ in range(3):
        bound.insist()
        bound.take()
    with pytest.raises(Overloaded, match="too many things"):
        bound.insist()
    bound.give()
    bound.insist()


def test_one_who_has_his_share_is_told_so_while_another_has_room() -> None:
    bound = Bound("things", 10, each=2)
    for _ in range(2):
        bound.insist("a")
        bound.take("a")
    with pytest.raises(TooMany, match="2 of your things") as told:
        bound.insist("a")
    assert told.value.seconds > 0
    bound.insist("b")
    bound.insist(None)


def test_who_has_too_many_himself_is_told_that_and_not_that_the_server_is_full() -> None:
    bound = Bound("things", 1, each=1)
    bound.take("a")
    with pytest.raises(TooMany):
        bound.insist("a")
    with pytest.raises(Overloaded):
        bound.insist("b")


def test_one_alone_gets_three_quarters_of_a_shared_bound() -> None:
    bound = Bound("things", 400, share=3)
    assert filled(bound, "a") == 300
    assert filled(bound, "b") == 75
    assert filled(bound, "c") == 19


def filled(bound: Bound, who: str) -> int:
    """Take until it is refused; return how many there were."""
    for count in range(1000):
        try:
            bound.insist(who)
        except Overloaded:
            return count
        bound.take(who)
    raise AssertionError("there is no end")


def test_what_a_block_took_is_given_back_however_it_ends() -> None:
    bound = Bound("things", 1)
    with bound.one("a"):
        assert (bound.used, bound.of("a")) == (1, 1)
    with pytest.raises(ZeroDivisionError), bound.one("a"):
        raise ZeroDivisionError
    assert (bound.used, bound.of("a"), len(bound._by)) == (0, 0, 0)
    with bound.one(), pytest.raises(Overloaded), bound.one():
        pass
    assert bound.used == 0


async def test_who_waits_for_the_last_to_end_is_told() -> None:
    bound = Bound("things", 2)
    await bound.empty()
    bound.take()
    bound.take()
    waiting = asyncio.ensure_future(bound.empty())
    for _ in range(2):
        await asyncio.sleep(0)
        assert not waiting.done()
        bound.give()
    await waiting


@given(st.lists(st.sampled_from("abc+")), st.integers(0, 5), st.integers(0, 3), st.integers(0, 3))
def test_no_order_of_things_passes_a_bound(steps: list[str], most: int, each: int, share: int) -> None:
    bound = Bound("things", most, each=each, share=share)
    held: list[str] = []
    for step in steps:
        if step == "+" and held:
            bound.give(held.pop())
        elif step != "+":
            try:
                bound.insist(step)
            except (Overloaded, TooMany):
                continue
            bound.take(step)
            held.append(step)
        assert len(held) == bound.used <= most
        assert all(held.count(who) == bound.of(who) for who in "abc")
        assert not each or max((held.count(who) for who in "abc"), default=0) <= each
