"""§6: code or data, names, versions, missing vals, promises at the end, deadlock."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from host_api.house import Entry
from kernel.errors import Conflict, LimitError, NotFound
from kernel.policy import Policy
from tests.semantics.live import PRIVATE, PUBLIC, Machine, World, open_world


async def test_the_value_of_a_data_val_stays_what_it_was(world: World) -> None:
    await world.save("B", "export let x = Math.random()")
    first = await world.eval("@B.x")
    assert isinstance(first, float)
    assert [await world.eval("@B.x"), await world.eval("@B.x", by="B")] == [first, first]


@pytest.mark.parametrize(
    "code",
    [
        "() => 1",
        "class {}",
        "({ f() {} })",
        "[() => 1]",
        "new (class X {})",
        "Promise.resolve(() => 1)",
        "new Proxy({}, {})",
    ],
)
async def test_what_holds_a_function_is_code(world: World, code: str) -> None:
    assert (await world.save("B", f"export const v = {code}")).kind == "code"


@pytest.mark.parametrize(
    "code", ["1", "({ a: [1] })", "new Map()", "undefined", "", "Promise.resolve(5)", "await Promise.resolve(5)"]
)
async def test_what_copies_is_data(world: World, code: str) -> None:
    assert (await world.save("B", code, name="v")).kind == "data"


async def test_the_top_level_of_code_runs_anew_in_each_guest_with_its_rights(world: World) -> None:
    await world.save(
        "B", "const mine = @me.secrets.foo; const r = Math.random(); export const f = () => [mine ?? null, r]"
    )
    (here, one), (again, two) = await world.eval("@B.f()"), await world.eval("@B.f()")
    assert (here, again, one != two) == (None, None, True)
    own, _ = await world.eval("@me.f()", by="B")
    assert own == "the secret of B"


async def test_saving_runs_the_top_level_once_as_its_owner(world: World) -> None:
    await world.save("B", "0", PRIVATE, "runs")
    val = await world.save("B", "@me.runs++; export const who = @me.secrets.foo")
    assert (world.stored("B", "runs"), val.json) == (1, b'"the secret of B"')


async def test_a_save_whose_run_throws_keeps_the_version_with_its_error(world: World) -> None:
    val = await world.save("B", "export const v = (() => {\n throw new RangeError('no') })()")
    assert val.error is not None
    assert (val.type, val.error["name"], val.error["message"], val.error["line"]) == (
        "undefined",
        "RangeError",
        "no",
        2,
    )
    assert await world.eval("@B.v") == "undefined"


async def test_stored_data_is_never_executed(world: World) -> None:
    await world.eval("@me.text = '(() => { @me.hacked = 1 })()'")
    await world.eval("@me.text; @me.text + ''")
    assert world.stored("A", "hacked") == "missing"


@pytest.mark.parametrize(("spelled", "seen"), [("@B.MixedCase", 1), ("@b.mixedcase", 1), ("@B.MIXEDCASE", 1)])
async def test_names_are_case_insensitive(world: World, spelled: str, seen: int) -> None:
    await world.save("B", "1", name="MixedCase")
    assert await world.eval(spelled) == seen


async def test_a_missing_val_is_undefined_and_calling_it_names_it(world: World) -> None:
    await world.save("B", "1", PRIVATE, "hidden")
    await world.save("B", "5", name="number")
    assert await world.eval("[@B.none, @B.hidden, @Nobody.x, typeof @B.none, @me.none]") == [
        None,
        None,
        None,
        "undefined",
        None,
    ]
    for name in ("none", "hidden", "number"):
        error = await world.error(f"@B.{name}(1)")
        assert error.name == "TypeError"
        assert f"@b.{name}" in error.message.lower()
    words = [(await world.error(f"@B.{name}(1)")).message.replace("hidden", "none") for name in ("none", "hidden")]
    assert words[0] == words[1]
    assert "@b.none" in (await world.error("new @B.none()")).message.lower()


async def test_a_version_is_pinned_and_the_plain_name_is_the_newest(world: World) -> None:
    for text in ("'zero'", "'one'", "'two'"):
        await world.save("B", text, name="v")
    assert await world.eval("[@B.v@0, @B.v@1, @B.v@2, @B.v, @B.v@9]") == ["zero", "one", "two", "two", None]


async def test_a_pinned_code_val_is_that_version(world: World) -> None:
    await world.save("B", "export const f = () => 'old'")
    await world.save("B", "export const f = () => 'new'")
    assert await world.eval("[@B.f@0(), @B.f@1(), @B.f()]") == ["old", "new", "new"]


async def test_versions_from_before_a_val_was_public_stay_private(world: World) -> None:
    await world.save("B", "'draft'", PRIVATE, "v")
    await world.save("B", "'fine'", PUBLIC, "v")
    assert await world.eval("[@B.v@0, @B.v@1, @B.v]") == [None, "fine", "fine"]
    assert await world.eval("[@me.v@0, @me.v@1]", by="B") == ["draft", "fine"]


async def test_one_evaluation_uses_one_version_of_a_code_val(world: World) -> None:
    await world.save("B", "export const f = () => 'old'")
    await world.save("B", "export const again = () => @B.f()")
    await world.save(
        "A",
        "export const main = async () => { const one = @B.f(); @me.go = 1; while (@me.go === 1) await new Promise((d) => setTimeout(d, 1)); return [one, @B.f(), @B.again()] }",
    )
    running = world.run("A.main", by="A")
    task = asyncio.ensure_future(running)
    while world.stored("A", "go") != 1:  # noqa: ASYNC110 - the store tells nobody
        await asyncio.sleep(0.001)
    await world.save("B", "export const f = () => 'new'")
    await world.eval("@me.go = 2")
    assert (await task).json == b'["old","old","old"]'
    assert await world.eval("@B.f()") == "new"


async def test_privacy_is_private_by_default(world: World) -> None:
    val = await world.house.save(owner="B", code="export const v = 1")
    assert val.privacy == PRIVATE
    await world.eval("@me.w = 1", by="B")
    assert await world.eval("[@B.v, @B.w]") == [None, None]
    with pytest.raises(NotFound):
        await world.run("B.v", by="A")
    with pytest.raises(NotFound):
        await world.house.evaluate(
            requester="A", source="api", entry=Entry(val=("B", "none", None)), args=None, as_author=True
        )


async def test_an_array_of_promises_resolves_and_one_inside_a_call_does_not(world: World) -> None:
    assert await world.eval("[1, 2].map(async (x) => [x, await x])") == [[1, 1], [2, 2]]
    await world.save("B", "export const look = (list) => list.map((p) => p instanceof Promise)")
    assert await world.eval("@B.look([Promise.resolve(1)])") == [True]


async def test_a_rejection_that_nobody_handles_fails_the_evaluation(world: World) -> None:
    error = await world.error("{ Promise.reject(new RangeError('lost')); return 1 }")
    assert (error.status, error.name, error.message) == (502, "RangeError", "lost")
    assert (
        await world.eval(
            "{ const p = Promise.reject(new Error('late')); setTimeout(() => p.catch(() => 0), 1); await new Promise((d) => setTimeout(d, 5)); return 1 }"
        )
        == 1
    )
    assert await world.eval("Promise.reject(new Error('x')).catch(() => 7)") == 7


async def test_a_promise_that_crossed_counts_as_handled_at_its_sender(world: World) -> None:
    await world.save("B", "export const fail = async () => { throw new Error('theirs') }")
    assert await world.eval("@B.fail().catch(() => 'mine')") == "mine"
    assert (
        await world.error("{ @B.fail(); await new Promise((d) => setTimeout(d, 1)); return 1 }")
    ).message == "theirs"


async def test_a_promise_that_nothing_can_settle_is_a_named_deadlock(world: World) -> None:
    error = await world.error("new Promise(() => {})")
    assert (error.status, error.name) == (422, "Deadlock")
    await world.save("B", "if (!@B.secrets.foo) await new Promise(() => {}); export const f = () => 1")
    error = await world.error("@B.f()")
    assert error.name == "Deadlock"


async def test_a_deadlock_in_a_top_level_is_422_too(world: World) -> None:
    await world.save("B", "if (!@B.secrets.foo) await new Promise(() => {}); export const f = () => 1")
    assert (await world.error("@B.f()")).status == 422


async def test_a_rejection_in_anothers_guest_fails_the_evaluation_also_when_nothing_waited(world: World) -> None:
    await world.save("B", "export const fire = async () => { throw new Error('lost') }")
    assert (await world.outcome("{ @B.fire(); return 1 }")).error is not None


async def test_what_is_pending_at_the_end_is_cancelled_and_recorded(world: World) -> None:
    outcome = await world.outcome("{ setTimeout(() => { @me.late = 1 }, 1000); return 1 }")
    assert outcome.json == b"1"
    record = await world.record(outcome)
    assert record["calls"][-1] == {"cancelled": 1}
    assert world.stored("A", "late") == "missing"


async def test_imports_reject_with_an_error_that_names_the_specifier(world: World) -> None:
    error = await world.error("import('npm:left-pad')")
    assert "npm:left-pad" in error.message
    assert "not supported yet" in error.message


async def test_a_val_that_reads_itself_while_it_loads_is_an_error(world: World) -> None:
    await world.save("B", "const f = () => 1; export const g = typeof @B.g === 'function' ? f : f")
    assert "still being loaded" in (await world.error("@B.g()")).message


async def test_secrets_are_a_read_only_view_in_own_code_and_empty_in_foreign_code(world: World) -> None:
    await world.house.store.put_secret("A", "KEY", "value")
    code = "[@me.secrets.KEY, @me.secrets['K' + 'EY'], Object.keys(@me.secrets), 'KEY' in @me.secrets, process.env.KEY, Deno.env.get('KEY')]"
    assert await world.eval(code) == ["value", "value", ["foo", "KEY"], True, "value", "value"]
    assert (await world.error("{ const s = @me.secrets; s.KEY = 1 }")).name == "TypeError"
    await world.save(
        "B",
        "export const look = () => [@me.secrets['KEY'], Object.keys(@me.secrets), Object.keys(process.env), process.env.KEY, Deno.env.get('KEY'), 'KEY' in process.env, JSON.stringify(Deno.env.toObject())]",
    )
    assert await world.eval("@B.look()") == [None, [], [], None, None, False, "{}"]


async def test_a_new_name_and_new_code_are_one_change_or_none(engine_room: Machine, tmp_path: Path) -> None:
    async with open_world(engine_room, tmp_path, versions=2) as world:
        first, second = [await world.save("A", f"() => {number}", name=f"v{number}") for number in range(2)]
        with pytest.raises(LimitError):
            await world.house.save(owner="A", code="() => 3", name="other", val_id=first.id)
        with pytest.raises(Conflict):
            await world.house.save(owner="A", code="() => 3", name="V1", val_id=first.id)
        assert world.house.store.val_by_id(first.id) == first
        await world.house.store.delete_val("A", second.name)
        changed = await world.house.save(owner="A", code="() => 4", name="other", val_id=first.id)
        assert (changed.id, changed.name, changed.code) == (first.id, "other", "() => 4")


async def test_a_val_that_another_process_hides_shows_and_deletes_is_not_run_once_too_often(world: World) -> None:
    val = await world.save("B", "export const seen = () => 1")
    with closing(sqlite3.connect(world.house.store.path, isolation_level=None)) as other:
        for _ in range(20):
            assert (await world.run("B.seen")).json == b"1"
            other.execute("UPDATE vals SET privacy = 'private' WHERE id = ?", (val.id,))
            for by in (None, "A"):
                with pytest.raises(NotFound):
                    await world.run("B.seen", by=by)
            assert (await world.run("B.seen", by="B")).owned
            other.execute("UPDATE vals SET privacy = 'public' WHERE id = ?", (val.id,))
            assert not (await world.run("B.seen", by="A")).owned
        await world.save("B", "export const seen = 2")
        assert (await world.run("B.seen")).json == b"2"
        other.execute("DELETE FROM vals WHERE id = ?", (val.id,))
    with pytest.raises(NotFound):
        await world.run("B.seen")


async def test_one_val_under_two_policies_and_as_two_callers_is_never_mistaken(world: World) -> None:
    await world.save("B", "export const mine = () => @me.secrets.foo ?? null")
    entry = Entry(val=("B", "mine", None))
    for _ in range(2):
        told = [
            (
                await world.house.evaluate(
                    requester=by, source="api", entry=entry, args=b"[]", as_author=as_author, policy=policy
                )
            ).json
            for by, as_author, policy in (
                ("A", True, None),
                ("A", False, None),
                ("A", False, Policy.LIBRARY),
                ("B", False, None),
                (None, True, None),
                (None, False, None),
            )
        ]
        assert told == [
            b'"the secret of B"',
            b"null",
            b'"the secret of A"',
            b'"the secret of B"',
            b'"the secret of B"',
            b"null",
        ]
