"""§5: every kind of value from A to B and back to A, on every way a value can take, compared in the guests: type, contents, identity.

One row a kind. `made` is an expression; `holds` is what must be true of `x`, in B and again in A. By copy, what comes back is another;
by reference, it is the one that was sent.
"""

from __future__ import annotations

import pytest

from tests.semantics.live import World
from tests.semantics.test_values import COPIED

MORE_COPIED = {
    "undefined in a list": ("[undefined, null]", "x.length === 2 && x[0] === undefined && x[1] === null && 0 in x"),
    "true and false": ("[true, false]", "x[0] === true && x[1] === false"),
    "integers": ("[0, 1, -1, 2 ** 31, -(2 ** 31), 2 ** 53, 5e-324, 1.7976931348623157e308]", "x.join() === '0,1,-1,2147483648,-2147483648,9007199254740992,5e-324,1.7976931348623157e+308'"),
    "an empty string": ("''", "x === ''"),
    "all code units": ("Array.from({ length: 256 }, (_, i) => String.fromCharCode(i, 0xd800 + i, 0xdc00 + i)).join('')", "x.length === 768 && x.charCodeAt(1) === 0xd800 && x.charCodeAt(767) === 0xdcff"),
    "a plain object": ("({ a: 1, 'b c': { d: [] }, 5: 6, '': 7 })", "Object.keys(x).join('|') === '5|a|b c|' && x.constructor === Object && Array.isArray(x['b c'].d)"),
    "what is not enumerable stays": ("Object.defineProperty({ a: 1 }, 'hidden', { value: 2 })", "x.a === 1 && !('hidden' in x)"),
    "a frozen object": ("Object.freeze({ a: Object.freeze([1]) })", "(x.b = 1, x.a.push(2), x.b === 1 && x.a.length === 2)"),
    "an empty array that is long": ("Object.assign([], { length: 1000 })", "x.length === 1000 && !(0 in x)"),
    "a Set in order": ("new Set(['b', 'a', NaN, -0])", "x instanceof Set && [...x].join() === 'b,a,NaN,0' && x.has(NaN)"),
    "a Map in order": ("new Map([['b', 1], ['a', 2], [NaN, 3]])", "x instanceof Map && [...x.keys()].join() === 'b,a,NaN' && x.get(NaN) === 3"),
    "every error": ("[new Error('e'), new EvalError('e'), new RangeError('e'), new ReferenceError('e'), new SyntaxError('e'), new TypeError('e'), new URIError('e')]", "[Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].every((C, i) => x[i] instanceof C && x[i].name === C.name && x[i].message === 'e' && Object.getPrototypeOf(x[i]) === C.prototype && typeof x[i].stack === 'string')"),
    "an error in a chain": ("new Error('a', { cause: new TypeError('b', { cause: 'c' }) })", "x.cause instanceof TypeError && x.cause.cause === 'c'"),
    "an error that is its own cause": ("(() => { const e = new Error('e'); e.cause = e; return e })()", "x.cause === x"),
    "a DOMException": ("new DOMException('m', 'AbortError')", "x instanceof DOMException && x instanceof Error && x.name === 'AbortError' && x.message === 'm' && x.code === 20"),
    "half floats and big words": ("[new Float32Array([1.5]), new BigUint64Array([2n ** 64n - 1n]), ...(globalThis.Float16Array ? [new Float16Array([0.5])] : [])]", "x[0][0] === 1.5 && x[1][0] === 2n ** 64n - 1n && (x.length === 2 || x[2][0] === 0.5)"),
    "a view of part of a buffer": ("new Uint16Array(new ArrayBuffer(8), 2, 2)", "x.length === 2 && x.byteOffset === 2 && x.buffer.byteLength === 8"),
    "a template's strings": ("((s) => s)`a${0}\\n`", "x[1] === '\\n' && x.raw[1] === '\\\\n' && Array.isArray(x.raw)"),
    "keys that are symbols": ("({ [Symbol.for('a')]: 1, [Symbol.iterator]: 2 })", "Reflect.ownKeys(x).length === 2 && x[Symbol.for('a')] === 1 && x[Symbol.iterator] === 2"),
    "one thing in many places": ("(() => { const o = {}, d = new Date(1); return { a: [o, d], m: new Map([[o, d]]) } })()", "x.m.get(x.a[0]) === x.a[1]"),
    "a cycle through everything": ("(() => { const o = { l: [], m: new Map(), s: new Set(), e: new Error('e') }; o.l.push(o); o.m.set(o, o); o.s.add(o); o.e.o = o; return o })()", "x.l[0] === x && x.m.get(x) === x && x.s.has(x) && x.e.o === x"),
    "a URL": ("new URL('https://u:p@example.com:81/a b?q=1#h')", "x instanceof URL && x.href === 'https://u:p@example.com:81/a%20b?q=1#h' && x.searchParams.get('q') === '1'"),
    "URLSearchParams": ("new URLSearchParams('a=1&b=2&a=3')", "x instanceof URLSearchParams && x.getAll('a').join() === '1,3' && String(x) === 'a=1&b=2&a=3'"),
    "Headers": ("new Headers([['X-A', '1'], ['x-a', '2'], ['set-cookie', 'b=1']])", "x instanceof Headers && x.get('x-a') === '1, 2' && x.getSetCookie().join() === 'b=1'"),
    "a Request": ("new Request('https://example.com/', { method: 'POST', headers: { 'X-A': '1' }, body: 'text', redirect: 'manual' })", "x instanceof Request && x.url === 'https://example.com/' && x.method === 'POST' && x.headers.get('x-a') === '1' && x.redirect === 'manual' && await x.clone().text() === 'text'"),
    "a Response": ("new Response('{\"a\":1}', { status: 201, statusText: 'Made', headers: { 'X-A': '1' } })", "x instanceof Response && x.status === 201 && x.statusText === 'Made' && x.ok && x.headers.get('x-a') === '1' && (await x.clone().json()).a === 1"),
    "a Response of nothing": ("new Response(null, { status: 204 })", "x.body === null && x.status === 204"),
    "a Response of bytes": ("new Response(new Uint8Array([1, 2, 255]))", "new Uint8Array(await x.clone().arrayBuffer()).join() === '1,2,255'"),
    "a Blob": ("new Blob(['a', new Uint8Array([98])], { type: 'text/plain' })", "x instanceof Blob && x.size === 2 && x.type === 'text/plain' && await x.text() === 'ab'"),
    "a File": ("new File(['abc'], 'n.txt', { type: 'text/plain', lastModified: 5 })", "x instanceof File && x instanceof Blob && x.name === 'n.txt' && x.lastModified === 5 && await x.text() === 'abc'"),
    "FormData": ("(() => { const f = new FormData(); f.append('a', '1'); f.append('a', '2'); f.append('f', new File(['x'], 'n')); return f })()", "x instanceof FormData && x.getAll('a').join() === '1,2' && x.get('f') instanceof File && await x.get('f').text() === 'x'"),
}  # fmt: skip
BY_COPY = COPIED | MORE_COPIED

