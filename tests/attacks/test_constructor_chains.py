"""The attacker's plan: B holds a function of A's, and walks from it to A's `Function`, to make code that runs with A's rights.

`process.env.foo` is A's secret wherever code runs in A's guest: if any of these makes its code there, B has it.
"""

from __future__ import annotations

from tests.semantics.live import World

LOOT = "return process.env.foo ?? 'nothing'"
WALKS = [
    "cb.constructor",
    "cb.constructor.constructor",
    "cb.__proto__.constructor",
    "Object.getPrototypeOf(cb).constructor",
    "Reflect.getPrototypeOf(cb).constructor",
    "Reflect.get(cb, 'constructor')",
    "Reflect.get(Object.getPrototypeOf(cb), 'constructor', cb)",
    "Object.getOwnPropertyDescriptor(Object.getPrototypeOf(cb), 'constructor').value",
    "cb.bind.constructor",
    "cb.call.constructor",
    "cb.apply.constructor",
    "cb.toString.constructor",
    "cb.bind(null).constructor",
    "cb[Symbol.hasInstance].constructor",
    "box.make.constructor",
    "box.klass.constructor",
    "box.klass.prototype.constructor.constructor",
    "box.klass.prototype.method.constructor",
    "box.thing.constructor.constructor",
    "box.thing.method.constructor",
    "Object.getPrototypeOf(box.thing).constructor.constructor",
    "Object.getPrototypeOf(Object.getPrototypeOf(box.thing)).constructor.constructor",
    "box.thing.hasOwnProperty.constructor",
    "box.thing.toString.constructor",
    "box.thing.__lookupGetter__.constructor",
    "box.thing.__defineGetter__?.constructor",
    "box.async.constructor",
    "Object.getPrototypeOf(box.async).constructor",
    "box.generator.constructor",
    "Object.getPrototypeOf(box.generator).constructor",
    "Object.getPrototypeOf(box.generator.prototype).constructor",
    "box.generator().constructor",
    "box.generator().next.constructor",
    "box.generator()[Symbol.iterator].constructor",
    "Object.getPrototypeOf(Object.getPrototypeOf(box.generator())).constructor.constructor",
    "box.asyncGenerator.constructor",
    "Object.getPrototypeOf(box.asyncGenerator).constructor",
    "box.promise.constructor.constructor",
    "box.promise.then.constructor",
    "box.proxied.constructor",
    "box.proxied.__proto__.constructor",
    "box.error.constructor.constructor",
    "box.getter.constructor",
    "Object.getOwnPropertyDescriptor(box.thing, 'own').get.constructor",
    "box.list.constructor.constructor",
    "box.list.map.constructor",
    "box.args.constructor.constructor",
    "box.args[Symbol.iterator].constructor",
    "box.accessor.f.constructor",
    "box.typed.constructor.constructor",
    "box.sub.map.constructor",
    "box.sub.constructor.constructor",
    "box.map.get.constructor",
    "box.map.constructor.constructor",
    "box.bound.constructor",
    "(function () { return arguments.callee })().constructor",
    "cb.caller",
    "cb.arguments",
    "box.args.callee",
    "box.thrower.caller",
    "(() => { try { box.thrower() } catch (e) { return e.constructor.constructor } })()",
    "(() => { try { box.thrower() } catch (e) { return e.fn.constructor } })()",
    "(() => { try { box.thrower() } catch (e) { return e.cause.constructor.constructor } })()",
    "(() => { try { new box.klass(1, 2).none() } catch (e) { return e.constructor.constructor } })()",
    "(() => { let f; try { box.rejected.catch((e) => { f = e }) } catch {} return f.constructor.constructor })()",
    "box.tag`a${cb}`.constructor.constructor",
    "box.tag`a`.raw.constructor.constructor",
    "box.symbol.constructor.constructor",
    "Object(box.symbol).constructor.constructor",
    "box.symbol.description.constructor.constructor",
    "box.species.constructor[Symbol.species].constructor",
    "box.species.map((x) => x).constructor.constructor",
    "box.asyncGenerator().next().constructor.constructor",
    "box.asyncGenerator().constructor",
    "box.asyncGenerator()[Symbol.asyncIterator].constructor",
    "Object.getPrototypeOf(Object.getPrototypeOf(box.asyncGenerator())).constructor.constructor",
    "box.iterator.next.constructor",
    "box.iterator.constructor.constructor",
    "box.mapIterator.next.constructor",
    "Object.getPrototypeOf(box.mapIterator).constructor.constructor",
    "box.thing.valueOf.constructor",
    "box.thing.isPrototypeOf.constructor",
    "box.thing.__lookupGetter__('own').constructor",
    "Reflect.getOwnPropertyDescriptor(box.klass, 'fixed').get.constructor",
    "box.klass.fixed.constructor",
    "new box.klass().constructor.constructor",
    "Reflect.construct(box.klass, [], cb).constructor",
    "Reflect.construct(box.klass, [], Function).constructor",
    "Reflect.construct(Function, ['return 1'], box.klass).constructor",
    "Reflect.construct(Function, ['return process.env.foo'], cb)",
    "class extends box.klass {}.__proto__.constructor",
    "new (class extends box.klass { f() { return super.method.constructor } })().f()",
    "new (class extends box.klass { f() { return super.constructor.constructor } })().f()",
    "Function.prototype.bind.call(cb, null).constructor",
    "Function.prototype.call.bind(box.thing.method).constructor",
    "Reflect.apply(cb.bind, cb, []).constructor",
    "new Proxy(cb, {}).constructor",
    "Object.create(cb).constructor",
    "Object.setPrototypeOf(() => 1, cb).constructor",
    "({ __proto__: box.thing }).constructor.constructor",
    "structuredClone(box.error).constructor.constructor",
    "box.promise.then((x) => x).constructor.constructor",
    "box.promise.finally.constructor",
    "box.timer.constructor",
    "box.write.constructor",
    "box.make.toString().constructor.constructor",
    "box.date.constructor.constructor",
    "box.pattern.exec.constructor",
    "box.buffer.constructor.constructor",
    "box.weak?.constructor",
    "box.returned(1).constructor.constructor",
    "box.get('constructor').constructor",
    "box.get('constructor')",
]
GIVE = """{
  class Klass { method() { return 1 } static get fixed() { return () => 1 } }
  class Species extends Array { static get [Symbol.species]() { return Sub } }
  class Sub extends Array {}
  class MyMap extends Map {}
  const thing = new Klass();
  Object.defineProperty(thing, 'own', { get() { return 1 }, enumerable: true, configurable: true });
  const list = [1]; list.f = () => 1;
  const box = {
    make: () => 1, klass: Klass, thing, async: async () => 1, generator: function* () { yield 1 }, asyncGenerator: async function* () {},
    promise: Promise.resolve(1), proxied: new Proxy(() => 1, {}), error: new TypeError('x'), getter: Object.getOwnPropertyDescriptor(thing, 'own').get,
    list, args: (function () { return arguments })(1), accessor: new (class { get f() { return () => 1 } })(), typed: new Uint8Array(1),
    sub: Sub.of(1, 2), map: new MyMap(), bound: (() => 1).bind(null),
    thrower() { throw Object.assign(new TypeError('x', { cause: new RangeError('y') }), { fn: () => 1 }) }, rejected: Promise.reject(new Error('z')),
    tag: (strings) => strings, symbol: Symbol.for('s'), species: Species.of(1), iterator: [1][Symbol.iterator](), mapIterator: new Map([[1, 2]]).entries(),
    timer: setTimeout, write: console.log, date: new Date(0), pattern: /x/, buffer: new ArrayBuffer(1), returned: (n) => n ? box.returned(n - 1) : box.thing,
    get: (key) => box.make[key],
  };
  return @B.attack(() => 1, box);
}"""


