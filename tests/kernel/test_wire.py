"""Messages: what is written is read back, whatever comes is parsed or refused, and both sides count alike."""

from __future__ import annotations

import math
import re
import struct
from enum import IntEnum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel import wire
from kernel.errors import BadRequest, BrokenGuest

WORDS = st.integers(0, 2**32 - 1)
MEMORY = 2**20
VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(st.characters())
    | st.binary()
)


def head(*, inbox: int = 0, capacity: int = 0, nrefs: int = 0, nreleased: int = 0) -> bytes:
    return wire.HEAD.pack(inbox, capacity, wire.Kind.CALL, 1, 2, nrefs, nreleased)


# -- heads and references ---------------------------------------------------------------------------


@given(st.lists(WORDS, max_size=20), st.lists(WORDS, max_size=20), st.binary(max_size=50))
def test_a_message_is_read_as_it_was_written(refs: list[int], released: list[int], payload: bytes) -> None:
    words = struct.pack(f"<{len(refs) + len(released)}I", *refs, *released)
    message = wire.parse_message(head(nrefs=len(refs), nreleased=len(released)) + words + payload, MEMORY)
    assert message == wire.Message(0, 0, 1, 1, 2, tuple(refs), tuple(released), payload)


@given(st.lists(WORDS, max_size=20), st.lists(WORDS, max_size=20), st.binary(max_size=50))
def test_what_the_kernel_says_is_its_head_the_words_and_the_payload(
    refs: list[int], released: list[int], payload: bytes
) -> None:
    said = wire.write_message(wire.Say.REQUEST, 7, 9, refs, released, payload)
    assert wire.IN_HEAD.unpack_from(said) == (2, 7, 9, len(refs), len(released))
    rest = said[wire.IN_HEAD.size :]
    assert list(struct.unpack_from(f"<{len(refs) + len(released)}I", rest)) == refs + released
    assert rest[4 * (len(refs) + len(released)) :] == payload


@given(st.binary(max_size=200), st.integers(0, MEMORY))
def test_any_bytes_are_a_message_or_a_broken_guest(data: bytes, memory: int) -> None:
    try:
        message = wire.parse_message(data, memory)
    except BrokenGuest:
        return
    assert message.inbox + message.capacity <= memory


@given(st.lists(WORDS, min_size=7, max_size=7), st.binary(max_size=64))
def test_any_head_is_a_message_or_a_broken_guest(words: list[int], rest: bytes) -> None:
    try:
        message = wire.parse_message(wire.HEAD.pack(*words) + rest, MEMORY)
    except BrokenGuest:
        return
    assert 4 * (len(message.refs) + len(message.released)) + len(message.payload) == len(rest)


def test_a_message_shorter_than_its_head_is_refused() -> None:
    with pytest.raises(BrokenGuest, match="shorter than its head"):
        wire.parse_message(head()[:-1], MEMORY)


def test_an_inbox_may_end_where_the_memory_ends_and_not_one_byte_later() -> None:
    assert wire.parse_message(head(inbox=MEMORY - 8, capacity=8), MEMORY).capacity == 8
    for inbox, capacity in ((MEMORY - 8, 9), (MEMORY + 1, 0), (2**32 - 1, 2**32 - 1), (8, 2**32 - 8)):
        with pytest.raises(BrokenGuest, match="outside its memory"):
            wire.parse_message(head(inbox=inbox, capacity=capacity), MEMORY)


def test_a_message_may_hold_as_many_references_as_its_bytes_and_not_one_more() -> None:
    assert wire.parse_message(head(nrefs=1, nreleased=1) + bytes(8), MEMORY).refs == (0,)
    for nrefs, nreleased in ((2, 1), (1, 2), (3, 0), (0, 3), (2**32 - 1, 2**32 - 1)):
        with pytest.raises(BrokenGuest, match="more references than bytes"):
            wire.parse_message(head(nrefs=nrefs, nreleased=nreleased) + bytes(8), MEMORY)


def test_a_message_has_room_for_many_references_and_not_for_a_flood() -> None:
    """Each word becomes a Python number: sixteen million of them would keep the event loop for a second."""
    refs, released = wire.MOST_REFS, wire.MOST_RELEASES
    message = wire.parse_message(head(nrefs=refs, nreleased=released) + bytes(4 * (refs + released)), MEMORY)
    assert (len(message.refs), len(message.released)) == (refs, released)
    for more in (head(nrefs=refs + 1), head(nreleased=released + 1)):
        with pytest.raises(BrokenGuest, match="more references than a message holds"):
            wire.parse_message(more + bytes(4 * released + 4), MEMORY)


# -- plain values -----------------------------------------------------------------------------------


@given(st.lists(VALUES, max_size=10))
def test_plain_values_are_read_as_they_were_written(values: list[wire.Value]) -> None:
    assert wire.decode(wire.encode(*values)) == tuple(values)


def test_numbers_that_are_no_numbers_survive() -> None:
    assert [math.isnan(number) for number in wire.decode(wire.encode(math.nan)) if isinstance(number, float)] == [True]
    (zero,) = wire.decode(wire.encode(-0.0))
    assert isinstance(zero, float)
    assert math.copysign(1, zero) == -1


def test_text_with_a_lone_surrogate_survives() -> None:
    assert wire.decode(wire.encode("\ud800x")) == ("\ud800x",)


