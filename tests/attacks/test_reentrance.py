"""The attacker's plan: calls at moments when nobody expects them: while values are copied, while a val loads, while jobs run, from the
traps of a proxy that the engine asks in the middle of its own work, and answers that come when they were not asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attacks.siege import TIGHT, ended, insist_clean, responsive
from tests.semantics.live import Machine, World, open_world

CALLS = {
    "a getter that calls out while it is copied": "{ const o = { get x() { return @B.id({ get y() { return @B.id(5) } }) } }; return @B.id(o) }",
    "a getter that calls back during a callback's answer": "@B.call(() => ({ get x() { return @B.id(7) } }))",
    "a getter that throws a foreign error while it is copied": "{ try { return @B.id({ get x() { return @B.fail() } }) } catch (e) { return e.message } }",
    "a sort with a foreign comparison that sorts": "[3, 1, 2].sort((a, b) => @B.call(() => [2, 1].sort(@B.less).length && a - b))",
    "a replacer that calls out": "JSON.stringify([1, 2], (k, v) => @B.id(v))",
    "a proxy whose traps call out": "{ const p = new Proxy({}, { get: (_, k) => @B.id(String(k)), ownKeys: () => @B.id(['a']), getOwnPropertyDescriptor: () => @B.id({ value: 1, enumerable: true, configurable: true }) }); return @B.keys(p) }",
    "an iterator that calls out": "[...@B.each(() => @B.id(1))]",
    "a class extends one that calls back": "{ class K extends @B.Base { constructor() { super(() => @B.id(9)) } } return new K().got }",
    "a destructuring of handles": "{ const { a, ...rest } = @B.box; return [a(), typeof rest.b] }",
    "a regexp whose exec is foreign": "'abc'.replace(Object.assign(/b/, { exec: @B.exec }), 'x')",
}
EXPECTED = [{"x": {"y": 5}}, {"x": 7}, "theirs", [1, 2, 3], "[1,2]", [["a"], 1], [1, 1, 1], 9, [1, "function"], "abc"]
LIBRARY = {
    "id": "(x) => x",
    "call": "(f) => f()",
    "fail": "() => { throw new Error('theirs') }",
    "less": "(a, b) => a - b",
    "keys": "(p) => [Object.keys(p), Object.getOwnPropertyDescriptor(p, 'a').value]",
    "each": "(f) => (function* () { for (let i = 0; i < 3; i++) yield f() })()",
    "Base": "class { constructor(f) { this.got = f() } }",
    "box": "{ a: () => 1, b: () => 2 }",
    "exec": "() => null",
}


@pytest.mark.parametrize(("name", "expected"), list(zip(CALLS, EXPECTED, strict=True)))
async def test_it_comes_to_what_javascript_says(world: World, name: str, expected: object) -> None:
    for part, code in LIBRARY.items():
        await world.save("B", f"export const {part} = {code}")
    assert await world.eval(CALLS[name]) == expected


ATTACKS = {
    "endless ping-pong": ("{ const f = () => @B.call(f); f() }", "limit"),
    "endless ping-pong, caught": (
        "{ const f = () => { try { @B.call(f) } catch { @B.call(f) } }; f() }",
        "cpu_limit limit RangeError",
    ),
    "a loop in the callback of a callback": ("@B.call(() => @B.call(() => { for (;;); }))", "cpu_limit"),
    "a loop in B": ("@B.spin()", "cpu_limit"),
    "a loop in B, caught": ("{ try { @B.spin() } catch { return 1 } }", "cpu_limit"),
    "memory of B": ("{ try { @B.hoard() } catch { return 1 } }", "memory_limit cpu_limit"),
    "B's getter without end while it answers": ("@B.slow()", "cpu_limit"),
    "B's promise without end": ("@B.never()", "deadlock"),
    "B's jobs without end": ("@B.jobs()", "cpu_limit memory_limit"),
    "a deep value from B": ("@B.deep()", "limit"),
    "a giant from B": ("@B.giant()", "limit"),
    "B answers a storm of promises": ("@B.storm()", "cpu_limit memory_limit limit LimitError"),
    "B throws what cannot cross": ("@B.odd()", "clone"),
    "B throws what throws": ("@B.throws()", "Error RangeError clone value"),
    "B's proxy that answers itself": (
        "{ let p = @B.self(); for (let i = 0; i < 1e6; i++) p = p.x; return 1 }",
        "cpu_limit limit",
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_it_ends_in_its_typed_error(engine_room: Machine, tmp_path: Path, name: str) -> None:
    code, ends = ATTACKS[name]
    async with open_world(engine_room, tmp_path, TIGHT) as world:
        for part, text in {
            "call": "(f) => f()",
            "spin": "() => { for (;;); }",
            "hoard": "() => { const a = []; for (;;) a.push(new Uint8Array(2 ** 20)) }",
            "slow": "() => ({ get x() { for (;;); } })",
            "never": "() => new Promise(() => {})",
            "jobs": "() => { const f = () => Promise.resolve().then(f); f(); return new Promise(() => {}) }",
            "deep": "() => { let x = {}; for (let i = 0; i < 1000; i++) x = { x }; return x }",
            "giant": "() => 'x'.repeat(2 ** 21)",
            "storm": "() => Array.from({ length: 2000 }, () => Promise.resolve(1))",
            "odd": "() => { throw Symbol('x') }",
            "throws": "() => { throw { get message() { throw 1 } } }",
            "self": "() => { const p = new Proxy({}, { get: () => new Proxy({}, {}) && p }); return p }",
        }.items():
            await world.save("B", f"export const {part} = {text}")
        async with responsive():
            outcome = await world.outcome(code)
        await insist_clean(world, outcome)
    assert ended(outcome) in ends.split()
