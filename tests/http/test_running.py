"""`/v1/run` and `/v1/eval`: whose evaluation, which arguments, what comes back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
import pytest_asyncio

from host_api.store.model import Privacy

if TYPE_CHECKING:
    from tests.http.conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def world(shared_world: World) -> World:
    return shared_world


ECHO = "export const echo = (...args) => args;"


@pytest_asyncio.fixture(loop_scope="module")
async def echo(world: World) -> None:
    await world.val("bob", ECHO, Privacy.PUBLIC)


@pytest.mark.parametrize(
    ("body", "args"),
    [
        (b'{"args": [1, "two"]}', b'[1,"two"]'),
        (b'[1, "two"]', b'[1,"two"]'),
        (b"{}", b"[]"),
        (b"", b"[]"),
        (b" \n", b"[]"),
        (b'{"other": 1}', b"[]"),
        (b'\xef\xbb\xbf{"args":[1]}', b"[1]"),
        (b'{"args":[1],"args":[2]}', b"[2]"),
        (b'["\\ud800"]', b'["\\ud800"]'),
        ('["é😀"]'.encode(), '["é😀"]'.encode()),
        (b'[{"b":1,"a":2}]', b'[{"b":1,"a":2}]'),
        (b"[1.0, 1e2]", b"[1,100]"),
    ],
)
async def test_run_takes_its_arguments_in_every_form(world: World, echo: None, body: bytes, args: bytes) -> None:
    got = await world.call("POST", "/v1/run/bob.echo", body=body)
    assert (got.status, got.body) == (200, args)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", None])
async def test_a_body_is_json_whatever_its_content_type_says(
    world: World, echo: None, content_type: str | None
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    got = await world.call("POST", "/v1/run/bob.echo", body=b'{"args":[1]}', headers=headers)
    assert got.insist(200) == [1]


@pytest.mark.parametrize(
    "body",
    [b'{"args": {}}', b'{"args": "x"}', b'{"args": null}', b'{"args": 1}', b'"text"', b"1", b"null", b"[1", b"\xff"],
)
async def test_arguments_that_are_no_array_are_a_400_that_says_so(world: World, echo: None, body: bytes) -> None:
    told = (await world.call("POST", "/v1/run/bob.echo", body=body)).insist(400)
    assert set(told) == {"type", "error"}
    if b"args" in body:
        assert "args must be a JSON array" in told["error"]


@pytest.mark.parametrize(
    ("query", "args"), [("", "[]"), ("?args=", "[]"), ("?args=%5B%22x%22%5D", '["x"]'), ("?args=[1]&args=[2]", "[2]")]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_query_gives_arguments_too(world: World, echo: None, method: str, query: str, args: str) -> None:
    got = await world.call(method, f"/v1/run/bob.echo{query}")
    assert (got.status, got.body.decode()) == (200, args)


async def test_the_body_wins_over_the_query(world: World, echo: None) -> None:
    got = await world.call("POST", "/v1/run/bob.echo?args=[1]", body=b'{"args":[2]}')
    assert got.insist(200) == [2]


async def test_a_bad_query_is_a_400(world: World, echo: None) -> None:
    assert "array" in (await world.call("GET", "/v1/run/bob.echo?args={}")).insist(400)["error"]
    (await world.call("GET", "/v1/run/bob.echo?args=%ff")).insist(400)


@pytest.mark.parametrize("spelling", ["bob.echo", "@bob.echo", "%40bob.echo", "BOB.Echo", "@Bob.ECHO"])
async def test_user_and_val_are_case_insensitive_and_an_at_is_accepted(world: World, echo: None, spelling: str) -> None:
    assert (await world.call("GET", f"/v1/run/{spelling}")).insist(200) == []


async def test_a_data_val_is_answered_as_it_is(world: World) -> None:
    await world.val("bob", 'export const config = {"url": "x", "n": [1, null]};', Privacy.PUBLIC)
    assert (await world.call("GET", "/v1/run/bob.config?args=[1]")).insist(200) == {"url": "x", "n": [1, None]}


async def test_run_is_the_authors_evaluation(world: World) -> None:
    await world.house.store.put_secret("bob", "apiKey", "bobs-own-key")
    await world.val("bob", "export const sponsored = () => @me.secrets.apiKey;", Privacy.PUBLIC)
    assert (await world.call("POST", "/v1/run/bob.sponsored")).insist(200) == "bobs-own-key"
    assert (await world.call("POST", "/v1/run/bob.sponsored", by="alice")).insist(200) == "bobs-own-key"
    named = await world.call("POST", "/v1/eval", by="alice", body={"code": "@bob.sponsored()"})
    assert (named.insist(200), named.headers["X-Val-Result-Type"]) == (None, "undefined")


async def test_private_unknown_and_impossible_vals_are_one_answer(world: World) -> None:
    await world.val("bob", "export const hidden = () => 1;")
    paths = [
        "bob.hidden",
        "bob.nothing",
        "nobody.nothing",
        "bob",
        "bob.",
        ".x",
        "bob.no-such",
        "me.x",
        "bob.secrets",
        "bob.a.b",
    ]
    answers = [await world.call(method, f"/v1/run/{path}") for path in paths for method in ("GET", "POST")]
    answers += [await world.call("POST", "/v1/run/bob.hidden", by="alice")]
    assert {answer.status for answer in answers} == {404}
    assert len({answer.body for answer in answers}) == 1
    assert len({json.dumps({k: v for k, v in answer.headers.items() if k != "Date"}) for answer in answers}) == 1


async def test_a_private_val_runs_for_its_owners_token(world: World) -> None:
    await world.val("bob", "export const hidden = () => 1;")
    assert (await world.call("POST", "/v1/run/bob.hidden", by="bob")).insist(200) == 1


@pytest.mark.parametrize("body", [{"code": "1 + 1"}, "1 + 1", {"code": "(a, b) => a + b", "args": [1, 1]}])
async def test_eval_takes_code_with_arguments_or_bare(world: World, body: object) -> None:
    assert (await world.call("POST", "/v1/eval", body=body)).insist(200) == 2


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1+1", 2),
        (quote("'a b'"), "a b"),
        ("6/3", 2),
        (quote("({a: 1}).a", safe=""), 1),
        ("()=>7", 7),
        (quote("1 // and\n+ 1"), 2),
        ("'é'".encode().hex(), None),
    ],
)
async def test_eval_takes_an_expression_in_the_path_slashes_and_all(
    world: World, expression: str, value: object
) -> None:
    if value is None:
        expression, value = "%27%C3%A9%27", "é"
    assert (await world.call("GET", f"/v1/eval/{expression}")).insist(200) == value


async def test_a_function_in_the_path_is_called_with_the_querys_arguments(world: World) -> None:
    assert (await world.call("GET", "/v1/eval/(a)=>a*2?args=[21]")).insist(200) == 42


@pytest.mark.parametrize(
    "body", [b"", b"1", b"[]", b"{}", b'{"code":1}', b'{"code":null}', b'"\\ud800"', b'{"code":"1","args":{}}', b"\xff"]
)
async def test_eval_without_code_that_can_be_read_is_a_400(world: World, body: bytes) -> None:
    told = (await world.call("POST", "/v1/eval", body=body)).insist(400)
    assert told["type"] == "error"


async def test_code_that_does_not_parse_is_a_400_with_its_place(world: World) -> None:
    told = (await world.call("POST", "/v1/eval", body={"code": "1 +\n  ]"})).insist(400)
    assert set(told) == {"type", "error", "line", "column"}
    assert (told["line"], told["column"]) == (2, 3)


@pytest.mark.parametrize(
    ("code", "kind"), [("undefined", "undefined"), ("NaN", "number"), ("(() => () => 1)", "function")]
)
async def test_a_null_says_what_it_was(world: World, code: str, kind: str) -> None:
    got = await world.call("POST", "/v1/eval", body={"code": code})
    assert (got.body, got.headers["X-Val-Result-Type"]) == (b"null", kind)


@pytest.mark.parametrize("code", ["null", "1", "'undefined'"])
async def test_what_json_can_tell_needs_no_header(world: World, code: str) -> None:
    assert "X-Val-Result-Type" not in (await world.call("POST", "/v1/eval", body={"code": code})).headers


async def test_a_val_that_throws_is_a_502_with_its_own_words(world: World) -> None:
    await world.val("bob", "export const fail = () => { throw new RangeError('too far'); };", Privacy.PUBLIC)
    told = (await world.call("POST", "/v1/run/bob.fail")).insist(502)
    assert told == {"type": "error", "error": "RangeError: too far", "name": "RangeError", "message": "too far"}


async def test_where_it_threw_is_for_whose_evaluation_it_is(world: World) -> None:
    await world.val("bob", "export const fail = () => { throw new RangeError('too far'); };", Privacy.PUBLIC)
    got = await world.call("POST", "/v1/run/bob.fail", by="bob")
    told = got.insist(502)
    assert set(told) == {"type", "error", "name", "message", "evaluation", "stack", "val", "line", "column"}
    assert told["evaluation"] == got.headers["X-Evaluation-Id"]
    assert "evaluation" not in (await world.call("POST", "/v1/run/bob.fail", by="alice")).insist(502)


async def test_half_a_surrogate_pair_can_be_thrown(world: World) -> None:
    told = (await world.call("POST", "/v1/eval", body={"code": "throw new Error('\\ud800')"})).insist(502)
    assert told["name"] == "Error"


@pytest.mark.parametrize(("by", "shown"), [("bob", True), ("alice", False), (None, False)])
async def test_the_evaluations_id_goes_to_its_owner_only(world: World, echo: None, by: str | None, shown: bool) -> None:  # noqa: FBT001
    got = await world.call("POST", "/v1/run/bob.echo", by=by)
    assert ("X-Evaluation-Id" in got.headers) is shown


async def test_ones_own_eval_has_an_id_and_an_anonymous_one_none(world: World) -> None:
    assert "X-Evaluation-Id" in (await world.call("POST", "/v1/eval", by="alice", body="1")).headers
    assert "X-Evaluation-Id" not in (await world.call("POST", "/v1/eval", body="1")).headers


async def test_an_error_says_where_to_whom_the_evaluation_is(world: World) -> None:
    code = "const f = () => {\n  throw new RangeError('far') };\nf()"
    mine = (await world.call("POST", "/v1/eval", by="bob", body={"code": code})).insist(502)
    assert (mine["error"], mine["val"], mine["line"], mine["column"]) == ("RangeError: far", "eval", 2, 13)
    assert mine["stack"] == "    at f (eval:2:13)\n    at <anonymous> (eval:3:1)"
    record = (await world.call("GET", f"/v1/runs/{mine['evaluation']}", by="bob")).insist(200)
    assert (record["error"]["val"], record["error"]["line"], record["error"]["column"]) == ("eval", 2, 13)
    theirs = (await world.call("POST", "/v1/eval", body={"code": code})).insist(502)
    assert set(theirs) == {"type", "error", "name", "message"}
