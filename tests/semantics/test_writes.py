"""§6, writes: every form, atomically, seen by the evaluation itself; changes in place, and when they are written."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.semantics.live import PRIVATE, PUBLIC, World

FORMS = {
    # code: (value before, value of the expression, value after)
    "@me.n = 2": (1, 2, 2),
    "@me.n += 2": (1, 3, 3),
    "@me.n -= 2": (1, -1, -1),
    "@me.n *= 4": (2, 8, 8),
    "@me.n /= 4": (2, 0.5, 0.5),
    "@me.n %= 4": (6, 2, 2),
    "@me.n **= 3": (2, 8, 8),
    "@me.n <<= 3": (1, 8, 8),
    "@me.n >>= 1": (-4, -2, -2),
    "@me.n >>>= 1": (4, 2, 2),
    "@me.n &= 3": (6, 2, 2),
    "@me.n |= 3": (4, 7, 7),
    "@me.n ^= 3": (5, 6, 6),
    "@me.n += 's'": ("t", "ts", "ts"),
    "@me.n &&= 5": (1, 5, 5),
    "@me.n ||= 5": (1, 1, 1),
    "@me.n ??= 5": (None, 5, 5),
    "@me.n++": (1, 1, 2),
    "++@me.n": (1, 2, 2),
    "@me.n--": (1, 1, 0),
    "--@me.n": (1, 0, 0),
    "delete @me.n": (1, True, "missing"),
    "([@me.n] = [7])": (1, [7], 7),
    "({ a: @me.n } = { a: 7 })": (1, {"a": 7}, 7),
    "({ a: @me.n = 8 } = {})": (1, {}, 8),
    "[...[1, 2]].map((x) => @me.n = x)": (0, [1, 2], 2),
    "@me.n.a.b[0] = 9": ({"a": {"b": [1]}}, 9, {"a": {"b": [9]}}),
    "@me.n.a.b[0] += 9": ({"a": {"b": [1]}}, 10, {"a": {"b": [10]}}),
    "@me.n.a.b[0]++": ({"a": {"b": [1]}}, 1, {"a": {"b": [2]}}),
    "--@me.n['a'].b[0]": ({"a": {"b": [1]}}, 0, {"a": {"b": [0]}}),
    "@me.n.a ||= 3": ({"a": 0}, 3, {"a": 3}),
    "@me.n.a ??= 3": ({"a": 0}, 0, {"a": 0}),
    "delete @me.n.a": ({"a": 1, "b": 2}, True, {"b": 2}),
    "([@me.n.a] = [7])": ({"a": 1}, [7], {"a": 7}),
    "@me.n[@me.n.length] = 3": ([1, 2], 3, [1, 2, 3]),
    "@me.n.push(3)": ([1, 2], 3, [1, 2, 3]),
    "@me.n.list.reverse()": ({"list": [1, 2]}, [2, 1], {"list": [2, 1]}),
    "@me.n.splice(0, 1)": ([1, 2], [1], [2]),
    "@me.n.map((x) => x + 1)": ([1, 2], [2, 3], [1, 2]),
}


@pytest.mark.parametrize("code", FORMS)
async def test_every_form_of_write_acts_and_has_its_value(world: World, code: str) -> None:
    before, result, after = FORMS[code]
    await world.save("A", f"({json.dumps(before)})", PRIVATE, "n")
    assert await world.eval(f"({code})") == result
    assert world.stored("A", "n") == after


async def test_for_loops_write_their_targets(world: World) -> None:
    await world.eval("for (@me.n of [1, 2]); for (@me.k in { a: 1 }); 0")
    assert (world.stored("A", "n"), world.stored("A", "k")) == (2, "a")


async def test_an_evaluation_reads_its_own_writes(world: World) -> None:
    assert await world.eval(
        "{ @me.n = 1; const one = @me.n; @me.n++; return [one, @me.n, (delete @me.n, @me.n)] }"
    ) == [1, 2, None]


async def test_operands_are_evaluated_first(world: World) -> None:
    await world.save("A", "1", PRIVATE, "n")
    assert await world.eval("{ @me.n += (@me.n = 10, 5); return @me.n }") == 15


async def test_the_value_is_copied_when_it_is_assigned(world: World) -> None:
    await world.eval("{ const o = { a: 1 }; @me.n = o; o.a = 2 }")
    assert world.stored("A", "n") == {"a": 1}


async def test_a_hundred_concurrent_increments_add_a_hundred(world: World) -> None:
    await world.save("A", "0", PRIVATE, "n")
    results = await asyncio.gather(*(world.eval("@me.n++") for _ in range(100)))
    assert world.stored("A", "n") == 100
    assert sorted(results) == list(range(100))


async def test_concurrent_pushes_all_arrive(world: World) -> None:
    await world.save("A", "[]", PRIVATE, "list")
    await asyncio.gather(*(world.eval(f"@me.list.push({i})") for i in range(20)))
    assert sorted(world.stored("A", "list")) == list(range(20))


async def test_the_first_increment_of_a_missing_val_makes_it_once(world: World) -> None:
    await asyncio.gather(*(world.eval("@me.log = (@me.log ?? 0) && 0; 0") for _ in range(3)))
    await world.eval("{ @me.first ??= 5; @me.first ??= 6 }")
    assert world.stored("A", "first") == 5


async def test_each_write_makes_a_version_that_says_who_wrote_it(world: World) -> None:
    outcome = await world.outcome("@me.n = 1; @me.n = 2; 0")
    val = world.house.store.val("A", "n")
    assert val is not None
    assert val.version == 1
    assert {version.evaluation for version in world.house.store.versions(val.id)} == {outcome.evaluation}


async def test_version_numbers_are_not_reused_after_deletion(world: World) -> None:
    await world.eval("@me.n = 1; @me.n = 2; delete @me.n; @me.n = 3")
    val = world.house.store.val("A", "n")
    assert val is not None
    assert val.version > 1


# -- functions ---------------------------------------------------------------------------------------------


async def test_a_function_is_stored_as_its_original_source(world: World) -> None:
    code = "@me.f = (x: number): number => x + /* kept */ @me.secrets.foo.length"
    await world.eval(code + "; 0")
    val = world.house.store.val("A", "f")
    assert val is not None
    assert val.code.endswith("(x: number): number => x + /* kept */ @me.secrets.foo.length")
    assert await world.eval("@me.f(1)") == 1 + len("the secret of A")


async def test_a_function_declaration_and_a_class_are_stored_as_written(world: World) -> None:
    await world.eval("{ function double(x) { return x * 2 } class K { y = 1 } @me.double = double; @me.K = K }")
    assert await world.eval("[@me.double(4), new @me.K().y]") == [8, 1]


@pytest.mark.parametrize(
    "made", ["Math.max", "(() => 1).bind(null)", "Function('return 1')", "eval('(() => 1' + '1)')"]
)
async def test_a_function_without_a_source_of_its_own_is_a_data_clone_error(world: World, made: str) -> None:
    assert (await world.error(f"@me.f = {made}")).name == "DataCloneError"
    assert world.stored("A", "f") == "missing"


async def test_anothers_function_is_not_stored(world: World) -> None:
    await world.save("B", "export const f = () => 1")
    assert (await world.error("@me.f = @B.f")).name == "DataCloneError"


# -- changes in place ----------------------------------------------------------------------------------------


async def test_within_an_evaluation_a_val_is_one_object(world: World) -> None:
    await world.save("A", "({ list: [] })", PRIVATE, "o")
    assert await world.eval("[@me.o === @me.o, @me.o.list === @me.o.list]") == [True, True]


async def test_methods_of_maps_and_sets_write(world: World) -> None:
    await world.eval("@me.set = new Set(); @me.map = new Map(); 0")
    await world.eval("{ @me.set.add(1); @me.map.set('k', 2) }")
    assert await world.eval("[[...@me.set], [...@me.map]]") == [[1], [["k", 2]]]


async def test_a_change_through_a_variable_is_written_at_the_end(world: World) -> None:
    await world.save("A", "[]", PRIVATE, "comments")
    await world.eval("{ const c = @me.comments; c.push('one'); c.push('two') }")
    assert world.stored("A", "comments") == ["one", "two"]
    val = world.house.store.val("A", "comments")
    assert val is not None
    assert val.version == 1


async def test_it_is_written_on_a_throw_too(world: World) -> None:
    await world.save("A", "[]", PRIVATE, "c")
    assert (await world.error("{ const c = @me.c; c.push(1); throw new Error('after') }")).message == "after"
    assert world.stored("A", "c") == [1]


async def test_it_is_dropped_if_the_val_is_public_and_the_record_says_so(world: World) -> None:
    await world.save("A", "[]", PUBLIC, "c")
    outcome = await world.outcome("{ const c = @me.c; c.push(1); return 1 }")
    assert outcome.error is None
    assert world.stored("A", "c") == []
    (call,) = [call for call in await world.calls(outcome, "val") if call["op"] == "write back"]
    assert (call["verdict"], call["effect"]) == ("no-op", False)


async def test_a_method_rooted_at_a_public_val_writes_at_once(world: World) -> None:
    await world.save("A", "[]", PUBLIC, "c")
    await world.eval("@me.c.push(1)")
    assert world.stored("A", "c") == [1]


async def test_it_is_a_write_conflict_if_somebody_wrote_meanwhile(world: World) -> None:
    await world.save("A", "[]", PRIVATE, "c")
    code = "{ const c = @me.c; c.push('mine'); @me.go = 1; while (@me.go === 1) await new Promise((d) => setTimeout(d, 1)) }"
    task = asyncio.ensure_future(world.outcome(code))
    while world.stored("A", "go") != 1:  # noqa: ASYNC110 - the store tells nobody
        await asyncio.sleep(0.001)
    await world.eval("@me.c = ['theirs']; @me.go = 2")
    outcome = await task
    assert outcome.error is not None
    assert outcome.error.name == "WriteConflict"
    assert world.stored("A", "c") == ["theirs"]


async def test_a_change_to_what_is_anothers_alters_a_copy(world: World) -> None:
    await world.save("B", "[1]", PUBLIC, "list")
    assert await world.eval("{ const l = @B.list; l.push(2); @B.list.push(3); return [l, @B.list] }") == [[1, 2], [1]]
    assert world.stored("B", "list") == [1]


async def test_foreign_code_changes_a_copy_of_the_callers(world: World) -> None:
    await world.save("A", "[1]", PUBLIC, "list")
    await world.save("B", "export const f = () => { const l = @A.list; l.push(2); return l }")
    assert await world.eval("@B.f()") == [1, 2]
    assert world.stored("A", "list") == [1]


async def test_what_is_only_read_is_not_written(world: World) -> None:
    await world.save("A", "({ a: [1, 2] })", PRIVATE, "o")
    await world.eval("{ const o = @me.o; return o.a.map((x) => x) }")
    val = world.house.store.val("A", "o")
    assert val is not None
    assert val.version == 0
