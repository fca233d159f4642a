"""The attacker's plan: the language asks objects how to behave, by symbols: `Symbol.hasInstance`, `iterator`, `isConcatSpreadable`,
`unscopables`, `match`, `replace`, `search`, `split`, `asyncIterator`. Each is a call, and an iterator need not end.
"""

from __future__ import annotations

import pytest

from tests.attacks.siege import CODE, assault, insist_bs_rights, insist_clean_end
from tests.semantics.live import World

VALUES = {
    "an iterator": "return { [Symbol.iterator]: function* () { yield loot() } }",
    "an async iterator": "return { [Symbol.asyncIterator]: async function* () { yield loot() } }",
    "an iterator by hand": "return new (class { [Symbol.iterator]() { return { next: () => ({ value: loot(), done: loot() !== 'x' }), return: loot, throw: loot } } })()",
    "a hasInstance": "return class { static [Symbol.hasInstance]() { return loot() } }",
    "a spreadable": "return new (class { get [Symbol.isConcatSpreadable]() { loot(); return true } get length() { loot(); return 3 } get 0() { return loot() } })()",
    "a pattern": "return new (class { [Symbol.replace]() { return loot() } [Symbol.match]() { return loot() } [Symbol.search]() { return loot() } [Symbol.split]() { return [loot()] } [Symbol.matchAll]() { return [loot()] } })()",
    "a pattern that is a regular expression": "const r = /x/; for (const k of ['replace', 'match', 'search', 'split', 'matchAll']) r[Symbol[k]] = loot; r.exec = loot; return r",
    "unscopables": "return new (class { get [Symbol.unscopables]() { return loot() } get held() { return loot() } })()",
    "a disposable": "return { [Symbol.dispose ?? 'x']: loot, [Symbol.asyncDispose ?? 'y']: loot }",
}


@pytest.mark.parametrize("name", VALUES)
async def test_whatever_a_does_with_it_it_has_bs_rights(world: World, name: str) -> None:
    await insist_bs_rights(world, VALUES[name])


@pytest.mark.parametrize("name", VALUES)
async def test_as_the_answer_or_what_is_thrown_it_ends_the_evaluation_cleanly(world: World, name: str) -> None:
    await insist_clean_end(world, VALUES[name])


LIES = {
    "instanceof, of everything": (
        "() => class { static [Symbol.hasInstance](x) { return 'yes' } }",
        "const C = attack(); return [({}) instanceof C, held instanceof C, 5 instanceof C]",
        [True, True, True],
    ),
    "instanceof, that looks at what it is asked about": (
        "() => { let seen; return [class { static [Symbol.hasInstance](x) { try { x.theirs = 1; seen = Object.keys(x) } catch {} return false } }, () => seen] }",
        "const [C, seen] = attack(), mine = { key: 1 }; mine instanceof C; return [seen(), mine]",
        [["key", "theirs"], {"key": 1}],
    ),
    "instanceof, with A's own function": (
        "(f) => { class C {} try { Object.defineProperty(C, Symbol.hasInstance, { value: f }) } catch {} return C }",
        "let n = 0; const C = attack(() => { n++; return true }); return [({}) instanceof C, n]",
        [True, 1],
    ),
    "concat": (
        "() => new (class { [Symbol.isConcatSpreadable] = true; length = 2; 0 = 'a'; 1 = 'b' })()",
        "return [1].concat(attack())",
        [1, "a", "b"],
    ),
    "an iterator that says done, and goes on": (
        "() => ({ [Symbol.iterator]: () => ({ next: () => ({ done: 'yes', value: 'theirs' }) }) })",
        "return [...attack()]",
        [],
    ),
    "an iterator that answers no object": (
        "() => ({ [Symbol.iterator]: () => ({ next: () => 5 }) })",
        "try { return [...attack()] } catch (e) { return e.name }",
        "TypeError",
    ),
    "an iterator whose return throws": (
        "() => ({ [Symbol.iterator]: () => ({ next: () => ({ value: 1 }), return() { throw new RangeError('mine') } }) })",
        "try { for (const x of attack()) break } catch (e) { return e.message }",
        "mine",
    ),
    "an iterator that is A's": (
        "(list) => ({ [Symbol.iterator]: () => list })",
        "return [...attack((function* () { yield 1 })())]",
        [1],
    ),
    "destructuring": (
        "(f) => ({ [Symbol.iterator]: function* () { yield f; yield 2 } })",
        "const mine = () => held, [a, b] = attack(mine); return [a === mine, b]",
        [True, 2],
    ),
    "a Map made of it": (
        "() => ({ [Symbol.iterator]: function* () { yield ['__proto__', 1]; yield ['k', 2] } })",
        "const m = new Map(attack()), o = Object.fromEntries(attack()); return [m.get('k'), Object.hasOwn(o, '__proto__'), ({}).k ?? null]",
        [2, True, None],
    ),
    "a replacement": (
        "() => new (class { [Symbol.replace](text, by) { return text.length + typeof by } })()",
        "return 'abc'.replace(attack(), () => held)",
        "3function",
    ),
}


@pytest.mark.parametrize("name", LIES)
async def test_what_it_answers_is_only_a_value(world: World, name: str) -> None:
    library, use, expected = LIES[name]
    assert (await assault(world, library, use)).got == expected


@pytest.mark.parametrize(
    "use",
    [
        "[...attack()]",
        "Array.from(attack())",
        "new Set(attack())",
        "Math.max(...attack())",
        "Promise.all(attack())",
        "const [...all] = attack()",
    ],
)
async def test_an_iterator_that_never_ends_ends_in_the_budget(hasty: World, use: str) -> None:
    library = "() => ({ [Symbol.iterator]: () => ({ next: () => ({ value: 1 }) }) })"
    found = await assault(hasty, library, f"{use}; return 1")
    assert found.end in {"cpu_limit", "memory_limit"}


async def test_an_async_iterator_that_never_answers_is_a_deadlock(world: World) -> None:
    library = "() => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) })"
    assert (await assault(world, library, "for await (const x of attack());")).end == "deadlock"


async def test_with_a_handle_as_scope_a_finds_bs_names_and_b_none_of_as(world: World) -> None:
    """Sloppy code of A's says `with (b) { … }`: B is asked for every name, and may answer; what A assigns to a name of B's B gets, as told."""
    library = "() => { const asked = []; return new Proxy({ given: 'theirs' }, { has(t, k) { asked.push(String(k)); return k === 'given' || k === 'asked' }, get: (t, k) => k === 'asked' ? asked : k === Symbol.unscopables ? loot() && undefined : t[k] }) }"
    use = f"const look = Function('b', 'mine', `with (b) {{ return [mine, given, asked.includes('mine'), (function () {{ {CODE} }}).name] }}`); return look(attack(), 1)"
    assert (await assault(world, library, use)).got == [1, "theirs", True, ""]


async def test_symbols_that_everybody_has_are_the_same_and_carry_nothing(world: World) -> None:
    library = f"(s, r) => {{ const seen = [s === Symbol.iterator, r === Symbol.for('r')]; for (const x of [Object(s), Object(r)]) try {{ seen.push(x.constructor.constructor({CODE!r})()) }} catch (e) {{ seen.push(e.name) }} try {{ s.theirs = 1; Object.getPrototypeOf(s).theirs = 1 }} catch {{}} return seen }}"
    use = "const got = attack(Symbol.iterator, Symbol.for('r')); return [got, Symbol.iterator.theirs ?? null]"
    assert (await assault(world, library, use)).got == [[True, True, "nothing", "nothing"], None]
