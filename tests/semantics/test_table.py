"""§2: the published table, in live guests, at one, two and three hops; third principals, strict, anonymous, own code."""

from __future__ import annotations

import pytest

from host_api.audit.table import observe
from kernel import policy
from kernel.policy import Access, Policy, Relation, Verdict
from tests.semantics.live import PUBLIC, UNLISTED, World, furnish

ALL = tuple(Policy)
STRICTER = (Policy.RESTRICTED, Policy.STRICT)


@pytest.fixture
async def furnished(world: World) -> World:
    return await furnish(world)


async def test_all_39_cells_are_as_published() -> None:
    cells = await observe()
    assert len(cells) == 39
    assert [cell for cell in cells if not cell.agrees] == []


async def test_one_wrong_cell_of_the_policy_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    key = (Access.PRIVATE, Relation.CALLER)
    cells = list(policy.TABLE[key])
    cells[1 + policy.COLUMNS.index(Policy.RESTRICTED)] = Verdict.CALLER
    monkeypatch.setitem(policy.TABLE, key, tuple(cells))
    wrong = [cell for cell in await observe() if not cell.agrees]
    assert [(cell.row, cell.column, cell.observed) for cell in wrong] == [(5, Policy.RESTRICTED, "@A.privateFoo")]


READS = {
    "@me.secrets.foo": (1, 1),
    "@A.secrets.foo": (2, 2),
    "@B.secrets.foo": (3, 3),
    "@me.privateFoo": (4, 4),
    "@A.privateFoo": (5, 5),
    "@B.privateFoo": (6, 6),
}


@pytest.mark.parametrize("code", READS)
async def test_foreign_code_reads_nothing_that_is_not_public(furnished: World, code: str) -> None:
    await furnished.save("B", f"export const f = () => {code}")
    assert await furnished.eval("@B.f()") == "undefined"
    assert await furnished.eval("@B.f()", policy=Policy.STRICT) == "undefined"


@pytest.mark.parametrize("hops", [2, 3])
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("@me.secrets.foo", "undefined"),
        ("@A.secrets.foo", "undefined"),
        ("@B.secrets.foo", "undefined"),
        ("@me.privateFoo", "undefined"),
        ("@A.privateFoo", "undefined"),
        ("@C.privateFoo", "undefined"),
        ("@me.publicFoo", "public of C"),
        ("@A.publicFoo", "public of A"),
        ("@B.publicFoo", "public of B"),
    ],
)
async def test_the_table_holds_at_more_hops_with_the_last_author_as_b(
    furnished: World, hops: int, code: str, expected: str
) -> None:
    await furnished.save("C", f"export const last = () => {code}")
    await furnished.save("B", "export const first = () => @C.last()")
    if hops == 3:
        await furnished.save("A", "export const back = () => @B.first()")
        await furnished.save("B", "export const turn = () => @A.back()")
    assert await furnished.eval("@B.first()" if hops == 2 else "@B.turn()") == expected


@pytest.mark.parametrize("hops", [2, 3])
async def test_writes_and_mail_at_more_hops_go_to_the_caller_or_nowhere(furnished: World, hops: int) -> None:
    await furnished.save(
        "C", "export const last = () => { @me.w = 1; @A.w = 2; @B.w = 3; @C.w = 4; console.email('hi') }"
    )
    await furnished.save("B", "export const first = () => @C.last()")
    await furnished.save("A", "export const back = () => @B.first()")
    await furnished.save("B", "export const turn = () => @A.back()")
    await furnished.eval("@B.first()" if hops == 2 else "@B.turn()")
    assert [furnished.stored(owner, "w") for owner in "ABC"] == [2, "missing", "missing"]
    assert [len(furnished.house.store.mail(owner)) for owner in "ABC"] == [1, 0, 0]


@pytest.mark.parametrize("policy", [Policy.RESTRICTED, Policy.STRICT])
async def test_as_own_library_that_foreign_code_names_is_foreign(furnished: World, policy: Policy) -> None:
    await furnished.save(
        "A", "export const lib = () => [@me.secrets.foo, @A.secrets.foo, @me.privateFoo, @A.privateFoo, @me.publicFoo]"
    )
    await furnished.save("B", "export const f = () => @A.lib()")
    assert await furnished.eval("@B.f()", policy=policy) == [None, None, None, None, "public of A"]


async def test_author_is_caller_in_a_foreign_frame_takes_me_from_rows_1_4_10_and_the_name_from_2_5_11(
    furnished: World,
) -> None:
    await furnished.save("A", "export const byMe = () => { @me.w = 1; return [@me.secrets.foo, @me.privateFoo] }")
    await furnished.save("A", "export const byName = () => { @A.w = 2; return [@A.secrets.foo, @A.privateFoo] }")
    await furnished.save("B", "export const viaMe = () => @A.byMe()")
    await furnished.save("B", "export const viaName = () => @A.byName()")
    assert await furnished.eval("@B.viaMe()") == [None, None]
    assert furnished.stored("A", "w") == "missing"
    assert await furnished.eval("@B.viaName()") == [None, None]
    assert furnished.stored("A", "w") == 2
    assert await furnished.eval("@B.viaMe()", policy=Policy.LIBRARY) == ["the secret of A", "private of A"]


