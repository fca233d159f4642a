"""The attacker's plan: B patches the prototypes that encoding, decoding and the runtime might use, to see or change what A sends.

Each side's own prototypes are its own: what B patches is seen by B alone, and what A patches does not reach B's values.
"""

from __future__ import annotations

import pytest

from tests.semantics.live import PRIVATE, World

PATCHES = [
    "Array.prototype[Symbol.iterator] = function* () { yield 'theirs' }",
    "Array.prototype.map = () => ['theirs']; Array.prototype.push = () => 0",
    "Promise.prototype.then = function (f) { return f('theirs') }",
    "Object.defineProperty(Object.prototype, 'secret', { set(v) { globalThis.seen = v }, get() { return 'theirs' }, configurable: true })",
    "Object.defineProperty(Object.prototype, '0', { set(v) { globalThis.seen = v }, configurable: true })",
    "Object.defineProperty(Array.prototype, '0', { set(v) { globalThis.seen = v }, configurable: true })",
    "Array.from = () => ['theirs']; Object.keys = () => ['theirs']; JSON.stringify = () => 'theirs'; JSON.parse = () => 'theirs'",
    "Object.defineProperty(Array, Symbol.species, { get() { return class { constructor() { return ['theirs'] } } } })",
    "Function.prototype.call = Function.prototype.apply = () => 'theirs'",
    "Map.prototype.set = Set.prototype.add = function () { return this }; Map.prototype.get = () => 'theirs'",
    "Object.prototype.toJSON = () => 'theirs'",
    "String.prototype.toLowerCase = () => 'theirs'; Object.getPrototypeOf(async () => 1).constructor = null",
    "Reflect.apply = Reflect.get = () => 'theirs'; globalThis.Proxy = globalThis.Map = null; globalThis.Object = null",
    "Error.prototype.toString = () => 'theirs'; Object.defineProperty(Error.prototype, 'name', { get() { return 'theirs' } })",
    "Object.defineProperty(Array.prototype, 'length', { get() { return 9 } }); Object.freeze(Array.prototype)",
    "for (const C of [Map, Set, Date, RegExp, Error, Uint8Array, ArrayBuffer, Promise]) globalThis[C.name] = function () { return { theirs: 1 } }",
    "for (const k of ['get', 'set', 'value', 'writable', 'enumerable', 'configurable', 'then', 'constructor', 'next', 'done']) try { Object.defineProperty(Object.prototype, k, { get() { return undefined }, set(v) { globalThis.seen = v }, configurable: true }) } catch {}",
    "Object.setPrototypeOf(Object.prototype, null); Object.setPrototypeOf(Array.prototype, { theirs: 1 }); Object.setPrototypeOf(Function.prototype, null)",
    "for (const P of [Map.prototype, Set.prototype, Promise.prototype, Date.prototype, RegExp.prototype, Object.getPrototypeOf(Uint8Array.prototype), Function.prototype, String.prototype]) for (const k of Reflect.ownKeys(P)) if (k !== 'constructor') try { Object.defineProperty(P, k, { get() { return () => 'theirs' }, configurable: true }) } catch {}",
    "Object.defineProperty = Object.getOwnPropertyDescriptor = Object.assign = Object.entries = Reflect.ownKeys = () => 'theirs'; Symbol.for = () => 'theirs'",
    "Function.prototype.bind = () => () => 'theirs'; Function.prototype[Symbol.hasInstance] = null; Function.prototype.toString = () => 'theirs'",
    "JSON.parse = JSON.stringify = null; delete globalThis.JSON; delete globalThis.Promise; delete globalThis.Error",
]


@pytest.mark.parametrize("patch", PATCHES)
async def test_a_sees_nothing_of_what_b_patched(world: World, patch: str) -> None:
    await world.save(
        "B",
        f"export const patch = () => {{ {patch} }}; export const id = 0; export const both = {{ patch: () => {{ {patch} }}, id: (x) => x }}",
    )
    code = """{
      const { patch, id } = @B.both; try { patch() } catch {}
      const sent = { secret: 1, list: [1, 2], map: new Map([[1, 2]]), set: new Set([3]) };
      let back; try { back = id(sent) } catch (e) { back = sent }
      const again = [3].map((x) => x), own = await Promise.resolve(1);
      return [back.secret, [...back.list], back.map.get(1), back.set.has(3), again, own, JSON.stringify({ a: 1 }), ({}).secret ?? null];
    }"""
    assert await world.eval(code) == [1, [1, 2], 2, True, [3], 1, '{"a":1}', None]


@pytest.mark.parametrize("patch", PATCHES)
async def test_b_gets_exactly_what_was_sent_whatever_a_patched(world: World, patch: str) -> None:
    await world.save("B", "export const show = (x) => JSON.stringify([x.secret, x.list, [...x.map], [...x.set]])")
    code = f"""{{
      const sent = {{ secret: 1, list: [1, 2], map: new Map([[1, 2]]), set: new Set([3]) }}, show = @B.show;
      try {{ {patch} }} catch {{}}
      return show(sent);
    }}"""
    outcome = await world.outcome(code)
    if outcome.error is None and b"theirs" not in outcome.json:
        assert outcome.json == b'"[1,[1,2],[[1,2]],[3]]"'


@pytest.mark.parametrize("patch", PATCHES)
async def test_decoding_runs_no_setter_of_the_receivers(world: World, patch: str) -> None:
    await world.save(
        "B", "export const give = () => ({ secret: 'of B', list: ['of B'], map: new Map([['k', 'of B']]) })"
    )
    code = f"{{ const give = @B.give; try {{ {patch} }} catch {{}} give(); return globalThis.seen ?? null }}"
    outcome = await world.outcome(code)
    assert b"of B" not in outcome.json


