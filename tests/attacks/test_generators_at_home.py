"""The attacker's plan: a generator is a function that stops in the middle. B resumes A's with `next`, `return` and `throw` where A did not
think of it, keeps it, starts it again from inside itself; and B's own generators hold A's `for…of` in their `finally`.
"""

from __future__ import annotations

import pytest

from tests.attacks.siege import CODE, assault
from tests.semantics.live import World

MINE = "const log = []; function* make() { try { const got = yield 1; log.push(['got', typeof got]); yield 2 } catch (e) { log.push(['caught', e?.message ?? e]); yield 3 } finally { log.push('closed') } }"


@pytest.mark.parametrize(
    ("library", "log"),
    [
        ("(g) => { g.next(); g.return('theirs') }", ["closed"]),
        ("(g) => { g.next(); g.throw(new Error('theirs')); g.next() }", [["caught", "theirs"], "closed"]),
        ("(g) => { g.next(); g.next(() => 1); g.next(); g.next() }", [["got", "function"], "closed"]),
        ("(g) => { g.return(); g.next(); try { g.throw(1) } catch {} }", []),
        ("(g) => { for (const x of g) break }", ["closed"]),
        ("(g) => { const [a] = g; return a }", ["closed"]),
        ("(g) => { try { Object.getPrototypeOf(g).next = () => 1 } catch {} try { g.next = () => 1 } catch {} }", []),
        ("(g) => { const next = g.next; next.call(g); g.return() }", ["closed"]),
    ],
)  # fmt: skip
async def test_as_generator_goes_on_at_home(world: World, library: str, log: list[object]) -> None:
    use = f"{MINE} attack(make()); const fresh = make(); return [log, fresh.next().value, Object.hasOwn(make.prototype, 'next')]"
    assert (await assault(world, library, use)).got == [log, 1, False]


async def test_a_generator_of_as_that_b_resumes_from_inside_it_is_a_type_error(world: World) -> None:
    library = "() => { let g; return { hold(x) { g = x }, resume() { try { return g.next() } catch (e) { return e.name } } } }"
    use = "const b = attack(); const g = (function* () { yield b.resume() })(); b.hold(g); return g.next().value"
    assert (await assault(world, library, use)).got == "TypeError"


async def test_no_walk_from_a_generator_ends_at_its_maker(world: World) -> None:
    library = f"""(g, a) => [() => g.constructor, () => g.__proto__.constructor, () => g.next.constructor, () => Object.getPrototypeOf(Object.getPrototypeOf(g)).constructor, () => a.constructor, () => a.next.constructor, () => a.next().constructor,
      () => g[Symbol.iterator]().constructor, () => g.next().constructor, () => a[Symbol.asyncIterator]().constructor].map((way) => {{ let f; try {{ f = way() }} catch {{ return 'nothing' }}
        for (const make of [() => f({CODE!r})(), () => f({CODE!r})().next().value, () => f.constructor({CODE!r})(), () => new f({CODE!r})()]) try {{ const got = make(); if (typeof got === 'string' && got !== 'nothing') return got }} catch {{}} return 'nothing' }})"""
    use = "return attack((function* () { yield 1 })(), (async function* () { yield 1 })())"
    found = (await assault(world, library, use)).got
    assert not [one for one in found if "secret" in one]


async def test_what_b_puts_into_as_async_generator_is_only_a_value(world: World) -> None:
    library = "async (g) => { await g.next(); const a = g.next({ then(yes) { yes(loot()) } }); const b = g.throw(new RangeError('theirs')); return [await a, await b.catch((e) => e.message)] }"
    use = "const log = []; async function* make() { try { log.push(await (yield 1)); yield 2 } finally { log.push('closed') } } const got = await attack(make()); return [got, log]"
    assert (await assault(world, library, use)).got == [
        [{"value": 2, "done": False}, "theirs"],
        ["nothing", "closed"],
    ]


async def test_bs_finally_may_not_hold_as_loop(hasty: World) -> None:
    library = "function* () { try { yield 1 } finally { for (;;); } }"
    found = await assault(hasty, library, "for (const x of attack()) break; return 1")
    assert found.end == "cpu_limit"


async def test_bs_finally_may_answer_with_something_else_and_that_is_all(world: World) -> None:
    library = "function* () { try { yield 1 } finally { yield loot() } }"
    assert (await assault(world, library, "for (const x of attack()) break; return 1")).got == 1


async def test_delegation_to_bs_generator_gives_a_what_it_yields(world: World) -> None:
    library = "function* () { const got = yield loot(); return got }"
    use = "const g = (function* () { return yield* attack() })(); return [g.next(), g.next('mine')]"
    assert (await assault(world, library, use)).got == [
        {"value": "nothing", "done": False},
        {"value": "mine", "done": True},
    ]
