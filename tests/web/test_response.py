"""Response, by the Fetch standard."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.table import Cases

CASES: Cases = {
    "what it is without anything": (
        "const r = new Response(); return [r.type, r.url, r.redirected, r.status, r.ok, r.statusText, [...r.headers], r.body, r.bodyUsed]",
        ["default", "", False, 200, True, "", [], None, False],
    ),
    "what it is told": (
        "const r = new Response('x', { status: 404, statusText: 'Not Here', headers: { a: 'b' } }); return [r.status, r.ok, r.statusText, [...r.headers]]",
        [404, False, "Not Here", [["a", "b"], ["content-type", "text/plain;charset=UTF-8"]]],
    ),
    "a type that is given stays": (
        "new Response('x', { headers: { 'Content-Type': 'text/html' } }).headers.get('content-type')",
        "text/html",
    ),
    "statuses": (
        "[200, 599, '201', 200.9].map((status) => new Response(null, { status }).status)",
        [200, 599, 201, 200],
    ),
    "statuses that are none": (
        "[199, 600, 0, -1, 'x', 1000].map((status) => thrown(() => new Response(null, { status })))",
        ["RangeError"] * 6,
    ),
    "texts of a status that are none": (
        "['a\\nb', 'é\\u0100', 'a\\0'].map((statusText) => thrown(() => new Response(null, { statusText })))",
        ["TypeError"] * 3,
    ),
    "no body with these": (
        "[204, 205, 304].map((status) => [thrown(() => new Response('', { status })), new Response(null, { status }).status].join())",
        ["TypeError,204", "TypeError,205", "TypeError,304"],
    ),
    "init that is none": (
        "[1, 'a'].map((init) => thrown(() => new Response('', init))).concat(new Response('', null).status)",
        ["TypeError", "TypeError", 200],
    ),
    "json": (
        "const r = Response.json({ a: [1, 'é'] }, { status: 201 }); return [r.status, [...r.headers], await r.text()]",
        [201, [["content-type", "application/json"]], '{"a":[1,"é"]}'],
    ),
    "json with a type": ("Response.json(1, { headers: { 'content-type': 'x/y' } }).headers.get('content-type')", "x/y"),
    "what is no JSON": (
        "[thrown(() => Response.json(undefined)), thrown(() => Response.json(() => 1)), thrown(() => Response.json(Symbol())), thrown(() => Response.json(1n)), thrown(() => Response.json()), thrown(() => Response.json(1, { status: 204 }))]",
        ["TypeError"] * 6,
    ),
    "redirect": (
        "const r = Response.redirect('http://a/b?c', 301); return [r.status, r.headers.get('location'), r.type, r.body, Response.redirect('http://é').status]",
        [301, "http://a/b?c", "default", None, 302],
    ),
    "redirects that are none": (
        "[thrown(() => Response.redirect('/a')), thrown(() => Response.redirect('http://a', 200)), thrown(() => Response.redirect('http://a', 306)), thrown(() => Response.redirect())]",
        ["TypeError", "RangeError", "RangeError", "TypeError"],
    ),
    "error": (
        "const r = Response.error(); return [r.type, r.status, r.ok, r.statusText, r.body, thrown(() => r.headers.append('a', 'b'))]",
        ["error", 0, False, "", None, "TypeError"],
    ),
    "a clone is another": (
        "const r = new Response('abc', { status: 201, headers: { a: '1' } }); const c = r.clone(); c.headers.set('a', '2'); return [c.status, r.headers.get('a'), await r.text(), c.bodyUsed, await c.text(), r.bodyUsed]",
        [201, "1", "abc", False, "abc", True],
    ),
    "a clone of a stream is teed": (
        "const r = new Response(streamed('ab', 'c')); const c = r.clone(); return [await c.text(), await r.text()]",
        ["abc", "abc"],
    ),
    "a clone's chunks are copies": (
        "const chunk = new Int8Array([1, 2]); const r = new Response(new ReadableStream({ start(c) { c.enqueue(chunk); c.close() } })); const c = r.clone(); const [a, b] = [await r.body.getReader().read(), await c.body.getReader().read()]; return [a.value === chunk, b.value === chunk, b.value instanceof Int8Array, [...b.value]]",
        [True, False, True, [1, 2]],
    ),
    "a clone of an empty one": ("const c = new Response(null).clone(); return [c.body, await c.text()]", [None, ""]),
    "no clone of a used or locked one": (
        "const r = new Response('x'); await r.text(); const l = new Response('x'); l.body.getReader(); return [thrown(() => r.clone()), thrown(() => l.clone())]",
        ["TypeError"] * 2,
    ),
    "a clone keeps an immutable guard": (
        "thrown(() => Response.redirect('http://a').clone().headers.set('a', 'b'))",
        "TypeError",
    ),
    "headers are the same object": ("const r = new Response(); return r.headers === r.headers", True),
    "members as the platform has them": (
        "[Response.length, Object.keys(Response), String(new Response()), Reflect.ownKeys(new Response('x')), Object.keys(Response.prototype).sort().join(), Response.prototype.text.length]",
        [
            0,
            ["json", "redirect", "error"],
            "[object Response]",
            [],
            "arrayBuffer,blob,body,bodyUsed,bytes,clone,formData,headers,json,ok,redirected,status,statusText,text,type,url",
            0,
        ],
    ),
    "strangers are refused": (
        "const o = Object.create(Response.prototype); return [thrown(() => o.status), thrown(() => o.body), thrown(() => o.clone()), await rejected(() => o.text()), await rejected(Response.prototype.json.call({}))]",
        ["TypeError"] * 5,
    ),
    "it must be constructed": ("thrown(() => Response('x'))", "TypeError"),
    "a subclass works": (
        "class Page extends Response { constructor(t) { super(t, { headers: { 'content-type': 'text/html' } }) } }; const p = new Page('hi'); return [p instanceof Response, p.clone() instanceof Page, await p.text()]",
        [True, False, "hi"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_responses_are_as_the_fetch_standard_has_them(answers: dict[str, Any], name: str) -> None:
    assert answers[name] == CASES[name][1]
