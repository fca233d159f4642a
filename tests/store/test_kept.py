"""What is kept in memory: bounded in bytes and in number, what was asked for longest ago goes first, and each that goes is told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from host_api.kept import Kept

MOST, MOST_BYTES = 4, 30
ACTIONS = st.lists(st.tuples(st.sampled_from(["put", "get", "drop"]), st.integers(0, 9), st.integers(0, 20)))


def test_what_was_asked_for_longest_ago_goes_first() -> None:
    gone: list[str] = []
    kept: Kept[str, str] = Kept(len, 6, gone=gone.append)
    for name in ("aa", "bb", "cc"):
        kept.put(name, name)
    assert kept.get("aa") == "aa"
    kept.put("dd", "dd")
    assert (list(kept), gone) == (["cc", "aa", "dd"], ["bb"])


def test_the_newest_stays_whatever_its_size() -> None:
    kept: Kept[str, str] = Kept(len, 6)
    kept.put("a", "a")
    kept.put("large", "x" * 100)
    assert (list(kept), kept.size) == (["large"], 100)


def test_what_takes_anothers_place_is_counted_instead_of_it() -> None:
    gone: list[str] = []
    kept: Kept[str, str] = Kept(len, 100, gone=gone.append)
    kept.put("a", "first")
    kept.put("a", "second")
    assert (kept.get("a"), kept.size, gone) == ("second", 6, ["first"])


@given(ACTIONS)
def test_the_books_are_right_whatever_is_done(actions: list[tuple[str, int, int]]) -> None:
    gone: list[bytes] = []
    came: list[bytes] = []
    kept: Kept[int, bytes] = Kept(len, MOST_BYTES, MOST, gone.append)
    for what, key, size in actions:
        if what == "put":
            came.append(bytes(size))
            kept.put(key, came[-1])
        elif what == "drop":
            kept.drop(key)
        else:
            kept.get(key)
        things = [kept.get(one) for one in list(kept)]
        assert kept.size == sum(len(thing) for thing in things if thing is not None)
        assert len(kept) <= MOST
        assert kept.size <= MOST_BYTES or len(kept) == 1
        assert len(came) == len(gone) + len(kept)
    kept.clear()
    assert (kept.size, len(kept), len(gone)) == (0, 0, len(came))