async def test_no_walk_ends_at_as_function(world: World) -> None:
    walks = ", ".join(f"(cb, box) => {walk}" for walk in WALKS)
    body = f"""export const attack = (cb, box) => [{walks}].map((walk) => {{
      let found; try {{ found = walk(cb, box) }} catch (e) {{ return 'nothing' }}
      for (const make of [() => found({LOOT!r})(), () => new found({LOOT!r})(), () => found({LOOT!r}).next().value, () => found.constructor({LOOT!r})()]) {{
        let got; try {{ got = make() }} catch {{ continue }}
        if (got === 'the secret of A') return got;
      }}
      return 'nothing' }})"""
    await world.save("B", body)
    found = await world.eval(GIVE)
    assert [walk for walk, got in zip(WALKS, found, strict=True) if got != "nothing"] == []


async def test_the_loot_is_there_for_whoever_runs_code_of_as(world: World) -> None:
    """The attack above is real: the same walk in A's own guest finds the secret."""
    assert await world.eval(f"(() => 1).constructor({LOOT!r})()") == "the secret of A"


async def test_async_code_made_by_a_walk_has_nothing_either(world: World) -> None:
    body = f"""export const attack = async (f) => {{ const AsyncFunction = (f.constructor.name === 'AsyncFunction' ? f : async () => 1).constructor; return AsyncFunction({LOOT!r})() }}"""
    await world.save("B", body)
    assert await world.eval("@B.attack(async () => 1)") == "nothing"
