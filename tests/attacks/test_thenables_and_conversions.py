"""The attacker's plan: a value that is code when somebody looks at it: thenables, getters, toJSON, toPrimitive, proxies, instanceof.

All of them run in B's guest, with B's rights, whoever looks; and they may lie about a value, but not about whose rights they have.
"""

from __future__ import annotations

import pytest

from tests.semantics.live import World

LOOT = "[@me.secrets.foo, @A.secrets.foo, process.env.foo].find((x) => x) ?? 'nothing'"
VALUES = {
    "a thenable": "class T { then(done) { done(loot()) } } return new T()",
    "a plain thenable": "return { then(done) { done(loot()) } }",
    "a getter": "return { get x() { return loot() } }",
    "toJSON": "return { toJSON: loot }",
    "toJSON of an instance": "class T { toJSON() { return loot() } } return new T()",
    "toPrimitive": "return { [Symbol.toPrimitive]: loot }",
    "toString": "return { toString: loot }",
    "a proxy": "return new Proxy({}, { get: loot, has: loot, ownKeys: () => ['x'], getOwnPropertyDescriptor: () => ({ value: loot(), enumerable: true, configurable: true }) })",
    "a proxy of a function": "return new Proxy(() => loot(), { apply: loot, get: loot })",
    "an iterator": "return { [Symbol.iterator]: function* () { yield loot() } }",
    "an async iterator": "return { [Symbol.asyncIterator]: async function* () { yield loot() } }",
    "an error that lies": "const e = new Error('x'); Object.defineProperty(e, 'message', { get: loot }); Object.defineProperty(e, 'stack', { get: loot }); return e",
    "a hasInstance": "return class { static [Symbol.hasInstance]() { return loot() } }",
    "a species": "class S extends Array { static get [Symbol.species]() { loot(); return Array } } return S.of(1)",
    "a promise": "return Promise.resolve().then(loot)",
    "a promise with another then": "const p = Promise.resolve(1); p.then = (f) => f(loot()); return p",
    "a revoked proxy": "const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy",
}
USES = [
    "await x",
    "JSON.stringify(x)",
    "`${x}`",
    "x + 1",
    "[...x]",
    "({ ...x })",
    "Object.entries(x)",
    "x instanceof Object",
    "({}) instanceof x",
    "x.x",
    "x()",
    "x.map((y) => y)",
    "structured(x)",
    "console.log(x)",
    "x.message",
    "typeof x",
    "x == 1",
]


@pytest.mark.parametrize("name", VALUES)
async def test_whatever_a_does_with_it_it_has_bs_rights(world: World, name: str) -> None:
    await world.save("B", f"const loot = () => {LOOT}; export const give = () => {{ {VALUES[name]} }}")
    tries = ", ".join(f"async (x) => {use}" for use in USES)
    code = f"""{{ const seen = [], structured = (v) => {{ @me.kept = v; return @me.kept }};
      for (const use of [{tries}]) {{ try {{ const got = await use(@B.give()); seen.push(typeof got === 'string' ? got : JSON.stringify(got)) }} catch (e) {{ seen.push(`${{e.name}}: ${{e.message}}`) }} }}
      return seen.join(' | ') }}"""
    outcome = await world.outcome(code)
    logs = (await world.record(outcome))["logs"]
    told = outcome.json.decode() + str(outcome.error) + str(logs)
    assert "the secret of" not in told
    assert outcome.error is None or outcome.error.name != "BrokenGuest"
    secrets = await world.calls(outcome, "secret")
    assert all(call["author"] == "@b" and call["verdict"] != "granted" for call in secrets)


@pytest.mark.parametrize("name", VALUES)
async def test_as_the_answer_or_what_is_thrown_it_ends_the_evaluation_cleanly(world: World, name: str) -> None:
    await world.save("B", f"const loot = () => {LOOT}; export const give = () => {{ {VALUES[name]} }}; ")
    for code in ("@B.give()", "{ throw @B.give() }", "[@B.give()]", "Promise.reject(@B.give())"):
        outcome = await world.outcome(code)
        assert b"the secret of" not in outcome.json
        assert outcome.error is None or (
            outcome.error.code in {"thrown", "clone", "limit", "deadlock"} and "the secret" not in outcome.error.message
        )


async def test_getters_that_throw_throw_in_the_sender_and_are_told_as_thrown(world: World) -> None:
    await world.save("B", "export const give = () => ({ get x() { throw new RangeError('mine') } })")
    assert await world.eval("{ try { @B.give() } catch (e) { return [e.name, e.message] } }") == ["RangeError", "mine"]


async def test_a_length_that_lies_is_not_believed(world: World) -> None:
    await world.save("B", "export const give = () => new Proxy([], { get: (_, k) => k === 'length' ? 4294967295 : 1 })")
    assert await world.eval("{ const x = @B.give(); return [x.length, x[5], typeof x] }") == [4294967295, 1, "object"]


async def test_arguments_are_what_they_were_when_they_were_passed(world: World) -> None:
    """A time-of-check attack: B changes what A passed, after the call, or while A looks at it."""
    await world.save(
        "B",
        "let kept; export const keep = (x) => { kept = x; return { change: () => { kept.a = 2; kept.list.push(2) }, see: () => kept } }",
    )
    code = """{ const mine = { a: 1, list: [1] }; const b = @B.keep(mine);
      mine.a = 9; const seen = b.see(); b.change();
      return [mine, seen, b.see()] }"""
    assert await world.eval(code) == [{"a": 9, "list": [1]}, {"a": 1, "list": [1]}, {"a": 2, "list": [1, 2]}]
