"""The names the web's classes have on the global object, structuredClone, performance, Buffer, and that a birth does nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.table import Cases

NAMES = [
    *[
        "AbortController",
        "AbortSignal",
        "Blob",
        "Buffer",
        "CustomEvent",
        "Event",
        "EventTarget",
        "File",
        "FormData",
        "Headers",
    ],
    *[
        "Performance",
        "Request",
        "Response",
        "TextDecoder",
        "TextDecoderStream",
        "TextEncoder",
        "TextEncoderStream",
        "URL",
    ],
    *["URLSearchParams", "ReadableStream", "TransformStream", "WritableStream", "CountQueuingStrategy"],
]
CASES: Cases = {
    "as on the platform": (
        f"{NAMES}.filter((n) => {{ const d = Object.getOwnPropertyDescriptor(globalThis, n); return !d || !d.writable || !d.configurable || d.enumerable || typeof d.value !== 'function' || d.value.name !== n }})",
        [],
    ),
    "nothing enumerable is left": ("Object.keys(globalThis)", []),
    "instances say what they are": (
        "[new URL('http://a'), new Headers(), new Request('http://a'), new Response(), new Blob(), new File([], 'n'), new FormData(), new URLSearchParams(), new Event('x'), new AbortController(), new TextEncoder(), new TextDecoder(), new ReadableStream(), performance].map((x) => Object.prototype.toString.call(x).slice(8, -1)).join()",
        "URL,Headers,Request,Response,Blob,File,FormData,URLSearchParams,Event,AbortController,TextEncoder,TextDecoder,ReadableStream,Performance",
    ),
    "they show as native code": ("[String(Response), String(Headers.prototype.get)].every((t) => t.includes('[native code]'))", True),
    "self and navigator": ("[self === globalThis, navigator.userAgent]", [True, "Valgate"]),
    # structuredClone
    "a clone": ("const o = { d: new Date(5), m: new Map([[1, new Set([2])]]), e: new RangeError('x'), b: bytes(1), r: /a/g }; o.self = o; const c = structuredClone(o); return [c !== o, c.self === c, c.d.getTime(), [...c.m.get(1)], c.e instanceof RangeError, c.b[0], c.r.flags]", [True, True, 5, [2], True, 1, "g"]),
    "a transfer": ("const b = new ArrayBuffer(4); const c = structuredClone({ b }, { transfer: [b] }); return [b.byteLength, c.b.byteLength]", [0, 4]),
    "blobs are cloned, responses are not": ("const f = structuredClone(new File(['x'], 'n')); return [f.name, await f.text(), ...[new Response(), new Headers(), new URL('http://a'), new ReadableStream(), new EventTarget(), () => 1, Symbol()].map((x) => thrown(() => structuredClone(x)))]", ["n", "x", *["DataCloneError"] * 7]),
    "arguments": ("[thrown(() => structuredClone()), structuredClone(undefined) === undefined, thrown(() => structuredClone(1, 5)), structuredClone.length, structuredClone.name]", ["TypeError", True, "TypeError", 1, "structuredClone"]),
    # performance
    "time goes on": ("const a = performance.now(); let n = 0; while (performance.now() === a && n < 1e6) n++; const b = performance.now(); return [a >= 0, b > a, Math.abs(performance.timeOrigin + b - Date.now()) < 1000, Object.keys(performance.toJSON())]", [True, True, True, ["timeOrigin"]]),
    "performance is not constructed": ("thrown(() => new Performance())", "TypeError"),
    # Buffer
    "a Buffer": ("const b = Buffer.from('héllo'); return [b.toString('hex'), b.toString('base64'), Buffer.from('aGk=', 'base64').toString(), Buffer.concat([b, Buffer.alloc(1)]).length, b instanceof Uint8Array, Buffer.isBuffer(b), b.readUInt16BE(0)]", ["68c3a96c6c6f", "aMOpbGxv", "hi", 7, True, True, 26819]),
    "a Buffer is a body": ("await new Response(Buffer.from('abc')).text()", "abc"),
    "reportError takes an argument": ("thrown(() => reportError())", "TypeError"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_globals_are_as_the_platforms(answers: dict[str, Any], name: str) -> None:
    assert answers[name] == CASES[name][1]
