"""The attacker's plan: put bytes into A's data that say they are a Response, a URL or Headers, and are none.

Headers with a line's end in a value would write a second header into A's requests; a body that is no bytes, a list with holes, or
a name that is a getter's would run or break what A's guest makes of them. Whoever reads such bytes must refuse them whole.
"""

from __future__ import annotations

import struct
from typing import Any

import pytest

from host_api.store import Kind
from kernel.wire import Tag
from tests.semantics.live import World

URL, PARAMS, HEADERS, REQUEST, RESPONSE, BLOB, FILE, FORM = range(8)
UNDEFINED, HOLE = object(), object()
UINT8 = 2  # the engine's order of typed arrays


def word(number: int) -> bytes:
    return struct.pack("<I", number)


def wire(value: Any) -> bytes:  # noqa: ANN401 - any value of the wire
    """Write a value as the engine does."""
    if value is UNDEFINED:
        return bytes([Tag.UNDEFINED])
    if value is HOLE:
        return bytes([Tag.HOLE])
    if value is None:
        return bytes([Tag.NULL])
    if isinstance(value, bool):
        return bytes([Tag.TRUE if value else Tag.FALSE])
    if isinstance(value, int):
        return bytes([Tag.INT]) + struct.pack("<i", value)
    if isinstance(value, float):
        return bytes([Tag.FLOAT]) + struct.pack("<d", value)
    if isinstance(value, str):
        raw = value.encode("utf-8", "surrogatepass")
        return bytes([Tag.STRING]) + word(len(raw)) + raw
    if isinstance(value, bytes):
        return bytes([Tag.TYPED, UINT8]) + word(0) + word(len(value)) + bytes([Tag.BUFFER]) + word(len(value)) + value
    if isinstance(value, list):
        return bytes([Tag.ARRAY]) + word(len(value)) + b"".join(map(wire, value)) + word(0)
    assert isinstance(value, dict)
    return bytes([Tag.OBJECT]) + word(len(value)) + b"".join(wire(key) + wire(item) for key, item in value.items())


def forged(kind: int, state: Any) -> bytes:  # noqa: ANN401 - any value of the wire
    return bytes([Tag.PLATFORM, kind]) + wire(state)


async def put(world: World, payload: bytes) -> None:
    await world.house.store.write_val("A", "evil", code="evil", kind=Kind.DATA, payload=payload, type="object")


GOOD_RESPONSE = [200, "OK", "http://a/", False, "basic", "immutable", ["a", "b"], [0, "text"]]
GOOD_REQUEST = [
    "http://a/",
    "GET",
    "request",
    ["a", "b"],
    None,
    UNDEFINED,
    "",
    "",
    "cors",
    "omit",
    "default",
    "follow",
    "",
    False,
]
GOOD: dict[str, tuple[int, Any, str, Any]] = {
    "a URL": (URL, "http://a/b", "x.pathname", "/b"),
    "parameters": (PARAMS, ["a", "1"], "[...x]", [["a", "1"]]),
    "headers": (HEADERS, ["none", ["a", "1"]], "[...x]", [["a", "1"]]),
    "a request": (REQUEST, GOOD_REQUEST, "[x.url, x.headers.get('a')]", ["http://a/", "b"]),
    "a response": (RESPONSE, GOOD_RESPONSE, "[x.status, await x.text()]", [200, "text"]),
    "a blob": (BLOB, [b"ab", "x/y"], "[x.type, await x.text()]", ["x/y", "ab"]),
    "a file": (FILE, [b"ab", "", "n", 5], "[x.name, x.lastModified]", ["n", 5]),
    "a form": (FORM, ["a", "1"], "[...x]", [["a", "1"]]),
}


@pytest.mark.parametrize("name", GOOD)
async def test_what_is_good_is_read(world: World, name: str) -> None:
    kind, state, look, expected = GOOD[name]
    await put(world, forged(kind, state))
    assert await world.eval(f"const x = @me.evil; return {look}") == expected


def changed(state: list[Any], place: int, item: Any) -> list[Any]:  # noqa: ANN401 - any value of the wire
    return [*state[:place], item, *state[place + 1 :]]


