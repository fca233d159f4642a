"""URL and URLSearchParams, by the URL standard."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.table import Cases

CASES: Cases = {
    "an address is normalised": ('new URL("HTTPS://EXAMPLE.com:443/a/../b?x=1#y").href', "https://example.com/b?x=1#y"),
    "a base is followed": ('new URL("../c?d", "http://h/a/b/").href', "http://h/a/c?d"),
    "a base may be a URL": ('new URL("x", new URL("http://h/a/b")).href', "http://h/a/x"),
    "hosts become punycode": (
        'new URL("http://münchen.de/ä?q=ü#ß").href',
        "http://xn--mnchen-3ya.de/%C3%A4?q=%C3%BC#%C3%9F",
    ),
    "an IPv4 address in any spelling": ('new URL("http://0x7f.1/").host', "127.0.0.1"),
    "an IPv6 address": ('new URL("http://[0:0::1]:80/").host', "[::1]"),
    "all the parts": (
        'const u = new URL("https://us%20er:pa@h.org:81/p/q?s=1#f"); return [u.origin, u.protocol, u.username, u.password, u.host, u.hostname, u.port, u.pathname, u.search, u.hash]',
        ["https://h.org:81", "https:", "us%20er", "pa", "h.org:81", "h.org", "81", "/p/q", "?s=1", "#f"],
    ),
    "parts can be set": (
        'const u = new URL("http://a/b"); u.protocol = "https"; u.host = "c:8"; u.pathname = "x y"; u.search = "q=1"; u.hash = "h"; u.username = "me"; u.password = "p:"; u.port = "9"; return u.href',
        "https://me:p%3A@c:9/x%20y?q=1#h",
    ),
    "a bad part is not taken": (
        'const u = new URL("http://a:1/"); u.port = "x"; u.protocol = "mailto"; u.host = ""; return u.href',
        "http://a:1/",
    ),
    "a part can be taken away": (
        'const u = new URL("http://a:1/?q#h"); u.search = u.hash = u.port = ""; return u.href',
        "http://a/",
    ),
    "href can be set": (
        'const u = new URL("http://a/?x"); const p = u.searchParams; u.href = "http://b/?y=2"; return [u.host, p.get("y"), p === u.searchParams]',
        ["b", "2", True],
    ),
    "opaque origins": (
        '[new URL("data:,x").origin, new URL("blob:https://a/1").origin, new URL("file:///a").origin]',
        ["null", "https://a", "null"],
    ),
    "an opaque path is not set": (
        'const u = new URL("mailto:a@b"); u.host = "x"; u.pathname = "y"; return u.href',
        "mailto:a@b",
    ),
    "it is JSON and text": (
        'const u = new URL("http://a"); return [JSON.stringify({ u }), `${u}`, u + ""]',
        ['{"u":"http://a/"}', "http://a/", "http://a/"],
    ),
    "what cannot be parsed": (
        '["", "//x", "http://", "http://a b/", "http://[1", "http://a:99999"].map((x) => thrown(() => new URL(x)))',
        ["TypeError"] * 6,
    ),
    "canParse and parse": (
        '[URL.canParse("http://a"), URL.canParse("a"), URL.canParse("a", "http://b"), URL.parse("a"), URL.parse("a", "http://b").href]',
        [True, False, True, None, "http://b/a"],
    ),
    "arguments are needed": (
        "[thrown(() => new URL()), thrown(() => URL('http://a')), thrown(() => URL.canParse())]",
        ["TypeError"] * 3,
    ),
    "half characters are replaced": ('new URL("http://a/\\ud800").href', "http://a/%EF%BF%BD"),
    "the search follows its parameters": (
        'const u = new URL("http://a/?x=1&y=2"); u.searchParams.append("z", "3 4"); u.searchParams.delete("x"); return [u.href, u.search]',
        ["http://a/?y=2&z=3+4", "?y=2&z=3+4"],
    ),
    "and they follow the search": (
        'const u = new URL("http://a/?x=1"); const p = u.searchParams; u.search = "?b=2&b=3"; return [...p]',
        [["b", "2"], ["b", "3"]],
    ),
    "taking the last one away takes the question mark": (
        'const u = new URL("http://a/?x=1#h"); u.searchParams.delete("x"); return u.href',
        "http://a/#h",
    ),
    "members as the platform has them": (
        "[URL.name, URL.length, URL.prototype[Symbol.toStringTag], Object.getOwnPropertyDescriptor(URL.prototype, 'href').enumerable, Object.keys(URL)]",
        ["URL", 1, "URL", True, ["parse", "canParse"]],
    ),
    "it has no own properties": ("Reflect.ownKeys(new URL('http://a'))", []),
    "a stranger to the class is refused": (
        "[thrown(() => Object.create(URL.prototype).href), thrown(() => URL.prototype.toString.call({}))]",
        ["TypeError"] * 2,
    ),
    # URLSearchParams
    "text is parsed": (
        '[...new URLSearchParams("?a=1&b=%20+c&&d&=e")]',
        [["a", "1"], ["b", "  c"], ["d", ""], ["", "e"]],
    ),
    "bytes that are no UTF-8 are replaced": ('new URLSearchParams("a=%ff%C3%A9").get("a")', "\ufffdé"),
    "pairs, records, others": (
        '[new URLSearchParams([["a", 1], ["a", null]]), new URLSearchParams({ b: 2, c: undefined }), new URLSearchParams(new URLSearchParams("d=3")), new URLSearchParams(new Map([["e", 4]])), new URLSearchParams(null), new URLSearchParams()].map(String)',
        ["a=1&a=null", "b=2&c=undefined", "d=3", "e=4", "null=", ""],
    ),
    "what is no pair": (
        "[thrown(() => new URLSearchParams([['a']])), thrown(() => new URLSearchParams([['a', 'b', 'c']])), thrown(() => new URLSearchParams([1])), thrown(() => new URLSearchParams({ [Symbol.iterator]: 1 }))]",
        ["TypeError"] * 4,
    ),
    "reading": (
        'const p = new URLSearchParams("a=1&b=2&a=3"); return [p.get("a"), p.get("x"), p.getAll("a"), p.has("a"), p.has("a", "2"), p.has("b", "2"), p.size]',
        ["1", None, ["1", "3"], True, False, True, 3],
    ),
    "writing": (
        'const p = new URLSearchParams("a=1&b=2&a=3&c=4"); p.set("a", "x"); p.set("n", "y"); p.append("b", "z"); p.delete("b", "2"); p.delete("c"); return String(p)',
        "a=x&n=y&b=z",
    ),
    "sorting is stable and by units": (
        'const p = new URLSearchParams("z=1&\\ufb03=2&\\u{1f308}=3&z=0&a="); p.sort(); return [...p.keys()]',
        ["a", "z", "z", "\U0001f308", "\ufb03"],
    ),
    "it is written as a form is": ('String(new URLSearchParams({ "a b": "é*-._~!\\n" }))', "a+b=%C3%A9*-._%7E%21%0A"),
    "iterating": (
        'const p = new URLSearchParams("a=1&b=2"); const seen = []; p.forEach((v, k, self) => seen.push(k, v, self === p)); return [[...p.keys()], [...p.values()], [...p.entries()], seen, p[Symbol.iterator] === p.entries]',
        [["a", "b"], ["1", "2"], [["a", "1"], ["b", "2"]], ["a", "1", True, "b", "2", True], True],
    ),
    "changes while iterating are seen": (
        'const p = new URLSearchParams("a=1&b=2&c=3"); const seen = []; for (const [k] of p) { seen.push(k); if (k === "a") p.delete("b") } return seen',
        ["a", "c"],
    ),
    "the iterator is one": (
        "const i = new URLSearchParams('a=1').entries(); return [Object.prototype.toString.call(i), i[Symbol.iterator]() === i, i.next(), i.next(), Object.keys(Object.getPrototypeOf(i))]",
        ["[object URLSearchParams Iterator]", True, {"value": ["a", "1"], "done": False}, {"done": True}, ["next"]],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_addresses_are_as_the_url_standard_has_them(answers: dict[str, Any], name: str) -> None:
    assert answers[name] == CASES[name][1]