ONCE = {
    "a Response with a streaming body": ("new Response(new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode('ab')); c.enqueue(new TextEncoder().encode('c')); c.close() } }))", "await x.text() === 'abc'"),
    "a Request with a streaming body": ("new Request('https://example.com/', { method: 'POST', duplex: 'half', body: new ReadableStream({ start(c) { c.enqueue(new Uint8Array([1, 2])); c.close() } }) })", "(await x.arrayBuffer()).byteLength === 2"),
}  # fmt: skip
"""Read once: each way gets one made anew; both sides read, for a body is teed."""

BY_REFERENCE = {
    "a function": ("Object.assign((a, b) => a + b, { own: 1 })", "typeof x === 'function' && x(1, 2) === 3 && x.own === 1 && x.length === 2 && x instanceof Function"),
    "a function with a name": ("(function named() { return this?.n })", "x.name === 'named' && x.call({ n: 1 }) === 1 && x.apply({ n: 2 }, []) === 2 && x.bind({ n: 3 })() === 3"),
    "an async function": ("(async () => 5)", "await x() === 5"),
    "a bound function": ("((a, b) => a - b).bind(null, 5)", "x(2) === 3"),
    "a class": ("(class K { static s = 1; static m() { return this.s } constructor(n) { this.n = n } get twice() { return this.n * 2 } })", "new x(2).twice === 4 && x.s === 1 && x.m() === 1 && new x(1) instanceof x && x.prototype.constructor === x"),
    "an instance": ("new (class K { #p = 1; n = 2; get p() { return this.#p } set p(v) { this.#p = v } m() { return this.#p + this.n } })()", "(x.p = 3, x.m() === 5) && (x.p = 1, x.m() === 3) && 'm' in x && Object.keys(x).join() === 'n' && x instanceof x.constructor"),
    "an instance of a subclass of a built-in": ("new (class List extends Array { sum() { return this.reduce((a, b) => a + b, 0) } })(1, 2, 3)", "x.sum() === 6 && x.length === 3 && x[2] === 3 && [...x].join() === '1,2,3'"),
    "an instance of a subclass of Map": ("new (class M extends Map { more() { return this.size + 1 } })([['a', 1]])", "x.more() === 2 && x.get('a') === 1 && x.has('a') && [...x.keys()].join() === 'a'"),
    "a promise": ("Promise.resolve(7)", "x instanceof Promise && await x === 7 && await x.then((y) => y + 1) === 8"),
    "a promise that settles later": ("new Promise((done) => setTimeout(() => done(3), 1))", "await x === 3"),
    "an iterable of one's own": ("new (class { *[Symbol.iterator]() { yield 1; yield 2 } })()", "[...x].join() === '1,2' && Math.max(...x) === 2 && Array.from(x).length === 2"),
    "an async iterable": ("new (class { async *[Symbol.asyncIterator]() { yield 1; yield 2 } })()", "await (async () => { let n = 0; for await (const y of x) n += y; return n === 3 })()"),
    "a proxy": ("new Proxy(class {}, { get: (t, k) => k === 'a' ? 1 : Reflect.get(t, k), has: (t, k) => k === 'a' || Reflect.has(t, k) })", "x.a === 1 && 'a' in x && !('b' in x)"),
    "a generator function": ("(function* () { yield 1; return 2 })", "[...x()].join() === '1'"),
    "an AbortSignal": ("AbortSignal.abort('why')", "x instanceof AbortSignal && x.aborted && x.reason === 'why'"),
    "an AbortController": ("new AbortController()", "x instanceof AbortController && x.signal instanceof AbortSignal && !x.signal.aborted"),
    "an EventTarget": ("Object.assign(new EventTarget(), { fire() { return this.dispatchEvent(new Event('e')) } })", "x instanceof EventTarget && (() => { let n = 0; x.addEventListener('e', (e) => { n += e.type === 'e' && e instanceof Event ? 1 : 9 }, { once: true }); x.fire(); x.fire(); return n === 1 })()"),
    "a function's properties and a symbol for a key": ("Object.assign(() => 1, { [Symbol.for('k')]: 2, [Symbol.iterator]: null })", "x[Symbol.for('k')] === 2 && Symbol.for('k') in x"),
}  # fmt: skip
READ_ONCE = {
    "a generator": ("(function* () { const got = yield 1; yield got })()", "x.next().value === 1 && x.next('in').value === 'in' && x.next().done"),
    "an async generator": ("(async function* () { yield 1; yield 2 })()", "(await x.next()).value === 1 && (await x.next()).value === 2 && (await x.next()).done"),
    "an array's iterator": ("[1, 2][Symbol.iterator]()", "[...x].join() === '1,2'"),
    "a Map's iterator": ("new Map([['a', 1]]).entries()", "[...x][0].join() === 'a,1'"),
    "a ReadableStream": ("new ReadableStream({ start(c) { c.enqueue('a'); c.enqueue('b'); c.close() } })", "x instanceof ReadableStream && await (async () => { const r = x.getReader(); return (await r.read()).value + (await r.read()).value === 'ab' && (await r.read()).done })()"),
    "a TransformStream": ("new TransformStream()", "x instanceof TransformStream && x.readable instanceof ReadableStream && x.writable instanceof WritableStream"),
}  # fmt: skip

