"""The attacker's plan: B uses every reflective operation on what A passed, to change A's classes, prototypes and built-ins for A."""

from __future__ import annotations

import pytest

from tests.semantics.live import World

GIVE = """{
  const look = async (attack) => {
  class Klass { method() { return 'mine' } static make() { return new Klass() } }
  class Sub extends Klass {}
  const thing = new Sub(), fn = () => 'mine', gen = function* () { yield 'mine' };
  const promise = Promise.resolve('mine');
  const before = [Object, Function, Array, Promise, Klass, Sub].map((f) => [Object.keys(f).length, Reflect.ownKeys(f.prototype).length]);
  attack({ Klass, Sub, thing, fn, gen, promise });
  const after = [Object, Function, Array, Promise, Klass, Sub].map((f) => [Object.keys(f).length, Reflect.ownKeys(f.prototype).length]);
  return {
    same: JSON.stringify(before) === JSON.stringify(after),
    method: new Klass().method() + thing.method() + Klass.make().method(),
    polluted: ({}).polluted ?? [].polluted ?? (() => 1).polluted ?? new Klass().polluted ?? 'no',
    gen: [...gen()].join(), fn: fn(), promise: await promise,
    next: Object.hasOwn(gen.prototype, 'next'),
    proto: Object.getPrototypeOf(thing) === Sub.prototype && Object.getPrototypeOf(Sub) === Klass,
  };
  };
  const seen = [];
  for (const attack of @B.attacks) seen.push(await look(attack));
  return seen;
}"""
CLEAN = {
    "same": True,
    "method": "mineminemine",
    "polluted": "no",
    "gen": "mine",
    "fn": "mine",
    "promise": "mine",
    "next": False,
    "proto": True,
}
ATTACKS = [
    "x.Klass.prototype.method = () => 'theirs'",
    "x.thing.__proto__.method = () => 'theirs'",
    "x.thing.__proto__.__proto__.polluted = 'yes'",
    "x.thing.__proto__.__proto__.__proto__.polluted = 'yes'",
    "Object.getPrototypeOf(x.thing).polluted = 'yes'",
    "Object.defineProperty(Object.getPrototypeOf(x.thing), 'method', { value: () => 'theirs' })",
    "Object.defineProperty(x.Klass.prototype, 'polluted', { get: () => 'yes' })",
    "Object.assign(x.Klass.prototype, { polluted: 'yes' })",
    "delete x.Klass.prototype.method",
    "Reflect.deleteProperty(Object.getPrototypeOf(x.thing), 'method')",
    "Reflect.set(x.Klass.prototype, 'method', () => 'theirs')",
    "Reflect.set({}, 'method', () => 'theirs', x.Klass.prototype)",
    "Reflect.defineProperty(x.Klass.prototype, 'method', { value: () => 'theirs' })",
    "x.Klass.prototype = { method: () => 'theirs' }",
    "Object.setPrototypeOf(x.thing, { method: () => 'theirs' })",
    "Object.setPrototypeOf(x.Sub, null)",
    "Object.setPrototypeOf(x.Klass.prototype, { polluted: 'yes' })",
    "x.thing.__proto__ = { method: () => 'theirs' }",
    "x.fn.__proto__.polluted = 'yes'",
    "Object.getPrototypeOf(x.fn).call = () => 'theirs'",
    "x.fn.constructor.prototype.polluted = 'yes'",
    "x.gen.prototype.next = () => ({ done: true })",
    "Object.getPrototypeOf(x.gen.prototype).next = () => ({ done: true })",
    "Object.getPrototypeOf(x.gen()).next = () => ({ done: true })",
    "Object.getPrototypeOf(Object.getPrototypeOf(x.gen())).next = () => ({ done: true })",
    "x.gen().__proto__.__proto__.polluted = 'yes'",
    "x.gen().__proto__[Symbol.iterator] = () => [][Symbol.iterator]()",
    "x.promise.__proto__.then = (f) => f('theirs')",
    "x.promise.constructor.prototype.then = (f) => f('theirs')",
    "x.promise.then = (f) => f('theirs')",
    "x.promise.constructor.resolve = () => 'theirs'",
    "x.Klass.__proto__.polluted = 'yes'",
    "x.Klass.prototype.__proto__.polluted = 'yes'",
    "x.Klass.prototype.constructor.prototype.polluted = 'yes'",
    "x.Klass.prototype.__defineGetter__('polluted', () => 'yes')",
    "x.thing.__proto__.__defineGetter__('method', () => () => 'theirs')",
    "x.thing.constructor.prototype.method = () => 'theirs'",
    "new x.Klass().constructor.prototype.method = () => 'theirs'",
    "Object.freeze(x.Klass.prototype)",
    "Object.preventExtensions(x.Klass.prototype)",
    "Array.prototype.push.call(x.Klass.prototype, 'polluted')",
    "Object.entries(Object.getOwnPropertyDescriptors(x.Klass.prototype)).forEach(([k, d]) => { d.value.prototype = null })",
    "class Evil extends x.Klass { method() { return 'theirs' } } new Evil(); Evil.prototype.__proto__.method = () => 'theirs'",
    "Reflect.construct(x.Klass, [], function () {}).__proto__.polluted = 'yes'",
    "({ __proto__: x.thing }).__proto__.__proto__.method = () => 'theirs'",
    "const o = Object.create(x.Klass.prototype); o.method = () => 'theirs'; Object.getPrototypeOf(o).method = o.method",
]


@pytest.mark.parametrize(
    "made",
    ["(x) => {{ try {{ {0} }} catch {{}} }}", "Function('x', `try {{ {0} }} catch {{}}`)"],
    ids=["strict", "sloppy"],
)
async def test_nothing_of_as_is_changed(world: World, made: str) -> None:
    await world.save("B", f"export const attacks = [{', '.join(made.format(attack) for attack in ATTACKS)}]")
    seen = await world.eval(GIVE)
    assert [(attack, state) for attack, state in zip(ATTACKS, seen, strict=True) if state != CLEAN] == []


async def test_what_a_handle_is_for_still_works(world: World) -> None:
    """An object's own properties are B's to set: A passed it."""
    await world.save("B", "export const set = (thing) => { thing.own = 1; thing.fresh = 2; delete thing.gone }")
    assert await world.eval("{ class K { own = 0; gone = 0 } const k = new K(); @B.set(k); return { ...k } }") == {
        "own": 1,
        "fresh": 2,
    }


async def test_properties_of_a_frozen_object_stay(world: World) -> None:
    await world.save(
        "B",
        "export const set = (thing) => { try { thing.own = 1 } catch {} try { delete thing.own } catch {} try { Object.defineProperty(thing, 'own', { value: 2 }) } catch {} }",
    )
    assert await world.eval("{ class K { own = 0 } const k = Object.freeze(new K()); @B.set(k); return k.own }") == 0


async def test_private_fields_stay_private(world: World) -> None:
    await world.save(
        "B", "export const look = (thing) => [Reflect.ownKeys(thing), JSON.stringify(thing), Object.entries(thing)]"
    )
    assert await world.eval("{ class K { #secret = 'x' } return @B.look(new K()) }") == [[], "{}", []]
