"""The attacker's plan: A awaits what B gave, and `await` asks any object for its `then`: B's `then` lies, settles twice, is asked again
and again, answers with itself, keeps A's own resolving functions, and is read when a promise goes home.
"""

from __future__ import annotations

import pytest

from tests.attacks.siege import CODE, assault, insist_bs_rights, insist_clean_end
from tests.semantics.live import World

VALUES = {
    "a thenable": "class T { then(done) { done(loot()) } } return new T()",
    "a plain thenable": "return { then(done) { done(loot()) } }",
    "a thenable of thenables": "const t = (n) => n ? { then(done) { done(t(n - 1)) } } : loot(); return t(20)",
    "a promise": "return Promise.resolve().then(loot)",
    "a promise with another then": "const p = Promise.resolve(1); p.then = (f) => f(loot()); return p",
    "a promise whose then is a getter": "const p = Promise.resolve(1); Object.defineProperty(p, 'then', { get: () => (f) => f(loot()) }); return p",
    "a promise of a subclass": "class P extends Promise { then(f) { return super.then(() => f(loot())) } } return P.resolve(1)",
    "a promise that comes to a thenable": "return Promise.resolve(1).then(() => ({ then(done) { done(loot()) } }))",
    "a promise with another constructor": "const p = Promise.resolve(1); p.constructor = class { constructor(f) { f(loot, loot) } }; return p",
}


@pytest.mark.parametrize("name", VALUES)
async def test_whatever_a_does_with_it_it_has_bs_rights(world: World, name: str) -> None:
    await insist_bs_rights(world, VALUES[name])


@pytest.mark.parametrize("name", VALUES)
async def test_as_the_answer_or_what_is_thrown_it_ends_the_evaluation_cleanly(world: World, name: str) -> None:
    await insist_clean_end(world, VALUES[name])


LIES = {
    "settled twice": ("() => ({ then(yes, no) { yes(1); yes(2); no(3) } })", "return await attack()", 1),
    "rejected, then fulfilled": (
        "() => ({ then(yes, no) { no(1); yes(2) } })",
        "return await attack()",
        "undefined: undefined",
    ),
    "thrown after it was settled": ("() => ({ then(yes) { yes(1); throw 2 } })", "return await attack()", 1),
    "read twice, another each time": (
        "() => { let n = 0; return new (class { get then() { return n++ ? (yes) => yes('again') : (yes) => yes(n) } })() }",
        "return await attack()",
        1,
    ),
    "a then that is no function": ("() => new (class { then = 5; x = 1 })()", "return (await attack()).x", 1),
    "a getter that throws": (
        "() => new (class { get then() { throw new RangeError('mine') } })()",
        "return await attack()",
        "RangeError: mine",
    ),
    "A's own function as then": ("(f) => ({ then: f })", "return await attack((yes) => yes('mine'))", "mine"),
    "all of many": (
        "() => [1, 2, 3].map((x) => ({ then(yes) { yes(x); yes('theirs') } }))",
        "return Promise.all(attack())",
        [1, 2, 3],
    ),
    "a race": (
        "() => [{ then(yes, no) { yes('first'); no('second') } }, new Promise(() => {})]",
        "return Promise.race(attack())",
        "first",
    ),
    "for await": (
        "() => { let n = 0; return { [Symbol.asyncIterator]: () => ({ next: () => ({ then: (yes) => yes({ done: n++ > 1, value: n }) }) }) } }",
        "const seen = []; for await (const x of attack()) seen.push(x); return seen",
        [1, 2],
    ),
    "resolved by A, with a thenable": (
        "(done) => { done({ then(yes) { yes('theirs to say') } }) }",
        "return new Promise((done) => attack(done))",
        "theirs to say",
    ),
}


@pytest.mark.parametrize("name", LIES)
async def test_a_lie_is_told_once_and_is_only_a_value(world: World, name: str) -> None:
    library, use, expected = LIES[name]
    assert (await assault(world, library, use)).got == expected


async def test_as_resolving_functions_lead_nowhere(world: World) -> None:
    """`await` hands B two functions of A's own making: from them there is no way to A's `Function`, and they settle once."""
    library = f"""() => {{
      const seen = [];
      const look = (f) => {{
        for (const way of [() => f.constructor, () => f.__proto__.constructor, () => Object.getPrototypeOf(f).constructor, () => f.call.constructor, () => f.bind(null).constructor])
          try {{ seen.push(way()({CODE!r})()) }} catch (e) {{ seen.push(e.name) }}
        for (const change of [() => {{ f.__proto__.theirs = 1 }}, () => {{ Object.getPrototypeOf(f).call = null }}, () => {{ f.theirs = 1 }}]) try {{ change() }} catch {{}}
      }};
      return new (class {{ then(yes, no) {{ look(yes); look(no); yes(seen) }} }})() }}"""
    found = (await assault(world, library, "return await attack()")).got
    assert set(found) <= {"nothing", "TypeError"}


async def test_resolving_functions_kept_by_b_settle_nothing_twice(world: World) -> None:
    library = "() => { let kept; return { first: { then(yes) { kept = yes; yes(1) } }, again: () => kept('theirs') } }"
    use = "const { first, again } = attack(); const p = Promise.resolve(first); const got = await p; again(); return [got, await p]"
    assert (await assault(world, library, use)).got == [1, 1]


@pytest.mark.parametrize(
    "made",
    [
        "{ then(yes) { yes(this) } }",
        "new (class T { then(yes) { yes(this) } })()",
        "new (class T { then(yes) { yes(new T()) } })()",
        "(() => { const p = Promise.resolve(1); p.then = (yes) => yes(p); return p })()",
    ],
)
async def test_one_that_answers_with_itself_comes_to_an_end(hasty: World, made: str) -> None:
    found = await assault(hasty, f"() => ({made})", "return await attack()")
    assert found.end in {"cpu_limit", "deadlock", "memory_limit"} or found.got == 1 or "TypeError" in str(found.got)


async def test_then_is_not_asked_when_a_promise_comes_home(world: World) -> None:
    """A's promise goes to B and back: it is the one A gave, and nothing of A's but its settling was used."""
    use = """let asked = 0; const p = Promise.resolve('mine');
      Object.defineProperty(p, 'then', { get() { asked++; return Promise.prototype.then } });
      const back = attack(p), same = back === p, count = asked;
      return [same, count, await back]"""
    assert (await assault(world, "(p) => p", use)).got == [True, 0, "mine"]


async def test_what_a_promise_of_bs_came_to_is_read_at_home_and_crosses_as_anything_does(world: World) -> None:
    library = "() => { let n = 0; const o = { get then() { n++; return undefined }, get count() { return n } }; return Promise.resolve(1).then(() => o) }"
    use = "const got = await attack(); return [typeof got.then, got.count > 0]"
    assert (await assault(world, library, use)).got == ["undefined", True]