@pytest.mark.parametrize(
    "code", ["@me.secrets.foo", "@A.secrets.foo", "@me.privateFoo", "@A.privateFoo", "@me.w = 1", "@A.w = 1"]
)
async def test_author_is_caller_in_a_foreign_frame_is_all_error_in_the_api_column(furnished: World, code: str) -> None:
    await furnished.save("A", f"export const f = () => ({code})")
    await furnished.save("B", "export const g = () => @A.f()")
    assert (await furnished.error("@B.g()", policy=Policy.API)).name == "PermissionError"
    assert furnished.stored("A", "w") == "missing"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("@C.publicFoo", "public of C"),
        ("@C.privateFoo", "undefined"),
        ("@C.secrets.foo", "undefined"),
        ("@C.none", "undefined"),
    ],
)
async def test_a_third_principal_is_read_where_public_and_nowhere_else(
    furnished: World, code: str, expected: str
) -> None:
    await furnished.save("B", f"export const f = () => {code}")
    for column in (Policy.LIBRARY, *STRICTER):
        assert await furnished.eval("@B.f()", policy=column) == expected
    if expected == "undefined":
        assert (await furnished.error("@B.f()", policy=Policy.API)).name == "PermissionError"
    else:
        assert await furnished.eval("@B.f()", policy=Policy.API) == expected


async def test_a_third_principal_is_never_written(furnished: World) -> None:
    await furnished.save("B", "export const f = () => { @C.w = 1 }")
    for column in (Policy.LIBRARY, *STRICTER):
        assert await furnished.eval("@B.f()", policy=column) == "undefined"
    assert (await furnished.error("@B.f()", policy=Policy.API)).name == "PermissionError"
    assert furnished.stored("C", "w") == "missing"


async def test_unlisted_counts_as_public_in_every_row(furnished: World) -> None:
    for owner in "ABC":
        await furnished.save(owner, f'"unlisted of {owner}"', UNLISTED, "hidden")
    await furnished.save("B", "export const f = () => [@me.hidden, @A.hidden, @B.hidden, @C.hidden]")
    for column in ALL:
        assert await furnished.eval("@B.f()", policy=column) == [f"unlisted of {owner}" for owner in "BABC"]


async def test_the_library_column_reads_me_from_the_author_if_public_else_from_the_caller(furnished: World) -> None:
    await furnished.save("A", "'x of A'", name="x")
    await furnished.save("B", "export const f = () => @me.x")
    assert await furnished.eval("@B.f()", policy=Policy.LIBRARY) == "x of A"
    await furnished.save("B", "'x of B'", name="x")
    assert await furnished.eval("@B.f()", policy=Policy.LIBRARY) == "x of B"


@pytest.mark.parametrize("column", [Policy.LIBRARY, *STRICTER])
async def test_foreign_code_learns_no_names_of_secrets_in_any_column(furnished: World, column: Policy) -> None:
    await furnished.save(
        "B",
        "export const f = () => [@me.secrets, @A.secrets, @B.secrets, process.env].map((view) => Object.keys(view))",
    )
    assert await furnished.eval("@B.f()", policy=column) == [[], [], [], []]


async def test_errors_of_private_refused_and_missing_are_one_in_the_api_column(furnished: World) -> None:
    await furnished.save(
        "B", "export const f = (what) => { try { return what() } catch (e) { return [e.name, e.message] } }"
    )
    await furnished.save(
        "B", "export const priv = () => { try { return @A.privateFoo } catch (e) { return [e.name, e.message] } }"
    )
    await furnished.save(
        "B", "export const miss = () => { try { return @A.privateBar } catch (e) { return [e.name, e.message] } }"
    )
    one = await furnished.eval("@B.priv()", policy=Policy.API)
    assert one[0] == "PermissionError"
    assert [text.replace("Bar", "Foo") for text in await furnished.eval("@B.miss()", policy=Policy.API)] == one


async def test_own_code_reads_writes_and_mails_its_own(furnished: World) -> None:
    assert await furnished.eval("[@me.secrets.foo, @A.secrets.foo, @me.privateFoo, @A.privateFoo]") == [
        "the secret of A",
        "the secret of A",
        "private of A",
        "private of A",
    ]
    await furnished.eval("@me.w = 1; @A.v = 2; console.email('hello', 'me')")
    assert (furnished.stored("A", "w"), furnished.stored("A", "v")) == (1, 2)
    assert [len(furnished.house.store.mail(owner)) for owner in "ABC"] == [1, 0, 0]


