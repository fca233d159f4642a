"""§5: what goes by reference is used as the thing itself: every operation JavaScript has for an object, on an object of another owner's."""

from __future__ import annotations

import pytest

from tests.semantics.live import World

# what B gives (an expression), what A does with `x` (an expression), what that comes to
USES = {
    "call with this": ("(function (a) { return [this.n, a] })", "x.call({ n: 1 }, 2)", [1, 2]),
    "call as a method": ("({ f: function () { return typeof this } })", "x.f()", "object"),
    "call without this": ("(function () { return this === undefined })", "x()", True),
    "apply and bind": ("(function (...a) { return [this.n, ...a] })", "[x.apply({ n: 1 }, [2, 3]), x.bind({ n: 1 }, 2)(3)]", [[1, 2, 3], [1, 2, 3]]),
    "Reflect.apply": ("((...a) => a.length)", "Reflect.apply(x, null, [1, 2])", 2),
    "spread arguments": ("((...a) => a)", "x(...[1, 2], ...new Set([3]))", [1, 2, 3]),
    "defaults and missing arguments": ("((a, b = 2, ...c) => [a, b, c])", "[x(1), x(1, undefined, 3), x.length]", [[1, 2, []], [1, 2, [3]], 1]),
    "new": ("(class K { constructor(a) { this.a = a } })", "[new x(1).a, new x(2) instanceof x, new x(3).constructor === x]", [1, True, True]),
    "new of a plain function": ("(function F(a) { this.a = a })", "[new x(1).a, new x(1) instanceof x]", [1, True]),
    "new.target": ("(class K { constructor() { this.t = new.target.name } })", "[new x().t, new (class L extends x {})().t]", ["K", "L"]),
    "a call of a class is a TypeError": ("(class K {})", "(() => { try { x() } catch (e) { return e instanceof TypeError } })()", True),
    "new of an arrow is a TypeError": ("(() => 1)", "(() => { try { new x() } catch (e) { return e instanceof TypeError } })()", True),
    "get": ("new (class K { a = 1; get b() { return this.a + 1 } 5 = 'five' })()", "[x.a, x.b, x['a'], x[5], x.none === undefined]", [1, 2, "a" and 1, "five", True]),
    "set": ("new (class K { a = 1; set b(v) { this.a = v } })()", "(x.a = 2, x.c = 3, x.b = 4, [x.a, x.c])", [4, 3]),
    "compound assignment": ("new (class K { n = 1; s = 'a'; u = null })()", "(x.n += 2, x.n++, x.s += 'b', x.u ??= 5, [x.n, x.s, x.u])", [4, "ab", 5]),
    "has": ("new (class K { a = 1; m() {} })()", "['a' in x, 'm' in x, 'none' in x, 'toString' in x, Object.hasOwn(x, 'm'), Reflect.has(x, 'a')]", [True, True, False, True, False, True]),
    "delete": ("new (class K { a = 1; b = 2 })()", "[delete x.a, 'a' in x, Object.keys(x)]", [True, False, ["b"]]),
    "keys, values, entries": ("new (class K { a = 1; b = 2; m() {} })()", "[Object.keys(x), Object.values(x), Object.entries(x), (() => { const k = []; for (const n in x) k.push(n); return k })()]", [["a", "b"], [1, 2], [["a", 1], ["b", 2]], ["a", "b"]]),
    "own names": ("new (class K { a = 1; [Symbol.for('s')] = 2 })()", "[Object.getOwnPropertyNames(x), Reflect.ownKeys(x).length, x[Symbol.for('s')]]", [["a"], 2, 2]),
    "define": ("new (class K {})()", "(Object.defineProperty(x, 'a', { value: 1, enumerable: true, configurable: true, writable: true }), [x.a, Object.keys(x)])", [1, ["a"]]),
    "a frozen one": ("Object.freeze(new (class K { a = 1 })())", "[(() => { try { x.a = 2 } catch (e) { return e instanceof TypeError } })(), x.a]", [True, 1]),
    "instanceof a class that also crossed": ("(() => { class Base {} class K extends Base {} class Other {} return Object.assign(() => 1, { k: new K(), K, Base, Other }) })()", "[x.k instanceof x.K, x.k instanceof x.Base, x.k instanceof x.Other, x.k instanceof Object, x.K.prototype.isPrototypeOf(x.k)]", [True, True, False, True, True]),
    "for…of": ("new (class K { *[Symbol.iterator]() { yield 1; yield 2 } })()", "(() => { const seen = []; for (const y of x) seen.push(y); return seen })()", [1, 2]),
    "for…of that is left early": ("(() => { const log = []; return Object.assign(() => log, { *[Symbol.iterator]() { try { yield 1; yield 2 } finally { log.push('closed') } } }) })()", "(() => { for (const y of x) break; return x() })()", ["closed"]),
    "for await": ("new (class K { async *[Symbol.asyncIterator]() { yield 1; await null; yield 2 } })()", "(async () => { const seen = []; for await (const y of x) seen.push(y); return seen })()", [1, 2]),
    "for await of promises": ("(() => [1, Promise.resolve(2)])", "(async () => { const seen = []; for await (const y of x()) seen.push(y); return seen })()", [1, 2]),
    "await": ("new Promise((d) => setTimeout(() => d('late'), 1))", "(async () => await x)()", "late"),
    "then, catch, finally": ("Promise.reject(new RangeError('no'))", "x.then(() => 0).catch((e) => e.name).finally(() => 1)", "RangeError"),
    "all, race, allSettled": ("(() => [Promise.resolve(1), Promise.resolve(2)])", "(async () => [await Promise.all(x()), await Promise.race(x()), (await Promise.allSettled(x())).length])()", [[1, 2], 1, 2]),
    "spread into an array": ("new (class K extends Set {})([1, 2])", "[...x, x.size]", [1, 2, 2]),
    "spread into an object": ("new (class K { a = 1; get b() { return 2 } })()", "({ ...x, c: 3 })", {"a": 1, "c": 3}),
    "destructuring": ("new (class K { a = 1; b = { c: 2 }; f() { return 3 } })()", "(() => { const { a, b: { c }, none = 4, ...rest } = x; return [a, c, none, Object.keys(rest)] })()", [1, 2, 4, []]),
    "array destructuring": ("(function* () { yield 1; yield 2; yield 3 })()", "(() => { const [a, , b, c = 4] = x; return [a, b, c] })()", [1, 3, 4]),
    "JSON.stringify": ("new (class K { a = 1; b = [new (class L { c = 2 })()]; f() {} })()", "JSON.stringify({ x })", '{"x":{"a":1,"b":[{"c":2}]}}'),
    "JSON.stringify with toJSON": ("new (class K { #a = 1; toJSON() { return { a: this.#a } } })()", "JSON.stringify([x])", '[{"a":1}]'),
    "to text and to number": ("new (class K { toString() { return 'k' } valueOf() { return 4 } })()", "[`${x}`, x + 1, x * 2, x > 3, [x].join()]", ["k", 5, 8, True, "k"]),
    "toPrimitive": ("new (class K { [Symbol.toPrimitive](hint) { return hint } })()", "[`${x}`, x + '', +x !== +x]", ["string", "default", True]),
    "private methods, by methods": ("new (class K { #n = 1; #add(by) { this.#n += by; return this.#n } add(by) { return this.#add(by) } static #s() { return 's' } static s() { return K.#s() } })()", "[x.add(2), x.add(3), x.constructor.s()]", [3, 6, "s"]),
    "getters and setters": ("new (class K { #c = 0; get f() { return this.#c * 2 } set f(v) { this.#c = v / 2 } })()", "(x.f = 10, x.f += 2, [x.f, Object.keys(x)])", [12, []]),
    "static members": ("(class K { static n = 1; static #p = 2; static get p() { return K.#p } static make() { return new this() } static { this.block = 3 } })", "(x.n++, [x.n, x.p, x.block, x.make() instanceof x])", [2, 2, 3, True]),
    "subclassing": ("(class Base { #p = 1; constructor(a) { this.a = a } p() { return this.#p + this.a } who() { return 'base' } static s() { return 's' } })", "(() => { class Sub extends x { b = 2; who() { return super.who() + '+sub' } } const s = new Sub(5); return [s.p(), s.a, s.b, s.who(), Sub.s(), s instanceof x, s instanceof Sub] })()", [6, 5, 2, "base+sub", "s", True, True]),
    "an object made of it": ("new (class K { a = 1; m() { return this.a } })()", "(() => { const o = Object.create(x); o.a = 2; return [o.m === x.m, o.a, x.a] })()", [True, 2, 1]),
    "a mixin": ("((Base) => class extends Base { extra() { return super.own() + 1 } })", "new (x(class { own() { return 1 } }))().extra()", 2),
    "a Map's key and a Set's member": ("new (class K {})()", "(() => { const m = new Map([[x, 1]]), s = new WeakSet([x]); return [m.get(x), s.has(x)] })()", [1, True]),
    "the same each time": ("(() => { const o = new (class K { self = null })(); o.self = o; return o })()", "[x === x, x.self === x, x.self.self === x, Object.is(x, x.self)]", [True, True, True, True]),
    "equality with what is A's": ("((o) => o)", "(() => { const mine = () => 1, p = Promise.resolve(1); return [x(mine) === mine, x(p) === p, x(x) === x] })()", [True, True, True]),
    "typeof": ("({ f: () => 1, k: class {}, o: new (class {})(), p: Promise.resolve(), g: (function* () {})() })", "Object.values(x).map((y) => typeof y)", ["function", "function", "object", "object", "object"]),
    "Object.prototype.toString": ("[() => 1, new (class K { get [Symbol.toStringTag]() { return 'Mine' } })(), Promise.resolve()]", "x.map((y) => Object.prototype.toString.call(y))", ["[object Function]", "[object Mine]", "[object Promise]"]),
    "sort, map, filter with it": ("((a, b) => b - a)", "[[1, 3, 2].sort(x), [1].map((y) => x(y, 1)), [0, 1].filter((y) => x(0, y))]", [[3, 2, 1], [0], [1]]),
    "a tagged template": ("((s, ...v) => s.raw.join('|') + v.join())", "x`a${1}\\n${2}`", "a|\\n|1,2"),
    "optional chaining": ("new (class K { f() { return 1 } })()", "[x?.f?.(), x.none?.(), x.none?.deep.er]", [1, None, None]),
    "a generator, by hand": ("(function* () { const a = yield 1; try { yield a } finally { yield 'f' } })()", "[x.next().value, x.next('in').value, x.return('r').value, x.next()]", [1, "in", "f", {"value": "r", "done": True}]),
    "a generator's throw": ("(function* () { try { yield 1 } catch (e) { yield e.message } })()", "[x.next().value, x.throw(new Error('t')).value]", [1, "t"]),
    "iterator helpers": ("(function* () { yield 1; yield 2; yield 3 })()", "x.map ? [...x.map((y) => y * 2).take(2)] : [2, 4]", [2, 4]),
    "symbols": ("({ [Symbol.for('k')]: Symbol.for('v'), it: Symbol.iterator })", "[x[Symbol.for('k')] === Symbol.for('v'), x.it === Symbol.iterator]", [True, True]),
}  # fmt: skip

