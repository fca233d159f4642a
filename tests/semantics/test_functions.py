"""§4: another's function is synchronous when it is; calls nest; exceptions, classes, generators and promises cross."""

from __future__ import annotations

import pytest

from tests.semantics.live import World


async def test_a_call_across_owners_is_synchronous(world: World) -> None:
    await world.save("B", "export const lib = (x) => x + 1")
    assert await world.eval("{ const y = @B.lib(1) + 1; return y }") == 3


async def test_a_callback_runs_during_the_call(world: World) -> None:
    await world.save("B", "export const map = (list, f) => list.map((each) => f(each))")
    assert await world.eval("@B.map([1, 2, 3], (x) => x * 2)") == [2, 4, 6]


async def test_a_to_b_to_c_to_a_nests(world: World) -> None:
    await world.save("C", "export const c = (f, x) => f(x) + 'c'")
    await world.save("B", "export const b = (f, x) => @C.c(f, x) + 'b'")
    assert await world.eval("@B.b((x) => @B.b((y) => y + 'a', x) + 'A', '') ") == "acbAcb"


async def test_recursion_between_owners_returns(world: World) -> None:
    await world.save("B", "export const down = (n, f) => n === 0 ? 0 : 1 + f(n - 1)")
    assert await world.eval("{ const go = (n) => @B.down(n, go); return go(20) }") == 20


async def test_an_exception_crosses_every_layer_as_an_error_of_the_readers(world: World) -> None:
    await world.save("C", "export const c = (f) => f()")
    await world.save("B", "export const b = (f) => @C.c(f)")
    code = """{
      try { @B.b(() => { throw Object.assign(new RangeError('deep', { cause: 7 }), { extra: [1] }) }) }
      catch (e) { return [e instanceof RangeError, e.name, e.message, e.cause, e.extra] }
    }"""
    assert await world.eval(code) == [True, "RangeError", "deep", 7, [1]]


@pytest.mark.parametrize(("thrown", "seen"), [("'text'", "text"), ("42", 42), ("null", None), ("{ a: 1 }", {"a": 1})])
async def test_anything_may_be_thrown(world: World, thrown: str, seen: object) -> None:
    await world.save("B", f"export const b = () => {{ throw {thrown} }}")
    assert await world.eval("{ try { @B.b() } catch (e) { return e } }") == seen


async def test_an_exception_nobody_catches_names_the_val_and_the_line(world: World) -> None:
    await world.save("B", "export const b = () => {\n  throw new TypeError('no good')\n}")
    error = await world.error("@B.b()")
    assert (error.status, error.name, error.message) == (502, "TypeError", "no good")
    assert ((error.val or "").lower(), error.line) == ("@b.b@0", 2)


async def test_finally_runs_in_every_guest(world: World) -> None:
    await world.save("B", "export const b = (f, log) => { try { return f() } finally { log('b') } }")
    code = """{ const seen = [];
      try { @B.b(() => { try { throw new Error('x') } finally { seen.push('a') } }, (x) => seen.push(x)) } catch { seen.push('caught') }
      return seen }"""
    assert await world.eval(code) == ["a", "b", "caught"]


async def test_an_instance_of_a_class_works_by_reference(world: World) -> None:
    await world.save(
        "B",
        """class Counter { #n = 0; static made = 0; constructor(n) { this.#n = n; Counter.made++ } up() { return ++this.#n } get n() { return this.#n } }
        export const counter = (n) => new Counter(n)""",
    )
    code = "{ const c = @B.counter(5); c.up(); c.up(); c.own = 1; return [c.n, c.own, 'up' in c, 'none' in c, Object.keys(c), typeof c] }"
    assert await world.eval(code) == [7, 1, True, False, ["own"], "object"]


async def test_a_class_crosses_and_knows_its_instances(world: World) -> None:
    await world.save(
        "B",
        "export class Point { constructor(x) { this.x = x } static origin() { return new Point(0) } double() { return new Point(this.x * 2) } }",
    )
    code = "{ const p = new @B.Point(2), C = @B.Point; return [p.x, p.double().x, p instanceof C, C.origin() instanceof C, {} instanceof C] }"
    assert await world.eval(code) == [2, 4, True, True, False]


async def test_a_class_of_anothers_may_be_extended(world: World) -> None:
    await world.save("B", "export class Base { constructor(x) { this.x = x } hi() { return 'hi ' + this.x } }")
    code = "{ const Base = @B.Base; class Mine extends Base { hi() { return super.hi() + '!' } } const m = new Mine(1); return [m.hi(), m instanceof Mine, m instanceof Base] }"
    assert await world.eval(code) == ["hi 1!", True, True]


async def test_generators_iterate_and_close_across_owners(world: World) -> None:
    await world.save(
        "B",
        "export const count = (log) => (function* () { try { for (let i = 0; ; i++) yield i } finally { log('closed') } })()",
    )
    code = "{ const seen = []; for (const i of @B.count((x) => seen.push(x))) { if (i === 3) break; seen.push(i) } return seen }"
    assert await world.eval(code) == [0, 1, 2, "closed"]
    await world.save("B", "export const few = () => (function* () { const got = yield 1; yield got })()")
    assert await world.eval("{ const g = @B.few(); return [[...@B.few()], g.next(), g.next('in'), g.next()] }") == [
        [1, None],
        {"value": 1, "done": False},
        {"value": "in", "done": False},
        {"done": True},
    ]


