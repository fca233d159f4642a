"""serve: the answer that a val makes itself, and the body of the request that it answers.

    export const page = (req, res) => res.send("hello");  export const site = (request) => new Response("hello");

Authority: answering the one request that this evaluation is about. Own code alone holds it: a foreign handler is given objects of
the caller's guest, which does the answering.
Op 1 `whole(status, reason, fields, body)`: an answer whose body (text or bytes) is there; op 2 `begin(status, reason, fields, length)`
sends a head now, op 3 `write(bytes)` more of the body, and waits for room; op 4 `end()`. `fields` is a JSON array of name, value …
Op 5 `read()` promises more of the request's body, or undefined at its end.
Op 6 `settled()`: the handler is through without an answer; when nothing is under way any more, the evaluation ends without one.
Nothing needs an access. A second answer, and a head that is none, are a TypeError.
Who pays: the evaluation, by its wall time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from host_api.capabilities import parts
from host_api.door import DOOR, Door, Head, Left
from kernel.capability import NOTHING, Answer, Ask, Call, Later, Operation
from kernel.errors import BadRequest
from kernel.principals import Authority, Frame
from kernel.wire import Value

LEAST, MOST = 200, 999
MOST_HEAD = 64 * 1024
"""Characters of an answer's head."""
MOST_FIELDS = 500
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
STATE = "serve"
"""Where a run keeps how far its answer is, in its state."""
FRESH, BEGUN, ENDED = "fresh", "begun", "ended"


def _head(status: Value, reason: Value, fields: Value) -> Head:
    """Refuse what is no head, and whatever could end one early."""
    code, told, text = parts.integer(status), parts.text(reason), parts.text(fields)
    if not LEAST <= code <= MOST:
        raise BadRequest(f"an answer's status is from {LEAST} to {MOST}")
    if not _VALUE.fullmatch(told):
        raise BadRequest("an answer's reason is one line of Latin-1")
    if len(text) + len(told) > MOST_HEAD:
        raise BadRequest(f"an answer's head has {MOST_HEAD} characters at most")
    return Head(code, told, _fields(text))


def _fields(text: str) -> tuple[tuple[str, str], ...]:
    try:
        flat = json.loads(text)
    except (ValueError, RecursionError):
        flat = None
    if not isinstance(flat, list) or len(flat) % 2 or not all(isinstance(part, str) for part in flat):
        raise BadRequest("an answer's fields are names and values")
    if len(flat) > 2 * MOST_FIELDS:
        raise BadRequest(f"an answer has {MOST_FIELDS} fields at most")
    pairs = tuple((name, value.strip(" \t")) for name, value in zip(flat[::2], flat[1::2], strict=True))
    for name, value in pairs:
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise BadRequest(f"{json.dumps(name[:60])} is no field that an answer could have")
    return pairs


@dataclass(frozen=True, slots=True)
class _Headed:
    """What begins an answer."""

    head: Head
    name: ClassVar[str] = "answer"
    asks: ClassVar[tuple[Ask, ...]] = ()

    @property
    def target(self) -> str:
        """The status."""
        return str(self.head.status)


@dataclass(frozen=True, slots=True)
class Whole(_Headed):
    """An answer whose body is there."""

    body: bytes

    @classmethod
    def parse(cls, values: tuple[Value, ...]) -> Self:
        """Take a head and a body."""
        status, reason, fields, body = parts.shape(values, 4)
        taken = b"" if body is None else body if isinstance(body, bytes) else parts.text(body).encode()
        return cls(_head(status, reason, fields), taken)


@dataclass(frozen=True, slots=True)
class Begin(_Headed):
    """The head of an answer whose body comes later; its length, if that is known."""

    length: int | None

    @classmethod
    def parse(cls, values: tuple[Value, ...]) -> Self:
        """Take a head."""
        status, reason, fields, length = parts.shape(values, 4)
        size = None if length is None else parts.integer(length)
        if size is not None and size < 0:
            raise BadRequest("a body is not shorter than nothing")
        return cls(_head(status, reason, fields), size)


@dataclass(frozen=True, slots=True)
class Write:
    """More of the body."""

    piece: bytes
    name: ClassVar[str] = "write"
    target: ClassVar[str] = ""
    asks: ClassVar[tuple[Ask, ...]] = ()

    @classmethod
    def parse(cls, values: tuple[Value, ...]) -> Self:
        """Take bytes."""
        return cls(*map(parts.raw, parts.shape(values, 1)))


@dataclass(frozen=True, slots=True)
class _Bare:
    """What takes nothing."""

    target: ClassVar[str] = ""
    asks: ClassVar[tuple[Ask, ...]] = ()

    @classmethod
    def parse(cls, values: tuple[Value, ...]) -> Self:
        """Take nothing."""
        parts.shape(values, 0)
        return cls()


class End(_Bare):
    """The body is complete."""

    name: ClassVar[str] = "end"


class Read(_Bare):
    """More of the request's body."""

    name: ClassVar[str] = "read"


class Settled(_Bare):
    """The handler is through."""

    name: ClassVar[str] = "settled"


class Serve:
    """The capability; its power is the door of the run."""

    name = "serve"
    parsers: Mapping[int, Callable[[tuple[Value, ...]], Operation]] = {
        1: Whole.parse,
        2: Begin.parse,
        3: Write.parse,
        4: End.parse,
        5: Read.parse,
        6: Settled.parse,
    }

    def grant(self, frame: Frame) -> bool:
        """Own code answers; foreign code is answered for."""
        return frame.authority is Authority.OWN

    async def perform(self, operation: Operation, call: Call) -> Answer:
        """Hand it to the door."""
        door = _door(call)
        match operation:
            case Whole():
                _step(call, FRESH, ENDED)
                door.whole(operation.head, operation.body)
                return Answer(NOTHING)
            case Begin():
                _step(call, FRESH, BEGUN)
                await _out(door.begin(operation.head, operation.length))
                return Answer(NOTHING)
            case Write():
                _step(call, BEGUN, BEGUN)
                await _out(door.write(operation.piece))
            case End():
                _step(call, BEGUN, ENDED)
                door.end()
            case Read():
                return Answer(Later(door.read), recorded=False)
            case Settled():
                call.run.idle = (0, None, "undefined")
            case _:
                raise BadRequest("serve has no such operation")
        return Answer(NOTHING, recorded=False)


def _door(call: Call) -> Door:
    door = call.run.state.get(DOOR)
    if door is None:
        raise BadRequest("this evaluation answers no request")
    return door  # type: ignore[return-value] # put there by the house, under this name


def _step(call: Call, wanted: str, following: str) -> None:
    """Insist on the order: a head, a body, an end."""
    if call.run.state.get(STATE, FRESH) != wanted:
        raise BadRequest("an answer has one head, then its body, then its end")
    call.run.state[STATE] = following


async def _out(sending: Awaitable[None]) -> None:
    """Wait for room; a client that has left is told to the guest as a refusal, and the evaluation is stopped beside."""
    try:
        await sending
    except ConnectionError:
        raise Left from None
