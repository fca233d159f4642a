"""Names, frames and errors: what may be called what, and what is told to whom."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel import errors
from kernel.errors import BadInput, SourceError, Thrown, ValgateError, to_guest, to_http
from kernel.principals import MAX_NAME, NOBODY, Principal, ValName, insist_name, is_name

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
NAMES = st.text(LETTERS + "0123456789", min_size=1, max_size=MAX_NAME).filter(is_name)


# -- names --------------------------------------------------------------------------------------------------


@given(NAMES)
def test_two_spellings_are_one_principal(name: str) -> None:
    assert Principal.parse(name) == Principal.parse(f"@{name.upper()}") == Principal(name.swapcase())
    assert str(Principal(name)) == f"@{name.casefold()}"


@given(st.text())
def test_any_text_is_a_name_or_refused_with_a_sentence(text: str) -> None:
    try:
        name = insist_name(text, "a val")
    except BadInput:
        return
    assert name == text
    assert text.isascii()
    assert 0 < len(text) <= MAX_NAME


@pytest.mark.parametrize("word", ["me", "ME", "secrets", "Secrets", "anonymous"])
def test_reserved_words_name_nobody_and_nothing(word: str) -> None:
    assert not is_name(word)
    with pytest.raises(BadInput, match="reserved"):
        insist_name(word, "a val")


def test_a_name_has_48_characters_and_not_one_more() -> None:
    assert is_name("a" * MAX_NAME)
    with pytest.raises(BadInput, match="48 at most"):
        insist_name("a" * (MAX_NAME + 1), "a user")


@pytest.mark.parametrize("text", ["", "1a", "a-b", "a b", "a.b", "ä", "\uff41", "a\n", "\u0660", "@@a"])
def test_what_looks_nearly_like_a_name_is_none(text: str) -> None:
    with pytest.raises(BadInput):
        Principal.parse(text)


def test_nobody_is_anonymous() -> None:
    assert NOBODY.anonymous
    assert not Principal("a").anonymous


@given(NAMES, NAMES, st.none() | st.integers(0, 10**9 - 1))
def test_a_val_name_is_read_as_it_was_written(owner: str, name: str, version: int | None) -> None:
    val = ValName(Principal(owner), name, version)
    assert ValName.parse(str(val)) == val
    assert ValName.parse(str(val).removeprefix("@")) == val


@pytest.mark.parametrize(
    "text", ["", "b", "b.", ".foo", "b.foo@", "b.foo@x", "b.foo@-1", "b.foo@1234567890", "b.foo@\u0661", "b.1"]
)
def test_what_names_no_val_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        ValName.parse(text)


@given(st.text())
def test_any_text_names_a_val_or_is_refused(text: str) -> None:
    try:
        val = ValName.parse(text)
    except BadInput:
        return
    assert ValName.parse(str(val)) == val


# -- errors -------------------------------------------------------------------------------------------------


def every_error(root: type[ValgateError] = ValgateError) -> list[type[ValgateError]]:
    return [root, *(below for child in root.__subclasses__() for below in every_error(child))]


DRAWN = [
    line.replace("│", " ").replace("├──", " ").replace("└──", " ").split()
    for line in (errors.__doc__ or "").splitlines()
    if any(mark in line for mark in "├└")
]


def test_the_tree_is_drawn_as_it_is() -> None:
    """What is the kernel's; below Refusal a capability may have its own, in its own file."""
    ours = {kind for kind in every_error() if kind.__module__ == errors.__name__}
    assert {words[0] for words in DRAWN} == {kind.__name__ for kind in ours} - {"ValgateError"}
    assert all(issubclass(kind, errors.Refusal) for kind in set(every_error()) - ours)
    statuses = {words[0]: int(words[1]) for words in DRAWN if len(words) > 1 and words[1].isdigit()}
    assert {name: getattr(errors, name).status for name in statuses} == statuses


@pytest.mark.parametrize("kind", every_error())
def test_each_error_says_whose_mistake_it_is(kind: type[ValgateError]) -> None:
    blames = {errors.GuestError: "guest", errors.Refusal: "guest", errors.CallerError: "caller"}
    blame = next((word for branch, word in blames.items() if issubclass(kind, branch)), "kernel")
    assert kind.blame == blame
    assert kind.code
    assert 400 <= kind.status < 600


def test_a_failure_of_the_host_has_one_sentence() -> None:
    failure = errors.HostFailure()
    failure.__cause__ = OSError("/secret/path")
    assert to_http(failure) == (500, {"type": "error", "error": str(failure)})
    assert "/secret" not in repr(to_http(failure)) + repr(to_guest(failure)) + repr(failure.info())


def test_a_place_in_the_source_is_told() -> None:
    error = SourceError("unexpected token", 3, 7)
    assert to_http(error) == (400, {"type": "error", "error": "unexpected token", "line": 3, "column": 7})
    assert (error.info().line, error.info().column, error.info().name) == (3, 7, "SyntaxError")


def test_what_a_val_threw_keeps_its_own_words() -> None:
    info = Thrown("RangeError", "too far", "at @a.x").info()
    assert (info.status, info.code, info.name, info.message, info.stack) == (
        502,
        "thrown",
        "RangeError",
        "too far",
        "at @a.x",
    )


@pytest.mark.parametrize("kind", [errors.LimitError, errors.CloneRefused, errors.PermissionRefused])
def test_a_refusal_that_nobody_caught_keeps_its_status(kind: type[errors.Refusal]) -> None:
    info = Thrown(*to_guest(kind("no"))).info()
    assert (info.status, info.code) == (422, kind.code)


def test_every_other_error_describes_itself() -> None:
    info = errors.CpuLimit("used up").info()
    assert (info.status, info.code, info.name, info.message) == (422, "cpu_limit", "LimitError", "used up")
