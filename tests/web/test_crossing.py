"""The web's objects between owners: there and back as copies, into the store and out, bodies that stream, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.semantics.live import World
from tests.web.table import PRELUDE, Cases

VALS = {
    "same": "export const same = (x) => x",
    "named": "export const named = (x) => [x.constructor.name, x instanceof globalThis[x.constructor.name], Object.prototype.toString.call(x)]",
    "text": "export const text = async (x) => { const t = await x.text(); return [t, x.bodyUsed] }",
    "first": "export const first = async (x) => { const r = x.body.getReader(); const { value } = await r.read(); await r.cancel('enough'); return [...value] }",
    "respond": "export const respond = (...parts) => new Response(new ReadableStream({ start(c) { for (const p of parts) c.enqueue(p); c.close() } }))",
    "slow": "export const slow = () => { let n = 0; return new Response(new ReadableStream({ async pull(c) { await new Promise((d) => setTimeout(d, 1)); c.enqueue(new Uint8Array([97 + n])); if (++n === 3) c.close() } })) }",
    "liar": "export const liar = (x) => new Response(new ReadableStream({ start(c) { c.enqueue(x); c.close() } }))",
    "told": "export const told = (f) => new Response(new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(1)) }, cancel(r) { f(r) } }))",
    "fails": "export const fails = () => new Response(new ReadableStream({ pull() { throw new RangeError('at home') } }))",
    "heard": "export const heard = (r) => { let n = 0; r.signal.addEventListener('abort', () => n++); return () => [n, r.signal.aborted, r.signal.reason] }",
    "all": "export const all = () => { const f = new FormData(); f.append('a', new File(['a'], 'n')); return [new URL('http://a/?x=1'), new URLSearchParams('a=1'), new Headers({ a: 'b' }), new Response('x', { headers: { a: 'b' } }), new Response(new Uint8Array(3)), new Request('http://a', { method: 'PUT', body: 'x' }), new File(['a'], 'n'), f] }",
    "target": "export const target = (t) => { t.dispatchEvent(new CustomEvent('x', { detail: 5 })) }",
    "abort": "export const abort = (c) => c.abort('from B')",
}
CASES: Cases = {
    "each is one of the receiver's own": (
        "[new URL('http://a'), new URLSearchParams(), new Headers(), new Request('http://a'), new Response(), new Blob(), new File([], 'n'), new FormData()].map((x) => @B.named(x).join())",
        [f"{name},true,[object {name}]" for name in ("URL", "URLSearchParams", "Headers", "Request", "Response", "Blob", "File", "FormData")],
    ),
    "a URL": ("const u = @B.same(new URL('http://é/?a=1#b')); u.searchParams.append('c', '2'); return [u.href, u instanceof URL]", ["http://xn--9ca/?a=1&c=2#b", True]),
    "a URL of another kind": ("['data:,x', 'file:///a', 'mailto:a@b', 'blob:http://a/1', 'http://u:p@[::1]:8/%20'].map((u) => @B.same(new URL(u)).href)", ["data:,x", "file:///a", "mailto:a@b", "blob:http://a/1", "http://u:p@[::1]:8/%20"]),
    "search parameters": ("[...@B.same(new URLSearchParams('a=1&b=é&a=2'))]", [["a", "1"], ["b", "é"], ["a", "2"]]),
    "a great many of them": ("const p = new URLSearchParams(); for (let i = 0; i < 40000; i++) p.append('k', 'v'); const q = @B.same(p); return [q.size, q.getAll('k').length]", [40000, 40000]),
    "those of a URL are no part of it there": ("const u = new URL('http://a/?x=1'); @B.same(u.searchParams).append('y', '2'); return u.href", "http://a/?x=1"),
    "headers, their order and guard": ("const h = @B.same(new Headers([['b', '1'], ['set-cookie', 'x'], ['a', '2'], ['set-cookie', 'y']])); const g = @B.same(Response.redirect('http://a').headers); h.append('c', '3'); return [[...h], thrown(() => g.set('a', 'b'))]", [[["a", "2"], ["b", "1"], ["c", "3"], ["set-cookie", "x"], ["set-cookie", "y"]], "TypeError"]),
    "a Blob and a File": ("const [b, f] = @B.same([new Blob(['ab', bytes(255)], { type: 'x/y' }).slice(1), new File(['c'], 'é', { type: 't/u', lastModified: 9 })]); return [b.type, [...await b.bytes()], f.name, f.type, f.lastModified, await f.text()]", ["", [98, 255], "é", "t/u", 9, "c"]),
    "a Blob of a body": (
        "const b = @B.same(await new Response('x', { headers: { 'content-type': 'A/B;C=\"D\u00ff\"' } }).blob()); return [b.type, await b.text()]",
        ['a/b;c="Dÿ"', "x"],
    ),
    "a form with a file": ("const f = new FormData(); f.append('a', '1'); f.append('b', new File(['x'], 'n')); const g = @B.same(f); return [[...g.keys()], g.get('a'), g.get('b').name, await g.get('b').text()]", [["a", "b"], "1", "n", "x"]),
    "a Response with a text": ("const r = @B.same(new Response('é', { status: 201, statusText: 'Made', headers: { a: 'b' } })); return [r.status, r.statusText, [...r.headers], await r.text()]", [201, "Made", [["a", "b"], ["content-type", "text/plain;charset=UTF-8"]], "é"]),
    "with bytes, with nothing, an error, a redirect": ("const [a, b, c, d] = @B.same([new Response(bytes(1, 2, 3).subarray(1)), new Response(null), Response.error(), Response.redirect('http://a')]); return [[...await a.bytes()], b.body, c.type, c.status, d.status, d.headers.get('location')]", [[2, 3], None, "error", 0, 302, "http://a/"]),
    "the sender's stays usable": ("const r = new Response('x'); const back = @B.same(r); return [await r.text(), await back.text(), await @B.text(new Response('y'))]", ["x", "x", ["y", True]]),
    "a Request": ("const r = @B.same(new Request('http://a/b', { method: 'PUT', body: 'x', headers: { a: 'b' }, redirect: 'error', cache: 'no-store', credentials: 'omit', mode: 'same-origin', keepalive: true, integrity: 'i', referrer: '' })); return [r.method, r.url, r.headers.get('a'), await r.text(), r.redirect, r.cache, r.credentials, r.mode, r.keepalive, r.integrity, r.referrer, r.signal.aborted]", ["PUT", "http://a/b", "b", "x", "error", "no-store", "omit", "same-origin", True, "i", "", False]),
    "a Request made of one that came": ("const r = new Request(@B.same(new Request('http://a', { method: 'POST', body: 'x' })), { headers: { c: 'd' } }); return [r.method, await r.text(), r.headers.get('c')]", ["POST", "x", "d"]),
    "a stream is teed": ("const r = new Response(streamed('a', 'bc')); const back = @B.same(r); return [await r.text(), await back.text(), await @B.text(new Response(streamed('d', 'e')))]", ["abc", "abc", ["de", True]]),
    "a body looked at goes as a stream's": ("const r = new Response('abc'); r.body; const back = @B.same(r); return [await back.text(), await r.text()]", ["abc", "abc"]),
    "a stream of a Request": ("await @B.text(new Request('http://a', { method: 'POST', body: streamed('x', 'y'), duplex: 'half' }))", ["xy", True]),
    "it is read as it comes": ("await @B.slow().text()", "abc"),
    "its stream is read": ("[await chunks(@B.slow().body), await @B.first(new Response(streamed('pq', 'r')))]", [[[97], [98], [99]], [112, 113]]),
    "it is cloned": ("const r = @B.slow(); const c = r.clone(); return [await r.text(), await c.text()]", ["abc", "abc"]),
    "it goes on to others": ("await @B.same(@B.slow()).text()", "abc"),
    "cancelling reaches home, once all branches are": ("let why = 'nothing'; await @B.told((r) => { why = r }).body.cancel('enough'); await new Promise((d) => setTimeout(d, 5)); return why", "nothing"),
    "what fails at home fails here": ("await (async () => { try { await @B.fails().text() } catch (e) { return [e.name, e.message] } })()", ["RangeError", "at home"]),
    "what is no bytes is refused": ("[await rejected(() => @B.liar('text').text()), await rejected(() => @B.liar({ length: 5 }).bytes()), await rejected(() => chunks(@B.liar(7).body))]", ["TypeError"] * 3),
    "a signal is heard there": ("const c = new AbortController(); const seen = @B.heard(new Request('http://a', { signal: c.signal })); c.abort('why'); return seen()", [1, True, "why"]),
    "a signal that aborted": ("@B.heard(new Request('http://a', { signal: AbortSignal.abort('gone') }))()", [0, True, "gone"]),
    "a signal comes home": ("const c = new AbortController(); const r = @B.same(new Request('http://a', { signal: c.signal })); const s = r.signal; c.abort(1); return [s.aborted, s.reason]", [True, 1]),
    "a controller is used there": ("const c = new AbortController(); const seen = []; c.signal.onabort = (e) => seen.push(e.type); @B.abort(c); return [seen, c.signal.reason]", [["abort"], "from B"]),
    "one's own fetch and a foreign signal": ("const any = AbortSignal.any([@B.same(AbortSignal.abort('x'))]); return [any.aborted, any.reason, @B.same(AbortSignal.abort(1)) instanceof AbortSignal]", [True, "x", True]),
    "shared references stay shared": ("const u = new URL('http://a'); const [a, b] = @B.same([u, u]); const r = new Response('x'); const o = @B.same({ r, list: [r] }); return [a === b, o.r === o.list[0], a === u]", [True, True, False]),
    "a subclass goes by reference": ("class Page extends Response { get mine() { return 'mine' } }; const p = new Page('x'); const back = @B.same(p); return [back === p, back.mine, await @B.text(p)]", [True, "mine", ["x", True]]),
    "what only looks like one goes as it is": ("const o = Object.create(Response.prototype); return @B.same(o) === o", True),
    "used and locked ones are refused": (
        "const used = new Response('x'); await used.text(); const locked = new Response('x'); locked.body.getReader(); const q = new Request('http://a', { method: 'POST', body: 'x' }); await q.text(); const said = (x) => { try { @B.same({ a: [x] }); return 'nothing' } catch (e) { return [e.name, e.message] } }; return [said(used), said(locked), said(q)]",
        [["DataCloneError", "a body that is used cannot be sent: args[0].a[0]"], ["DataCloneError", "a locked body cannot be sent: args[0].a[0]"], ["DataCloneError", "a body that is used cannot be sent: args[0].a[0]"]],
    ),
    "what the receiver patched is not run": (
        "let n = 0; const f = @B.all; const patch = (o, k) => { const was = o[k]; Object.defineProperty(o, k, { configurable: true, get() { n++; return was }, set() { n++ } }) }; for (const [o, k] of [[Array.prototype, Symbol.iterator], [Array.prototype, 'push'], [Array.prototype, 'slice'], [Array.prototype, 'constructor'], [Array.prototype, '0'], [RegExp.prototype, 'exec'], [RegExp.prototype, 'test'], [String.prototype, 'isWellFormed'], [String.prototype, 'toLowerCase'], [Object.prototype, 'get'], [Uint8Array.prototype, 'slice']]) patch(o, k); Object.setPrototypeOf(File, class { constructor() { n++ } }); n = 0; f(); const seen = n; return seen",
        0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_webs_objects_cross(answers: dict[str, Any], name: str) -> None:
    assert answers[name] == CASES[name][1]


KEPT = {
    "a URL": ("new URL('http://a/?b#c')", "x.href", "http://a/?b#c"),
    "search parameters": ("new URLSearchParams('a=1')", "String(x)", "a=1"),
    "headers": ("new Headers({ a: '1' })", "[...x]", [["a", "1"]]),
    "a Response": ("new Response('t', { status: 404 })", "[x.status, await x.text()]", [404, "t"]),
    "a Request": (
        "new Request('http://a', { method: 'POST', body: 'b' })",
        "[x.method, await x.text()]",
        ["POST", "b"],
    ),
    "a Blob": ("new Blob(['b'], { type: 'x/y' })", "[x.type, await x.text()]", ["x/y", "b"]),
    "a File": ("new File(['b'], 'n')", "[x.name, await x.text()]", ["n", "b"]),
    "a form": ("(() => { const f = new FormData(); f.append('a', '1'); return f })()", "[...x]", [["a", "1"]]),
}


@pytest.mark.parametrize("name", KEPT)
async def test_they_are_kept_as_data_and_read_by_others(world: World, name: str) -> None:
    code, look, expected = KEPT[name]
    assert (await world.save("B", f"export const it = {code}")).kind == "data"
    assert await world.eval(f"{PRELUDE} const x = @B.it; return {look}") == expected
    await world.eval(f"@me.kept = {code}")
    assert await world.eval(f"const x = @me.kept; return {look}") == expected


async def test_a_body_that_streams_is_no_data(world: World) -> None:
    error = await world.error(f"{PRELUDE} @me.kept = {{ r: new Response(streamed('a')) }}")
    assert (error.name, error.message) == ("DataCloneError", "a function cannot be sent: @me.kept.r")
