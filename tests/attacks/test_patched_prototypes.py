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
