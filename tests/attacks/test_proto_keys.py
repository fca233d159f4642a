"""The attacker's plan: a copied object carries a key `__proto__`, so that what A receives inherits from what B chose."""

from __future__ import annotations

import pytest

from tests.semantics.live import World

EVIL = '{"__proto__": {"isAdmin": true, "toString": "x"}, "constructor": {"prototype": {"isAdmin": true}}}'


@pytest.mark.parametrize(
    "made",
    [
        f"JSON.parse('{EVIL}')",
        f"[JSON.parse('{EVIL}')][0]",
        f"new Map([[1, JSON.parse('{EVIL}')]]).get(1)",
        f"Object.assign(Object.create(null), JSON.parse('{EVIL}'))",
        f"Object.defineProperty({{}}, '__proto__', {{ value: JSON.parse('{EVIL}'), enumerable: true }})",
        "Object.defineProperty([], '__proto__', { value: { isAdmin: true }, enumerable: true })",
        "Object.defineProperty(new Error('e'), '__proto__', { value: { isAdmin: true }, enumerable: true })",
    ],
)
async def test_it_is_an_own_key_and_nothing_else(world: World, made: str) -> None:
    await world.save("B", f"export const give = () => ({made})")
    await world.save("B", f"export const give = () => ({made})")
    code = "{ const x = @B.give(); return [x.isAdmin ?? null, Object.hasOwn(x, '__proto__'), ({}).isAdmin ?? null] }"
    assert await world.eval(code) == [None, True, None]


async def test_stored_and_read_again_it_is_still_an_own_key(world: World) -> None:
    await world.save("B", f"export const w = () => {{ @A.x = JSON.parse('{EVIL}') }}")
    await world.eval("@B.w()")
    assert await world.eval("[@me.x.isAdmin ?? null, Object.hasOwn(@me.x, '__proto__')]") == [None, True]


async def test_an_answer_awaited_all_through_keeps_it_an_own_key(world: World) -> None:
    outcome = await world.outcome(f"({{ a: Promise.resolve(1), b: JSON.parse('{EVIL}') }})")
    assert outcome.json.startswith(b'{"a":1,"b":{"__proto__":{"isAdmin":true')


async def test_deep_writes_through_proto_change_no_prototype(world: World) -> None:
    await world.save("A", "({})", name="o")
    await world.save(
        "B",
        "export const w = () => { try { @A.o.__proto__.isAdmin = true } catch {} try { @A.o['constructor']['prototype'].isAdmin = true } catch {} return ({}).isAdmin ?? null }",
    )
    assert await world.eval("[@B.w(), ({}).isAdmin ?? null, @me.o.isAdmin ?? null]") in (
        [None, None, None],
        [True, None, None],
    )
