"""Objects of an image change as any others do: runs of random changes, with and without, to the same end."""

from __future__ import annotations

import random

import pytest

from tests.images.pair import Pair

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOP = """
const o = { a: 1, b: 'two', c: { d: [1, 2] } }, p = { a: 1, b: 'two', c: null }, q = Object.create(o, { own: { value: 1, configurable: true, writable: true } });
const a = [1, 'x', o, [2, 3]], f = [1.5, 2.5], e = [], m = new Map([['k', o], [o, 'v'], [1, a]]), s = new Set(['x', o, 2]);
class K { #n = 0; constructor() { this.kept = 1 } up() { return ++this.#n } static made = 0; get n() { return this.#n } set n(x) { this.#n = x } }
const k = new K(), w = new WeakMap([[o, { w: 1 }]]), sym = Symbol('sym'), date = new Date(5), re = /a(.)/g, big = [2n ** 70n];
const u = new Uint8Array(16), fn = function (x) { return [x, this === undefined] }, made = []; let text = 'text'.repeat(5), other = text + '!', n = 0;
const gen = (function* () { for (let i = 0; ; i++) { const got = yield [i, o.a]; if (got) o.a = got } })(); gen.next();
o.self = o; fn.note = 1;
const flat = (x, depth = 0) => {
  if (x === null || typeof x !== 'object') return ['bigint', 'symbol', 'function'].includes(typeof x) ? typeof x : x;
  if (depth > 3) return 'deep';
  return Object.entries(x).slice(0, 30).map(([key, value]) => [key, flat(value, depth + 1)]);
};
const seen = () => [Object.keys(o), o.a, o.b, p, Object.keys(q), q.a, a.length, String(a.map((x) => typeof x)), f, e.length, e.slice(-2), [...m.values()].map((x) => typeof x),
  s.size, k.n, Object.keys(k), K.made, text.length, text.slice(-9), other, n, made.length, [...u], Object.keys(fn), date.getTime(), re.lastIndex, String(big), gen.next().value,
  Object.getOwnPropertyDescriptor(o, 'a'), Object.isFrozen(p), Object.getPrototypeOf(q) === o];
"""
"""Something of every kind, held by more than one."""
CHANGES = [
    "o.a = %d",
    "o['n%d'] = { o }",
    "delete o.a",
    "delete o.b; o.b = 'again%d'",
    "Object.defineProperty(o, 'a', { get: () => %d, configurable: true, enumerable: true })",
    "Object.defineProperty(o, 'a', { value: %d, writable: true, configurable: true, enumerable: false })",
    "o.c = p; p.c = o.c === p ? null : o",
    "p.extra%d = [p]",
    "Object.freeze(p)",
    "Object.setPrototypeOf(q, { a: 'other%d' })",
    "Object.setPrototypeOf(q, o)",
    "q.own = %d; delete q.own",
    "a.push(%d, o, 'y')",
    "a.pop(); a.shift()",
    "a.splice(1, 1, %d, %d)",
    "a.length = 2",
    "a[%d] = a",
    "a.sort(() => 1); a.reverse()",
    "f.push('now mixed', %d)",
    "f.fill(%d)",
    "for (let i = 0; i < 200; i++) e.push({ i, o, e })",
    "e.length = 0",
    "m.set(o, %d); m.set('k%d', m)",
    "m.delete('k'); m.delete(o)",
    "m.clear(); m.set('k', o)",
    "for (const [key] of m) if (m.size < 50) m.set({ key }, 1)",
    "s.add(%d); s.delete('x')",
    "s.clear(); s.add(o)",
    "k.up(); k.n = %d",
    "k['p%d'] = new K().up()",
    "K.made += %d; K.prototype.more = () => 1",
    "text += 'more%d'",
    "text = text.slice(2) + other",
    "other = other + text.charAt(3)",
    "o[text] = text; delete o[text]",
    "n += %d; n++",
    "w.set(o, { w: %d }); w.set(a, o); w.delete(o)",
    "o[sym] = %d; delete o[sym]",
    "date.setTime(%d)",
    "re.exec('abacad'); 'aXaY'.replace(re, '$1')",
    "big[0] += %dn",
    "u.set([%d, 2, 3], 4); u.sort()",
    "fn.note%d = fn(1); fn.bind(o)(2)",
    "gen.next(%d)",
    "made.push(() => made.length + %d, class extends K { x = o })",
    "for (let i = 0; i < 300; i++) { const c = { o, u: new Uint8Array(20000) }; c.c = c; o.last = c } o.last = null",
    "JSON.parse(JSON.stringify(p)); structuredClone(f)",
    "try { null.x } catch (x) { o.error = x.message }",
    "[o.a, o.b] = [o.b, o.a]; ({ a: n, ...made[0] } = p); n = 0",
    "Array.prototype.last%d = 1; delete Array.prototype.last%d",
    "Object.prototype.late = %d; delete Object.prototype.late",
    "globalThis.mine = o; globalThis.mine = 0; delete globalThis.mine",
    "Map.prototype.extra = 1; String.prototype.x%d = 1; Function.prototype.y = 2",
    "const t = ((x) => x)`a${%d}b`; a.push(t.raw.length)",
]
ROUNDS, LENGTH = 30, 25


def changes(seed: int) -> str:
    """Some changes in a row; a change may throw, and that is seen too."""
    chance = random.Random(seed)  # noqa: S311 - the same each time
    lines = []
    for _ in range(LENGTH):
        change = chance.choice(CHANGES)
        filled = change % tuple(chance.randrange(40) for _ in range(change.count("%d")))
        lines.append(f"try {{ {filled} }} catch (x) {{ thrown.push(String(x)) }}")
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(ROUNDS))
async def test_any_changes_come_to_the_same(pair: Pair, seed: int) -> None:
    body = changes(seed)
    await pair.save(
        f"{TOP}\nexport const main = () => {{ const thrown = [];\n{body}\nreturn [thrown, flat(seen())] }}", "main"
    )
    assert await pair.units("main") == [1, 1]
    first = await pair.run_alike("main")
    foreign = await pair.alike("@B.main()")
    assert first["said"][0]["json"] == foreign["said"][0]["json"]
    assert first["said"][0]["error"] == "None", first
    assert await pair.run_alike("main") == first
    await pair.alike("[@B.main(), @B.main()]")
