"""The attacker's plan: B keeps what A passed, and uses it when A is no longer there, or more of it than there can be."""

from __future__ import annotations

import asyncio

import pytest

from tests.semantics.live import World


async def test_a_handle_kept_in_a_variable_is_gone_in_the_next_evaluation(world: World) -> None:
    await world.save(
        "B",
        "let kept; export const keep = (f) => { const before = typeof kept; kept ??= f; try { return [before, kept?.()] } catch (e) { return [before, e.name] } }",
    )
    assert await world.eval("@B.keep(() => @me.secrets.foo)") == ["undefined", "the secret of A"]
    assert await world.eval("@B.keep(() => 'fresh')") == ["undefined", "fresh"]
    assert await world.eval("@B.keep(() => 'of C')", by="C") == ["undefined", "of C"]


async def test_a_handle_cannot_be_kept_in_a_val(world: World) -> None:
    await world.save(
        "B",
        "export const keep = (f) => { const seen = []; for (const w of [() => { @A.kept = f }, () => { @B.kept = f }, () => { @me.kept = { f } }, () => { globalThis.kept = f }]) { try { w(); seen.push('went') } catch (e) { seen.push(e.name) } } return seen }",
    )
    await world.eval("@B.keep(() => @me.secrets.foo)")
    assert (world.stored("A", "kept"), world.stored("B", "kept")) == ("missing", "missing")
    assert await world.eval("typeof globalThis.kept") == "undefined"


async def test_globals_of_an_evaluation_end_with_it(world: World) -> None:
    await world.eval("{ globalThis.mine = 1; Array.prototype.mine = 2; Object.prototype.mine = 3; return 0 }")
    assert await world.eval("[typeof globalThis.mine, typeof [].mine, typeof ({}).mine]") == ["undefined"] * 3


async def test_two_evaluations_at_once_share_nothing(world: World) -> None:
    await world.save(
        "B",
        "let n = 0; export const next = async () => { const mine = ++n; await new Promise((d) => setTimeout(d, 2)); return [mine, n] }",
    )
    assert await asyncio.gather(*(world.eval("@B.next()") for _ in range(5))) == [[1, 1]] * 5


async def test_a_timer_of_bs_does_not_outlive_the_evaluation(world: World) -> None:
    await world.save("B", "export const later = (f) => { setTimeout(f, 5); setInterval(f, 1) }")
    assert await world.eval("{ @B.later(() => { @me.n = (@me.n ?? 0) + 1 }); return 1 }") == 1
    before = world.stored("A", "n")
    await asyncio.sleep(0.03)
    assert world.stored("A", "n") == before


async def test_a_handle_kept_in_global_state_or_a_closure_is_gone_with_its_evaluation(world: World) -> None:
    keep = "globalThis.kept ??= f; Array.prototype.kept ??= f; Promise.kept ??= f; (globalThis.all ??= new Map()).set('f', f); setTimeout(() => { globalThis.later ??= f }, 0)"
    seen = "[globalThis.kept, [].kept, Promise.kept, globalThis.all?.get('f'), globalThis.later].map((x) => typeof x)"
    await world.save("B", f"export const keep = (f) => {{ const before = {seen}; {keep}; return before }}")
    for _ in range(2):
        assert await world.eval("@B.keep(() => @me.secrets.foo)") == ["undefined"] * 5
    assert await world.eval("@B.keep(() => 'of C')", by="C") == ["undefined"] * 5


async def test_a_handle_used_by_a_timer_works_until_the_end_and_is_recorded_as_used(world: World) -> None:
    await world.save(
        "B", "export const later = (f) => new Promise((done) => setTimeout(() => done(f('from a timer')), 1))"
    )
    outcome = await world.outcome("@B.later((x) => x + ', at home')")
    assert outcome.json == b'"from a timer, at home"'
    grants = [call for call in (await world.record(outcome))["calls"] if call["capability"] == "grant"]
    assert any(call.get("uses") == 1 and call["author"] == "@a" for call in grants), grants


async def test_a_timer_that_still_holds_a_handle_at_the_end_does_not_run(world: World) -> None:
    await world.save("B", "export const later = (f) => { setTimeout(() => f('too late'), 20) }")
    outcome = await world.outcome("{ @B.later((x) => { @me.heard = x }); return 1 }")
    await asyncio.sleep(0.05)
    assert (outcome.json, world.stored("A", "heard")) == (b"1", "missing")


