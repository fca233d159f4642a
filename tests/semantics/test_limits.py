"""§9: each limit at the limit and one past it: its status, its name, and whether code can catch it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from kernel.limits import MIB, Limits
from tests.semantics.live import Machine, World, open_world

Small = Callable[[Limits], AbstractAsyncContextManager[World]]


@pytest.fixture
def small(engine_room: Machine, tmp_path: Path) -> Small:
    return partial(open_world, engine_room, tmp_path)


@pytest.fixture
async def quick(engine_room: Machine, tmp_path: Path) -> AsyncIterator[World]:
    """A house whose evaluations have little time."""
    async with open_world(engine_room, tmp_path, replace(Limits(), cpu=0.15)) as world:
        yield world


def caught(code: str) -> str:
    return f"try {{ {code} }} catch (e) {{ return [e.name, 'caught'] }}"


async def test_processor_time_ends_the_evaluation_and_nothing_catches_it(quick: World) -> None:
    error = await quick.error("{ try { while (true) {} } catch { return 1 } finally { @me.n = 1 } }")
    assert (error.status, error.code, error.name) == (422, "cpu_limit", "LimitError")
    assert quick.stored("A", "n") == "missing"


async def test_processor_time_is_charged_over_the_whole_tree(quick: World) -> None:
    """Each call is a little work, and there is no end of calls."""
    await quick.save("B", "export const spin = (turns) => { for (let i = 0; i < turns; i++); }")
    error = await quick.error("{ for (;;) { try { @B.spin(10_000) } catch {} } }")
    assert error.code == "cpu_limit"


async def test_waiting_costs_no_processor_time(quick: World) -> None:
    assert await quick.eval("new Promise((d) => setTimeout(() => d(1), 200))") == 1


async def test_waiting_costs_wall_time_and_that_ends_in_504(small: Small) -> None:
    async with small(replace(Limits(), wall=0.3)) as world:
        error = await world.error("{ try { await new Promise((d) => setTimeout(d, 50_000)) } catch { return 1 } }")
    assert (error.status, error.code, error.name) == (504, "wall_limit", "LimitError")


async def test_memory_ends_the_evaluation_and_nothing_catches_it(small: Small) -> None:
    async with small(replace(Limits(), memory=32 * MIB)) as world:
        assert await world.eval("new Uint8Array(2 * 2 ** 20).length") == 2 * MIB
        error = await world.error(
            "{ const hoard = []; try { for (;;) hoard.push(new Uint8Array(2 ** 20)) } catch { return 1 } }"
        )
        assert (error.status, error.code, error.name) == (422, "memory_limit", "LimitError")
        assert await world.eval("1") == 1


async def test_the_stack_is_a_range_error_that_code_may_catch(world: World) -> None:
    assert await world.eval(
        "{ const f = () => f() + 1; try { f() } catch (e) { return [e instanceof RangeError, e.message] } }"
    ) == [
        True,
        "Maximum call stack size exceeded",
    ]
    assert (await world.error("{ const f = () => f() + 1; f() }")).status == 502


async def test_guests_at_the_limit_and_one_past_it(small: Small) -> None:
    async with small(replace(Limits(), guests=3)) as world:
        await world.save("B", "export const f = () => 'b'")
        await world.save("C", "export const f = () => 'c'")
        await world.save("A", "export const back = () => 'a'")
        await world.save("C", "export const g = () => @A.back()")
        assert await world.eval("@B.f() + @C.f()") == "bc"
        error = await world.error("@B.f() + @C.g()")
        assert (error.status, error.name) == (422, "LimitError")
        assert await world.eval("{ @B.f(); " + caught("return @C.g()") + " }") == ["LimitError", "caught"]


@pytest.mark.parametrize(("depth", "fine"), [(64, True), (65, False)])
async def test_call_depth_across_owners(world: World, depth: int, fine: bool) -> None:  # noqa: FBT001
    await world.save("B", "export const down = (n, f) => n <= 0 ? 0 : 1 + f(n - 1)")
    code = f"{{ const go = (n) => n <= 0 ? 0 : 1 + @B.down(n - 1, go); {caught(f'return go({depth})')} }}"
    assert await world.eval(code) == (depth if fine else ["LimitError", "caught"])


async def test_an_endless_recursion_between_owners_is_an_uncaught_limit_error(world: World) -> None:
    await world.save("B", "export const f = (g) => g()")
    error = await world.error("{ const g = () => @B.f(g); g() }")
    assert (error.status, error.name) == (422, "LimitError")


@pytest.mark.parametrize(("count", "fine"), [(100, True), (101, False)])
async def test_writes(small: Small, count: int, fine: bool) -> None:  # noqa: FBT001
    assert Limits().writes == 1000
    async with small(replace(Limits(), writes=100)) as world:
        outcome = await world.outcome(f"{{ for (let i = 0; i < {count}; i++) @me.n = i; return 'done' }}")
        assert (outcome.error is None) is fine
        assert world.stored("A", "n") == 99
    if outcome.error:
        assert (outcome.error.status, outcome.error.name) == (422, "LimitError")


async def test_writes_are_counted_over_the_tree_and_the_refusal_is_catchable(small: Small) -> None:
    async with small(replace(Limits(), writes=3)) as world:
        await world.save("B", "export const w = (x) => { @A.n = x }")
        assert await world.eval(f"{{ @me.n = 0; @B.w(1); @B.w(2); {caught('@B.w(3)')} }}") == ["LimitError", "caught"]
        assert world.stored("A", "n") == 2


@pytest.mark.parametrize(("size", "fine"), [(256_000, True), (256_001, False)])
async def test_console(world: World, size: int, fine: bool) -> None:  # noqa: FBT001
    more = caught(f"console.log('x'.repeat({size} - 128000)); return 1")
    code = f"{{ console.log('x'.repeat(128000)); {more} }}"
    assert await world.eval(code) == (1 if fine else ["LimitError", "caught"])


@pytest.mark.parametrize(("count", "fine"), [(20, True), (21, False)])
async def test_emails(world: World, count: int, fine: bool) -> None:  # noqa: FBT001
    outcome = await world.outcome(f"{{ for (let i = 0; i < {count}; i++) console.email('x'); return 1 }}")
    assert (outcome.error is None) is fine
    assert len(world.house.store.mail("A")) == 20
    if outcome.error:
        assert (outcome.error.status, outcome.error.name) == (422, "LimitError")


@pytest.mark.parametrize(("size", "fine"), [(MIB - 100, True), (MIB + 1, False)])
async def test_messages_between_guests(world: World, size: int, fine: bool) -> None:  # noqa: FBT001
    await world.save("B", "export const length = (x) => x.length; export const make = (n) => 'x'.repeat(n)")
    await world.save("B", "export const length = (x) => x.length")
    for code, good in ((f"return @B.length('x'.repeat({size}))", size), (f"return @B.make({size}).length", size)):
        assert await world.eval(f"{{ {caught(code)} }}") == (good if fine else ["LimitError", "caught"])


@pytest.mark.parametrize(("size", "fine"), [(MIB - 100, True), (MIB + 1, False)])
async def test_stored_values(world: World, size: int, fine: bool) -> None:  # noqa: FBT001
    code = f"@me.big = 'x'.repeat({size}); return @me.big.length"
    assert await world.eval(f"{{ {caught(code)} }}") == (size if fine else ["LimitError", "caught"])


@pytest.mark.parametrize(
    "shape", ["x = [x]", "x = { x }", "x = new Map([[1, x]])", "x = Object.assign(new Error('e'), { x })"]
)
@pytest.mark.parametrize(("depth", "fine"), [(250, True), (300, False)])
async def test_clone_depth(world: World, shape: str, depth: int, fine: bool) -> None:  # noqa: FBT001
    await world.save("B", "export const take = (x) => 1")
    code = f"let x = 0; for (let i = 0; i < {depth}; i++) {shape}; return @B.take(x)"
    assert await world.eval(f"{{ {caught(code)} }}") == (1 if fine else ["LimitError", "caught"])


@pytest.mark.parametrize(("count", "fine"), [(980, True), (1001, False)])
async def test_live_handles(world: World, count: int, fine: bool) -> None:  # noqa: FBT001
    await world.save("B", "const kept = []; export const keep = (f) => kept.push(f)")
    code = f"for (let i = 0; i < {count}; i++) @B.keep(() => i); return 1"
    assert await world.eval(f"{{ {caught(code)} }}") == (1 if fine else ["LimitError", "caught"])


async def test_handles_that_are_let_go_do_not_count(world: World) -> None:
    await world.save("B", "export const use = (f) => f()")
    assert await world.eval("{ let n = 0; for (let i = 0; i < 1500; i++) n += @B.use(() => 1); return n }") == 1500


async def test_a_recorded_field_is_cut_and_stays_json(world: World) -> None:
    outcome = await world.outcome("'y'.repeat(150000)")
    assert len(outcome.json) == 150_002
    kept = (await world.record(outcome))["value"]
    assert isinstance(kept, str)
    assert len(kept) < 100_000


async def test_the_answer_to_the_world_is_no_message_between_guests(world: World) -> None:
    assert len((await world.outcome("'y'.repeat(3 * 2 ** 20)")).json) == 3 * MIB + 2


async def test_limit_errors_of_their_own_are_only_words(world: World) -> None:
    """A val may throw what is called LimitError: the status is a refusal's, and nothing else happens."""
    error = await world.error("{ const e = new Error('mine'); e.name = 'LimitError'; throw e }")
    assert (error.status, error.name, error.message) == (422, "LimitError", "mine")
