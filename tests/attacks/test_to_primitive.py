"""The attacker's plan: an operator is a call. `+`, a template, a key, a comparison, a date ask `Symbol.toPrimitive`, `valueOf`, `toString`."""

from __future__ import annotations

import pytest

from tests.attacks.siege import CODE, assault, insist_bs_rights, insist_clean_end
from tests.semantics.live import World

VALUES = {
    "toPrimitive": "return { [Symbol.toPrimitive]: loot }",
    "toPrimitive of an instance": "return new (class { [Symbol.toPrimitive](hint) { return loot() + hint } })()",
    "toString": "return { toString: loot }",
    "valueOf": "return { valueOf: loot }",
    "both, of an instance": "return new (class { toString() { return loot() } valueOf() { return loot() } })()",
    "getters of all three": "return new (class { get [Symbol.toPrimitive]() { return loot } get toString() { return loot } get valueOf() { return loot } })()",
    "a tag": "return new (class { get [Symbol.toStringTag]() { return loot() } })()",
    "an error with a name like that": "const e = new Error('x'); e.name = new (class { toString() { return loot() } })(); e.message = e.name; return e",
    "a boxed string that lies": "return Object.assign(new String('x'), { toString: loot, valueOf: loot })",
    "a date that lies": "const d = new Date(0); d[Symbol.toPrimitive] = loot; return d",
    "a function that lies": "return Object.assign(() => 1, { toString: loot, [Symbol.toPrimitive]: loot })",
}


@pytest.mark.parametrize("name", VALUES)
async def test_whatever_a_does_with_it_it_has_bs_rights(world: World, name: str) -> None:
    await insist_bs_rights(world, VALUES[name])


@pytest.mark.parametrize("name", VALUES)
async def test_as_the_answer_or_what_is_thrown_it_ends_the_evaluation_cleanly(world: World, name: str) -> None:
    await insist_clean_end(world, VALUES[name])


OPERATORS = [
    "x + ''", "+x", "-x", "x * 1", "x < 1", "x == 'x'", "`${x}`", "({})[x]", "x in {}", "[1][x]", "String(x)", "Number(x)", "parseInt(x)",
    "new Date(x)", "isNaN(x)", "Math.max(x)", "'x'.repeat(x)", "[].at(x)", "[1, 2].slice(x)", "new Array(x)", "Symbol.for(x)", "BigInt(x)",
    "'abc'.split(x)", "encodeURIComponent(x)", "new Uint8Array(x)", "setTimeout(() => 1, x)", "Function(x)", "eval(x)", "RegExp(x)",
    "Object.defineProperty({}, x, { value: 1 })", "new Error(x)", "throw_(x)", "Reflect.get({}, x)", "console.log('%s', x)", "URL_(x)",
]  # fmt: skip


async def test_an_operand_of_bs_is_asked_in_b_and_comes_to_a_plain_value(world: World) -> None:
    """Every operator and every built-in that converts: B's conversion runs with B's rights, and answers as often with another lie."""
    library = "() => { let n = 0; return new (class { [Symbol.toPrimitive](hint) { loot(); return [1, 'x', undefined, null, true, Symbol.iterator, 2n, {}][n++ % 8] } })() }"
    tries = ", ".join(f"(x) => {one}" for one in OPERATORS)
    use = f"const throw_ = (x) => {{ throw x }}, URL_ = (x) => new URL(x), seen = []; for (const f of [{tries}]) for (let i = 0; i < 8; i++) try {{ f(attack()); seen.push(1) }} catch (e) {{ seen.push(1) }} return seen.length"
    assert (await assault(world, library, use)).got == 8 * len(OPERATORS)


async def test_a_key_that_is_another_each_time_is_asked_once(world: World) -> None:
    library = "() => { let n = 0; return [new (class { toString() { return n++ ? 'constructor' : 'x' } })(), () => n] }"
    use = "const [key, count] = attack(), o = { x: 'mine' }; return [o[key], count()]"
    assert (await assault(world, library, use)).got == ["mine", 1]


async def test_as_conversions_run_at_home(world: World) -> None:
    library = (
        f"(o) => [`${{o}}`, o + 1, o[Symbol.toPrimitive].constructor({CODE!r})(), Object.prototype.toString.call(o)]"
    )
    use = "return attack(new (class Box { #key = held; [Symbol.toPrimitive](hint) { return hint === 'string' ? 'box' : this.#key.length } get [Symbol.toStringTag]() { return 'Mine' } })())"
    assert (await assault(world, library, use)).got == ["box", 21, "nothing", "[object Mine]"]


async def test_a_conversion_without_end_ends_in_the_budget(hasty: World) -> None:
    for library in (
        "() => ({ toString() { for (;;); } })",
        "() => { const o = { toString() { return `${o}` } }; return o }",
    ):
        found = await assault(hasty, library, "return `${attack()}`")
        assert found.end == "cpu_limit" or "RangeError" in str(found.got) or "LimitError" in str(found.got)
