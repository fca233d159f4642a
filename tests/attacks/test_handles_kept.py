"""The attacker's plan: B keeps what A passed, and uses it when A is no longer there, or more of it than there can be."""

from __future__ import annotations

import asyncio

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
