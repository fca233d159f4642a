r"""JSON as it was sent: checked whole, then handed on by its own bytes.

A guest's JSON.parse keeps what Python's loses (`"\ud800"`, `1.0`, the order of keys), so nothing here is ever written again.
Parsing is the standard library's C scanner: strict, except that a lone surrogate's escape may stand, as JavaScript lets it.
This file does not know what the members mean.
"""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

import orjson

from kernel.errors import BadInput

MAX_MEMBERS = 1000
"""Members of the outermost object. Only its handful of names mean anything, and each is a step in Python."""

SMALL = 4096
"""Characters that are read before the cycle collector has run often."""
_SPACE = re.compile(r"[ \t\n\r]*+")
_HEAD = rb'[ \t\n\r]*+\{[ \t\n\r]*+"%"[ \t\n\r]*+:[ \t\n\r]*+'
_BLANK = b" \t\n\r"
_HEADS: dict[str, re.Pattern[bytes]] = {}
FLAT = 500
"""Opening brackets of what no parser finds too deep."""
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Part:
    """One JSON value: what it is, and how it was written; numbers are exact only in `text`."""

    value: object
    text: str

    @property
    def raw(self) -> bytes:
        """The value's own bytes."""
        return self.text.encode()


@dataclass(frozen=True, slots=True)
class Document(Part):
    """The outermost value; of an object, its members too (of two with one name the last, as in JavaScript)."""

    members: Mapping[str, Part]


def parse(body: bytes) -> Document:
    """Read a whole body; raise BadInput that names the place. A body of white space alone is no JSON."""
    text = _decode(body)
    start = _space(text, 0)
    if start == len(text):
        raise BadInput("JSON was expected, and there is nothing.")
    if text.startswith("{", start):
        members, end = _members(text, start)
        value: object = None
    else:
        members, (value, end) = {}, _value(text, start)
    if _space(text, end) != len(text):
        _refuse(text, _space(text, end))
    return Document(value, text[start:end], members)


def only_array(body: bytes, name: str) -> bytes | None:
    """Return the array of a `{"name": […]}`, by its own bytes, or None where `parse` has to look: it is what nearly every body is.

    What stands between the head and the last brace is JSON by itself, so the whole is an object with this one member.
    """
    head = _HEADS.get(name) or _HEADS.setdefault(name, re.compile(_HEAD.replace(b"%", name.encode())))
    begun, upto = head.match(body), body.rstrip(_BLANK)
    if begun is None or not upto.endswith(b"}"):
        return None
    array = upto[begun.end() : -1].rstrip(_BLANK)
    if array.count(b"[") + array.count(b"{") > FLAT:
        return None
    try:
        return array if isinstance(orjson.loads(array), list) else None
    except orjson.JSONDecodeError:
        return None


def is_blank(body: bytes) -> bool:
    """Whether there is nothing but white space."""
    return not body.strip(_BLANK)


def _decode(body: bytes) -> str:
    try:
        return body.decode().removeprefix(_BOM)
    except UnicodeDecodeError as error:
        raise BadInput(f"The JSON is not valid UTF-8 (at byte {error.start}).") from None


def _members(text: str, at: int) -> tuple[dict[str, Part], int]:
    """Read the members of the object that begins here; give them and where it ends."""
    found: dict[str, Part] = {}
    at = _space(text, at + 1)
    if text.startswith("}", at):
        return found, at + 1
    for _ in range(MAX_MEMBERS):
        key, start = _key(text, at)
        value, end = _value(text, start)
        found[key] = Part(value, text[start:end])
        at = _space(text, end)
        if text.startswith("}", at):
            return found, at + 1
        at = _space(text, _past(text, at, ","))
    raise BadInput(f"The JSON object has more than {MAX_MEMBERS} members.")


def _key(text: str, at: int) -> tuple[str, int]:
    """Read `"key" :`; give the key and where its value begins."""
    key, end = _value(text, at)
    if not isinstance(key, str):
        _refuse(text, at)
    return key, _space(text, _past(text, _space(text, end), ":"))


def _value(text: str, at: int) -> tuple[object, int]:
    """Read one value of any kind; give it and where it ends."""
    try:
        return _scan(_DECODER, text, at)
    except ValueError:
        return _scan(_WIDE_DECODER, text, at)


def _scan(decoder: json.JSONDecoder, text: str, at: int) -> tuple[object, int]:
    try:
        if len(text) - at < SMALL:
            return decoder.raw_decode(text, at)
        with _no_collecting():
            return decoder.raw_decode(text, at)
    except json.JSONDecodeError as error:
        _refuse(text, error.pos)
    except RecursionError:
        raise BadInput("The JSON is nested too deeply.") from None


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Pause the cycle collector: JSON has no cycles, and two megabytes of `[]` would have it run for 150 ms."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _past(text: str, at: int, sign: str) -> int:
    if not text.startswith(sign, at):
        _refuse(text, at)
    return at + 1


def _space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _refuse(text: str, at: int) -> NoReturn:
    line = text.count("\n", 0, at) + 1
    column = at - text.rfind("\n", 0, at)
    raise BadInput(f"The JSON is malformed at line {line}, column {column}.")


def _no_constant(name: str) -> NoReturn:
    raise BadInput(f"{name} is not JSON.")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)

# Python refuses integers of over 4,300 digits, JavaScript does not; a float of them costs nothing and is read by nobody.
_WIDE_DECODER = json.JSONDecoder(parse_int=float, parse_constant=_no_constant)
