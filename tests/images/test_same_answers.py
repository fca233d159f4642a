"""Nobody can tell whether a guest was born of an image: vals of many kinds, with and without, to the same answers and records."""

from __future__ import annotations

import pytest

from kernel.principals import Authority
from tests.images.pair import Pair
from tests.semantics.live import PRIVATE

pytestmark = pytest.mark.asyncio(loop_scope="module")

VALS = {
    "a constant function": "export const main = () => 1",
    "a default export": "export default function main(x) { return { x } }",
    "module.exports": "module.exports = (x) => [x, typeof module, typeof exports]",
    "a class": "class Point { #x; static made = 0; constructor(x) { this.#x = x; Point.made++ } get x() { return this.#x } static #secret = 7; static tell(p) { return #x in p && Point.#secret } }\nexport const main = (x) => { const p = new Point(x); return [p.x, Point.tell(p), Point.made, p.constructor.name] }",
    "a subclass of a built-in": "class Mine extends Map { get(k) { return super.get(k) ?? 'none' } }\nclass Bad extends Error { name = 'Bad' }\nconst m = new Mine([[1, 2]]);\nexport const main = (x) => { try { throw new Bad('no') } catch (e) { return [m.get(x), m.size, e instanceof Bad, e instanceof Error, String(e), (m.set(x, 5), m.get(x))] } }",
    "a counter": "let n = 0;\nexport const main = () => ++n",
    "a map that changes": "const m = new Map([['a', 1], ['b', { c: 2 }]]);\nexport const main = (x) => { m.set(x, x); m.delete('a'); m.get('b').c++; return [...m] }",
    "a set that is emptied": "const s = new Set([1, 2, 3]);\nexport const main = (x) => { s.delete(2); s.add(x); const r = [...s]; s.clear(); s.add(9); return [r, [...s]] }",
    "a map iterated while it changes": "const m = new Map([[1, 1], [2, 2], [3, 3]]); const it = m.entries(); it.next();\nexport const main = () => { m.delete(2); m.set(4, 4); return [...it] }",
    "an array that grows": "const a = [1, 2, 3];\nexport const main = (x) => { for (let i = 0; i < 1000; i++) a.push(i); a.unshift(x); a.splice(2, 1); a.length -= 5; return [a.length, a.at(-1), a[1], a.indexOf(x)] }",
    "an array that becomes sparse": "const a = [1, 2, 3];\nexport const main = () => { a[1000] = 1; delete a[0]; a.note = 'x'; return [a.length, 0 in a, Object.keys(a)] }",
    "an object that changes shape": "const o = { a: 1, b: 2 }, twin = { a: 1, b: 2 };\nexport const main = (x) => { o.c = x; delete o.a; Object.defineProperty(o, 'b', { get: () => x, configurable: true }); o.a = 'new'; return [o, twin, Object.keys(o), Object.getOwnPropertyDescriptor(twin, 'b')] }",
    "shapes shared with the runtime": "const make = () => ({ name: 'x', message: 'y', stack: 'z' }); const kept = make();\nexport const main = (x) => { const n = make(); n.more = x; kept.other = x; const again = make(); return [n, kept, again, Object.keys(make())] }",
    "prototypes": "function P() {} P.prototype.m = function () { return this.v }; const p = new P(); p.v = 3;\nexport const main = (x) => { P.prototype.m = () => x; P.prototype.k = 1; const q = Object.create(p, { z: { value: 1 } }); Object.setPrototypeOf(p, { m: () => 'other' }); return [p.m(), new P().m(), q.v, q.z, q.k === undefined] }",
    "texts joined onto the image's": "let s = 'abc'.repeat(10); const t = s + 'd';\nexport const main = (x) => { const before = s; s += x; s += '\\u2603'; let u = t; u += x; return [s, t, u, before, s.length, 'abc'.repeat(10) === before] }",
    "texts as keys": "const k = 'key' + 1, o = { [k]: 1 };\nexport const main = (x) => { o[k + x] = 2; o['key' + '1'] = 3; delete o.key1; o.key1 = 4; return [o, k in o, Object.keys(o)] }",
    "long texts": "const long = 'x'.repeat(100000); const parts = long.split('').length;\nexport const main = (x) => [long.length + parts, (long + x).length, long.slice(5, 10) + x, long.indexOf('y')]",
    "a rope": "let rope = ''; for (let i = 0; i < 3000; i++) rope += 'abcdefgh' + i;\nexport const main = (x) => { const r = rope + x; return [r.length, r.charCodeAt(12345), r.slice(-8), rope.length] }",
    "symbols": "const own = Symbol('own'), shared = Symbol.for('shared'); const o = { [own]: 1, [shared]: 2 };\nexport const main = () => [o[own], o[Symbol.for('shared')], own.description, Symbol.keyFor(shared), Object.getOwnPropertySymbols(o).length, (delete o[own], own in o)]",
    "closures": "const make = (n) => ({ up: () => ++n, get: () => n, self() { return this } }); const a = make(1), b = make(10);\nexport const main = (x) => { a.up(); a.up(); b.up(); const c = make(x); c.up(); return [a.get(), b.get(), c.get(), a.self() === a] }",
    "a variable that closures share": "let n = 1; const up = () => n++, read = () => n; { let n = 50; globalThis.inner = () => ++n }\nexport const main = () => { up(); inner(); n *= 10; return [read(), inner(), n] }",
    "a generator half way": "function* g() { let i = 0; try { while (true) { const x = yield i++; if (x) i = x } } finally { done = true } } let done = false; const it = g(); it.next(); it.next();\nexport const main = (x) => [it.next(x), it.next(), it.return(5), done, it.next()]",
    "an async function half way": "let go; const gate = new Promise((r) => { go = r }); const waits = (async () => { const x = await gate; return x * 2 })();\nexport const main = async (x) => { go(x); return [await waits, await gate] }",
    "a generator not begun": "function* g(a) { yield a; yield* [1, 2]; return arguments.length } const it = g(7, 8);\nexport const main = () => [...it]",
    "an async generator": "async function* g() { for (let i = 0; i < 3; i++) yield i } const it = g();\nexport const main = async () => { const r = []; for await (const x of it) r.push(x); return r }",
    "promises that are settled": "const yes = Promise.resolve(4); const no = Promise.reject(new Error('x')); no.catch(() => {});\nexport const main = async () => [await yes, await no.catch((e) => e.message)]",
    "a promise that is pending": "const never = new Promise(() => {}); let n = 0;\nexport const main = async (x) => Promise.race([never, x])",
    "jobs of the top level": "let state = 'before'; Promise.resolve().then(() => { state = 'after' });\nexport const main = () => state",
    "jobs in a row": "const seen = []; queueMicrotask(() => seen.push('job')); seen.push('top');\nexport const main = async () => { seen.push('main'); const early = [...seen]; await null; return [early, seen] }",
    "weak references": "let o = { a: 1 }; const w = new WeakRef(o), ws = new WeakSet([o]), wm = new WeakMap([[o, 'v']]);\nexport const main = () => { const k = {}; wm.set(k, 1); return [w.deref().a, ws.has(o), wm.get(o), wm.get(k), (wm.delete(o), wm.has(o))] }",
    "a finalization registry": "const r = new FinalizationRegistry(() => {}); let o = {}; r.register(o, 1, o);\nexport const main = () => [r.unregister(o), r.unregister(o)]",
    "proxies": "const seen = []; const p = new Proxy({ a: 1 }, { get: (t, k, r) => { seen.push(String(k)); return Reflect.get(t, k, r) }, has: () => true });\nexport const main = (x) => { p.b = x; return [p.a, p.b, 'q' in p, seen] }",
    "getters and setters": "let v = 1; const o = { get x() { return v++ }, set x(n) { v = n } };\nexport const main = (n) => { o.x = n; return [o.x, o.x, { ...o }, JSON.stringify(o)] }",
    "frozen": "'use strict'; const f = Object.freeze({ a: [1] }), s = Object.seal({ b: 1 }), p = Object.preventExtensions([1]);\nexport const main = () => { const e = []; for (const go of [() => { f.a = 1 }, () => { delete s.b }, () => { p.push(2) }]) { try { go(); e.push('no') } catch (x) { e.push(x.name + x.message) } } f.a.push(2); s.b = 2; return [f, s, p, e, Object.isFrozen(f)] }",
    "big integers": "let big = 2n ** 200n; const inc = () => big += 1n;\nexport const main = (x) => { inc(); return [String(big), String(BigInt(x) * big), big > 2n ** 200n] }",
    "regular expressions": "const r = /(\\w+)-(\\d+)/g, sticky = /a/y; r.exec('ab-1');\nexport const main = () => { const first = r.lastIndex; const m = [...'ab-1 cd-22'.matchAll(r)].map((x) => x[2]); r.lastIndex = 0; return [first, m, r.test('zz-9'), r.lastIndex, 'ab-1'.replace(r, '$2'), sticky.test('aa'), sticky.lastIndex] }",
    "typed arrays": "const u = new Uint8Array([1, 2, 3]), v = new DataView(u.buffer), f = new Float64Array(1000).fill(1.5), r = new ArrayBuffer(4, { maxByteLength: 64 });\nexport const main = (x) => { u[0] = x; v.setUint8(1, 9); f[5] = 0; r.resize(32); const moved = u.buffer.transfer(); return [[...new Uint8Array(moved)], u.length, f.reduce((a, b) => a + b), r.byteLength, new Uint8Array(r)[31]] }",
    "dates that are given": "const d = new Date(0), fixed = Date.UTC(2020, 1, 1);\nexport const main = () => { d.setUTCFullYear(1999); return [d.toISOString(), fixed, new Date(fixed).toISOString()] }",
    "urls and headers": "const u = new URL('https://a.example/b?c=1'), h = new Headers({ A: 'b' }), p = new URLSearchParams('x=1');\nexport const main = (x) => { u.searchParams.set('d', x); h.append('a', 'c'); p.append('y', x); return [u.href, [...h], String(p)] }",
    "events": "const t = new EventTarget(), seen = []; t.addEventListener('go', (e) => seen.push(e.type), { once: true });\nexport const main = () => { t.dispatchEvent(new Event('go')); t.dispatchEvent(new Event('go')); return seen }",
    "abort": "const c = new AbortController(); c.signal.addEventListener('abort', () => { hit++ }); let hit = 0;\nexport const main = (x) => { c.abort(x); return [hit, c.signal.aborted, c.signal.reason] }",
    "text encoders and blobs": "const e = new TextEncoder(), d = new TextDecoder(), b = new Blob(['abc', 'd']);\nexport const main = async (x) => [[...e.encode(x + '\\u2603')], d.decode(new Uint8Array([226, 152, 131])), await b.text(), b.size]",
    "numbers and dates in words": "const f = new Intl.NumberFormat('de-DE'), g = new Intl.DateTimeFormat('en-US', { timeZone: 'UTC' });\nexport const main = () => [f.format(1234567.891), g.format(new Date(0)), (1e6).toLocaleString()]",
    "tagged templates": "const t = (s, ...v) => { seen.add(s); return s.raw.join('|') + v }; const seen = new Set(); const once = () => t`a${1}b\\n`; once();\nexport const main = () => { once(); once(); return [once(), seen.size] }",
    "labels, switch, destructuring": "const { a = 5, ...rest } = { b: 1, c: 2 }; const [h, , ...t] = [1, 2, 3, 4];\nexport const main = (x) => { out: for (let i = 0; ; i++) { for (;;) { if (i > 2) break out; continue out } } switch (x) { case 3: return [a, rest, h, t, 'three']; default: return 'other' } }",
    "globals of its own": "globalThis.mine = { n: 1 }; var alsoMine = 2; globalThis.Array2 = Array;\nexport const main = () => [mine.n++, mine, typeof alsoMine, Array2 === Array, Object.keys(globalThis).includes('mine')]",
    "a global that is deleted": "delete globalThis.Intl; globalThis.structuredClone = undefined;\nexport const main = () => [typeof Intl, typeof structuredClone]",
    "an accessor on a global": "let reads = 0; Object.defineProperty(globalThis, 'tricky', { get: () => ++reads, configurable: true });\nexport const main = () => [tricky, tricky, reads]",
    "a built-in that is replaced": "const real = JSON.stringify; let seen = 0; JSON.stringify = (...a) => { seen++; return real(...a) };\nexport const main = (x) => { const s = JSON.stringify({ x }); return [s, seen] }",
    "JSON.parse that is replaced": "JSON.parse = () => 'not yours';\nexport const main = (x) => [x, JSON.parse('1')]",
    "an iterator that is replaced": "Array.prototype[Symbol.iterator] = function* () { yield 'mine' };\nexport const main = (x) => [[...[1, 2]], x]",
    "a prototype that is extended": "Object.prototype.extra = 'e'; String.prototype.shout = function () { return this.toUpperCase() + '!' };\nexport const main = (x) => { const k = []; for (const key in { a: 1 }) k.push(key); return [k, ({}).extra, 'a'.shout()] }",
    "promises that are replaced": "Promise.prototype.then = ((real) => function (...a) { hits++; return real.apply(this, a) })(Promise.prototype.then); let hits = 0;\nexport const main = async (x) => { await x; const p = Promise.resolve(x); return [await p.then((y) => y), hits > 0] }",
    "Error.prepareStackTrace": "Error.prepareStackTrace = (e, sites) => sites.map((s) => s.getFunctionName()).join('<');\nexport const main = (x) => new Error('x').stack",
    "its own stacks": "const at = new Error('top').stack; function inner() { return new Error('in').stack }\nexport const main = () => [at, inner()]",
    "what throws": "const bad = (x) => { throw new TypeError(`bad ${x}`) };\nexport const main = (x) => bad(x)",
    "what throws an object of the top level": "const e = new Error('made before'); e.code = 5;\nexport const main = () => { throw e }",
    "what rejects and nobody hears": "export const main = () => { Promise.reject(new Error('unheard')); return 1 }",
    "what recurses": "export const main = () => { const f = (n) => f(n + 1) + 1; try { f(0) } catch (e) { return [e.name, e.message] } }",
    "this and arguments": "const self = typeof this, f = function () { return [typeof this, arguments.length] };\nexport const main = function (x) { return [self, f(1, 2), typeof this, arguments.length] }",
    "functions made of text": "const f = new Function('a', 'return a * 2'), g = (0, eval)('(x) => x + 1'); var v = 5;\nexport const main = (x) => [f(x), g(x), new Function('return typeof v')(), String(f).length]",
    "source texts": "function shown(a, b) { return a + b /* here */ }\nexport const main = () => [String(shown), main.name, main.length, shown.name]",
    "a name that reads itself": "export function main(n) { return n <= 1 ? 1 : n * main(n - 1) }",
    "memory that is dropped": "const keep = Array.from({ length: 1000 }, (_, i) => ({ i, s: 'k' + i }));\nexport const main = () => { let n = 0; for (let i = 0; i < 3000; i++) { const a = { big: new Uint8Array(16384), back: null }; a.back = a; n += a.big.length } keep[5].s = 'changed'; return [n, keep.length, keep.reduce((x, o) => x + o.i, 0), keep[5], keep[6]] }",
    "cycles through the image": "const root = { kids: [] }; root.self = root;\nexport const main = () => { for (let i = 0; i < 60000; i++) { const kid = { root, up: null }; kid.up = kid; root.last = kid; root.kids[i % 10] = kid } root.kids = root.kids.filter((k) => k.root === root.self); return [root.kids.length, root.last.up === root.last, root.self === root] }",
    "JSX": "const Row = ({ n }) => <li>{n}</li>; const made = <ul><Row n={1} /></ul>;\nexport const main = (x) => <div>{made}<Row n={x} /></div>",
    "TypeScript": "enum Kind { A = 1, B } interface X { a: number } const k: Kind = Kind.B;\nexport const main = (x: number): [Kind, string] => [k, Kind[1]]",
    "it asks the time at its top": "const t = Date.now(); export const main = () => [typeof t, t > 1.7e12, Date.now() >= t]",
    "it draws at its top": "const r = Math.random(), id = crypto.randomUUID(); export const main = () => [r < 1, id.length, Math.random() !== r]",
    "it reads a secret at its top": "const s = @me.secrets.foo; export const main = () => String(s)",
    "it reads an environment at its top": "const s = process.env.foo; export const main = () => String(s)",
    "it reads a val at its top": "const p = @me.dep; export const main = (x) => p(x)",
    "it writes a val at its top": "@me.written = 1; export const main = () => @me.written",
    "it prints at its top": "console.log('top', 1); export const main = () => { console.log('main'); return 1 }",
    "it waits at its top": "const x = await Promise.resolve(3); export const main = () => x",
    "it sets a timer at its top": "let n = 0; setTimeout(() => { n++ }, 1); export const main = () => new Promise((r) => setTimeout(() => r(n), 20))",
    "it catches what is refused": "let s = 'nothing'; try { s = @me.secrets.foo } catch (e) { s = 'caught ' + e.message } export const main = () => String(s)",
    "it rejects at its top": "let said = 0; Promise.reject(new Error('at the top')).catch(() => { said++ }); export const main = async () => { await 0; await 0; return said }",
    "it leaves a rejection": "Promise.reject(new Error('left')); export const main = () => 1",
    "it mails at its top": "console.email('x'); export const main = () => 1",
    "it throws at its top sometimes": "if (typeof @me.switch !== 'undefined') throw new Error('now'); export const main = () => 1",
    "it measures at its top": "const t = performance.now(); export const main = () => typeof t",
    "it draws bytes at its top": "const b = crypto.getRandomValues(new Uint8Array(8)); export const main = () => b.length",
    "it gives a date at its top": "const d = new Date(); export const main = () => d.getTime() > 1.7e12 && typeof Date()",
    "other vals": "export const main = (x) => [@me.dep(x), @B.dep(x + 1), typeof @me.missing, typeof @B.hidden]",
    "other vals that change": "export const main = () => [@me.count(), @me.count(), @B.count()]",
    "other vals that throw": "export const main = (x) => @me.dep('throw')",
    "a val of another owner": "export const main = (x) => [@C.far(x), typeof @C.near]",
    "a private val": "export const main = (x) => typeof @me.hidden === 'function' ? @me.hidden(x) : 'undefined'",
    "a private val that throws": "export const main = (x) => @me.hidden('throw')",
    "a val pinned": "export const main = () => @me.dep@0(5)",
    "data": "export const main = () => [@me.data, @B.data.list.length]",
    "a callback": "export const main = (x) => typeof x === 'function' ? x(41) : x",
}


