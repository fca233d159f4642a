"""§8: the tree of calls, redaction of secrets, stacks that name no private val, who reads what."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from host_api.house import Entry
from host_api.store import State
from host_api.store.secret import FEW
from kernel.limits import Limits
from tests.semantics.live import PRIVATE, PUBLIC, Machine, World, open_world

SECRET = 'pass"word\\with é & more'


async def test_the_tree_of_calls_says_who_did_what_for_whom(world: World) -> None:
    await world.save("B", "export const f = (give) => { @A.made = give(); return @B.secrets.foo }")
    outcome = await world.outcome("@B.f(() => @me.secrets.foo.length)")
    calls = (await world.record(outcome))["calls"]
    by_op = {(call["capability"], call["op"]): call for call in calls}
    read, write, secret = (
        by_op["val", "read"],
        by_op["val", "write"],
        [call for call in calls if call["capability"] == "secret"],
    )
    assert (read["parent"], read["author"], read["authority"]) == (None, "@a", "own")
    assert (
        write["author"],
        write["authority"],
        write["target"].lower(),
        write["row"],
        write["verdict"],
        write["effect"],
    ) == (
        "@b",
        "foreign",
        "@a.made",
        11,
        "granted",
        True,
    )
    assert [(call["author"], call["target"].lower(), call["verdict"]) for call in secret] == [
        ("@a", "@me.secrets.foo", "granted"),
        ("@b", "@b.secrets.foo", "unavailable"),
    ]
    numbers = [call["id"] for call in calls]
    assert numbers == sorted(set(numbers))
    assert all(call["parent"] is None or call["parent"] in numbers for call in calls)
    grant = next(call for call in calls if call["capability"] == "grant" and call["from"] == "@a")
    assert secret[0]["parent"] == grant["id"]
    assert (await world.record(outcome))["row"].effects == 1


async def test_a_refusal_of_what_is_anothers_reads_like_what_is_missing(world: World) -> None:
    await world.save("B", "1", PRIVATE, "hidden")
    await world.save("C", "1", PRIVATE, "hidden")
    await world.save("B", "export const f = () => [@C.hidden, @C.absent, @B.hidden, @B.absent]")
    outcome = await world.outcome("[@B.hidden, @B.absent, ...@B.f()]")
    reads = [
        call
        for call in await world.calls(outcome, "val")
        if "hidden" in call["target"].lower() or "absent" in call["target"].lower()
    ]
    assert len(reads) == 6
    assert {(call["verdict"], call["effect"]) for call in reads} == {("unavailable", False)}


async def test_secrets_that_were_read_are_taken_out_of_everything_left_behind(world: World) -> None:
    await world.house.store.put_secret("A", "key", SECRET)
    code = """{ const s = @me.secrets.key;
      console.log('it is', s, { in: s }); console.email(s, 'about ' + s);
      const e = new Error('leaked ' + s); e.name = s; throw e }"""
    outcome = await world.outcome(code)
    record = await world.record(outcome)
    assert outcome.error is not None
    told = json.dumps(
        [
            record["logs"],
            record["emails"],
            record["error"],
            outcome.error.name,
            outcome.error.message,
            outcome.error.stack,
        ],
        ensure_ascii=False,
    )
    assert "[secret @a.key]" in told.lower()
    for spelling in (SECRET, json.dumps(SECRET)[1:-1], json.dumps(SECRET, ensure_ascii=False)[1:-1]):
        assert spelling not in told
        assert json.dumps(spelling)[1:-1] not in told
    assert [mail.text for mail in world.house.store.mail("A")] == [SECRET]


async def test_a_secret_in_the_value_and_the_args_is_taken_out_of_the_record_and_not_of_the_answer(
    world: World,
) -> None:
    await world.house.store.put_secret("B", "key", "longenough")
    await world.save("B", "export const f = (x) => ({ x, key: @me.secrets.key })")
    outcome = await world.run("B.f", "longenough", by="B")
    assert json.loads(outcome.json) == {"x": "longenough", "key": "longenough"}
    record = await world.record(outcome)
    assert "longenough" not in json.dumps([record["value"], record["args"]])


@pytest.mark.parametrize(("secret", "gone"), [("12345678", True), ("1234567", False)])
async def test_eight_characters_are_a_secret_and_seven_are_a_word(world: World, secret: str, gone: bool) -> None:  # noqa: FBT001
    await world.house.store.put_secret("A", "key", secret)
    outcome = await world.outcome("console.log(@me.secrets.key)")
    (line,) = (await world.record(outcome))["logs"]
    assert (secret not in line["message"]) is gone


async def test_console_lines_have_level_author_and_order(world: World) -> None:
    await world.save("B", "export const f = () => { console.warn('from b %d', 5); }")
    outcome = await world.outcome("{ console.log('one', { a: [1] }); @B.f(); console.error('three') }")
    logs = (await world.record(outcome))["logs"]
    assert [(line["level"], line["message"], line["author"]) for line in logs] == [
        ("log", "one { a: [ 1 ] }", "@a"),
        ("warn", "from b 5", "@b"),
        ("error", "three", "@a"),
    ]


async def test_stacks_hide_frames_of_vals_their_reader_may_not_read(world: World) -> None:
    await world.save("B", "export const inner = () => {\n  throw new Error('deep') }", PRIVATE)
    await world.save("B", "export const outer = () => 1")
    await world.save("B", "export const call = (f) => f()")
    await world.save(
        "B", "const hold = @me.inner ?? (() => { throw new Error('deep') }); export const broken = () => @B.call(hold)"
    )
    error = await world.error("@B.broken()")
    assert "valgate:" not in error.stack
    assert "inner" not in error.stack
    own = await world.error("@me.inner()", by="B")
    assert ((own.val or "").lower(), own.line) == ("@b.inner@0", 2)


async def test_a_private_entry_is_not_named_to_whom_its_callback_was_passed(world: World) -> None:
    await world.save("B", "export const stack = (f) => { try { f() } catch (e) { return e.stack } }")
    await world.save("A", "export const topSecretName = () => @B.stack(() => { throw new Error('x') })", PRIVATE)
    seen = (await world.run("A.topSecretName", by="A")).json.decode()
    assert "(private" in seen
    assert "topSecretName@" not in seen


async def test_the_place_of_a_private_frame_comes_home_and_only_its_owner_reads_it(world: World) -> None:
    await world.save("B", "export const call = (f) => f()")
    await world.save(
        "A",
        "export const mine = () => {\n  function deep() { throw new Error('x') }\n  return @B.call(deep) }",
        PRIVATE,
    )
    error = await world.error("@me.mine()")
    assert "@a.mine@0:2:" in error.stack.lower()
    assert "(private" not in error.stack


async def test_a_label_of_ones_own_is_a_name_again_in_what_one_reads(world: World) -> None:
    await world.save("A", "export const mine = () => {\n  throw new Error('x') }", PRIVATE)
    error = await world.error("@me.mine()")
    assert ((error.val or "").lower(), error.line) == ("@a.mine@0", 2)


async def test_interrupted_by_its_own_error_or_not_every_evaluation_has_a_record(world: World) -> None:
    await world.save("A", "5", PUBLIC, "five")
    for outcome, state in (
        (await world.outcome("1"), "done"),
        (await world.outcome("null.x"), "failed"),
        (await world.run("A.five"), "done"),
    ):
        row = (await world.record(outcome))["row"]
        assert (row.state, row.id) == (state, outcome.evaluation)
        assert row.ended is not None
        assert row.ended >= row.started


async def test_the_record_is_its_callers(world: World) -> None:
    await world.save("B", "export const f = () => 1")
    ran = await world.run("B.f", by="A")
    assert (ran.caller, ran.owned) == ("b", False)
    row = (await world.record(ran))["row"]
    assert (row.caller, row.requester) == ("b", "a")
    entry = Entry(code="1")
    mine = await world.house.evaluate(requester="A", source="api", entry=entry, args=None, as_author=False)
    assert (mine.caller, mine.owned) == ("a", True)
    nobodys = await world.house.evaluate(requester=None, source="api", entry=entry, args=None, as_author=False)
    assert (nobodys.caller, nobodys.owned) == (None, False)


async def test_host_calls_beyond_the_limit_are_counted_but_effects_and_refusals_are_not(
    engine_room: Machine, tmp_path: Path
) -> None:
    assert Limits().calls == 10_000
    async with open_world(engine_room, tmp_path, replace(Limits(), calls=100)) as world:
        await world.save("A", "1", PRIVATE, "n")
        outcome = await world.outcome("{ for (let i = 0; i < 150; i++) @me.n; @B.none; @me.m = 1 }")
        calls = (await world.record(outcome))["calls"]
    counted = [call for call in calls if "count" in call]
    assert [
        (call["author"], call["capability"], call["target"], call["verdict"], call["count"]) for call in counted
    ] == [("@a", "val", "@me.n", "granted", 50)]
    assert [call["verdict"] for call in calls[-3:-1]] == ["unavailable", "granted"]


@pytest.mark.parametrize("many", [False, True])
async def test_what_is_kept_of_a_run_that_has_not_ended_has_no_secret_of_its_caller(world: World, many: bool) -> None:  # noqa: FBT001 - a parameter
    await world.house.store.put_secret("A", "key", SECRET)
    if many:
        await asyncio.gather(*(world.house.store.put_secret("A", f"k{number}", "x") for number in range(FEW)))
    code = f"{{ {json.dumps(SECRET)}; await new Promise((done) => setTimeout(done, 30_000)) }}"
    running = asyncio.create_task(world.outcome(code))
    while True:
        rows = world.house.store.evaluations("A")
        if rows:
            break
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert rows[0].state is State.RUNNING
    assert rows[0].code == (None if many else code.replace(json.dumps(SECRET)[1:-1], "[secret @a.key]"))
