"""Streams: the library is tested by its authors; here is that all of it is there, and what the house puts around it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.table import Cases

VALS = {
    "made": "export const made = (...parts) => new ReadableStream({ start(c) { for (const p of parts) c.enqueue(p); c.close() } })",
    "sink": "export const sink = (f) => new WritableStream({ write(c) { f(c) } })",
    "upper": "export const upper = () => new TransformStream({ transform(c, to) { to.enqueue(c.toUpperCase()) } })",
    "drain": "export const drain = async (s) => { const seen = []; for await (const c of s) seen.push(c); return seen }",
    "look": "export const look = (s) => [s instanceof ReadableStream, s.constructor === ReadableStream, s.locked, typeof s.getReader, Object.keys(s)]",
    "endless": "export const endless = (told) => new ReadableStream({ pull(c) { c.enqueue(1) }, cancel(r) { told(r) } })",
}
CASES: Cases = {
    "reading": ("const r = streamed('a').getReader(); const one = await r.read(); return [[...one.value], one.done, await r.read(), await r.closed]", [[97], False, {"done": True}, None]),
    "for await, and from": ("chunks(ReadableStream.from(['a', 'b']))", ["a", "b"]),
    "piping": ("const seen = []; await ReadableStream.from(['a', 'b']).pipeThrough(new TransformStream({ transform(c, to) { to.enqueue(c + c) } })).pipeTo(new WritableStream({ write: (c) => void seen.push(c) })); return seen", ["aa", "bb"]),
    "tee": ("const [a, b] = ReadableStream.from(['x', 'y']).tee(); return [await chunks(a), await chunks(b)]", [["x", "y"], ["x", "y"]]),
    "bytes into one's own buffer": ("const s = new ReadableStream({ type: 'bytes', pull(c) { c.byobRequest.view[0] = 7; c.byobRequest.respond(1) } }); const { value } = await s.getReader({ mode: 'byob' }).read(new Uint8Array(4)); return [...value]", [7]),
    "strategies": ("const w = new WritableStream({}, new CountQueuingStrategy({ highWaterMark: 3 })).getWriter(); return [w.desiredSize, new ByteLengthQueuingStrategy({ highWaterMark: 5 }).size(bytes(1, 2))]", [3, 2]),
    "an abort signal ends a pipe": ("const c = new AbortController(); const s = new ReadableStream({ pull: () => new Promise(() => {}) }); const p = rejected(s.pipeTo(new WritableStream(), { signal: c.signal })); c.abort(); return await p", "AbortError"),
    "errors go through": ("rejected(() => chunks(new ReadableStream({ pull() { throw new RangeError('x') } }).pipeThrough(new TransformStream())))", "RangeError"),
    "all names are there": (
        "['ReadableStream', 'ReadableStreamDefaultReader', 'ReadableStreamBYOBReader', 'ReadableStreamBYOBRequest', 'ReadableStreamDefaultController', 'ReadableByteStreamController', 'TransformStream', 'TransformStreamDefaultController', 'WritableStream', 'WritableStreamDefaultWriter', 'WritableStreamDefaultController', 'ByteLengthQueuingStrategy', 'CountQueuingStrategy'].filter((n) => typeof globalThis[n] !== 'function' || globalThis[n].name !== n || Object.getOwnPropertyDescriptor(globalThis, n).enumerable)",
        [],
    ),
    # another guest's
    "another's stream feels like one's own": ("const s = @B.made('a'); return [s instanceof ReadableStream, s.constructor === ReadableStream, s.locked, String(s)]", [True, True, False, "[object ReadableStream]"]),
    "and one's own feels so there": ("@B.look(streamed('a'))", [True, True, False, "function", []]),
    "it is read across": ("const r = @B.made('a', { b: 1 }).getReader(); return [await r.read(), await r.read(), await r.read()]", [{"value": "a", "done": False}, {"value": {"b": 1}, "done": False}, {"done": True}]),
    "for await across, both ways": ("[await chunks(@B.made('a', 'b')), await @B.drain(ReadableStream.from(['c', 'd']))]", [["a", "b"], ["c", "d"]]),
    "piped into one's own": ("const seen = []; await @B.made('a', 'b').pipeTo(new WritableStream({ write: (c) => void seen.push(c) })); return seen", ["a", "b"]),
    "one's own piped into another's": ("const seen = []; await ReadableStream.from(['a', 'b']).pipeTo(@B.sink((c) => void seen.push(c))); return seen", ["a", "b"]),
    "through another's transform": ("chunks(ReadableStream.from(['a', 'b']).pipeThrough(@B.upper()))", ["A", "B"]),
    "another's through one's own": ("chunks(@B.made(bytes(97), bytes(98)).pipeThrough(new TextDecoderStream()))", ["a", "b"]),
    "another's as a body": ("const r = new Response(@B.made(bytes(97), bytes(98))); return [await r.text(), r.bodyUsed]", ["ab", True]),
    "another's as a body that is looked at": ("chunks(new Response(@B.made(bytes(97), bytes(98))).body)", [[97], [98]]),
    "another's of what is no bytes is refused": ("rejected(() => new Response(@B.made('text')).text())", "TypeError"),
    "a locked one of another's is no body": ("const s = @B.made('a'); s.getReader(); return thrown(() => new Response(s))", "TypeError"),
    "cancelling reaches home": ("let told; await @B.endless((r) => { told = r }).cancel('enough'); return told", "enough"),
    "leaving a loop reaches home": ("let told = 'nothing'; for await (const c of @B.endless((r) => { told = typeof r })) break; return told", "undefined"),
    "from another's": ("chunks(ReadableStream.from(@B.made('a', 'b')))", ["a", "b"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_streams_work_here_and_across_owners(answers: dict[str, Any], name: str) -> None:
    assert answers[name] == CASES[name][1]