async def furnish(pair: Pair) -> None:
    await pair.save("export const dep = (x) => { if (x === 'throw') throw new Error('dep'); return ['dep', x] }", "dep")
    await pair.save("let n = 0;\nexport const count = () => ++n", "count")
    await pair.save(
        "export const hidden = (x) => { if (x === 'throw') throw new Error('hidden'); return ['hidden', x, @me.dep(x)] }",
        "hidden",
        PRIVATE,
    )
    await pair.save(
        "Array.prototype.map = () => 'spoiled'; Array.prototype[Symbol.iterator] = null;\nexport const spoiler = () => 1",
        "spoiler",
    )
    await pair.save("({ list: [1, 2, 3] })", "data")
    await pair.save(
        "export const far = (x) => { try { return @B.dep(x) } catch (e) { return e.stack } }", "far", owner="C"
    )


@pytest.mark.parametrize("name", VALS)
async def test_born_of_an_image_or_not_it_comes_to_the_same(pair: Pair, name: str) -> None:
    """As its owner's own and as another's; again and again, for what one evaluation changes is fresh in the next."""
    if pair.born.house.store.val("B", "dep") is None:
        await furnish(pair)
    await pair.save(VALS[name], "main")
    firsts = [await pair.run_alike("main", 3), await pair.alike("@B.main(3)"), await pair.alike("@B.main(3)", by=None)]
    for _ in range(2):
        assert [
            await pair.run_alike("main", 3),
            await pair.alike("@B.main(3)"),
            await pair.alike("@B.main(3)", by=None),
        ] == firsts
    await pair.alike("[@B.main(3), @B.main(4), @B.dep(1)]")
    await pair.alike("@B.main((x) => x + 1)")
    await pair.alike("@me.main", by="B")
    await pair.alike("@me.main(3)", by="B")


