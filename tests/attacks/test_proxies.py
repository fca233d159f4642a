"""The attacker's plan: a Proxy is asked for everything and answers what it likes. B gives proxies with every trap hostile, revoked ones, ones
that contradict themselves, and wraps A's own things in proxies that listen.
"""

from __future__ import annotations

import pytest

from tests.attacks.siege import assault, insist_bs_rights, insist_clean_end
from tests.semantics.live import World

TRAPS = [
    "get",
    "has",
    "set",
    "deleteProperty",
    "ownKeys",
    "getOwnPropertyDescriptor",
    "defineProperty",
    "getPrototypeOf",
    "setPrototypeOf",
    "isExtensible",
    "preventExtensions",
    "apply",
    "construct",
]
ALL = ", ".join(f"{trap}: () => loot()" for trap in TRAPS)
VALUES = {
    "a proxy": "return new Proxy({}, { get: loot, has: loot, ownKeys: () => ['x'], getOwnPropertyDescriptor: () => ({ value: loot(), enumerable: true, configurable: true }) })",
    "a proxy of a function": "return new Proxy(() => loot(), { apply: loot, get: loot })",
    "every trap of an object": f"return new Proxy({{}}, {{ {ALL} }})",
    "every trap of a function": f"return new Proxy(function () {{}}, {{ {ALL} }})",
    "every trap of an array": f"return new Proxy([], {{ {ALL} }})",
    "every trap of a class": f"return new Proxy(class {{}}, {{ {ALL} }})",
    "every trap of an error": f"return new Proxy(new Error('x'), {{ {ALL} }})",
    "every trap of a promise": f"return new Proxy(Promise.resolve(1), {{ {ALL} }})",
    "a proxy of a proxy": f"return new Proxy(new Proxy({{}}, {{ {ALL} }}), {{}})",
    "traps that are a proxy": "return new Proxy({}, new Proxy({}, { get: () => loot }))",
    "a revoked proxy": "const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy",
    "a revoked proxy of a function": "const { proxy, revoke } = Proxy.revocable(() => 1, {}); revoke(); return proxy",
    "a proxy that revokes itself": "const { proxy, revoke } = Proxy.revocable({}, { get() { revoke(); return loot() }, ownKeys() { revoke(); return [] } }); return proxy",
    "an object that inherits from a proxy": f"return Object.create(new Proxy({{}}, {{ {ALL} }}))",
    "a class that extends a proxy": "return class extends (new Proxy(class {}, { get: (t, k) => k === 'prototype' ? t.prototype : loot(), construct: () => ({ x: loot() }) })) {}",
}


@pytest.mark.parametrize("name", VALUES)
async def test_whatever_a_does_with_it_it_has_bs_rights(world: World, name: str) -> None:
    await insist_bs_rights(world, VALUES[name])


@pytest.mark.parametrize("name", VALUES)
async def test_as_the_answer_or_what_is_thrown_it_ends_the_evaluation_cleanly(world: World, name: str) -> None:
    await insist_clean_end(world, VALUES[name])