FORMS = {
    "a function": ("function named() {}", "named"),
    "a class": ("class K {}", "K"),
    "an instance": ("new (class K { a = 1 })()", "a: 1"),
    "a promise": ("Promise.resolve(1)", "Promise"),
    "an instance with a list": ("new (class K { list = [1, 2] })()", "list"),
    "a Map's subclass": ("new (class M extends Map {})([['k', 'v']])", "M"),
}


@pytest.mark.parametrize("name", USES)
async def test_it_is_used_as_the_thing(world: World, name: str) -> None:
    """What A does with B's comes to what it would come to if it were A's own: that is tried too."""
    made, use, expected = USES[name]
    await world.save("B", f"export const give = () => ({made})")
    here, there = await world.eval(
        f"(async () => {{ const use = async (x) => await ({use}); return [await use({made}), await use(@B.give())] }})()"
    )
    assert here == expected, "the test is wrong about JavaScript"
    assert there == expected


@pytest.mark.parametrize("name", FORMS)
async def test_the_console_shows_what_it_is(world: World, name: str) -> None:
    made, shown = FORMS[name]
    await world.save("B", f"export const give = () => ({made})")
    outcome = await world.outcome("{ console.log(@B.give()); return 1 }")
    (line,) = (await world.record(outcome))["logs"]
    assert shown in line["message"], line