ASK = sorted(name for name in VALS if name.startswith("it ") and "sometimes" not in name)


@pytest.mark.parametrize("name", ASK)
async def test_what_asks_at_its_top_is_in_no_image(pair: Pair, name: str) -> None:
    await pair.save(VALS[name], "asks")
    for authority in Authority:
        prepared = await pair.prepared("asks", authority)
        assert prepared is None or prepared.start is None or "@b.asks@" not in str(prepared.start.units)


async def test_most_of_these_vals_are_in_an_image(pair: Pair) -> None:
    """Else this file would compare what is the same."""
    without = []
    for name in sorted(set(VALS) - set(ASK)):
        await pair.save(VALS[name], "kept")
        if await pair.units("kept") == [0, 0]:
            without.append(name)
    jobs = ["jobs in a row", "jobs of the top level", "promises that are settled"]
    assert without == ["it throws at its top sometimes", *jobs]


LAZY = {
    "a val that spoils what others use": (
        "Array.prototype.map = () => 'spoiled'; export const lazy = () => 1",
        "export const main = () => { const before = [1].map((x) => x); @me.lazy; return [before, [1].map((x) => x)] }",
    ),
    "a val that is not reached": (
        "globalThis.left = 'here'; export const lazy = () => 1",
        "export const main = (x) => x > 100 ? @me.lazy() : typeof globalThis.left",
    ),
}


@pytest.mark.parametrize("name", LAZY)
async def test_what_a_val_names_runs_when_it_is_reached_and_not_before(pair: Pair, name: str) -> None:
    """Vals of one owner share a guest: an order of top levels can be seen."""
    await pair.save(LAZY[name][0], "lazy")
    await pair.save(LAZY[name][1], "main")
    await pair.run_alike("main", 3)
    await pair.alike("@B.main(3)")


async def test_a_top_level_of_a_named_val_looks_before_the_val_that_names_it_has_done_anything(pair: Pair) -> None:
    """The one difference that an image makes (README, Limits): what a top level reads of its surroundings, it reads early."""
    await pair.save("const found = globalThis.chosen ?? 'nothing'; export const lazy = () => found", "lazy")
    await pair.save("export const main = () => { globalThis.chosen = 'main'; return @me.lazy() }", "main")
    with_images, without = [await world.run("B.main") for world in (pair.born, pair.loaded)]
    assert (with_images.json, without.json) == (b'"nothing"', b'"main"')
