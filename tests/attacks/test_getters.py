"""The attacker's plan: a property is code. B's getters throw, lie, count, wait, call A back while A's guest is in the middle of a copy, and
change what is being copied; A's getters are asked by B's guest, more often and in another order than A thought.
"""

from __future__ import annotations

import pytest

from tests.attacks.siege import assault, insist_bs_rights, insist_clean_end
from tests.semantics.live import World

VALUES = {
    "a getter": "return { get x() { return loot() } }",
    "a getter of an instance": "return new (class { get x() { return loot() } get then() { loot() } get ['constructor']() { return loot() } })()",
    "a getter of what is inherited": "return Object.create({ get x() { return loot() } })",
    "a getter for everything that is looked for": "const o = new (class {})(); for (const k of ['then', 'toJSON', 'length', 'constructor', 'message', 'name', 'stack', Symbol.iterator, Symbol.toPrimitive, Symbol.toStringTag, Symbol.hasInstance]) Object.defineProperty(o, k, { get: loot }); return o",
    "an error that lies": "const e = new Error('x'); Object.defineProperty(e, 'message', { get: loot }); Object.defineProperty(e, 'stack', { get: loot }); return e",
    "an error whose cause is a getter": "const e = new Error('x'); for (const k of ['cause', 'errors', 'name', 'code']) Object.defineProperty(e, k, { get: loot, enumerable: true }); return e",
    "an element": "return Object.defineProperty([1], 1, { get: loot, enumerable: true })",
}


@pytest.mark.parametrize("name", VALUES)
async def test_whatever_a_does_with_it_it_has_bs_rights(world: World, name: str) -> None:
    await insist_bs_rights(world, VALUES[name])


@pytest.mark.parametrize("name", VALUES)
async def test_as_the_answer_or_what_is_thrown_it_ends_the_evaluation_cleanly(world: World, name: str) -> None:
    await insist_clean_end(world, VALUES[name])


LIES = {
    "throws": ("() => ({ get x() { throw new RangeError('mine') } })", "return attack()", "RangeError: mine"),
    "throws what is no error": ("() => ({ get x() { throw null } })", "return attack()", "undefined: undefined"),
    "counts": (
        "() => { let n = 0; return [{ get x() { return ++n } }, () => n] }",
        "const [o, count] = attack(); return [o.x, o.x, count()]",
        [1, 1, 1],
    ),
    "is asked once for each time it is sent": (
        "() => { let n = 0; const o = { get x() { return ++n } }; return () => o }",
        "const give = attack(); return [give().x, give().x]",
        [1, 2],
    ),
    "counts in an error": (
        "() => { let n = 0; const e = new Error('x'); Object.defineProperty(e, 'extra', { get: () => ++n, enumerable: true }); return [e, () => n] }",
        "const [e, count] = attack(); return [e.extra, e.extra, count()]",
        [1, 1, 1],
    ),
    "is asked each time on what goes by reference": (
        "() => { let n = 0; return new (class { get x() { return ++n } })() }",
        "const o = attack(); return [o.x, o.x]",
        [1, 2],
    ),
    "calls A back while it is copied": (
        "(f) => ({ get x() { return f() + 1 } })",
        "return attack(() => 1).x",
        2,
    ),
    "sends what is being sent": (
        "(f) => { let n = 0; const o = { get x() { return n++ > 3 ? 'end' : f(o) } }; return o }",
        "return attack((o) => o.x).x",
        "end",
    ),
    "takes away what comes next": (
        "() => { const o = { get a() { delete o.b; o.c = 3; return 1 }, b: 2 }; return o }",
        "return attack()",
        {"a": 1},
    ),
    "shortens the array it stands in": (
        "() => { const a = [0, 1, 2, 3]; Object.defineProperty(a, 0, { get() { a.length = 1; return 'x' }, enumerable: true, configurable: true }); return a }",
        "const a = attack(); return [a[0], a.length <= 4, a[3] ?? null]",
        ["x", True, None],
    ),
    "changes a map while it is copied": (
        "() => { const m = new Map(); m.set('a', { get x() { m.delete('b'); m.set('c', 1); return 1 } }); m.set('b', 2); return m }",
        "const m = attack(); return [m.get('a').x, m instanceof Map]",
        [1, True],
    ),
    "detaches a buffer that is next": (
        "() => { const b = new ArrayBuffer(8, { maxByteLength: 64 }); const v = new Uint8Array(b); return [{ get x() { try { b.resize(0) } catch {} try { b.transfer() } catch {} return 1 } }, v] }",
        "try { const got = attack(); return [got[0].x, got[1].length === 0 || got[1].length === 8] } catch (e) { return [1, e instanceof Error] }",
        [1, True],
    ),
    "answers with what is A's": (
        "(o) => ({ get x() { return o } })",
        "const mine = new (class Mine {})(); return attack(mine).x === mine",
        True,
    ),
    "a setter that keeps": (
        "() => { let kept = 'nothing'; return new (class { set x(v) { kept = v } get x() { return kept } })() }",
        "const o = attack(); o.x = 'told'; return o.x",
        "told",
    ),
}


@pytest.mark.parametrize("name", LIES)
async def test_a_getter_that(world: World, name: str) -> None:
    library, use, expected = LIES[name]
    assert (await assault(world, library, use)).got == expected


async def test_as_getters_run_at_home_once_whatever_b_does_with_the_copy(world: World) -> None:
    library = "(o) => [o.x, o.x, JSON.stringify(o), Object.getOwnPropertyDescriptor(o, 'x').get ?? null, { ...o }.x]"
    use = "let n = 0; return [attack({ get x() { return ++n } }), n]"
    assert (await assault(world, library, use)).got == [[1, 1, '{"x":1}', None, 1], 1]


async def test_a_getter_taken_from_as_object_runs_at_home_for_the_object_it_is_given(world: World) -> None:
    """B asks for the description of an accessor of A's and calls the getter on something else: A's private field is not there."""
    library = """(o) => {
      const get = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(o), 'x').get, seen = [];
      for (const on of [{}, undefined, null, 5, o, new Proxy(o, {}), Object.create(o)]) try { seen.push(get.call(on)) } catch (e) { seen.push(e.name) }
      return seen }"""
    use = "return attack(new (class { #x = 'of mine'; get x() { return this.#x.length } })())"
    found = (await assault(world, library, use)).got
    assert found[4] == 7
    assert set(found[:4]) == {"TypeError"}


async def test_a_getter_without_end_ends_in_the_budget(hasty: World) -> None:
    for library in (
        "() => { const make = () => ({ get x() { return make() } }); return make() }",
        "() => ({ get x() { for (;;); } })",
    ):
        assert (await assault(hasty, library, "return attack()")).end in {"cpu_limit", "value", "limit"}