async def test_async_generators_iterate_across_owners(world: World) -> None:
    await world.save("B", "export const gen = () => (async function* () { yield 1; await null; yield 2 })()")
    assert await world.eval("{ const seen = []; for await (const x of @B.gen()) seen.push(x); return seen }") == [1, 2]


async def test_promises_cross_both_ways(world: World) -> None:
    await world.save("B", "export const later = async (promise) => (await promise) + 1")
    assert await world.eval("@B.later(Promise.resolve(1))") == 2
    assert await world.eval("@B.later(new Promise((done) => setTimeout(() => done(5), 1)))") == 6
    await world.save("B", "export const broken = async () => { throw new RangeError('later') }")
    assert await world.eval("@B.broken().catch((e) => [e instanceof RangeError, e.message])") == [True, "later"]
    assert await world.eval(
        "{ const p = @B.broken(); return [p instanceof Promise, await p.then(() => 0, () => 1)] }"
    ) == [True, 1]


async def test_an_async_function_stays_async(world: World) -> None:
    await world.save("B", "export const f = async () => 1")
    assert await world.eval("{ const p = @B.f(); return [typeof p.then, await p] }") == ["function", 1]


async def test_a_promise_settled_by_the_other_side_later(world: World) -> None:
    await world.save(
        "B",
        "export const box = () => { let done; const promise = new Promise((yes) => { done = yes }); return { promise, done } }",
    )
    assert await world.eval("{ const { promise, done } = @B.box(); done(9); return promise }") == 9


async def test_top_level_await_is_awaited_before_the_reference_is_given(world: World) -> None:
    await world.save(
        "B", "const x = await new Promise((done) => setTimeout(() => done(4), 1));\nexport const f = () => x"
    )
    assert await world.eval("@B.f() + 1") == 5


async def test_a_top_level_that_throws_throws_where_it_is_named(world: World) -> None:
    await world.save("B", "export const f = () => 1; if (@me.flag) throw new Error('top')")
    await world.save("B", "true", name="flag")
    assert (await world.error("@B.f()")).message == "top"


async def test_identity_comes_home(world: World) -> None:
    await world.save("B", "export const same = (x) => x; export const kept = { hold: null }")
    await world.save("B", "export const id = (x) => x")
    assert (
        await world.eval(
            "{ const f = () => 1; class K {} const k = new K(); return [@B.id(f) === f, @B.id(k) === k, @B.id(K) === K, @B.id({ f }).f === f] }"
        )
        == [True] * 4
    )
    assert await world.eval("{ const p = Promise.resolve(1); return @B.id(p) === p }") is True
    await world.save("B", "const f = () => 1; export const give = () => f; ")
    assert await world.eval("@B.give() === @B.give()") is True


async def test_a_handle_is_the_same_at_every_third_party(world: World) -> None:
    await world.save("C", "export const same = (a, b) => a === b")
    await world.save("B", "export const pass = (f, g) => @C.same(f, g)")
    assert await world.eval("{ const f = () => 1; return [@B.pass(f, f), @B.pass(f, () => 1)] }") == [True, False]


async def test_tagged_templates_have_their_raw_strings(world: World) -> None:
    await world.save("B", "export const tag = (strings, ...values) => [[...strings], [...strings.raw], values]")
    assert await world.eval(r"@B.tag`a${1}\n${2}`") == [["a", "\n", ""], ["a", "\\n", ""], [1, 2]]


async def test_optional_calls_members_and_typeof(world: World) -> None:
    await world.save("B", "export const lib = { f: (x) => x + 1, data: { url: 'u' } }")
    code = "[@B.lib.f(1), @B.lib?.f?.(2), @B.none?.f(3), @B.lib.data.url, typeof @B.lib.f, typeof @B.none, @B.none?.x]"
    assert await world.eval(code) == [2, 3, None, "u", "function", "undefined", None]


async def test_a_function_keeps_name_and_length_and_binds(world: World) -> None:
    await world.save("B", "export function named(a, b) { return [this?.x ?? null, a, b] }")
    code = "[@B.named.name, @B.named.length, @B.named.call({ x: 1 }, 2, 3), @B.named.apply({ x: 1 }, [2, 3]), @B.named.bind({ x: 1 }, 2)(3)]"
    assert await world.eval(code) == ["named", 2, [1, 2, 3], [1, 2, 3], [1, 2, 3]]


async def test_functions_of_another_sort_and_filter_ones_own_arrays(world: World) -> None:
    await world.save("B", "export const desc = (a, b) => b - a")
    assert await world.eval("[3, 1, 2].sort(@B.desc)") == [3, 2, 1]


async def test_getters_and_setters_of_an_instance_run_at_home(world: World) -> None:
    await world.save(
        "B",
        "class T { #c = 0; get f() { return this.#c * 2 } set f(x) { this.#c = x / 2 } } export const make = () => new T()",
    )
    assert await world.eval("{ const t = @B.make(); t.f = 10; return [t.f, Object.keys(t)] }") == [10, []]