LIBRARY = """export const b = {{
  look: async (x) => !!({holds}), back: (x) => x, list: (x) => [x], object: (x) => ({{ x }}), map: (x) => new Map([['k', x]]), set: (x) => new Set([x]),
  thrown: (x) => {{ throw x }}, fulfilled: (x) => Promise.resolve([x]), rejected: (x) => Promise.reject([x]), called: (f) => f(), later: async (p) => [await p],
  made: () => ({made}), same: (x, y) => x === y || x !== x }}"""
WAYS = {
    "an argument": "(v) => [v, b.look(v)]",
    "a return value": "(v) => [b.back(v)]",
    "inside an array": "(v) => [b.back([v])[0]]",
    "inside an object": "(v) => [b.back({ v }).v]",
    "inside a Map": "(v) => [b.back(new Map([['k', v]])).get('k')]",
    "inside a Set": "(v) => [Object.is(v, -0) ? v : [...b.back(new Set([v]))][0]]",
    "put into a list by B": "(v) => [b.list(v)[0]]",
    "put into an object by B": "(v) => [b.object(v).x]",
    "put into a Map by B": "(v) => [b.map(v).get('k')]",
    "what a callback returns": "(v) => [b.called(() => v)]",
    "thrown": "(v) => { try { b.thrown(v) } catch (x) { return [x] } }",
    "thrown by a callback": "(v) => { try { b.called(() => { throw v }) } catch (x) { return [x] } }",
    "what a promise came to": "async (v) => [(await b.fulfilled(v))[0]]",
    "what a promise was rejected with": "async (v) => [(await b.rejected(v).catch((list) => list))[0]]",
    "what a promise of A's came to": "async (v) => [(await b.later(Promise.resolve([v])))[0][0]]",
    "made by B": "(v) => [b.made()]",
}
CROSS = """{{
  const b = @B.b, wrong = [], look = async (x) => !!({holds}), ways = {ways};
  for (const [name, way] of Object.entries(ways)) {{
    const v = {made};
    const [x, there] = await way(v);
    const home = x === v || (x !== x && v !== v), object = (typeof v === 'object' && v !== null) || typeof v === 'function';
    const same = name === 'an argument' || name === 'made by B' || !object || home === {reference};
    if (!same) wrong.push([name, 'identity']);
    if (there !== undefined ? !await there : !await look(x)) wrong.push([name, 'contents']);
  }}
  return wrong }}"""


