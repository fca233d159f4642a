"""§4, §9: calls that come back while they are open, A→B→A→B, wherever JavaScript calls: to the depth limit, with what is thrown, charged and awaited."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from kernel.limits import Limits
from tests.semantics.live import PRIVATE, Machine, World, open_world

CALL = "export const call = (f, ...args) => f(...args)"


@pytest.fixture
async def hasty(engine_room: Machine, tmp_path: Path) -> AsyncIterator[World]:
    """A house whose evaluations have little processor time."""
    async with open_world(engine_room, tmp_path, replace(Limits(), cpu=0.3)) as opened:
        yield opened


# -- how deep ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("depth", "fine"), [(64, True), (65, False)])
async def test_calls_nest_to_the_limit_and_one_more_is_a_limit_error_that_code_may_catch(
    world: World,
    depth: int,
    fine: bool,  # noqa: FBT001
) -> None:
    await world.save("B", "export const down = (n, f) => n === 0 ? 'bottom' : f(n - 1)")
    code = f"{{ const go = (n) => n === 0 ? 'bottom' : @B.down(n - 1, go); try {{ return go({depth}) }} catch (e) {{ return [e.name, e instanceof Error, /64/.test(e.message)] }} }}"
    assert await world.eval(code) == ("bottom" if fine else ["LimitError", True, True])


async def test_the_limit_error_is_thrown_where_the_call_was_and_every_layer_may_catch_it(world: World) -> None:
    """The layer that asked for one call too many is told; it may answer instead, and all the others return as usual."""
    await world.save(
        "B", "export const down = (n, f) => { try { return f(n + 1) } catch (e) { return [n, e.name, 'at B'] } }"
    )
    code = "{ const go = (n) => { try { return @B.down(n + 1, go) } catch (e) { return [n, e.name, 'at A'] } }; return go(0) }"
    assert await world.eval(code) == [64, "LimitError", "at A"]


async def test_after_the_limit_the_depth_is_there_again(world: World) -> None:
    await world.save("B", "export const down = (n, f) => n === 0 ? 0 : 1 + f(n - 1)")
    code = "{ const go = (n) => n === 0 ? 0 : 1 + @B.down(n - 1, go), seen = []; for (const n of [70, 64, 70, 64]) try { seen.push(go(n)) } catch (e) { seen.push(e.name) } return seen }"
    assert await world.eval(code) == ["LimitError", 64, "LimitError", 64]


async def test_three_owners_in_a_ring(world: World) -> None:
    await world.save("B", "export const b = (n, ring) => n === 0 ? ['b'] : ['b', ...ring[1](n - 1, ring)]")
    await world.save("C", "export const c = (n, ring) => n === 0 ? ['c'] : ['c', ...ring[2](n - 1, ring)]")
    code = "{ const a = (n, ring) => n === 0 ? ['a'] : ['a', ...ring[0](n - 1, ring)]; return a(7, [@B.b, @C.c, a]).join('') }"
    assert await world.eval(code) == "abcabcab"


async def test_three_owners_by_name_each_in_its_own_foreign_guest(world: World) -> None:
    await world.save("C", "export const c = (n, f) => n === 0 ? 'end' : f(n - 1)")
    await world.save("B", "export const b = (n, f) => n === 0 ? 'end' : @C.c(n - 1, (m) => f(m))")
    assert await world.eval("{ const go = (n) => n <= 0 ? 'end' : @B.b(n - 1, go); return go(30) }") == "end"


# -- what is thrown ---------------------------------------------------------------------------------------


async def test_an_error_through_every_layer_keeps_what_it_is(world: World) -> None:
    """Name, message, cause and own properties arrive at the top as they were thrown at the bottom, twelve calls below."""
    await world.save("B", "export const down = (n, f) => { return f(n - 1) }")
    code = """{
      class Mine extends RangeError { name = 'Mine'; code = 7 }
      const go = (n) => { if (n <= 0) throw Object.assign(new Mine('deep', { cause: new TypeError('why', { cause: 5 }) }), { list: [1, { two: 2 }] }); return @B.down(n, go) };
      try { go(12) } catch (e) { return [e instanceof RangeError, e.name, e.message, e.code, e.list, e.cause.name, e.cause.message, e.cause.cause, Object.keys(e).sort()] } }"""
    assert await world.eval(code) == [
        True, "Mine", "deep", 7, [1, {"two": 2}], "TypeError", "why", 5, ["code", "list", "name"],
    ]  # fmt: skip


async def test_the_stack_says_each_val_and_line_on_both_sides_and_no_path_of_the_host(world: World) -> None:
    await world.save("B", "export const outer = (f) => {\n  return f()\n}")
    await world.save("C", "export const inner = () => {\n\n  throw new Error('deep')\n}")
    await world.save("A", "export const entry = () => {\n\n\n  return @B.outer(() => @C.inner())\n}", PRIVATE)
    outcome = await world.run("A.entry", by="A")
    assert outcome.error is not None
    stack = outcome.error.stack.lower()
    assert stack.index("@c.inner@0:3:") < stack.index("@b.outer@0:2:"), stack
    assert "@a.entry@0:4:" in stack, stack
    assert (outcome.error.val, outcome.error.line) == ("@c.inner@0", 3)


async def test_no_stack_of_any_layer_names_a_path_or_a_file_of_the_host(world: World) -> None:
    await world.save(
        "B", "export const outer = (f) => { try { return f() } catch (e) { return e.stack + (e.cause?.stack ?? '') } }"
    )
    await world.save("C", "export const inner = (f) => { throw new Error('deep', { cause: new Error('why') }) }")
    stacks = await world.eval(
        "[@B.outer(() => @C.inner()), @B.outer(() => null.x), @B.outer(() => JSON.parse('[')), @B.outer(5)].join(' ')"
    )
    assert "@c.inner@0" in stacks
    assert not [word for word in (".py", ".wasm", ".js", "/work", "guests/", "site-packages") if word in stacks], stacks


async def test_each_layer_sees_the_layers_below_it_in_the_stack(world: World) -> None:
    await world.save("B", "export const b = (f) => { try { return f() } catch (e) { return e.stack } }")
    seen = await world.eval("@B.b(() => {\n\n  throw new Error('of A')\n})")
    assert "eval:3:" in seen
    assert "@b.b@0" in seen


@pytest.mark.parametrize("thrown", ["'text'", "0", "null", "undefined", "({ a: [1] })", "Symbol.iterator"])
async def test_what_is_no_error_is_thrown_through_every_layer_too(world: World, thrown: str) -> None:
    await world.save("B", "export const down = (n, f) => f(n - 1)")
    code = f"{{ const what = {thrown}, go = (n) => {{ if (n <= 0) throw what; return @B.down(n, go) }}; try {{ go(6) }} catch (e) {{ return typeof what === 'object' && what ? JSON.stringify(e) === JSON.stringify(what) : e === what }} }}"
    assert await world.eval(code) is True


async def test_what_is_thrown_by_reference_comes_home_as_itself(world: World) -> None:
    await world.save("B", "export const down = (n, f) => f(n - 1)")
    code = "{ const what = () => 1, go = (n) => { if (n <= 0) throw what; return @B.down(n, go) }; try { go(6) } catch (e) { return e === what } }"
    assert await world.eval(code) is True


async def test_finally_runs_in_every_layer_from_the_inside_out(world: World) -> None:
    await world.save("B", "export const down = (n, f, log) => { try { return f(n - 1) } finally { log('b' + n) } }")
    code = "{ const log = [], go = (n) => { try { if (n <= 0) throw new Error('x'); return @B.down(n, go, (x) => log.push(x)) } finally { log.push('a' + n) } }; try { go(3) } catch {} return log }"
    assert await world.eval(code) == ["a0", "b1", "a1", "b2", "a2", "b3", "a3"]


async def test_a_finally_may_answer_instead(world: World) -> None:
    await world.save("B", "export const call = (f) => { try { return f() } finally { return 'instead' } }")
    assert await world.eval("@B.call(() => { throw new Error('lost') })") == "instead"


async def test_an_error_caught_and_thrown_again_is_one_error_to_each(world: World) -> None:
    await world.save(
        "B",
        "export const wrap = (f) => { try { return f() } catch (e) { throw new Error('b: ' + e.message, { cause: e }) } }",
    )
    code = "{ const go = (n) => n ? @B.wrap(() => go(n - 1)) : (() => { throw new Error('x') })(); try { go(3) } catch (e) { const seen = []; for (; e; e = e.cause) seen.push(e.message); return seen } }"
    assert await world.eval(code) == ["b: b: b: x", "b: b: x", "b: x", "x"]


async def test_stack_overflow_of_the_deepest_layer_is_its_range_error(world: World) -> None:
    await world.save("B", CALL)
    code = "{ const f = () => 1 + f(); try { @B.call(() => @B.call(f)) } catch (e) { return [e instanceof RangeError, e.message] } }"
    assert await world.eval(code) == [True, "Maximum call stack size exceeded"]


# -- what is charged --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "loop",
    [
        "() => { for (;;); }",
        "() => { try { for (;;); } catch {} finally { return 1 } }",
        "() => /^(a+)+$/.test('a'.repeat(40) + 'b')",
    ],
)
async def test_processor_time_in_the_deepest_layer_ends_everything(hasty: World, loop: str) -> None:
    await hasty.save("B", "export const down = (n, f) => { try { return f(n - 1) } catch { return 'caught' } }")
    code = f"{{ const loop = {loop}, go = (n) => {{ try {{ return n <= 0 ? loop() : @B.down(n, go) }} catch {{ return 'caught' }} }}; return go(5) }}"
    assert (await hasty.error(code)).code == "cpu_limit"


async def test_processor_time_is_one_sum_over_all_layers(hasty: World) -> None:
    """No layer takes much; all of them together take too much."""
    await hasty.save("B", "export const down = (n, f) => { for (let i = 0; i < 3e5; i++); return f(n - 1) }")
    code = "{ const go = (n) => { for (let i = 0; i < 3e5; i++); return n <= 0 ? 1 : @B.down(n, go) }; for (let i = 0; i < 1e4; i++) go(20); return 1 }"
    assert (await hasty.error(code)).code == "cpu_limit"


# -- where JavaScript calls ---------------------------------------------------------------------------------

PLACES = {
    "a getter": ("(o) => o.x + 1", "@B.f(new (class { get x() { return @B.f({ x: 1 }) } })())", 3),
    "a setter": ("(o) => { o.x = 5; return o.seen }", "@B.f(new (class { set x(v) { this.seen = @B.f(new (class { x = 0; seen = v })()) } })())", 5),
    "a getter of what is copied": ("(o) => o.x + 1", "@B.f({ get x() { return @B.f({ get x() { return 1 } }) } })", 3),
    "a constructor": ("(K, n) => new K(n).n", "{ class K { constructor(n) { this.n = n ? @B.f(K, n - 1) + 1 : 0 } } return @B.f(K, 5) }", 5),
    "a comparison of a sort": ("(a, b) => a - b", "[3, 1, 2].sort((a, b) => @B.f([b, a].sort(@B.f)[0], Math.min(a, b)) || @B.f(a, b))", [1, 2, 3]),
    "toJSON": ("(o) => JSON.stringify(o)", "@B.f(new (class { toJSON() { return @B.f(new (class { toJSON() { return 'in' } })()) } })())", '"\\"in\\""'),
    "toPrimitive": ("(o) => `<${o}>`", "@B.f(new (class { toString() { return @B.f(new (class { toString() { return 'in' } })()) } })())", "<<in>>"),
    "a trap": ("(o) => o.x + 1", "@B.f(new Proxy(function () {}, { get: (_, k) => k === 'x' ? @B.f({ x: 1 }) : undefined }))", 3),
    "an iterator": ("(o) => [...o]", "@B.f(new (class { *[Symbol.iterator]() { yield* @B.f([1, 2]); yield @B.f([3]).length } })())", [1, 2, 1]),
    "a generator that yields to another": ("function* (g) { yield* g; yield 'b' }", "[...@B.f((function* () { yield* @B.f([]); yield 'a' })())]", ["b", "a", "b"]),
    "instanceof": ("(o, C) => o instanceof C", "{ class C { static [Symbol.hasInstance](o) { return o === 1 || @B.f(1, C) } } return @B.f(2, C) }", True),
    "a replacer of text": ("(s, f) => s.replace(/./g, f)", "@B.f('ab', (c) => @B.f(c, (d) => d + d))", "aabb"),
    "a default and a spread": ("(f, x = f(), ...rest) => [x, ...rest]", "@B.f(() => @B.f(() => 1), undefined, 2)", [[1], 2]),
    "a tagged template": ("(s, f) => f(s.raw[0])", "@B.f`x${(raw) => @B.f`${() => raw}`}`", "x"),
    "a class that extends another's": ("(Base) => class extends Base { who() { return super.who() + 'b' } }", "{ class A { who() { return 'a' } } const AB = @B.f(A), ABAB = @B.f(class extends AB { who() { return super.who() + 'A' } }); return new ABAB().who() }", "abAb"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
async def test_it_comes_back_during(world: World, name: str) -> None:
    library, code, expected = PLACES[name]
    await world.save("B", f"export const f = {library}")
    assert await world.eval(code) == expected


async def test_a_val_whose_top_level_calls_back_is_loaded_once(world: World) -> None:
    await world.save("A", "export const helper = (f) => f() + 1")
    await world.save("B", "export const base = () => 1")
    await world.save("B", "const n = @A.helper(() => @B.base());\nexport const lib = () => n")
    assert await world.eval("[@B.lib(), @B.lib()]") == [2, 2]


# -- generators ---------------------------------------------------------------------------------------------


async def test_a_generator_that_is_running_cannot_be_resumed_from_below(world: World) -> None:
    await world.save("B", "export const next = (g) => { try { return g.next() } catch (e) { return e.name } }")
    code = (
        "{ let g; g = (function* () { yield @B.next(g); yield 'after' })(); return [g.next().value, g.next().value] }"
    )
    assert await world.eval(code) == ["TypeError", "after"]


async def test_two_generators_of_two_owners_feed_each_other(world: World) -> None:
    await world.save("B", "export const double = function* (g) { for (const x of g) yield x * 2 }")
    assert await world.eval("[...@B.double((function* () { yield* @B.double([1, 2]); yield 5 })())]") == [4, 8, 10]


# -- waiting --------------------------------------------------------------------------------------------------


async def test_a_call_during_a_job_of_anothers_works(world: World) -> None:
    await world.save("B", "export const later = (f) => Promise.resolve().then(() => f()).then((x) => x + 'b')")
    code = "Promise.resolve().then(() => @B.later(() => @B.later(() => 'a')))"
    assert await world.eval(code) == "abb"


async def test_jobs_run_in_order_in_each_guest_and_none_inside_a_call(world: World) -> None:
    """A job of A's waits until A's own code has returned, also when B calls A back meanwhile."""
    await world.save("B", CALL)
    code = "{ const log = []; Promise.resolve().then(() => log.push('job')); @B.call(() => log.push('callback')); log.push('code'); await null; await null; return log }"
    assert await world.eval(code) == ["callback", "code", "job"]


@pytest.mark.parametrize(
    "code",
    [
        "{ let give; const b = @B.wait(new Promise((done) => { give = done })); give(b); return await b }",
        "{ const p = @B.swap((q) => q); return await p }",
        "await new Promise((done) => @B.wait(new Promise(() => {})).then(done))",
        "{ const box = @B.box(); const mine = (async () => (await box.theirs) + 1)(); box.settle(mine); return await mine }",
    ],
)
async def test_a_cycle_of_waiting_is_found_and_not_hung(world: World, code: str) -> None:
    await world.save("B", "export const wait = async (p) => (await p) + 1")
    await world.save(
        "B", "export const swap = (f) => { let p; p = (async () => { await null; return await f(p) })(); return p }"
    )
    await world.save(
        "B",
        "export const box = () => { let done; const theirs = new Promise((yes) => { done = yes }); return { theirs, settle: (p) => { p.then(done) } } }",
    )
    error = await world.error(code)
    assert error.code == "deadlock" or error.name == "TypeError", error
    assert error.status in {422, 502}


async def test_a_top_level_await_for_what_only_the_waiting_caller_could_give_is_a_deadlock_that_it_may_catch(
    world: World,
) -> None:
    """B's top level waits, inside A's call, for a promise that only A could settle, which waits for B."""
    await world.save("A", "export const never = () => new Promise(() => {})")
    await world.save("B", "0", name="flag")
    await world.save("B", "export const lib = () => 1;\nif (@me.flag) await @A.never();")
    await world.save("B", "1", name="flag")
    code = "{ try { return @B.lib() } catch (e) { return e.name } }"
    assert await world.eval(code) == "Deadlock"


async def test_what_is_pending_on_both_sides_settles_when_a_call_comes_back(world: World) -> None:
    await world.save("B", "export const ask = async (f) => { const first = await f(1); return (await f(first)) + 'b' }")
    code = "@B.ask(async (x) => x === 1 ? await @B.ask(async (y) => y + '!') : x + 'a')"
    assert await world.eval(code) == "1!!bab"


async def test_an_exception_from_an_async_layer_crosses_each_await(world: World) -> None:
    await world.save(
        "B", "export const down = async (n, f, log) => { try { return await f(n - 1) } finally { log('b' + n) } }"
    )
    code = "{ const log = [], go = async (n) => { if (n <= 0) throw new RangeError('deep'); return @B.down(n, go, (x) => log.push(x)) }; try { await go(3) } catch (e) { return [e.name, e.message, log] } }"
    assert await world.eval(code) == ["RangeError", "deep", ["b1", "b2", "b3"]]