BAD_LISTS: dict[str, Any] = {
    "no list": "a",
    "an object like one": {"length": 2, "0": "a", "1": "b"},
    "half a pair": ["a"],
    "holes": ["a", HOLE],
    "a number": ["a", 1],
    "an upper case name": ["A", "b"],
    "a name that is none": ["a b", "c"],
    "no name": ["", "c"],
    "a line's end": ["a", "b\r\nc: d"],
    "a zero": ["a", "b\0"],
    "beyond a byte": ["a", "\u0100"],
    "spaces around": ["a", " b"],
}
BAD_BODIES: dict[str, Any] = {
    "nothing": UNDEFINED,
    "a text": "text",
    "no kind": [],
    "another kind": [3, "x"],
    "no text": [0, 5],
    "half a character": [0, "\ud800"],
    "no bytes": [1, [1, 2]],
    "no functions": [2, {}, {}],
    "too much": [0, "x", "y"],
}
BAD: dict[str, tuple[int, Any]] = {
    "an unknown class": (8, "x"),
    "a class far away": (255, "x"),
    "a URL of no text": (URL, 5),
    "a URL of half a character": (URL, "http://\ud800"),
    "parameters of numbers": (PARAMS, [1, 2]),
    "parameters with a hole": (PARAMS, ["a", HOLE]),
    "parameters of half a pair": (PARAMS, ["a"]),
    "headers of another guard": (HEADERS, ["free", []]),
    "headers of too much": (HEADERS, ["none", [], 1]),
    **{f"headers: {name}": (HEADERS, ["none", bad]) for name, bad in BAD_LISTS.items()},
    **{f"a response's headers: {name}": (RESPONSE, changed(GOOD_RESPONSE, 6, bad)) for name, bad in BAD_LISTS.items()},
    **{f"a request's headers: {name}": (REQUEST, changed(GOOD_REQUEST, 3, bad)) for name, bad in BAD_LISTS.items()},
    **{f"a response's body: {name}": (RESPONSE, changed(GOOD_RESPONSE, 7, bad)) for name, bad in BAD_BODIES.items()},
    **{f"a response's part {i}": (RESPONSE, changed(GOOD_RESPONSE, i, {"toString": "x"})) for i in range(8)},
    **{f"a request's part {i}": (REQUEST, changed(GOOD_REQUEST, i, 7)) for i in range(14)},
    "a response's status": (RESPONSE, changed(GOOD_RESPONSE, 0, 200.5)),
    "a response's line": (RESPONSE, changed(GOOD_RESPONSE, 1, "OK\r\nset-cookie: x")),
    "a request's method": (REQUEST, changed(GOOD_REQUEST, 1, "GET / HTTP/1.1\r\n")),
    "a request's signal": (REQUEST, changed(GOOD_REQUEST, 5, {"aborted": False})),
    "a response of too little": (RESPONSE, GOOD_RESPONSE[:7]),
    "a blob of numbers": (BLOB, [[1, 2], ""]),
    "a blob's type": (BLOB, [b"", "a/b\r\nx: y"]),
    "a blob's type beyond a byte": (BLOB, [b"", "a/\u0100"]),
    "a file of no name": (FILE, [b"", "", 5, 5]),
    "a file of no time": (FILE, [b"", "", "n", 0.5]),
    "a form of numbers": (FORM, ["a", 1]),
    "a form with an object": (FORM, ["a", {"name": "x"}]),
}


@pytest.mark.parametrize("name", BAD)
async def test_what_no_encoder_wrote_is_refused(world: World, name: str) -> None:
    await put(world, forged(*BAD[name]))
    error = await world.error("@me.evil")
    assert (error.code, error.name) == ("thrown", "TypeError"), error


async def test_an_address_that_is_none_throws_when_it_is_used(world: World) -> None:
    await put(world, forged(URL, "no address"))
    assert await world.eval("const x = @me.evil; try { return x.href } catch (e) { return e.name }") == "TypeError"
    assert (await world.error("new Request(@me.evil)")).name == "TypeError"


async def test_a_list_that_stands_elsewhere_too_is_not_the_headers_own(world: World) -> None:
    shared = bytes([Tag.ARRAY]) + word(2)
    headers = bytes([Tag.PLATFORM, HEADERS]) + wire(["none", ["a", "b"]])
    # places: 0 the outer array, 1 the Headers, 2 its state, 3 the list
    await put(world, shared + headers + bytes([Tag.BACK]) + word(3) + word(0))
    assert await world.eval("const [h, list] = @me.evil; list[1] = 'x\\r\\ny: z'; return h.get('a')") == "b"
