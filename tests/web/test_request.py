"""Request, by the Fetch standard."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.table import Cases

CASES: Cases = {
    "what it is without anything": (
        "const r = new Request('HTTP://A/b#c'); return [r.method, r.url, [...r.headers], r.destination, r.referrer, r.referrerPolicy, r.mode, r.credentials, r.cache, r.redirect, r.integrity, r.keepalive, r.body, r.bodyUsed, r.duplex, r.signal.aborted, r.isReloadNavigation, r.isHistoryNavigation]",
        [
            "GET",
            "http://a/b#c",
            [],
            "",
            "about:client",
            "",
            "cors",
            "same-origin",
            "default",
            "follow",
            "",
            False,
            None,
            False,
            "half",
            False,
            False,
            False,
        ],
    ),
    "what it is told": (
        "const r = new Request(new URL('http://a'), { method: 'PUT', headers: { x: 'y' }, body: 'b', redirect: 'manual', cache: 'no-store', credentials: 'include', mode: 'same-origin', referrer: '', referrerPolicy: 'origin', integrity: 'sha', keepalive: 1, priority: 'high' }); return [r.method, [...r.headers], r.redirect, r.cache, r.credentials, r.mode, r.referrer, r.referrerPolicy, r.integrity, r.keepalive]",
        [
            "PUT",
            [["content-type", "text/plain;charset=UTF-8"], ["x", "y"]],
            "manual",
            "no-store",
            "include",
            "same-origin",
            "",
            "origin",
            "sha",
            True,
        ],
    ),
    "methods are normalised": (
        "['get', 'Post', 'delete', 'put', 'head', 'options', 'patch', 'PATCH', 'foo'].map((method) => new Request('http://a', { method }).method)",
        ["GET", "POST", "DELETE", "PUT", "HEAD", "OPTIONS", "patch", "PATCH", "foo"],
    ),
    "methods that are none": (
        "['', 'a b', 'CONNECT', 'trace', 'Track', 'é', 'GET\\n'].map((method) => thrown(() => new Request('http://a', { method })))",
        ["TypeError"] * 7,
    ),
    "addresses that are none": (
        "['/a', '', 'http://', 'http://u:p@a', 'http://u@a'].map((u) => thrown(() => new Request(u))).concat(thrown(() => new Request()))",
        ["TypeError"] * 6,
    ),
    "no body with GET and HEAD": (
        "[thrown(() => new Request('http://a', { body: '' })), thrown(() => new Request('http://a', { method: 'head', body: 'x' })), new Request('http://a', { body: null }).body]",
        ["TypeError", "TypeError", None],
    ),
    "choices that are none": (
        "['mode', 'credentials', 'cache', 'redirect', 'referrerPolicy', 'duplex', 'priority'].map((key) => thrown(() => new Request('http://a', { [key]: 'nope' })))",
        ["TypeError"] * 7,
    ),
    "no-cors goes with few methods": (
        "['GET', 'POST', 'PUT'].map((method) => thrown(() => new Request('http://a', { mode: 'no-cors', method })))",
        ["nothing", "nothing", "TypeError"],
    ),
    "only-if-cached, navigate and window": (
        "[thrown(() => new Request('http://a', { cache: 'only-if-cached' })), thrown(() => new Request('http://a', { mode: 'navigate' })), thrown(() => new Request('http://a', { window: 1 })), new Request('http://a', { cache: 'only-if-cached', mode: 'same-origin' }).cache, new Request('http://a', { window: null }).url]",
        ["TypeError", "TypeError", "TypeError", "only-if-cached", "http://a/"],
    ),
    "a stream needs duplex": (
        "[thrown(() => new Request('http://a', { method: 'POST', body: streamed('a') })), await new Request('http://a', { method: 'POST', body: streamed('ab'), duplex: 'half' }).text()]",
        ["TypeError", "ab"],
    ),
    "made of another": (
        "const a = new Request('http://a', { method: 'POST', body: 'x', headers: { a: '1' } }); const b = new Request(a, { headers: { b: '2' } }); return [b.method, a.bodyUsed, b.bodyUsed, await b.text(), [...b.headers], a.headers.get('a'), thrown(() => new Request(a))]",
        ["POST", True, False, "x", [["b", "2"]], "1", "TypeError"],
    ),
    "its stream that was looked at is locked": (
        "const a = new Request('http://a', { method: 'POST', body: 'x' }); const s = a.body; const b = new Request(a); return [a.bodyUsed, s.locked, a.body === s, await b.text()]",
        [True, True, True, "x"],
    ),
    "its headers go along": (
        "const a = new Request('http://a', { headers: { a: '1' } }); const b = new Request(a); b.headers.set('a', '2'); return [a.headers.get('a'), b.headers.get('a')]",
        ["1", "2"],
    ),
    "another body for another": (
        "const a = new Request('http://a', { method: 'POST', body: 'x' }); const b = new Request(a, { body: 'y' }); return [a.bodyUsed, await a.text(), await b.text()]",
        [False, "x", "y"],
    ),
    "its stream goes along": (
        "const a = new Request('http://a', { method: 'POST', body: streamed('ab'), duplex: 'half' }); const b = new Request(a); return [a.bodyUsed, await b.text(), await rejected(() => a.text())]",
        [True, "ab", "TypeError"],
    ),
    "a clone": (
        "const a = new Request('http://a', { method: 'POST', body: 'x', headers: { a: '1' } }); const b = a.clone(); b.headers.set('a', '2'); return [a.headers.get('a'), await a.text(), await b.text(), b.method, thrown(() => a.clone())]",
        ["1", "x", "x", "POST", "TypeError"],
    ),
    "a signal is followed, not the same": (
        "const c = new AbortController(); const r = new Request('http://a', { signal: c.signal }); const before = [r.signal === c.signal, r.signal === r.signal, r.signal.aborted]; c.abort('why'); return [before, r.signal.aborted, r.signal.reason]",
        [[False, True, False], True, "why"],
    ),
    "a signal that aborted already": (
        "const r = new Request('http://a', { signal: AbortSignal.abort(5) }); return [r.signal.aborted, r.signal.reason]",
        [True, 5],
    ),
    "clones and copies follow too": (
        "const c = new AbortController(); const r = new Request('http://a', { signal: c.signal }); const all = [r.clone(), new Request(r), new Request(r.clone())]; const free = new Request(r, { signal: null }); c.abort(); return [all.map((x) => x.signal.aborted), free.signal.aborted]",
        [[True, True, True], False],
    ),
    "signals that are none": (
        "[thrown(() => new Request('http://a', { signal: {} })), thrown(() => new Request('http://a', { signal: 1 })), new Request('http://a', { signal: null }).signal.aborted, new Request('http://a', { signal: undefined }).signal.aborted]",
        ["TypeError", "TypeError", False, False],
    ),
    "members as the platform has them": (
        "[Request.length, Request.name, String(new Request('http://a')), Reflect.ownKeys(new Request('http://a'))]",
        [1, "Request", "[object Request]", []],
    ),
    "strangers are refused": (
        "const o = Object.create(Request.prototype); return [thrown(() => o.url), thrown(() => o.signal), thrown(() => o.clone()), await rejected(() => o.json())]",
        ["TypeError"] * 4,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_requests_are_as_the_fetch_standard_has_them(answers: dict[str, Any], name: str) -> None:
    assert answers[name] == CASES[name][1]
