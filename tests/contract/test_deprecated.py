"""v0: `/eval/…` and `/express/…`, as pages and bots of early 2023 still call them."""

from __future__ import annotations

from urllib.parse import quote

import pytest
import pytest_asyncio

from host_api.store.model import Privacy
from tests.contract.conftest import Town
from tests.contract.shape import insist
from tests.contract.shapes import OWN_THROWN, PROBLEM, PROBLEM_OF_CODE, THROWN
from tests.http.conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

HANDLER = """
export const page = (req, res) => {
  res.set('link', '</mine>; rel=next');
  res.send({key: @me.secrets.apiKey ?? null, path: req.path, hidden: @alice.diary ?? null});
};
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def page(town: Town) -> None:
    await town.world.val("alice", HANDLER, Privacy.PUBLIC)
    await town.world.val("alice", HANDLER.replace("page", "own"))


@pytest.mark.parametrize(
    ("address", "data"),
    [
        ("/eval/1+1", 2),
        ("/eval/'text'", "text"),
        ("/eval/@alice.double(21)", 42),
        (f"/eval/{quote('@alice.double(21)', safe='')}", 42),
        ("/eval/@alice.config", {"url": "x", "list": [1, None]}),
        ('/eval/@alice.echo("a","b")', ["a", "b"]),
        (f"/eval/{quote(chr(123) + chr(34) + 'a' + chr(34) + ':1}')}", {"a": 1}),
    ],
)
async def test_v0_eval_wraps_the_value_in_data(world: World, address: str, data: object) -> None:
    got = await world.call("GET", address)
    assert got.insist(200) == {"data": data}
    assert got.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize(
    ("query", "given"),
    [
        ("?query=(key:value)", {"query": "(key:value)"}),
        ("?a=1&b=two%20words", {"a": "1", "b": "two words"}),
        ("?a=1&a=2", {"a": ["1", "2"]}),
        ("", {}),
    ],
)
async def test_a_function_result_is_called_with_the_parsed_query(world: World, query: str, given: object) -> None:
    assert (await world.call("GET", f"/eval/@alice.echo{query}")).insist(200) == {"data": [given]}


async def test_a_value_that_is_no_json_is_null(world: World) -> None:
    assert (await world.call("GET", "/eval/@alice.nothing()")).insist(200) == {"data": None}


@pytest.mark.parametrize("by", ["bob", None])
async def test_v0_eval_is_the_requesters_evaluation(world: World, by: str | None) -> None:
    for expression in ("@alice.whose()", "@alice.hidden", "@alice.diary", "@alice.secrets.apiKey"):
        assert (await world.call("GET", f"/eval/{expression}", by=by)).insist(200) == {"data": None}
    assert (await world.call("GET", "/eval/@alice.hidden()", by="alice")).insist(200) == {"data": 1}


async def test_v0_eval_fails_as_v1_does(world: World) -> None:
    insist((await world.call("GET", "/eval/@alice.fail()")).insist(502), THROWN)
    insist((await world.call("GET", "/eval/@alice.fail()", by="bob")).insist(502), OWN_THROWN)
    insist((await world.call("GET", "/eval/let%20=")).insist(400), PROBLEM_OF_CODE)


@pytest.mark.parametrize(
    ("address", "v1"),
    [
        ("/eval/1+1", "/v1/eval/"),
        ("/eval/@alice.fail()", "/v1/eval/"),
        ("/eval/let%20=", "/v1/eval/"),
        ("/express/@alice.page", "/v1/express/"),
        ("/express/alice.page/sub?x=1", "/v1/express/"),
        ("/express/alice.missing", "/v1/express/"),
    ],
)
async def test_v0_answers_say_that_they_are_deprecated_and_where_to_go(world: World, address: str, v1: str) -> None:
    got = await world.call("GET", address)
    assert got.headers["Deprecation"] == "true"
    assert v1 in got.headers["Link"]
    assert "/mine" not in got.headers["Link"]


@pytest.mark.parametrize("path", ["/v1/eval/1", "/v1/run/alice.double", "/v1/express/alice.page", "/v1/web/alice.page"])
async def test_v1_answers_do_not(world: World, path: str) -> None:
    got = await world.call("GET", path)
    assert "Deprecation" not in got.headers
    assert "Link" not in got.headers


@pytest.mark.parametrize("spelling", ["alice.page", "@alice.page", "%40ALICE.Page"])
@pytest.mark.parametrize("rest", ["", "/", "/sub/path"])
async def test_v0_express_answers_what_the_handler_sent(world: World, spelling: str, rest: str) -> None:
    sent = (await world.call("GET", f"/express/{spelling}{rest}")).insist(200)
    assert sent["path"] == (rest or "/")


async def test_the_code_of_v0_express_is_foreign_unless_own(world: World) -> None:
    for by in ("bob", None):
        sent = (await world.call("GET", "/express/alice.page", by=by)).insist(200)
        assert (sent["key"], sent["hidden"]) == (None, None)
    own = (await world.call("GET", "/express/alice.own", by="alice")).insist(200)
    assert (own["key"], own["hidden"]) == ("alices-own-key", {"day": 1})
    v1 = (await world.call("GET", "/v1/express/alice.page")).insist(200)
    assert v1["key"] == "alices-own-key"


async def test_v0_express_of_what_is_not_there_is_a_404(world: World) -> None:
    for path in ("/express/alice.missing", "/express/alice.own", "/express/nobody.x"):
        insist((await world.call("GET", path)).insist(404), PROBLEM)


async def test_an_unknown_token_is_a_401_on_v0_eval(world: World) -> None:
    got = await world.call("GET", "/eval/1", headers={"Authorization": "Bearer wrong"})
    insist(got.insist(401), PROBLEM)
