"""The attacker's plan: B's library returns one of JavaScript's built-ins, or something of the runtime's, inside an innocent value.

"The receiver's own" then stands in A's guest, put there by B: its `eval` as a `toJSON` that A's answer calls with B's text, its
`process.env` that A spreads into the options of B's next call, its `Object.prototype` that A changes for B.
"""

from __future__ import annotations

import pytest

from tests.semantics.live import World

SECRET = "the secret of A"

GIFTS = {
    "the environment": "process.env",
    "the environment's reader": "Deno.env",
    "a function that makes code of a key": "({'process.env.foo': {toJSON: eval}})",
    "eval": "eval",
    "Function": "Function",
    "Function by another name": "(async () => {}).constructor",
    "the global object": "globalThis",
    "a prototype": "Object.prototype",
    "a prototype in a box": "({inside: [Array.prototype]})",
    "a namespace": "Reflect",
    "a walker": "Reflect.get",
    "a caller": "Function.prototype.call",
    "a changer": "Object.assign",
}


@pytest.mark.parametrize("gift", GIFTS.values(), ids=GIFTS.keys())
async def test_no_gift_of_a_library_is_the_receivers_own_built_in(world: World, gift: str) -> None:
    await world.save("B", f"export const gift = () => {gift}")
    await world.save("B", "export const tell = (options) => JSON.stringify(options)")
    for use in ("@B.gift()", "@B.gift().foo", "@B.tell({...@B.gift(), mine: 1})", "JSON.stringify({...@B.gift()})"):
        outcome = await world.outcome(use)
        assert SECRET.encode() not in outcome.json, use
    own = (
        "(() => { const it = @B.gift(); const inside = it?.inside?.[0] ?? it;"
        " return [globalThis, process.env, Deno.env, eval, Function, Object.prototype, Array.prototype, Reflect, Reflect.get,"
        " Function.prototype.call, Object.assign].includes(inside) })()"
    )
    outcome = await world.outcome(own)
    assert outcome.error is not None or outcome.json == b"false"


async def test_a_function_that_its_holder_handed_over_runs_at_home_also_if_the_runtime_made_it(world: World) -> None:
    await world.save("B", "export const say = (write) => { write('from B'); return 1 }")
    outcome = await world.outcome("@B.say(console.log)")
    assert outcome.json == b"1"
    (line,) = (await world.record(outcome))["logs"]
    assert (line["message"], line["author"]) == ("from B", "@a")


async def test_plain_functions_of_javascript_are_the_receivers_own(world: World) -> None:
    await world.save("B", "export const map = (list, f) => [list.map(f), f === Number]")
    assert await world.eval('@B.map(["1", "2"], Number)') == [[1, 2], True]
    assert await world.eval("@B.map([1.5], Math.floor)") == [[1], False]


async def test_a_receiver_cannot_put_its_own_prototype_into_the_givers_function(world: World) -> None:
    await world.save(
        "B", "export const bend = (F) => { try { F.prototype = {stolen() { return 1 }} } catch {} return 1 }"
    )
    assert await world.eval("(() => { function F() {} @B.bend(F); return 'stolen' in new F() })()") is False


async def test_a_receiver_cannot_change_what_the_givers_proxy_inherits_from(world: World) -> None:
    await world.save("B", "export const bend = (x) => { try { x.__proto__ = {stolen: 1} } catch {} return 1 }")
    code = "(() => { const t = {}; @B.bend(new Proxy(t, {})); return Object.getPrototypeOf(t) === Object.prototype })()"
    assert await world.eval(code) is True


async def test_an_array_with_a_flood_of_references_to_one_thing_is_one_reference(world: World) -> None:
    await world.save("B", "export const count = (list) => new Set(list).size")
    outcome = await world.outcome("(() => { const f = () => 1; return @B.count(Array(100000).fill(f)) })()")
    assert outcome.json == b"1", outcome.error
    error = await world.error("@B.count(Array.from({length: 20000}, () => () => 1))")
    assert error.name == "LimitError"