LIES = {
    "a length": (
        "() => new Proxy([], { get: (_, k) => k === 'length' ? 4294967295 : 1 })",
        "const x = attack(); return [x.length, x[5], typeof x]",
        [4294967295, 1, "object"],
    ),
    "keys that are there twice": (
        "() => new Proxy({}, { ownKeys: () => ['a', 'a'] })",
        "return Object.keys(attack())",
        None,
    ),
    "keys that are none": ("() => new Proxy({}, { ownKeys: () => [1, {}] })", "return Object.keys(attack())", None),
    "a description that contradicts the object": (
        "() => new Proxy(Object.freeze({ a: 1 }), { getOwnPropertyDescriptor: () => ({ value: 2, configurable: true }) })",
        "return Object.getOwnPropertyDescriptor(attack(), 'a')?.value ?? 1",
        None,
    ),
    "another prototype": (
        "() => new Proxy({}, { getPrototypeOf: () => Array.prototype })",
        "const x = attack(); return [x instanceof Array, Array.isArray(x)]",
        [True, False],
    ),
    "A's function as its prototype": (
        "(f) => new Proxy({}, { getPrototypeOf: () => f })",
        "const mine = () => held; return [Object.getPrototypeOf(attack(mine)) === mine]",
        [True],
    ),
    "A's own functions as traps": (
        "(trap) => new Proxy({}, { get: trap })",
        "return attack((target, key) => [typeof target, key]).x",
        ["object", "x"],
    ),
    "an endless chain": (
        "() => { const p = new Proxy(() => 1, { get: (_, k) => k === 'then' || typeof k === 'symbol' ? undefined : p }); return p }",
        "return typeof attack().a.b.c.d",
        "function",
    ),
}


@pytest.mark.parametrize("name", LIES)
async def test_a_proxy_that_lies_about(world: World, name: str) -> None:
    library, use, expected = LIES[name]
    found = await assault(world, library, use)
    assert found.got == expected if expected is not None else found.end == "value"


async def test_a_proxy_around_as_function_hears_only_what_a_says_to_it(world: World) -> None:
    """B gives A's function back in a wrapper: A calls it. B hears the arguments, as it would of a function of its own; it gets no more."""
    library = """(f) => { const heard = []; return new Proxy(f, {
      apply(target, self, args) { heard.push(['apply', typeof self, args]); return target(...args) },
      get(target, key) { heard.push(['get', String(key)]); return key === 'heard' ? heard : target[key] } }) }"""
    use = "const wrapped = attack((x) => held.length + x); return [wrapped(1), wrapped.heard.filter((x) => x[0] === 'apply')]"
    assert (await assault(world, library, use)).got == [21, [["apply", "undefined", [1]]]]


async def test_a_proxy_around_as_object_is_not_as_object(world: World) -> None:
    library = "(o) => new Proxy(o, { get: (t, k) => k === 'x' ? 'theirs' : t[k] })"
    use = "const mine = new (class { x = 'mine'; #y = 1; static has(o) { return #y in o } })(); const p = attack(mine); return [p === mine, p.x, mine.x, mine.constructor.has(p)]"
    assert (await assault(world, library, use)).got == [False, "theirs", "mine", False]


async def test_proxies_of_as_are_asked_at_home(world: World) -> None:
    """The other way round: what B does to a Proxy of A's reaches A's traps, with values that crossed, and nothing of B's handler."""
    library = """(p) => { const seen = []; for (const f of [() => p.x, () => { p.x = () => 1 }, () => 'x' in p, () => delete p.x, () => Object.keys(p), () => Object.getPrototypeOf(p), () => Object.setPrototypeOf(p, {}),
      () => Object.isExtensible(p), () => Object.preventExtensions(p), () => Object.defineProperty(p, 'x', { value: 1 }), () => p(), () => new p()]) try { f(); seen.push('ok') } catch (e) { seen.push(e.name) } return seen }"""
    heard = ", ".join(
        f"{trap}(...a) {{ asked.add('{trap}'); return Reflect.{trap}(...a) }}" for trap in TRAPS if trap != "apply"
    )
    use = f"const asked = new Set(); const seen = attack(new Proxy(class {{ static x = 1 }}, {{ {heard} }})); return [seen.length, asked.has('setPrototypeOf'), asked.has('get')]"
    assert (await assault(world, library, use)).got == [12, False, True]


async def test_a_revoked_proxy_as_an_argument_is_an_error_of_the_senders(world: World) -> None:
    use = "const { proxy, revoke } = Proxy.revocable({}, {}); const id = attack; revoke(); try { return typeof id(proxy) } catch (e) { return e.name }"
    assert (await assault(world, "(x) => x", use)).got in {"TypeError", "DataCloneError", "object"}