async def cross(world: World, made: str, holds: str, *, reference: bool) -> object:
    """Send it on every way; return on which it was not what it should be."""
    await world.save("B", LIBRARY.format(made=made, holds=holds))
    ways = "{" + ", ".join(f"{name!r}: {way}" for name, way in WAYS.items()) + "}"
    return await world.eval(CROSS.format(made=made, holds=holds, ways=ways, reference=str(reference).lower()))


@pytest.mark.parametrize("name", BY_COPY)
async def test_by_copy_it_is_another_of_the_same_contents(world: World, name: str) -> None:
    made, holds = BY_COPY[name]
    assert await cross(world, made, holds, reference=False) == []


@pytest.mark.parametrize("name", ONCE)
async def test_a_body_that_streams_is_teed_and_both_sides_read_it(world: World, name: str) -> None:
    made, holds = ONCE[name]
    assert await cross(world, made, holds, reference=False) == []
    both = f"{{ const mine = {made}; const there = @B.b.look(mine); const here = (async (x) => {holds})(mine); return [await there, await here] }}"
    assert await world.eval(both) == [True, True]


@pytest.mark.parametrize("name", BY_REFERENCE | READ_ONCE)
async def test_by_reference_it_behaves_as_the_thing_and_comes_home_as_itself(world: World, name: str) -> None:
    made, holds = (BY_REFERENCE | READ_ONCE)[name]
    assert await cross(world, made, holds, reference=True) == []


async def test_a_promise_that_is_rejected_is_by_reference_too(world: World) -> None:
    made = "(() => { const p = Promise.reject(new RangeError('no')); p.catch(() => 1); return p })()"
    holds = "await x.then(() => false, (e) => e instanceof RangeError && e.message === 'no')"
    assert await cross(world, made, holds, reference=True) == []


