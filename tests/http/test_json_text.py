from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_api.http import json_text
from kernel.errors import BadInput

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
SEPARATORS = st.sampled_from([(",", ":"), (" ,\n", " : ")])
INDENTS = st.sampled_from([None, 0, 1, "\t", "\r\n "])


@given(JSON, INDENTS, SEPARATORS)
def test_whatever_is_json_is_kept_as_it_was_written(
    value: object, indent: int | str | None, separators: tuple[str, str]
) -> None:
    text = json.dumps(value, indent=indent, separators=separators, ensure_ascii=False)
    assert json_text.parse(f" {text}\n".encode()).raw == text.encode()


@given(st.dictionaries(st.text(), JSON, max_size=4), INDENTS)
def test_each_member_is_a_slice_of_what_was_sent(members: dict[str, object], indent: int | str | None) -> None:
    text = json.dumps(members, indent=indent)
    found = json_text.parse(text.encode()).members
    assert {key: json.loads(part.raw) for key, part in found.items()} == members
    assert all(part.text in text for part in found.values())


@given(st.binary() | st.text(alphabet='[]{}",:\\0123456789.eE+-tfnu \n').map(str.encode))
def test_anything_else_is_bad_input_exactly_when_python_refuses_it_too(body: bytes) -> None:
    try:
        json_text.parse(body)
        taken = True
    except BadInput:
        taken = False
    assert taken == strictly_json(body)


def strictly_json(body: bytes) -> bool:
    try:
        json.loads(body.decode().removeprefix("\ufeff"), parse_constant=int)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    "array",
    ['["\\ud800"]', "[1.0]", "[1e999]", "[0.1000]", '[{"b":1,"a":2}]', "[-0]", "[ 1 ,2]", "[" + "9" * 9999 + "]"],
)
def test_what_python_would_change_is_not_changed(array: str) -> None:
    assert json_text.parse(b'{"args":%b}' % array.encode()).members["args"].raw == array.encode()


def test_of_two_members_with_one_name_the_last_counts() -> None:
    assert json_text.parse(b'{"args":[1],"\\u0061rgs":[2]}').members["args"].raw == b"[2]"


def test_a_byte_order_mark_is_no_part_of_the_json() -> None:
    assert json_text.parse(b"\xef\xbb\xbf[1]").raw == b"[1]"


@pytest.mark.parametrize("body", [b"NaN", b"[Infinity]", b'{"a":-Infinity}', b"nul", b"01", b"[1,]", b"{,}", b"'a'"])
def test_what_javascript_would_not_parse_is_refused(body: bytes) -> None:
    with pytest.raises(BadInput):
        json_text.parse(body)


def test_the_place_of_a_mistake_is_told() -> None:
    with pytest.raises(BadInput, match="line 2, column 6"):
        json_text.parse(b'{\n "a" 1}')


def test_invalid_utf8_is_told_by_its_byte() -> None:
    with pytest.raises(BadInput, match="at byte 2"):
        json_text.parse(b'["\xff"]')


@pytest.mark.parametrize("sign", [b"[", b'{"a":'])
def test_a_million_nested_values_are_refused_and_do_no_harm(sign: bytes) -> None:
    with pytest.raises(BadInput):
        json_text.parse(sign * 300_000)


def test_a_thousand_members_are_read_and_one_more_is_not() -> None:
    def written(count: int) -> bytes:
        return json.dumps(dict.fromkeys(map(str, range(count)), 0)).encode()

    assert len(json_text.parse(written(json_text.MAX_MEMBERS)).members) == json_text.MAX_MEMBERS
    with pytest.raises(BadInput, match="more than 1000 members"):
        json_text.parse(written(json_text.MAX_MEMBERS + 1))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"args": [1, "two"]}', b'[1, "two"]'),
        (b' {\n"args"\t:[] }\n', b"[]"),
        (b'{"args": [{"args": 1}]}', b'[{"args": 1}]'),
        (b'{"args": [1] \t\n}', b"[1]"),
        (b'{"args": {"args": 1}}', None),
        (b'{"args": null}', None),
        (b'{"args": [1], "args": [2]}', None),
        (b'{"args": [1], "other": [2]}', None),
        (b'{"args": [1]}, "other": [2]}', None),
        (b'{"other": 1}', None),
        (b'{"args": [1]} ,', None),
        (b'{"args": [1]}}', None),
        (b'{"args": [}', None),
        (b'{"args": [NaN]}', None),
        (b'{"args": [01]}', None),
        (b'{"args": [1],}', None),
        (b'\xef\xbb\xbf{"args": [1]}', None),
        (b'{"args": ["\xff"]}', None),
        (b'{"args": ["\n"]}', None),
        (b'{"args": ["\\ud800"]}', None),
        (b'{"ar\\u0067s": [1]}', None),
        (b'{"args": ' + b"[" * 501 + b"]" * 501 + b"}", None),
        (b'{"args": ' + b"[" * 100_000, None),
        (b"[1]", None),
        (b"}", None),
        (b"", None),
    ],
)
def test_the_one_array_of_an_object_is_found_or_left_to_who_reads_all(body: bytes, told: bytes | None) -> None:
    assert json_text.only_array(body, "args") == told


PIECES = [
    b'{"args":',
    b"[",
    b"]",
    b"{",
    b"}",
    b'"args"',
    b":",
    b",",
    b" ",
    b"1",
    b"-0.0e5",
    b'"x"',
    b"null",
    b'"\\ud800"',
    b"NaN",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_what_is_found_is_what_who_reads_all_finds(pieces: list[bytes]) -> None:
    body = b'{"args":[' + b"".join(pieces)
    found = json_text.only_array(body, "args")
    if found is not None:
        assert {name: part.raw for name, part in json_text.parse(body).members.items()} == {"args": found}