async def test_what_is_kept_with_a_stored_value_is_no_handle_in_the_next_evaluation(world: World) -> None:
    """B writes data into its own val that says how to find A's function again: a number, a key, a source text."""
    await world.save(
        "B",
        "export const keep = (f) => { const tries = [f, { f }, [f], new Map([[1, f]]), Object(f), String(f), f.name, Symbol.for('f')]; return tries.map((x) => { try { @A.box = x; return 'went' } catch (e) { return e.name } }) }",
    )
    went = await world.eval("@B.keep(function secretly() { return @me.secrets.foo })")
    assert went[1:4] == ["DataCloneError"] * 3
    assert await world.eval("typeof @me.box") in {"string", "symbol", "undefined"}
    assert "the secret" not in str(world.stored("A", "box"))


@pytest.mark.parametrize("guess", ["0", "1", "2", "-1", "2 ** 28", "4294967295", "'1'", "1.5", "null", "{ handle: 1 }"])
async def test_a_guessed_handle_is_only_a_value(world: World, guess: str) -> None:
    """Numbers are what handles are made of, inside; outside there is nothing that takes one."""
    await world.save(
        "B",
        "export const tries = (x) => [x, [x], { handle: x }, { __handle__: x, id: x }, new Uint32Array([Number(x) || 0])].map((one) => { try { return typeof one === 'function' || typeof one.then === 'function' ? 'got' : 'nothing' } catch { return 'nothing' } })",
    )
    assert await world.eval(f"{{ const secret = () => @me.secrets.foo; return @B.tries({guess}) }}") == ["nothing"] * 5


async def test_two_libraries_in_one_evaluation_hold_different_handles_of_one_function(world: World) -> None:
    """B and C both hold A's function; neither's is the other's, and B cannot use what only C was given."""
    await world.save("C", "let kept; export const keep = (f) => { kept = f }; export const use = () => kept()")
    await world.save(
        "C", "export const lib = { keep(f) { globalThis.kept = f }, use: () => (0, globalThis.kept)?.() ?? 'nothing' }"
    )
    await world.save("B", "export const spy = () => [typeof globalThis.kept, @C.lib.use()]")
    assert await world.eval("{ @C.lib.keep(() => 'for C'); return [@B.spy(), @C.lib.use()] }") == [
        ["undefined", "for C"],
        "for C",
    ]


async def test_a_flood_of_handles_is_a_limit_error_in_who_floods(world: World) -> None:
    await world.save(
        "B",
        "export const flood = (f) => { const kept = []; try { for (let i = 0; ; i++) kept.push(f(i)) } catch (e) { return [e.name, kept.length > 500, kept.length <= 1000] } }",
    )
    assert await world.eval("@B.flood((i) => () => i)") == ["LimitError", True, True]


async def test_a_handle_dropped_and_given_again_works(world: World) -> None:
    await world.save("B", "export const use = (f) => f()")
    code = "{ const f = () => 1; let n = 0; for (let i = 0; i < 300; i++) { n += @B.use(f); n += @B.use(() => 1) } return n }"
    assert await world.eval(code) == 600


async def test_a_promise_of_as_settles_for_everybody_who_holds_it_and_once(world: World) -> None:
    await world.save("B", "export const all = (p) => Promise.all([p, p, p.then((x) => x + 1)])")
    assert await world.eval(
        "{ const p = new Promise((d) => setTimeout(() => { d(1); d(2) }, 1)); return @B.all(p) }"
    ) == [1, 1, 2]


async def test_b_cannot_settle_as_promise(world: World) -> None:
    await world.save(
        "B",
        "export const force = (p) => { for (const k of ['resolve', '_resolve', 'fulfil', 'reject']) try { p[k]?.('theirs') } catch {} try { p.then = (f) => f('theirs') } catch {} try { Object.assign(p, { value: 'theirs' }) } catch {} }",
    )
    assert (
        await world.eval(
            "{ let done; const p = new Promise((d) => { done = d }); @B.force(p); done('mine'); return p.then((x) => x) }"
        )
        == "mine"
    )
