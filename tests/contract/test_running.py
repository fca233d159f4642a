"""The rows of eval and run, sentence by sentence: what goes in, what comes out, and which headers say more."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from host_api.store.model import Privacy
from tests.contract.shape import insist
from tests.contract.shapes import OWN_THROWN, PROBLEM, PROBLEM_OF_CODE, THROWN
from tests.http.conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

KINDS = (None, "application/json", "text/plain", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "x/y")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("path", "body", "value"),
    [
        ("/v1/eval", {"code": "1 + 1"}, 2),
        ("/v1/eval", {"code": "(a, b) => a + b", "args": [1, 42]}, 43),
        ("/v1/eval", "'bare'", "bare"),
        ("/v1/run/alice.echo", {"args": [1, "two", None, {"x": []}]}, [1, "two", None, {"x": []}]),
        ("/v1/run/alice.echo", ["two"], ["two"]),
        ("/v1/run/alice.echo", {}, []),
    ],
)
async def test_a_body_is_json_whatever_the_content_type_says(
    world: World, path: str, body: object, value: object, kind: str | None
) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    got = await world.call("POST", path, body=body, headers=headers)
    assert got.insist(200) == value
    assert got.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("query", "value"), [("", []), ("?args=", []), ('?args=["x"]', ["x"]), ("?args=%5B1%5D", [1])])
async def test_run_takes_a_json_array_from_the_query_or_nothing(
    world: World, method: str, query: str, value: object
) -> None:
    assert (await world.call(method, f"/v1/run/alice.echo{query}")).insist(200) == value


async def test_the_body_wins_over_the_query(world: World) -> None:
    got = await world.call("POST", "/v1/run/alice.echo?args=[1]", body={"args": [2]})
    assert got.insist(200) == [2]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_data_val_is_answered_as_it_is(world: World, method: str) -> None:
    assert (await world.call(method, "/v1/run/alice.config")).insist(200) == {"url": "x", "list": [1, None]}


@pytest.mark.parametrize(("query", "value"), [("?args=[1,42]", 43), ("?args=", None), ("", None)])
async def test_a_function_in_the_path_is_called_with_args_or_none(world: World, query: str, value: object) -> None:
    assert (await world.call("GET", f"/v1/eval/{quote('(a,b)=>a+b')}{query}")).insist(200) == value


async def test_what_2023_pasted_into_an_address_works(world: World) -> None:
    for expression in ("@alice.double(@alice.double(1))", quote("@alice.double(@alice.double(1))", safe="")):
        assert (await world.call("GET", f"/v1/eval/{expression}")).insist(200) == 4


@pytest.mark.parametrize("spelling", ["alice", "@alice", "%40alice", "ALICE", "@Alice"])
@pytest.mark.parametrize("val", ["double", "DOUBLE", "Double"])
async def test_an_at_is_accepted_and_names_have_no_case(world: World, spelling: str, val: str) -> None:
    assert (await world.call("GET", f"/v1/run/{spelling}.{val}?args=[4]")).insist(200) == 8


@pytest.mark.parametrize("by", [None, "bob", "alice"])
async def test_run_is_the_authors_evaluation_and_eval_the_requesters(world: World, by: str | None) -> None:
    assert (await world.call("POST", "/v1/run/alice.whose", by=by)).insist(200) == "alices-own-key"
    named = await world.call("POST", "/v1/eval", by=by, body={"code": "@alice.whose()"})
    assert named.insist(200) == ("alices-own-key" if by == "alice" else None)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_private_val_runs_for_its_owners_token(world: World, method: str) -> None:
    assert (await world.call(method, "/v1/run/alice.hidden", by="alice")).insist(200) == 1


@pytest.mark.parametrize(
    ("code", "kind"), [("undefined", "undefined"), ("NaN", "number"), ("() => () => 1", "function"), ("null", None)]
)
async def test_a_header_tells_what_null_alone_would_not(world: World, code: str, kind: str | None) -> None:
    got = await world.call("POST", "/v1/eval", body={"code": code})
    assert got.body == b"null"
    assert got.headers.get("X-Val-Result-Type") == kind


async def test_a_val_that_throws_is_a_502_in_its_own_words(world: World) -> None:
    told = (await world.call("POST", "/v1/run/alice.fail")).insist(502)
    insist(told, THROWN)
    assert (told["name"], told["message"]) == ("RangeError", "too far")
    assert "too far" in told["error"]


async def test_id_and_stack_of_a_failed_evaluation_are_for_its_owner(world: World) -> None:
    got = await world.call("POST", "/v1/run/alice.fail", by="alice")
    insist(got.insist(502), OWN_THROWN)
    assert got.json()["evaluation"] == got.headers["X-Evaluation-Id"]
    insist((await world.call("POST", "/v1/run/alice.fail", by="bob")).insist(502), THROWN)
    insist(
        (await world.call("POST", "/v1/eval", by="bob", body={"code": "throw new Error('x')"})).insist(502), OWN_THROWN
    )


@pytest.mark.parametrize(
    ("path", "by", "told"),
    [
        ("/v1/eval/1", "alice", True),
        ("/v1/eval/1", None, False),
        ("/v1/run/alice.double", "alice", True),
        ("/v1/run/alice.double", "bob", False),
        ("/v1/run/alice.double", None, False),
        ("/v1/run/alice.fail", "alice", True),
        ("/v1/run/alice.fail", "bob", False),
    ],
)
async def test_the_evaluations_id_goes_to_whose_it_is(world: World, path: str, by: str | None, told: bool) -> None:  # noqa: FBT001
    got = await world.call("GET", path, by=by)
    assert ("X-Evaluation-Id" in got.headers) is told


@pytest.mark.parametrize("code", ["1 +\n  ]", "let x = ;\n"])
@pytest.mark.parametrize("form", ["{}", "bare"])
async def test_code_that_does_not_parse_says_line_and_column(world: World, code: str, form: str) -> None:
    got = await world.call("POST", "/v1/eval", body=code if form == "bare" else {"code": code})
    insist(got.insist(400), PROBLEM_OF_CODE)
    assert got.json()["line"] == code.count("\n", 0, code.index(";" if ";" in code else "]")) + 1


@pytest.mark.parametrize("body", [{"args": {}}, {"args": "x"}, "text", 1, b"{", b"\xff"])
async def test_arguments_that_are_no_array_are_a_400(world: World, body: object) -> None:
    insist((await world.call("POST", "/v1/run/alice.echo", body=body)).insist(400), PROBLEM)


@pytest.mark.parametrize("args", ["{}", "1", "x", "[1"])
async def test_so_they_are_in_the_query(world: World, args: str) -> None:
    insist((await world.call("GET", f"/v1/run/alice.echo?args={quote(args)}")).insist(400), PROBLEM)


async def test_a_body_over_2_mb_is_a_413_and_one_of_2_mb_is_not(world: World) -> None:
    edges = b'["' + b"a" * (2_000_000 - 4) + b'"]'
    assert len((await world.call("POST", "/v1/run/alice.echo", body=edges)).insist(200)[0]) == 2_000_000 - 4
    insist((await world.call("POST", "/v1/run/alice.echo", body=edges + b" ")).insist(413), PROBLEM)


async def test_an_address_over_16_kb_is_a_414(world: World) -> None:
    insist((await world.call("GET", "/v1/eval/" + "1" * 16_000)).insist(414), PROBLEM)


async def test_what_uses_up_its_processor_time_is_a_422(world: World) -> None:
    told = (await world.call("POST", "/v1/eval", body={"code": "for (;;) ;"})).insist(422)
    insist(told, THROWN)


@pytest.mark.parametrize("value", ['"\\ud800"', "[1,2]", '{"b":1,"a":2}', '"é😀"'])
async def test_json_goes_through_as_it_is(world: World, value: str) -> None:
    got = await world.call("POST", "/v1/run/alice.echo", body=f"[{value}]".encode())
    assert got.body.decode() == f"[{value}]"


@pytest.mark.parametrize(
    ("code", "json_text"),
    [
        ("new Date(0)", '"1970-01-01T00:00:00.000Z"'),
        ("({a: undefined, b: () => 1})", "{}"),
        ("[undefined, Infinity]", "[null,null]"),
        ("new Map([[1, 2]])", "{}"),
        ("Promise.resolve(1)", "1"),
        ("[Promise.resolve(1)]", "[1]"),
        ("({toJSON: () => 'own'})", '"own"'),
    ],
)
async def test_a_value_is_told_by_the_rules_of_json_stringify(world: World, code: str, json_text: str) -> None:
    assert (await world.call("POST", "/v1/eval", body={"code": code})).body.decode() == json_text


@pytest.mark.parametrize("code", ["({a: {b: 1n}})", "const a = {}; a.b = {c: a}; a"])
async def test_what_json_cannot_say_names_its_path(world: World, code: str) -> None:
    told = (await world.call("POST", "/v1/eval", body={"code": code})).json()
    assert "b" in told["message"]


async def test_a_response_is_sent_as_that_response(world: World) -> None:
    code = "new Response('<p>hi</p>', {status: 203, headers: {'content-type': 'text/html', 'x-mine': 'yes'}})"
    for got in (
        await world.call("POST", "/v1/eval", by="alice", body={"code": code}),
        await world.call("GET", f"/v1/eval/{quote(code, safe='')}"),
    ):
        assert (got.status, got.body) == (203, b"<p>hi</p>")
        assert (got.headers["Content-Type"], got.headers["X-Mine"]) == ("text/html", "yes")


async def test_a_response_of_run_may_be_bytes(world: World) -> None:
    await world.house.save(
        owner="bob",
        code="export const gif = () => new Response(new Uint8Array([71, 73, 70, 255, 0]));",
        privacy=Privacy.PUBLIC,
    )
    assert (await world.call("GET", "/v1/run/bob.gif")).body == b"GIF\xff\x00"


async def test_keys_keep_their_order(world: World) -> None:
    got = await world.call("POST", "/v1/eval", body={"code": "({b: 1, a: 2, '1': 3})"})
    assert list(json.loads(got.body)) == ["1", "b", "a"]
