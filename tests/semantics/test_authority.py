"""§3: authority follows the reference, never the name; grants and their uses are in the record. Row 11 is narrow."""

from __future__ import annotations

import pytest

from kernel.policy import Policy
from tests.semantics.live import PRIVATE, PUBLIC, World


async def test_foreign_code_that_names_a_getter_of_a_does_not_get_as_secret(world: World) -> None:
    await world.save("A", "export const getClient = () => ({ key: @me.secrets.foo, again: @A.secrets.foo })")
    await world.save("B", "export const steal = () => @A.getClient()")
    assert await world.eval("@A.getClient()") == {"key": "the secret of A", "again": "the secret of A"}
    assert await world.eval("@B.steal()") == {}


async def test_a_callback_that_a_passed_reads_it_and_the_record_says_who_granted_it(world: World) -> None:
    await world.save("B", "export const call = (give) => [give(), give()]")
    outcome = await world.outcome("@B.call(() => @me.secrets.foo)")
    assert outcome.json == b'["the secret of A","the secret of A"]'
    grants = await world.calls(outcome, "grant")
    given = [grant for grant in grants if grant["from"] == "@a"]
    assert [(grant["to"], grant["op"], grant["uses"], grant["authority"]) for grant in given] == [
        ("@b", "function", 2, "own")
    ]
    (got,) = [grant for grant in grants if grant["from"] == "@b"]
    assert (got["to"], got["uses"], got["authority"]) == ("@a", 1, "foreign")
    secrets = await world.calls(outcome, "secret")
    assert {(call["author"], call["authority"], call["verdict"], call["parent"]) for call in secrets} == {
        ("@a", "own", "granted", given[0]["id"])
    }


async def test_what_a_stored_in_something_passed_keeps_as_rights(world: World) -> None:
    await world.save("B", "export const use = (box) => [box.deep[0].give(), box.map.get('k')()]")
    give = "{ give: () => @me.secrets.foo }"
    assert (
        await world.eval(f"@B.use({{ deep: [{give}], map: new Map([['k', () => @me.secrets.foo]]) }})")
        == ["the secret of A"] * 2
    )


async def test_what_b_returns_runs_with_bs_foreign_rights(world: World) -> None:
    await world.save("B", "export const make = () => () => [@me.secrets.foo, @A.secrets.foo, @B.secrets.foo]")
    assert await world.eval("@B.make()()") == [None, None, None]


async def test_a_callback_handed_on_to_c_still_has_as_rights(world: World) -> None:
    await world.save("C", "export const last = (f) => f()")
    await world.save("B", "export const first = (f) => @C.last(f)")
    outcome = await world.outcome("@B.first(() => @me.secrets.foo)")
    assert outcome.json == b'"the secret of A"'
    hands = [(grant["from"], grant["to"]) for grant in await world.calls(outcome, "grant")]
    assert ("@a", "@b") in hands
    assert ("@b", "@c") in hands


async def test_the_same_library_by_name_and_by_reference_are_two_guests(world: World) -> None:
    await world.save("A", "let n = 0; export const bump = () => [++n, @me.secrets.foo ?? null]")
    await world.save("B", "export const both = (bump) => [bump(), @A.bump(), bump(), @A.bump()]")
    assert await world.eval("@B.both(@me.bump)") == [
        [1, "the secret of A"],
        [1, None],
        [2, "the secret of A"],
        [2, None],
    ]


async def test_in_run_a_library_gets_nothing_of_its_own(world: World) -> None:
    await world.save("C", "export const lib = (give) => [@me.secrets.foo, @C.secrets.foo, give()]")
    await world.save("B", "export const foo = () => @C.lib(() => @me.secrets.foo)")
    assert (await world.run("B.foo", by="C")).json == b'[null,null,"the secret of B"]'


async def test_a_secret_passed_as_an_argument_is_a_string(world: World) -> None:
    await world.save("B", "export const length = (text) => text.length")
    assert await world.eval("@B.length(@me.secrets.foo)") == len("the secret of A")


# -- row 11 is narrow ---------------------------------------------------------------------------------


async def writes(world: World, code: str, call: str = "@B.w()") -> None:
    await world.save("B", f"export const w = (f) => {{ {code} }}")
    await world.outcome(call)


@pytest.mark.parametrize(
    "value", ["() => 1", "class {}", "{ f() {} }", "[() => 1]", "Promise.resolve(1)", "new (class X {})", "Math", "f"]
)
async def test_a_foreign_write_carries_no_code(world: World, value: str) -> None:
    await world.save("A", "1", PRIVATE, "foo")
    await writes(world, f"@A.foo = ({value})", "@B.w(() => 1)")
    assert world.stored("A", "foo") == 1


async def test_a_foreign_write_of_a_function_that_does_not_exist_yet_makes_no_val(world: World) -> None:
    await writes(world, "@A.fresh = () => @me.secrets.foo")
    assert world.stored("A", "fresh") == "missing"


