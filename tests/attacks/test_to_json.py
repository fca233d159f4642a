"""The attacker's plan: whoever writes JSON calls `toJSON`, of the thing and of everything in it, or what a prototype has under that name."""

from __future__ import annotations

import pytest

from tests.attacks.siege import CODE, assault, insist_bs_rights, insist_clean_end
from tests.semantics.live import World

VALUES = {
    "toJSON": "return { toJSON: loot }",
    "toJSON of an instance": "class T { toJSON() { return loot() } } return new T()",
    "toJSON inside": "return { deep: [{ toJSON: loot }, new (class { toJSON() { return loot() } })()] }",
    "toJSON that is a getter": "return new (class { get toJSON() { return loot } })()",
    "toJSON that answers with more of it": "const t = (n) => ({ toJSON: () => n ? t(n - 1) : loot() }); return t(20)",
    "toJSON of a date": "const d = new Date(0); d.toJSON = loot; d.toISOString = loot; return d",
    "toJSON of a function": "return Object.assign(() => 1, { toJSON: loot })",
    "rawJSON and replacers": "return JSON.rawJSON ? [JSON.rawJSON('1'), { toJSON: loot }] : { toJSON: loot }",
}


@pytest.mark.parametrize("name", VALUES)
async def test_whatever_a_does_with_it_it_has_bs_rights(world: World, name: str) -> None:
    await insist_bs_rights(world, VALUES[name])


@pytest.mark.parametrize("name", VALUES)
async def test_as_the_answer_or_what_is_thrown_it_ends_the_evaluation_cleanly(world: World, name: str) -> None:
    await insist_clean_end(world, VALUES[name])


WORDS = {
    "a string that would be code": ("() => ({ toJSON: () => '\"}; process.env.foo; ({\"' })", "return JSON.stringify(attack())", '"\\"}; process.env.foo; ({\\""'),
    "A's own function": ("(f) => ({ toJSON: f })", "return JSON.stringify(attack((key) => 'of A ' + key))", '"of A "'),
    "a key that names a prototype": (
        "() => ({ toJSON: () => JSON.parse('{\"__proto__\": {\"theirs\": 1}}') })",
        "const text = JSON.stringify(attack()); return [JSON.parse(text).theirs ?? null, text]",
        [None, '{"__proto__":{"theirs":1}}'],
    ),
    "nothing": ("() => ({ toJSON: () => undefined })", "return JSON.stringify(attack()) ?? 'undefined'", "undefined"),
    "a bigint": ("() => ({ toJSON: () => 1n })", "try { JSON.stringify(attack()) } catch (e) { return e.name }", "TypeError"),
    "a function": ("() => ({ toJSON: () => () => 1 })", "return JSON.stringify([attack()])", "[null]"),
    "a key list": ("() => ['x', { toString: () => 'y' }]", "return JSON.stringify({ x: 1, y: 2 }, attack())", '{"x":1}'),
    "a replacer": ("() => (k, v) => k ? 'theirs' : v", "return JSON.stringify({ x: held.length }, attack())", '{"x":"theirs"}'),
    "a reviver": ("() => (k, v) => k ? 'theirs' : v", "return JSON.parse('{\"x\": 1}', attack())", {"x": "theirs"}),
    "an indent": ("() => new String('--')", "return JSON.stringify([1], null, attack())", "[\n--1\n]"),
}  # fmt: skip


@pytest.mark.parametrize("name", WORDS)
async def test_what_it_answers_is_only_a_value(world: World, name: str) -> None:
    library, use, expected = WORDS[name]
    assert (await assault(world, library, use)).got == expected


async def test_a_replacer_of_bs_gets_no_holder_that_leads_to_a(world: World) -> None:
    """JSON.stringify calls a replacer with `this` the object that holds the value: a copy, or a handle that leads nowhere."""
    library = f"() => function (k, v) {{ try {{ this.x = 'theirs'; return k ? this.constructor.constructor({CODE!r})() : v }} catch (e) {{ return e.name }} }}"
    use = "const mine = { x: 1 }; const text = JSON.stringify({ mine }, attack()); return [mine.x, text]"
    found = (await assault(world, library, use)).got
    assert found[0] == 1
    assert found[1] in {'{"mine":"nothing"}', '{"mine":"TypeError"}'}


async def test_as_to_json_runs_at_home_and_gives_only_its_answer(world: World) -> None:
    library = "(o) => [JSON.stringify(o), JSON.stringify({ o }), Reflect.ownKeys(o)]"
    use = "return attack(new (class { #key = held; toJSON(key) { return this.#key.length + key } })())"
    assert (await assault(world, library, use)).got == ['"20"', '{"o":"20o"}', []]


async def test_a_to_json_without_end_ends_in_the_budget(hasty: World) -> None:
    for library in (
        "() => { const t = () => ({ toJSON: () => [t()] }); return t() }",
        "() => ({ toJSON() { for (;;); } })",
    ):
        found = await assault(hasty, library, "return JSON.stringify(attack())")
        assert (
            found.end in {"cpu_limit", "memory_limit"}
            or "RangeError" in str(found.got)
            or "LimitError" in str(found.got)
        )