def test_whole_numbers_of_31_bits_and_a_sign_are_integers_on_the_wire() -> None:
    for number in (-(2**31), 2**31 - 1):
        assert wire.encode(number)[0] == wire.Tag.INT
    for number in (-(2**31) - 1, 2**31):
        assert wire.encode(number)[0] == wire.Tag.FLOAT
        assert wire.decode(wire.encode(number)) == (number,)


@given(st.binary(max_size=200))
def test_any_bytes_are_plain_values_or_a_bad_request(data: bytes) -> None:
    try:
        values = wire.decode(data)
    except BadRequest:
        return
    assert all(isinstance(value, None | bool | int | float | str | bytes) for value in values)


@given(st.sampled_from(wire.Tag), st.binary(max_size=40))
def test_any_tag_is_a_plain_value_or_a_bad_request(tag: wire.Tag, rest: bytes) -> None:
    try:
        values = wire.decode(bytes([tag]) + rest)
    except BadRequest:
        return
    assert values


@pytest.mark.parametrize("tag", [wire.Tag.INT, wire.Tag.FLOAT, wire.Tag.STRING, wire.Tag.BUFFER])
def test_a_value_that_is_cut_short_is_refused(tag: wire.Tag) -> None:
    with pytest.raises(BadRequest, match="cut short"):
        wire.decode(bytes([tag, 1, 0]))


@pytest.mark.parametrize("size", [1, 2**31, 2**32 - 1])
def test_a_length_that_lies_is_refused(size: int) -> None:
    with pytest.raises(BadRequest, match="cut short"):
        wire.decode(struct.pack("<BI", wire.Tag.STRING, size))


def test_text_that_is_no_text_is_refused() -> None:
    with pytest.raises(BadRequest, match="text that is no text"):
        wire.decode(struct.pack("<BI", wire.Tag.STRING, 1) + b"\xff")


def test_what_is_not_plain_is_refused() -> None:
    for value in (wire.encode_array(1), wire.encode_reference(0), wire.encode_error("Error", "no"), b"\xff"):
        with pytest.raises(BadRequest, match="takes only"):
            wire.decode(value)


def test_a_host_call_takes_so_many_values_and_not_one_more() -> None:
    """A message full of one-byte values would keep the event loop while each became a Python value."""
    most = wire.MOST_VALUES
    assert wire.decode(wire.UNDEFINED * most) == (None,) * most
    with pytest.raises(BadRequest, match="more values"):
        wire.decode(wire.UNDEFINED * (most + 1))


def test_an_array_is_its_length_its_values_and_no_own_properties() -> None:
    assert wire.encode_array("x", 1) == b"\x08\x02\0\0\0" + b"\x06\x01\0\0\0x" + b"\x04\x01\0\0\0" + bytes(4)


# -- both sides count alike ---------------------------------------------------------------------------


def numbers_of_the_engine() -> dict[str, int]:
    """Each name of an enum in guests/engine/wire.h and its number."""
    text = (Path(__file__).parents[2] / "guests" / "engine" / "wire.h").read_text()
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    numbers: dict[str, int] = {}
    for body in re.findall(r"enum\s*\{(.*?)\}", text, flags=re.DOTALL):
        following = 0
        for entry in filter(None, (word.strip() for word in body.split(","))):
            name, _, number = (part.strip() for part in entry.partition("="))
            following = int(number, 0) if number else following
            numbers[name] = following
            following += 1
    return numbers


TWINS: list[tuple[str, type[IntEnum]]] = [
    ("OP", wire.Op),
    ("REF", wire.Ref),
    ("TAG", wire.Tag),
    ("RESULT", wire.Result),
]


@pytest.mark.parametrize(("prefix", "twin"), TWINS)
def test_the_engine_counts_as_the_kernel_does(prefix: str, twin: type[IntEnum]) -> None:
    theirs = {
        name.removeprefix(f"{prefix}_"): number
        for name, number in numbers_of_the_engine().items()
        if name.startswith(f"{prefix}_")
    }
    assert theirs == {each.name: each.value for each in twin}


def test_the_engine_calls_kinds_and_flags_by_the_kernels_numbers() -> None:
    theirs = numbers_of_the_engine()
    kinds: dict[str, int] = {each.name: each.value for each in (*wire.Kind, *wire.Say)}
    assert {name.removeprefix("KIND_"): number for name, number in theirs.items() if name.startswith("KIND_")} == kinds
    assert theirs["MOST_REFS"] == wire.MOST_REFS
    assert theirs["STATUS_THREW"] == wire.THREW
    assert theirs["REQUEST_PUMP"] == wire.PUMP_AFTER
    status = [number for name, number in theirs.items() if name.startswith("STATUS_")]
    assert all(number & wire.STATUS == number for number in status)


def test_the_engines_heads_are_as_long_as_the_kernels() -> None:
    text = (Path(__file__).parents[2] / "guests" / "engine" / "wire.h").read_text()
    for name, struct_ in (("Head", wire.HEAD), ("InHead", wire.IN_HEAD)):
        fields = re.search(r"struct \{ uint32_t ([^;]*); \} " + name + ";", text)
        assert fields is not None
        assert len(fields[1].split(",")) * 4 == struct_.size