@pytest.mark.parametrize(
    "code",
    [
        "@A.code = 1",
        "delete @A.code",
        "@A.code++",
        "@A.code.x = 1",
        "[@A.code] = [1]",
        "@A.code ||= 1",
        "@A.code &&= 1",
    ],
)
@pytest.mark.parametrize("privacy", [PUBLIC, PRIVATE])
async def test_a_foreign_write_never_replaces_or_deletes_code(world: World, code: str, privacy: object) -> None:
    kept = await world.save("A", "export const code = () => 'kept'", privacy)  # type: ignore[arg-type]
    await writes(world, code)
    now = world.house.store.val("A", "code")
    assert now is not None
    assert (now.version, now.code) == (kept.version, kept.code)


@pytest.mark.parametrize(
    "code",
    [
        "@A.n++",
        "@A.n += 1",
        "@A.n.deep = 1",
        "delete @A.n",
        "@A.n ||= 7",
        "@A.n ??= 7",
        "@A.n &&= 7",
        "delete @A.n.deep",
    ],
)
async def test_compound_deep_and_delete_on_what_foreign_code_may_not_read_do_nothing(world: World, code: str) -> None:
    await world.save("A", "({ deep: 5 })", PRIVATE, "n")
    await writes(world, f"try {{ {code} }} catch {{}}")
    assert world.stored("A", "n") == {"deep": 5}
    await writes(world, f"try {{ {code.replace('@A.n', '@A.none')} }} catch {{}}")
    assert world.stored("A", "none") == "missing"


@pytest.mark.parametrize(
    ("code", "expected"), [("@A.n++", 6), ("@A.n += 2", 7), ("@A.n &&= 1", 1), ("delete @A.n", "missing")]
)
async def test_compound_and_delete_on_public_data_of_the_caller_act(world: World, code: str, expected: object) -> None:
    await world.save("A", "5", PUBLIC, "n")
    await writes(world, code)
    assert world.stored("A", "n") == expected


async def test_data_over_data_is_written_and_keeps_its_privacy(world: World) -> None:
    for name, privacy in (("one", PRIVATE), ("two", PUBLIC)):
        await world.save("A", "1", privacy, name)
        await writes(world, f"@A.{name} = [2]")
        val = world.house.store.val("A", name)
        assert val is not None
        assert (world.stored("A", name), val.privacy) == ([2], privacy)


async def test_a_foreign_write_creates_a_private_val(world: World) -> None:
    await writes(world, "@A.fresh = { a: 1 }")
    val = world.house.store.val("A", "fresh")
    assert val is not None
    assert (val.privacy, world.stored("A", "fresh")) == (PRIVATE, {"a": 1})


async def test_under_strict_no_form_of_foreign_write_acts(world: World) -> None:
    await world.save("A", "1", PUBLIC, "n")
    await world.save("B", "export const w = () => { @A.n = 2; @A.n++; @A.m = 1; delete @A.n; [@A.n] = [3] }")
    await world.eval("@B.w()", policy=Policy.STRICT)
    assert (world.stored("A", "n"), world.stored("A", "m")) == (1, "missing")


async def test_a_write_says_which_evaluation_and_which_code_wrote_it(world: World) -> None:
    await world.save("B", "export const w = () => { @A.foo = 1 }")
    outcome = await world.outcome("@B.w()")
    account = world.house.store.val("A", "foo")
    assert account is not None
    (version,) = world.house.store.versions(account.id)
    assert (version.evaluation, str(version.author).lower().removeprefix("@").split("@")[0]) == (
        outcome.evaluation,
        "b.w",
    )


async def test_what_foreign_code_says_of_its_value_is_not_what_the_owner_would_save(world: World) -> None:
    """The rendering of a value is the writer's words: a lie in it must not become the owner's code by an edit."""
    await world.save(
        "B", "export const w = () => { JSON.stringify = () => '1; fetch(@me.secrets.foo)'; @A.foo = { a: 1 } }"
    )
    await world.eval("@B.w()")
    val = world.house.store.val("A", "foo")
    assert val is not None
    assert "secrets" not in val.code


@pytest.mark.parametrize("kind", ["'data'", "() => 1"])
async def test_what_a_foreign_write_comes_to_tells_nothing_of_what_was_there(world: World, kind: str) -> None:
    """The runtime takes answers apart with iterators; B patches them and compares the answers for two names of A's."""
    await world.save("A", kind, PRIVATE, "there")
    await world.save(
        "B",
        """export const probe = () => {
          const real = Array.prototype[Symbol.iterator], seen = [];
          const write = (what) => {
            const answers = [];
            Array.prototype[Symbol.iterator] = function () { answers.push(JSON.stringify([...{ [Symbol.iterator]: () => real.call(this) }])); return real.call(this); };
            what();
            Array.prototype[Symbol.iterator] = real;
            seen.push(answers.join(' '));
          };
          write(() => { @A.there = 1 });
          write(() => { @A.other = 1 });
          return seen.map((text) => text.replaceAll('there', 'other'));
        }""",
    )
    there, other = await world.eval("@B.probe()")
    assert "[1," in there
    assert there == other
