"""Everything about messages: headers, reference words, and the few values that are addressed to the kernel.

Total and bounded: bytes either parse or raise MalformedMessage or BadRequest; nothing here looks at what crosses between guests.
This file does not know what an operation means. guests/ABI.md is its prose, guests/engine/wire.h its twin.
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum

from kernel.errors import BadRequest, BrokenGuest

HEAD = struct.Struct("<7I")
IN_HEAD = struct.Struct("<5I")
WORD = struct.Struct("<I")
_SIZED = struct.Struct("<BI")


class Kind(IntEnum):
    """What a guest says."""

    CALL = 1
    RESULT = 2
    READY = 3
    FETCH = 4
    SETTLE = 5
    WAIT = 6
    EXHAUSTED = 7


class Say(IntEnum):
    """What the kernel says."""

    REPLY = 1
    REQUEST = 2


class Op(IntEnum):
    """Operations on a guest's object, and on a guest."""

    GET = 1
    SET = 2
    HAS = 3
    DELETE = 4
    APPLY = 5
    CONSTRUCT = 6
    KEYS = 7
    DESCRIBE = 8
    PROTOTYPE = 9
    DEFINE = 10
    INVOKE = 11
    ENTER = 20
    LOAD = 21
    PUMP = 22
    SETTLED = 23
    END = 24
    PURE = 25
    SEAL = 26
    PREPARE = 27


OBJECT_OPS = frozenset(op for op in Op if op <= Op.INVOKE)
"""What one guest may ask of another's object; the rest is the kernel's to ask."""

THREW = 1
STATUS = 0xFF
"""The part of a RESULT's op that goes on to the asker."""


class Result(IntEnum):
    """What only the kernel reads of a RESULT's op."""

    JOBS = 0x100
    FINISHED = 0x200
    ATTENTION = 0x400


PUMP_AFTER = 0x100


class Ref(IntEnum):
    """The low bits of a reference word; the rest is an id."""

    HANDLE = 1
    CALLABLE = 2
    CONSTRUCTOR = 4
    PROMISE = 8


KIND_BITS = 4
FLAGS = 0xF
NATURE = Ref.CALLABLE | Ref.CONSTRUCTOR | Ref.PROMISE

MOST_REFS = 1 << 14
"""References of one message; the engine refuses to write more."""
MOST_RELEASES = 1 << 16
MOST_AROUND = HEAD.size + 4 * (MOST_REFS + MOST_RELEASES)
"""Bytes of a message before its payload."""
MOST_VALUES = 64
"""Plain values of one message to the kernel. All three bound the time that one message keeps the event loop."""


class Tag(IntEnum):
    """Kinds of values; the kernel reads and writes the first seven, BUFFER and ERROR."""

    UNDEFINED = 0
    NULL = 1
    TRUE = 2
    FALSE = 3
    INT = 4
    FLOAT = 5
    STRING = 6
    BIGINT = 7
    ARRAY = 8
    OBJECT = 9
    NULL_OBJECT = 10
    MAP = 11
    SET = 12
    DATE = 13
    REGEXP = 14
    BUFFER = 15
    TYPED = 16
    DATAVIEW = 17
    BOXED = 18
    ERROR = 19
    BACK = 20
    REF = 21
    INTRINSIC = 22
    SYMBOL_FOR = 23
    SYMBOL_KNOWN = 24
    HOLE = 25
    DOM_EXCEPTION = 26
    PLATFORM = 27


PLAIN_ERROR = 9
"""The error kind that is no native subclass: quickjs's JS_NATIVE_ERROR_COUNT."""

Value = None | bool | int | float | str | bytes
UNDEFINED, TRUE = bytes([Tag.UNDEFINED]), bytes([Tag.TRUE])


@dataclass(slots=True)
class Message:
    """One message from a guest; `inbox` and `capacity` say where it wants the answer."""

    inbox: int
    capacity: int
    kind: int
    op: int
    target: int
    refs: tuple[int, ...]
    released: tuple[int, ...]
    payload: bytes


