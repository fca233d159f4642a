"""The little types of requests: each reads what it describes, and refuses what it does not describe."""

from __future__ import annotations

import json
from enum import StrEnum

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_api.http import json_text
from host_api.http.declared import Body, Field
from host_api.http.kinds import Arguments, Flag, Kind, Moment, OneOf, Several, Text, Whole
from kernel.errors import BadInput


class Word(StrEnum):
    A = "a"
    B = "b"


KINDS: list[Kind[object]] = [
    Whole(1, 100),
    Whole(0, 10**9),
    Text(1, 3),
    Text(),
    OneOf(Word),
    Several(Word),
    Flag(),
    Arguments(),
]
SOME = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**10),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["a", "b", "c", "", "1", "true", "abcd"]),
    st.lists(st.sampled_from(["a", "b", "c", 1]), max_size=3),
)


@pytest.mark.parametrize("kind", KINDS, ids=repr)
@given(value=SOME)
def test_what_is_read_from_json_is_what_is_described(kind: Kind[object], value: object) -> None:
    part = json_text.parse(json.dumps({"it": value}).encode()).members["it"]
    try:
        kind.of_part(part, "it")
    except BadInput:
        taken = False
    else:
        taken = True
    assert taken is jsonschema_rs.is_valid(kind.schema, value)


@pytest.mark.parametrize(
    "text", ["0", "101", "-1", "+1", "1.0", "1e1", " 1", "\N{ARABIC-INDIC DIGIT ONE}", "9" * 5000, "x"]
)
def test_what_is_no_whole_number_in_range_says_the_range(text: str) -> None:
    with pytest.raises(BadInput, match="n must be a whole number from 1 to 100"):
        Whole(1, 100).of_text(text, "n")


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("100", 100), ("007", 7), ("0" * 5000 + "7", 7)])
def test_a_whole_number_in_range_is_read(text: str, number: int) -> None:
    assert Whole(1, 100).of_text(text, "n") == number


@pytest.mark.parametrize("text", ["soon", "-1", "2030-13-01", "1"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="t must be a time"):
        Moment().of_text(text, "t")


def test_a_member_that_must_be_there_is_named() -> None:
    with pytest.raises(BadInput, match="'code' must be given"):
        Field("code", Text(), required=True).insist(json_text.parse(b"{}"))


def test_null_is_absent_where_it_may_be() -> None:
    document = json_text.parse(b'{"x": null}')
    assert Field("x", Text()).given(document) is None
    with pytest.raises(BadInput):
        Field("x", Text(), nullable=False).given(document)


def test_a_body_is_described_by_its_members() -> None:
    schema = Body.of(Field("code", Text(), required=True), Field("n", Whole(1, 2))).content["application/json"]
    assert jsonschema_rs.is_valid(schema, {"code": "", "n": None, "other": 1})
    assert not jsonschema_rs.is_valid(schema, {"n": 1})
    assert not jsonschema_rs.is_valid(schema, {"code": "", "n": 3})
