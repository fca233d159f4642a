"""Handles: holding the number is the permission, and a number means one thing for ever."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from kernel import handles
from kernel.errors import LimitError, UnknownHandle
from kernel.handles import HandleTable, numbered


def table(capacity: int = 1000) -> HandleTable[str]:
    return HandleTable(capacity, lambda _: None)


def test_a_handle_leads_to_the_thing_it_was_granted_for() -> None:
    mine = table()
    number, fresh = mine.grant("door")
    assert (mine.resolve(number), fresh) == ("door", True)
    assert mine.find("door") == number
    assert mine.find("window") is None


def test_a_thing_granted_twice_keeps_its_handle() -> None:
    mine = table()
    number, _ = mine.grant("door")
    assert mine.grant("door") == (number, False)
    assert len(mine) == 1


def test_the_first_things_of_a_table_are_one_two_three() -> None:
    mine = table(3)
    mine.grant_first(numbered(("door", "window")))
    assert [mine.find("door"), mine.find("window"), mine.resolve(2)] == [1, 2, "window"]
    assert mine.grant("roof") == (3, True)


def test_the_first_things_are_no_more_than_a_table_takes_and_come_once() -> None:
    with pytest.raises(LimitError, match="more than 1 handles"):
        table(1).grant_first(numbered(("door", "window")))
    mine = table()
    mine.grant("door")
    with pytest.raises(LimitError):
        mine.grant_first(numbered(("window",)))


def test_a_number_is_never_given_again_not_even_for_the_same_thing() -> None:
    mine = table()
    seen = set()
    for _ in range(100):
        number, fresh = mine.grant("door")
        assert fresh
        assert number not in seen
        seen.add(number)
        mine.revoke(number)


def test_a_revoked_handle_looks_like_an_unknown_one() -> None:
    mine = table()
    number, _ = mine.grant("door")
    mine.revoke(number)
    words = []
    for gone in (number, 12345, 0, -1, 2**32):
        with pytest.raises(UnknownHandle) as refused:
            mine.resolve(gone)
        words.append(str(refused.value))
    assert set(words) == {"no such handle"}


def test_a_handle_of_another_table_means_nothing_here() -> None:
    mine, theirs = table(), table()
    theirs.grant("a")
    number, _ = theirs.grant("secret")
    mine.grant("door")
    with pytest.raises(UnknownHandle):
        mine.resolve(number)


def test_a_table_takes_as_many_as_its_capacity_and_not_one_more() -> None:
    mine = table(3)
    numbers = [mine.grant(str(thing))[0] for thing in range(3)]
    with pytest.raises(LimitError, match="more than 3 handles"):
        mine.grant("one more")
    assert mine.grant("2") == (numbers[2], False)
    mine.revoke(numbers[0])
    assert mine.grant("one more")[1]


def test_numbers_end_before_they_would_not_fit_a_reference_word() -> None:
    mine = table()
    mine._next = handles.LAST
    assert mine.grant("last") == (handles.LAST, True)
    mine.revoke(handles.LAST)
    with pytest.raises(LimitError):
        mine.grant("after")


def test_revoking_tells_who_wants_to_know_once() -> None:
    gone: list[str] = []
    mine: HandleTable[str] = HandleTable(10, gone.append)
    number, _ = mine.grant("door")
    mine.revoke(number)
    mine.revoke(number)
    mine.revoke(99)
    assert gone == ["door"]


def test_tables_that_begin_alike_do_not_share_what_comes_after() -> None:
    first = numbered(("door", "window"))
    mine, theirs = table(), table()
    mine.grant_first(first)
    theirs.grant_first(first)
    assert mine.grant("roof") == theirs.grant("cellar") == (3, True)
    mine.revoke(1)
    assert (mine.find("cellar"), mine.resolve(3), theirs.resolve(1), theirs.resolve(3)) == (
        None,
        "roof",
        "door",
        "cellar",
    )
    assert first == ({1: "door", 2: "window"}, {"door": 1, "window": 2})


def test_revoking_all_leaves_none() -> None:
    mine = table()
    numbers = [mine.grant(thing)[0] for thing in ("a", "b", "c")]
    mine.revoke_all()
    assert len(mine) == 0
    assert [mine.find(thing) for thing in ("a", "b", "c")] == [None] * 3
    for number in numbers:
        with pytest.raises(UnknownHandle):
            mine.resolve(number)


@given(st.lists(st.integers()))
def test_any_number_resolves_to_what_was_granted_or_is_refused(numbers: list[int]) -> None:
    mine = table()
    granted = dict((*mine.grant(thing)[:1], thing) for thing in ("a", "b", "c"))
    for number in numbers:
        if number in granted:
            assert mine.resolve(number) == granted[number]
        else:
            with pytest.raises(UnknownHandle):
                mine.resolve(number)


class Life(RuleBasedStateMachine):
    """Grants and revocations in any order, beside a plain dictionary that says what should be."""

    numbers = Bundle("numbers")

    def __init__(self) -> None:
        super().__init__()
        self.gone: list[int] = []
        self.mine: HandleTable[int] = HandleTable(5, self.gone.append)
        self.alive: dict[int, int] = {}
        self.ever: set[int] = set()

    @rule(target=numbers, thing=st.integers(0, 9))
    def grant(self, thing: int) -> int:
        full = len(self.alive) >= 5 and thing not in self.alive.values()
        if full:
            with pytest.raises(LimitError):
                self.mine.grant(thing)
            return 0
        number, fresh = self.mine.grant(thing)
        assert fresh == (thing not in self.alive.values())
        assert not fresh or number not in self.ever
        self.ever.add(number)
        self.alive[number] = thing
        return number

    @rule(number=numbers)
    def revoke(self, number: int) -> None:
        before = len(self.gone)
        self.mine.revoke(number)
        assert self.gone[before:] == ([self.alive.pop(number)] if number in self.alive else [])

    @rule(number=numbers)
    def resolve(self, number: int) -> None:
        if number in self.alive:
            assert self.mine.resolve(number) == self.alive[number]
        else:
            with pytest.raises(UnknownHandle):
                self.mine.resolve(number)

    @invariant()
    def counts(self) -> None:
        assert len(self.mine) == len(self.alive) <= 5


test_grants_and_revocations_in_any_order = Life.TestCase
test_grants_and_revocations_in_any_order.settings = settings(max_examples=30, stateful_step_count=30)