async def test_own_code_that_names_another_reads_the_public_and_writes_nothing(furnished: World) -> None:
    assert await furnished.eval("[@B.publicFoo, @B.privateFoo, @B.secrets.foo, @B.none]") == [
        "public of B",
        None,
        None,
        None,
    ]
    for write in ("@B.publicFoo = 1", "@B.publicFoo += 1", "@B.n++", "delete @B.publicFoo", "[@B.publicFoo] = [1]"):
        await furnished.eval(f"{write}; 0")
    assert furnished.stored("B", "publicFoo") == "public of B"
    assert furnished.stored("B", "n") == "missing"


async def test_strict_is_restricted_with_row_11_a_no_op(furnished: World) -> None:
    await furnished.save("B", "export const f = () => { @A.w = 1; return @A.publicFoo }")
    outcome = await furnished.outcome("@B.f()", policy=Policy.STRICT)
    assert outcome.json == b'"public of A"'
    assert furnished.stored("A", "w") == "missing"
    (write,) = [call for call in await furnished.calls(outcome, "val") if call["op"] == "write"]
    assert (write["verdict"], write["row"], write["effect"]) == ("no-op", 11, False)


async def test_anonymous_reads_the_public_and_has_nothing(furnished: World) -> None:
    code = "[@B.publicFoo, @B.privateFoo, @me.secrets.foo, @me.publicFoo, @B.secrets.foo]"
    assert await furnished.eval(code, by=None) == ["public of B", None, None, None, None]
    outcome = await furnished.outcome("@me.w = 1; @B.publicFoo = 2; console.email('hi'); 0", by=None)
    assert outcome.json == b"0"
    assert furnished.stored("B", "publicFoo") == "public of B"
    assert [len(furnished.house.store.mail(owner)) for owner in "ABC"] == [0, 0, 0]
    (mail,) = await furnished.calls(outcome, "mail")
    assert (mail["verdict"], mail["effect"]) == ("no-op", False)


async def test_library_code_called_by_anonymous_has_nothing_either(furnished: World) -> None:
    await furnished.save(
        "B",
        "export const f = () => { @me.w = 1; @B.w = 1; console.email('x'); return [@me.secrets.foo, @me.privateFoo, @B.privateFoo] }",
    )
    for column in (Policy.LIBRARY, *STRICTER):
        assert await furnished.eval("@B.f()", by=None, policy=column) == [None, None, None]
    assert furnished.stored("B", "w") == "missing"
    assert [len(furnished.house.store.mail(owner)) for owner in "ABC"] == [0, 0, 0]


async def test_mail_of_foreign_code_says_which_val_sent_it_in_which_evaluation(furnished: World) -> None:
    await furnished.save("B", "export const f = () => console.email({html: '<b>x</b>', subject: 'from B'})")
    outcome = await furnished.outcome("@B.f()")
    (mail,) = furnished.house.store.mail("A")
    assert (mail.subject, mail.html, mail.evaluation, mail.author) == ("from B", "<b>x</b>", outcome.evaluation, "@b")
    assert (mail.from_val or "").lower().startswith("b.f") or (mail.from_val or "").lower().startswith("@b.f")


async def test_mail_with_a_broken_header_is_refused(furnished: World) -> None:
    for letter in ("{text: 'x', subject: 'a\\r\\nBcc: b@example.com'}", "{text: 'x', replyTo: 'a@b.c\\nX: y'}"):
        assert (await furnished.error(f"console.email({letter})")).name == "TypeError"
    assert furnished.house.store.mail("A") == []


async def test_in_run_the_authors_code_is_own_and_what_it_names_of_a_third_is_foreign(furnished: World) -> None:
    await furnished.save(
        "C",
        "export const lib = () => [@me.secrets.foo, @C.secrets.foo, @B.secrets.foo, @me.privateFoo, @B.privateFoo, @C.privateFoo]",
    )
    await furnished.save("B", "export const foo = () => [@me.secrets.foo, @B.privateFoo, ...@C.lib()]")
    outcome = await furnished.run("B.foo", by="A")
    assert outcome.json.decode() == '["the secret of B","private of B",null,null,null,null,null,null]'
    assert outcome.caller == "b"


@pytest.mark.parametrize("privacy", [PUBLIC, UNLISTED])
async def test_the_record_of_a_refusal_names_its_row(furnished: World, privacy: object) -> None:
    await furnished.save("B", "export const f = () => [@me.secrets.foo, @A.privateFoo, @me.privateFoo, @B.privateFoo]")
    outcome = await furnished.outcome("@B.f()")
    seen = {
        call["target"].lower(): (call["verdict"], call["row"])
        for call in (await furnished.record(outcome))["calls"]
        if "verdict" in call
    }
    assert seen["@me.secrets.foo"] == ("unavailable", 1)
    assert seen["@a.privatefoo"] == ("refused", 5)
    assert seen["@me.privatefoo"] == ("unavailable", 4)
    assert seen["@b.privatefoo"] == ("unavailable", 6)
