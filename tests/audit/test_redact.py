"""Secrets are taken out of what an evaluation leaves behind, and JSON stays JSON."""

from __future__ import annotations

import json

import hypothesis
import pytest
from hypothesis import strategies as st

from host_api.audit.redact import SHORTEST, Redactor
from host_api.audit.spellings import by_lines

SECRET = 'sk-"quoted"\\and\nbroken é'


def test_an_occurrence_is_replaced_by_its_name() -> None:
    assert Redactor({"hunter2hunter2": "@a.key"}).text("is hunter2hunter2!") == "is [secret @a.key]!"


def test_a_short_secret_is_a_word() -> None:
    word = "x" * (SHORTEST - 1)
    assert Redactor({word: "@a.key"}).text(word) == word
    assert Redactor({word + "x": "@a.key"}).text(word + "x") == "[secret @a.key]"


@pytest.mark.parametrize("ascii_only", [True, False])
def test_spellings_of_json_are_found(ascii_only: bool) -> None:  # noqa: FBT001 - a parameter
    raw = json.dumps({"k": [SECRET]}, ensure_ascii=ascii_only).encode()
    told = Redactor({SECRET: "@a.key"}).json(raw, 1000)
    assert told is not None
    assert json.loads(told) == {"k": ["[secret @a.key]"]}


def test_the_longest_secret_goes_first() -> None:
    redact = Redactor({"password": "@a.short", "password-and-more": "@a.long"})
    assert redact.text("password-and-more password") == "[secret @a.long] [secret @a.short]"


@hypothesis.given(st.text(max_size=300), st.integers(min_value=40, max_value=400))
def test_what_is_cut_stays_json_and_within_bounds(text: str, limit: int) -> None:
    told = Redactor({}).json(json.dumps(text).encode(), limit)
    assert told is not None
    assert isinstance(json.loads(told), str)


def test_rows_past_the_limit_are_counted() -> None:
    rows = json.loads(Redactor({}).rows([{"n": number} for number in range(100)], 50))
    assert rows[-1] == {"cut": 100 - (len(rows) - 1)}


def test_rows_are_shown_only_as_far_as_they_are_kept() -> None:
    shown: list[object] = []

    def show(row: dict[str, object]) -> dict[str, object]:
        shown.append(row)
        return row

    Redactor({}).rows([{"n": number} for number in range(1000)], 50, show)
    assert len(shown) < 60


@pytest.mark.parametrize(
    "spelt",
    [
        "sk-a%20%22b%22%2B%2F%3D%C3%A9",
        "sk-a%20%22b%22+/=%C3%A9",
        "sk-a+%22b%22%2B%2F%3D%C3%A9",
    ],
    ids=["encodeURIComponent", "an address and encodeURI", "a form"],
)
def test_spellings_of_addresses_are_found(spelt: str) -> None:
    redact = Redactor({'sk-a "b"+/=é': "@a.key"})
    assert redact.text(f"GET https://x.example/?key={spelt}&b=1") == "GET https://x.example/?key=[secret @a.key]&b=1"


@pytest.mark.parametrize(
    ("secret", "spelt"),
    [
        ("it's\\mine\x1b!", r"{ s: 'it\'s\\mine\x1B!' }"),
        ("it's\\mine\x1b!", r"""{ s: "it's\\mine\x1B!" }"""),
        ("a/b/c/d/e", r'{"s":"a\/b\/c\/d\/e"}'),
        ('sk-"quoted"', json.dumps({"body": json.dumps({"s": 'sk-"quoted"'})})),
        ("one line\nanother's line\n", "{\n  s: 'one line\\n' +\n    \"another's line\\n\"\n}"),
        ("tilde~and more", "k=tilde%7Eand+more"),
        ("a%20b#c/d", "at https://x.example/a%2520b#c/d"),
    ],
    ids=["console", "console, other quotes", "PHP", "JSON in JSON", "console, by lines", "a form's tilde", "encodeURI"],
)
def test_spellings_of_the_console_and_of_other_encoders_are_found(secret: str, spelt: str) -> None:
    told = Redactor({secret: "@a.key"}).text(spelt)
    assert "[secret @a.key]" in told
    assert not any(word in told for word in ("mine", "/c", "quoted", "line", "%25", "more"))


def test_a_long_secret_that_an_error_message_cuts_is_found_by_its_beginning() -> None:
    secret = "".join(f"{number:03}" for number in range(100))
    assert (
        Redactor({secret: "@a.key"}).text(f"no property '{secret[:63]}'")
        == f"no property '[secret @a.key]{secret[56:63]}'"
    )


def test_a_secret_is_found_whole_before_the_beginning_of_another() -> None:
    shared = "x" * 60
    redact = Redactor({shared + "one": "@a.one", shared + "two and more": "@a.two"})
    assert redact.text(f"{shared}one, {shared}two and more") == "[secret @a.one], [secret @a.two]"


@pytest.mark.parametrize("secret", ["\n" * 65_536, "'\n" * 30_000, "~" * 65_536, "é\\" * 20_000])
def test_a_secret_as_large_as_may_be_is_looked_for_at_once(secret: str) -> None:
    """Work that is bounded, not a clock: a pattern is made of few lines only."""
    assert by_lines(secret) is None
    assert Redactor({secret: "@a.key"}).text(f"<{secret}>") == "<[secret @a.key]>"