async def test_an_event_of_ones_own_is_dispatched_at_anothers_target(world: World) -> None:
    await world.save("B", "export const target = new EventTarget()")
    code = "{ const t = @B.target, seen = []; t.addEventListener('e', (e) => { seen.push(e.type); e.preventDefault() }); return [t.dispatchEvent(new Event('e', { cancelable: true })), seen] }"
    assert await world.eval(code) == [False, ["e"]]


async def test_a_custom_event_brings_its_detail_and_tells_its_owner_that_it_was_prevented(world: World) -> None:
    await world.save("B", "export const target = new EventTarget()")
    code = """{ const t = @B.target, mine = { n: 1 }, f = () => 2, seen = [];
      t.addEventListener('e', (e) => { seen.push(e instanceof CustomEvent, e.detail.f === f, e.target === t); e.preventDefault() });
      const event = new CustomEvent('e', { cancelable: true, detail: { mine, f } });
      return [t.dispatchEvent(event), event.defaultPrevented, seen] }"""
    assert await world.eval(code) == [False, True, [True, True, True]]


# -- what does not cross ----------------------------------------------------------------------------------

REFUSED = [
    "Symbol('unique')", "new WeakMap()", "new WeakSet()", "new WeakRef({})", "new FinalizationRegistry(() => 1)", "eval", "Function", "globalThis", "Math", "Reflect", "Object.prototype", "Array.prototype.map",
    "(() => { const r = new Response('x'); r.text(); return r })()", "(() => { const r = new Response('x'); r.body.getReader(); return r })()", "(() => { const r = new Request('https://a.example', { method: 'POST', body: 'x' }); r.text(); return r })()",
]  # fmt: skip
PATHS = {
    "b.take(v)": "args[0]",
    "b.take(1, v)": "args[1]",
    "b.take([1, v])": "args[0][1]",
    "b.take({ a: { 'b c': v } })": "args[0].a",
    "b.take(Object.assign(new Error('e'), { own: v }))": "args[0].own",
    "b.take(new Error('e', { cause: v }))": "args[0].cause",
    "new b.Take(v)": "args[0]",
    "b.thing.field = v": "",
    "b.call(() => v)": "",
    "b.call(() => [v])": "[0]",
    "b.call(() => { throw v })": "",
    "b.take(new Map([['k', v]]))": "",
    "b.take(new Set([v]))": "",
}


@pytest.mark.parametrize("made", REFUSED)
async def test_it_is_refused_in_the_sender_on_every_way_with_the_path(world: World, made: str) -> None:
    await world.save(
        "B",
        "export const b = { take: (...a) => a.length, Take: class { constructor(x) { this.x = x } }, thing: new (class { field = 0 })(), call: (f) => f() }",
    )
    tries = ", ".join(f"() => {{ {way} }}" for way in PATHS)
    seen = await world.eval(
        f"{{ const b = @B.b, v = {made}; return [{tries}].map((f) => {{ try {{ f(); return ['sent', ''] }} catch (e) {{ return [e.name, e.message] }} }}) }}"
    )
    for (way, path), (name, message) in zip(PATHS.items(), seen, strict=True):
        assert name == "DataCloneError", (way, name, message)
        assert path in message, (way, message)


async def test_what_bs_promise_cannot_bring_is_a_rejection(world: World) -> None:
    await world.save(
        "B", "export const later = async (reject) => { if (reject) throw Symbol('x'); return [Symbol('y')] }"
    )
    assert await world.eval(
        "Promise.all([@B.later(false).catch((e) => e.name), @B.later(true).catch((e) => e.name)])"
    ) == ["DataCloneError", "DataCloneError"]


async def test_a_request_whose_signal_was_only_looked_at_is_kept_as_any_other(world: World) -> None:
    """Nobody gave it a signal: what `signal` answers aborts never, and is no part of the value."""
    await world.save("A", "export const kept = new Request('https://example.com/')")
    assert await world.eval("{ const { signal } = @me.kept; console.log(@me.kept); return signal.aborted }") is False
    assert await world.eval(
        "{ const r = new Request('https://example.com/'); r.signal; @me.fresh = r; return @me.fresh.url }"
    )
    error = await world.error(
        "{ @me.fresh = new Request('https://example.com/', { signal: new AbortController().signal }) }"
    )
    assert error.name == "DataCloneError"
