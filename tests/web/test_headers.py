"""Headers, by the Fetch standard."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.table import Cases

CASES: Cases = {
    "names in lower case, sorted, values trimmed": (
        '[...new Headers({ "X-B": " 1\\t", accept: "\\r\\n2 ", "Content-Type": "t" })]',
        [["accept", "2"], ["content-type", "t"], ["x-b", "1"]],
    ),
    "values of one name are combined": (
        'const h = new Headers([["a", "1"], ["A", "2"], ["b", "3"]]); h.append("a", "4"); return [h.get("a"), [...h]]',
        ["1, 2, 4", [["a", "1, 2, 4"], ["b", "3"]]],
    ),
    "cookies are not": (
        'const h = new Headers([["set-cookie", "a=1"], ["Set-Cookie", "b=2"], ["x", "y"], ["a", "z"]]); return [[...h], h.getSetCookie(), h.get("set-cookie"), new Headers().getSetCookie()]',
        [[["a", "z"], ["set-cookie", "a=1"], ["set-cookie", "b=2"], ["x", "y"]], ["a=1", "b=2"], "a=1, b=2", []],
    ),
    "set replaces all, at the first one's place": (
        'const h = new Headers([["a", "1"], ["b", "2"], ["a", "3"]]); h.set("A", "4"); h.set("c", "5"); return [...h]',
        [["a", "4"], ["b", "2"], ["c", "5"]],
    ),
    "has, get and delete": (
        'const h = new Headers({ a: "1" }); const before = [h.has("A"), h.has("b"), h.get("b")]; h.delete("A"); h.delete("b"); return [before, h.has("a"), [...h]]',
        [[True, False, None], False, []],
    ),
    "names that are none": (
        '["", " a", "a b", "a:", "é", "a\\n", "(", "a\\0"].map((n) => [thrown(() => new Headers([[n, "1"]])), thrown(() => new Headers().get(n)), thrown(() => new Headers().delete(n))].join())',
        ["TypeError,TypeError,TypeError"] * 8,
    ),
    "values that are none": (
        '["a\\nb", "a\\rb", "a\\0b", "\\u0100", "a\\r\\nx: y"].map((v) => [thrown(() => new Headers({ a: v })), thrown(() => new Headers().append("a", v)), thrown(() => new Headers().set("a", v))].join())',
        ["TypeError,TypeError,TypeError"] * 5,
    ),
    "any other byte is good": ('new Headers({ a: "\\x01\\x7f\\xff é" }).get("a") === "\\x01\\x7f\\xff é"', True),
    "values are converted": (
        "const h = new Headers({ a: 1, b: null, c: undefined, d: { toString: () => 'x' } }); h.append('e', true); return [...h].map((p) => p[1])",
        ["1", "null", "undefined", "x", "true"],
    ),
    "made of Headers, a Map, a generator": (
        "[new Headers(new Headers({ a: '1' })), new Headers(new Map([['b', '2']])), new Headers((function* () { yield ['c', '3']; yield new Set(['d', '4']) })())].map((h) => [...h])",
        [[["a", "1"]], [["b", "2"]], [["c", "3"], ["d", "4"]]],
    ),
    "made of what is neither": (
        "[null, 1, 'a', [['a']], [['a', 'b', 'c']], ['ab', 'cd'], [1], { [Symbol('x')]: 1 }].map((x) => thrown(() => new Headers(x)))",
        ["TypeError"] * 8,
    ),
    "nothing is fine": (
        "[[...new Headers()], [...new Headers(undefined)], [...new Headers({})], [...new Headers([])]]",
        [[], [], [], []],
    ),
    "a name beyond a byte is refused before its value is read": (
        "const seen = []; try { new Headers({ get a() { seen.push('a'); return 1 }, get '\\uffff'() { seen.push('read') } }) } catch (e) { seen.push(e.name) } return seen",
        ["a", "TypeError"],
    ),
    "a record's order, each read once": (
        "const seen = []; new Headers(new Proxy({ b: '1', a: '2' }, { get: (o, k) => (seen.push(String(k)), o[k]), ownKeys: () => (seen.push('keys'), ['b', 'a']) })); return seen",
        ["Symbol(Symbol.iterator)", "keys", "b", "a"],
    ),
    "arguments are needed": (
        "['append', 'set', 'get', 'has', 'delete', 'forEach'].map((m) => thrown(() => new Headers()[m]()))",
        ["TypeError"] * 6,
    ),
    "iterating": (
        "const h = new Headers({ b: '2', a: '1' }); const seen = []; h.forEach(function (v, k, all) { seen.push(v, k, all === h, this.x) }, { x: 5 }); return [[...h.keys()], [...h.values()], [...h.entries()], seen, h[Symbol.iterator] === h.entries, h.entries.name]",
        [["a", "b"], ["1", "2"], [["a", "1"], ["b", "2"]], ["1", "a", True, 5, "2", "b", True, 5], True, "entries"],
    ),
    "changes while iterating are seen": (
        "const h = new Headers({ a: '1', b: '2', c: '3' }); const seen = []; for (const [k] of h) { seen.push(k); if (k === 'a') { h.delete('b'); h.append('d', '4') } } return seen",
        ["a", "c", "d"],
    ),
    "the iterator is one": (
        "const i = new Headers({ a: '1' })[Symbol.iterator](); return [String(i), Object.getPrototypeOf(Object.getPrototypeOf(i)) === Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())), i.next(), i.next(), thrown(() => i.next.call({}))]",
        ["[object Headers Iterator]", True, {"value": ["a", "1"], "done": False}, {"done": True}, "TypeError"],
    ),
    "no name is forbidden on a server": (
        "const r = new Request('http://a', { headers: { host: 'x', cookie: 'y', origin: 'z', 'sec-fetch-mode': 'w' } }); return [...r.headers.keys()]",
        ["cookie", "host", "origin", "sec-fetch-mode"],
    ),
    "immutable ones throw": (
        "const h = Response.redirect('http://a').headers; return [h.get('location'), thrown(() => h.set('a', 'b')), thrown(() => h.append('a', 'b')), thrown(() => h.delete('location')), thrown(() => h.set('a b', ''))]",
        ["http://a/", "TypeError", "TypeError", "TypeError", "TypeError"],
    ),
    "a copy of immutable ones is one's own": (
        "const h = new Headers(Response.error().headers); h.set('a', 'b'); return [...h]",
        [["a", "b"]],
    ),
    "members as the platform has them": (
        "[Headers.length, Headers.name, Object.keys(Headers.prototype), String(new Headers()), Reflect.ownKeys(new Headers({ a: '1' }))]",
        [
            0,
            "Headers",
            ["append", "delete", "get", "getSetCookie", "has", "set", "keys", "values", "entries", "forEach"],
            "[object Headers]",
            [],
        ],
    ),
    "strangers are refused": (
        "['append', 'get', 'keys', 'getSetCookie'].map((m) => thrown(() => Headers.prototype[m].call(Object.create(Headers.prototype), 'a', 'b')))",
        ["TypeError"] * 4,
    ),
    "a subclass works": (
        "class Mine extends Headers { get x() { return this.get('x') } }; return [new Mine({ x: '1' }).x, new Mine() instanceof Headers]",
        ["1", True],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_headers_are_as_the_fetch_standard_has_them(answers: dict[str, Any], name: str) -> None:
    assert answers[name] == CASES[name][1]