def parse_message(data: bytes, memory: int) -> Message:
    """Read a message of a guest whose memory has `memory` bytes; raise BrokenGuest for what no guest of ours would write."""
    if len(data) < HEAD.size:
        raise BrokenGuest("a message is shorter than its head")
    inbox, capacity, kind, op, target, nrefs, nreleased = HEAD.unpack_from(data)
    if inbox + capacity > memory:
        raise BrokenGuest("a message names an inbox outside its memory")
    words = (len(data) - HEAD.size) // 4
    if nrefs + nreleased > words:
        raise BrokenGuest("a message says it has more references than bytes")
    if nrefs > MOST_REFS or nreleased > MOST_RELEASES:
        raise BrokenGuest("a message has more references than a message holds")
    if not nrefs and not nreleased:
        return Message(inbox, capacity, kind, op, target, (), (), data[HEAD.size :])
    both = struct.unpack_from(f"<{nrefs + nreleased}I", data, HEAD.size)
    payload = data[HEAD.size + 4 * (nrefs + nreleased) :]
    return Message(inbox, capacity, kind, op, target, both[:nrefs], both[nrefs:], payload)


def write_message(
    say: Say, op: int, target: int, refs: Collection[int], released: Collection[int], payload: bytes
) -> bytes:
    """Write what the kernel says."""
    if not refs and not released:
        return IN_HEAD.pack(say, op, target, 0, 0) + payload
    head = IN_HEAD.pack(say, op, target, len(refs), len(released))
    return head + struct.pack(f"<{len(refs) + len(released)}I", *refs, *released) + payload


def encode(*values: Value) -> bytes:
    """Write plain values, one after another. Text with lone surrogates survives."""
    parts: list[bytes] = []
    for value in values:
        if isinstance(value, str):
            text = value.encode("utf-8", "surrogatepass")
            parts += (_SIZED.pack(Tag.STRING, len(text)), text)
        else:
            parts.append(UNDEFINED if value is None else TRUE if value is True else _encode(value))
    return b"".join(parts)


def _encode(value: float | bytes) -> bytes:
    match value:
        case bool():
            return bytes([Tag.TRUE if value else Tag.FALSE])
        case int() if -(1 << 31) <= value < 1 << 31:
            return struct.pack("<Bi", Tag.INT, value)
        case int() | float():
            return struct.pack("<Bd", Tag.FLOAT, float(value))
        case _:
            return _SIZED.pack(Tag.BUFFER, len(value)) + value


def encode_array(*values: Value) -> bytes:
    """Write one JavaScript array of plain values."""
    return struct.pack("<BI", Tag.ARRAY, len(values)) + encode(*values) + WORD.pack(0)


def encode_reference(index: int) -> bytes:
    """Write the value that stands for reference `index` of the same message."""
    return struct.pack("<BI", Tag.REF, index)


def encode_error(name: str, message: str) -> bytes:
    """Write an Error with this name and message, and nothing else."""
    return bytes([Tag.ERROR, PLAIN_ERROR]) + encode(name, message) + bytes([Tag.HOLE] * 3) + WORD.pack(0)


def decode(payload: bytes) -> tuple[Value, ...]:
    """Read plain values to the end; raise BadRequest for any other kind, for a length that lies and for too many."""
    values: list[Value] = []
    at, end = 0, len(payload)
    while at < end:
        if len(values) >= MOST_VALUES:
            raise BadRequest("a host call has more values than any takes")
        tag, at = payload[at], at + 1
        if tag in _SIZES:
            start = at + WORD.size
            at = start + WORD.unpack_from(payload, at)[0] if start <= end else end + 1
            raw = payload[start:at]
            values.append(raw if tag == Tag.BUFFER or at > end else _text(raw))
        elif tag in _CONSTANTS:
            values.append(_CONSTANTS[tag])
        elif tag in _NUMBERS:
            number = _NUMBERS[tag]
            values += number.unpack_from(payload, at) if at + number.size <= end else ()
            at += number.size
        else:
            raise BadRequest("a host call takes only text, numbers, truth values and bytes")
        if at > end:
            raise BadRequest("a host call was cut short")
    return tuple(values)


_SIZES = frozenset({Tag.STRING, Tag.BUFFER})
_CONSTANTS: dict[int, Value] = {Tag.UNDEFINED: None, Tag.NULL: None, Tag.TRUE: True, Tag.FALSE: False}
_NUMBERS: dict[int, struct.Struct] = {Tag.INT: struct.Struct("<i"), Tag.FLOAT: struct.Struct("<d")}


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise BadRequest("a host call holds text that is no text") from None