async def test_the_runtime_gives_b_no_rights_through_what_b_patched(world: World) -> None:
    """B sees and changes the arguments of the runtime's own host calls: they are B's, and decided as B's."""
    body = """export const attack = () => {
      const real = Array.prototype[Symbol.iterator]; const seen = [];
      Array.prototype[Symbol.iterator] = function () {
        if (this[0] === 'me' && this[1] === 'bait') { this[0] = 'A'; this[1] = 'foo' }
        return real.call(this);
      };
      try { seen.push(@me.secrets.bait ?? 'nothing') } catch (e) { seen.push(e.name) }
      try { seen.push(@me.bait ?? 'nothing') } catch (e) { seen.push(e.name) }
      Array.prototype[Symbol.iterator] = real;
      return seen }"""
    await world.save("A", "'private of A'", name="foo", privacy=PRIVATE)
    await world.save("B", body)
    assert await world.eval("@B.attack()") == ["nothing", "nothing"]


EVERYTHING = """const define = Object.defineProperty, found = [];
  for (const one of [Object.prototype, Array.prototype, Function.prototype, Promise.prototype, Map.prototype, Set.prototype, Date.prototype, RegExp.prototype, Error.prototype, String.prototype, Object.getPrototypeOf(Uint8Array.prototype),
    Uint8Array.prototype, ArrayBuffer.prototype, DataView.prototype, Symbol.prototype, BigInt.prototype, Object.getPrototypeOf([][Symbol.iterator]()), Object.getPrototypeOf(function* () {}).prototype, Reflect, JSON]) for (const key of Reflect.ownKeys(one)) if (key !== 'constructor') found.push([one, key, Reflect.getOwnPropertyDescriptor(one, key)]);
  for (const C of [Array, Promise, Map, Set, Date, RegExp, Error, TypeError, Uint8Array, ArrayBuffer, DataView, Object, Symbol]) for (const key of ['from', 'of', 'resolve', 'keys', 'for', 'defineProperty', 'captureStackTrace', Symbol.species]) found.push([C, key, Reflect.getOwnPropertyDescriptor(C, key)]);
  for (let i = 0; i < found.length; i++) try { define(found[i][0], found[i][1], { get() { hits++; return undefined }, set() { hits++ }, configurable: true }) } catch {}
  const restore = () => { for (let i = 0; i < found.length; i++) if (found[i][2]) try { define(found[i][0], found[i][1], found[i][2]) } catch {} else try { delete found[i][0][found[i][1]] } catch {} };"""
KINDS = "[1, [2, , 3], { a: 1 }, new Map([[1, { b: 2 }]]), new Set([4]), new Date(5), /x/g, new Error('e', { cause: new TypeError('t') }), new Uint8Array([6, 7]), new DataView(new ArrayBuffer(2)), 8n, Object('s'), Symbol.for('k'), Object.assign(Object.create(null), { n: 9 }), () => 10, new (class K { x = 11 })(), Promise.resolve(12), new AggregateError([new Error('a')])]"


async def test_decoding_touches_no_prototype_of_a_receiver_that_patched_everything(world: World) -> None:
    """Every accessor of every prototype of A's is a tripwire: a message of every kind is decoded, and none is touched."""
    await world.save("B", f"export const give = () => {KINDS}")
    code = f"""{{ const give = @B.give, list = []; let hits = 0; give();
      const {{ length }} = list; {EVERYTHING}
      const before = hits; const got = give(); const after = hits; restore();
      return `${{after - before}} ${{got[1][2]}} ${{got[2].a}} ${{got[13].n}} ${{got[15].x}} ${{length}}` }}"""
    assert await world.eval(code) == "0 3 1 9 11 0"


async def test_what_a_sends_after_it_patched_all_it_has_arrives_sound(world: World) -> None:
    """Encoding asks an error for its name and its stack, as it is the sender's to say; it uses nothing else that is patched."""
    looks = "x[1][2] === 3 && !(1 in x[1]) && x[2].a === 1 && x[3].get(1).b === 2 && x[4].has(4) && x[5].getTime() === 5 && x[6].flags === 'g' && x[7].cause.message === 't' && x[8][1] === 7 && x[9].byteLength === 2 && x[10] === 8n && x[13].n === 9 && x[14]() === 10 && x[15].x === 11 && x[17].errors[0].message === 'a'"
    await world.save("B", f"export const look = (x) => {looks}")
    code = f"{{ const look = @B.look, sent = {KINDS}; let hits = 0; look(sent); {EVERYTHING} const before = hits; const good = look(sent); const after = hits; restore(); return [good, after - before <= 8] }}"
    assert await world.eval(code) == [True, True]


async def test_what_b_patched_is_not_run_by_as_calls_of_bs_functions(world: World) -> None:
    """B patches all of its own: A's calls, gets and promises still come to what B's code says, or to an error, never to a crash."""
    await world.save(
        "B",
        f"export const lib = {{ patch() {{ let hits = 0; {EVERYTHING} return 1 }}, add: (a, b) => a + b, list: () => [1, 2], thing: new (class {{ x = 1 }})(), later: async () => 5 }}",
    )
    code = "{ const { patch, add, list, thing, later } = @B.lib; patch(); const told = []; for (const f of [() => add(1, 2), () => [...list()], () => thing.x, () => later()]) { try { told.push(await f()) } catch (e) { told.push('error') } } return [told, [3].map((x) => x), ({}).x ?? null] }"
    told, own, none = await world.eval(code)
    assert (own, none) == ([3], None)
    assert told[0] in {3, "error"}
