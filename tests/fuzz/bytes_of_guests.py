"""Target 1: what the kernel reads of a guest's bytes. `wire.parse_message`, `wire.decode`, and every operation of the house's capabilities.

Each is total: bytes come to a value, or to its one error. What was read is written and read again: it comes to the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from random import Random

from host_api.capabilities import capabilities
from kernel import wire
from kernel.capability import Capability
from kernel.errors import BadRequest, BrokenGuest, Refusal
from kernel.wire import Kind, Op, Tag, Value
from tests.fuzz.mutate import mutated
from tests.kernel.stage import head, held, own

MEMORY = 0x10000
CAPABILITIES: tuple[Capability, ...] = capabilities(None, None, None, None, None, None)  # type: ignore[arg-type]  # parsers need no powers
"""Asked to understand whatever decodes; none of them performs anything here."""

VALUES: tuple[tuple[Value, ...], ...] = (
    (),
    (None,),
    ("me", "foo", -1, -1),
    ("A", "name", 3.0, -2.0),
    ("me", "key"),
    ("@A.x@1",),
    ("me", "n", b"\x04\x01\0\0\0", "1", "number", None, -2),
    ("me", "f", "() => 1", -1),
    ("<p>hi</p>", "hi", "subject", "a@b.example", "@A.val"),
    ("log", 0, "text", '{"a":1}'),
    (5, 0.5, -0.0, math.inf, True, False, None),
    ("\ud800 lone", "é\u2028", "x" * 300),
    (b"", b"\0" * 40, b"\xff"),
    tuple(range(64)),
    (1, "POST", "http://example.com:80/?a#b", '["a","b"]', b"body", "whole", "follow"),
    (1, b"piece"),
)
PAYLOADS = (
    *(wire.encode(*values) for values in VALUES),
    wire.encode_array("a", 1, None),
    wire.encode_error("Error", "message"),
    wire.encode_reference(0),
    bytes([Tag.OBJECT]) + wire.WORD.pack(1) + wire.encode("k", 1),
    bytes([Tag.MAP]) + wire.WORD.pack(1) + wire.encode("k", 1),
    bytes([Tag.TYPED, 2]) + wire.WORD.pack(0) * 2 + wire.encode(b"12345678"),
    bytes([Tag.ARRAY]) + wire.WORD.pack(2) + bytes([Tag.HOLE, Tag.BACK]) + wire.WORD.pack(0) * 2,
)
MESSAGES = tuple(
    head(kind, op, 1, refs, released, payload)
    for kind in Kind
    for op, refs, released, payload in (
        (Op.GET, (), (), PAYLOADS[2]),
        (Op.APPLY, (own(5), held(2)), (), PAYLOADS[5]),
        (0x701, (), (1, 2, 3), b""),
    )
)


def samples() -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Return messages and payloads as guests of ours write them."""
    return MESSAGES, PAYLOADS


def inputs(chance: Random) -> Iterable[bytes]:
    """Yield inputs without end: a byte that says which of the two is meant, and the bytes."""
    both = samples()
    while True:
        which = chance.randrange(2)
        yield bytes([which]) + mutated(chance, both[which])


def run(data: bytes) -> str:
    """Give one input to the kernel; return what it came to. Whatever else it raises is a crash."""
    return (_message, _payload)[data[0] & 1](data[1:]) if data else "nothing"


def _message(data: bytes) -> str:
    try:
        message = wire.parse_message(data, MEMORY)
    except BrokenGuest as broken:
        return f"message: {broken}"
    assert message.inbox + message.capacity <= MEMORY
    assert 4 * (len(message.refs) + len(message.released)) + len(message.payload) == len(data) - wire.HEAD.size
    kind = Kind(message.kind).name if message.kind in Kind.__members__.values() else "unknown"
    parts = [name for name in ("refs", "released", "payload") if getattr(message, name)]
    _payload(message.payload)
    return " ".join(["message:", kind, *parts])


def _payload(data: bytes) -> str:
    try:
        values = wire.decode(data)
    except BadRequest as refused:
        return f"values: {refused}"
    assert len(values) <= wire.MOST_VALUES
    again = wire.encode(*values)
    assert wire.encode(*wire.decode(again)) == again
    understood = [
        f"{capability.name}.{name}" for capability in CAPABILITIES for name in _operations(capability, values)
    ]
    kinds = sorted({type(value).__name__ for value in values})
    return " ".join(["values:", *(understood or kinds)])


def _operations(capability: Capability, values: tuple[Value, ...]) -> Iterable[str]:
    for parse in capability.parsers.values():
        try:
            operation = parse(values)
        except Refusal:
            continue
        assert isinstance(operation.target, str)
        assert isinstance(operation.asks, tuple)
        yield operation.name
