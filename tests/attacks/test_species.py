"""The attacker's plan: `map`, `slice`, `then`, `split` make their result with a constructor that the object names. B poisons `Symbol.species`
and `constructor`, on what it gives, on A's things, and on its own built-ins, to stand in the middle of what A computes.
"""

from __future__ import annotations

import pytest

from tests.attacks.siege import assault, insist_bs_rights, insist_clean_end
from tests.semantics.live import World

VALUES = {
    "a species": "class S extends Array { static get [Symbol.species]() { loot(); return Array } } return S.of(1)",
    "a species that is another class": "class S extends Array { static get [Symbol.species]() { return class { constructor() { return [loot()] } } } } return S.of(1, 2)",
    "a constructor of its own": "const a = [1]; a.constructor = { get [Symbol.species]() { return function () { return [loot()] } } }; return a",
    "of a promise": "class P extends Promise { static get [Symbol.species]() { loot(); return Promise } } return P.resolve(1)",
    "of a promise that has its own constructor": "const p = Promise.resolve(1); p.constructor = { get [Symbol.species]() { return function (f) { f(loot, loot) } } }; return p",
    "of a regular expression": "class R extends RegExp { static get [Symbol.species]() { return function () { return { exec: loot, lastIndex: 0, flags: loot() } } } } return new R('x')",
    "of a typed array": "class U extends Uint8Array { static get [Symbol.species]() { loot(); return Uint8Array } } return new U(4)",
    "of a buffer": "class X extends ArrayBuffer { static get [Symbol.species]() { loot(); return ArrayBuffer } } return new X(4)",
    "of a map": "class M extends Map { static get [Symbol.species]() { return loot() } } return new M([[1, 2]])",
}


@pytest.mark.parametrize("name", VALUES)
async def test_whatever_a_does_with_it_it_has_bs_rights(world: World, name: str) -> None:
    await insist_bs_rights(world, VALUES[name])


@pytest.mark.parametrize("name", VALUES)
async def test_as_the_answer_or_what_is_thrown_it_ends_the_evaluation_cleanly(world: World, name: str) -> None:
    await insist_clean_end(world, VALUES[name])


POISON = "for (const C of [Array, Promise, RegExp, Map, Set, ArrayBuffer, Object.getPrototypeOf(Uint8Array)]) try { Object.defineProperty(C, Symbol.species, { get() { return function (f) { if (typeof f === 'function') f(() => 1, () => 1); return ['theirs'] } }, configurable: true }) } catch {}"
DERIVED = [
    ("[1, 2].map((x) => x + 1)", [2, 3]), ("[1, 2].filter((x) => x > 1)", [2]), ("[1, 2].slice(1)", [2]), ("[1].concat([2])", [1, 2]), ("[1, 2].splice(0, 1)", [1]),
    ("[[1], 2].flat()", [1, 2]), ("[1].flatMap((x) => [x, x])", [1, 1]), ("[...new Uint8Array([1, 2]).map((x) => x + 1)]", [2, 3]), ("[...new Uint8Array([1, 2]).subarray(1)]", [2]),
    ("'a-b'.split(/-/)", ["a", "b"]), ("new Uint8Array(new Uint8Array([1, 2]).buffer.slice(1))[0]", 2), ("await Promise.resolve(1).then((x) => x + 1)", 2), ("await Promise.resolve(1).finally(() => 2)", 1),
    ("[...'aXb'.matchAll(/X/g)].length", 1),
]  # fmt: skip


async def test_what_b_poisons_in_its_own_guest_stays_there(world: World) -> None:
    library = f"(list, buffer, later) => {{ {POISON} return [list, buffer, later] }}"
    results = ", ".join(code for code, _ in DERIVED)
    use = f"const [list, bytes, later] = attack([1], new Uint8Array([7]), Promise.resolve(3)); return [[{results}], list.map((x) => x), bytes.map((x) => x)[0], await later.then((x) => x)]"
    assert (await assault(world, library, use)).got == [[value for _, value in DERIVED], [1], 7, 3]


@pytest.mark.parametrize(
    "way",
    [
        "Object.defineProperty(x.klass, Symbol.species, { get: () => Array })",
        "x.klass[Symbol.species] = function () { return ['theirs'] }",
        "x.list.constructor = { [Symbol.species]: function () { return ['theirs'] } }",
        "x.list.constructor[Symbol.species] = function () { return ['theirs'] }",
        "Object.getPrototypeOf(x.list).constructor = null",
        "Object.defineProperty(Object.getPrototypeOf(x.klass), Symbol.species, { value: null })",
    ],
)
async def test_b_poisons_no_class_of_as_built_ins(world: World, way: str) -> None:
    """What A's own class says of itself is an own property, which A lent; what JavaScript's classes say is not B's to change."""
    library = f"(x) => {{ try {{ {way} }} catch {{}} }}"
    use = "class Mine extends Array {} const list = Mine.of(1, 2); attack({ klass: Mine, list }); let kind; try { kind = list.map((x) => x)[0] } catch (e) { kind = e.name } return [kind, [1].map((x) => x), Array[Symbol.species] === Array]"
    found = (await assault(world, library, use)).got
    assert found[1:] == [[1], True]


async def test_a_list_of_bs_is_mapped_by_b_and_a_gets_a_value(world: World) -> None:
    """`map` of an instance of B's class runs at home with A's callback: it hears elements, and what comes back is B's."""
    library = "() => { class S extends Array { static get [Symbol.species]() { return function (n) { return { n } } } } return S.of(1, 2) }"
    use = "const heard = []; let got; try { got = attack().map((x) => { heard.push(x); return held.length + x }) } catch (e) { got = e.name } return [heard, typeof got]"
    assert (await assault(world, library, use)).got == [[1, 2], "object"]
