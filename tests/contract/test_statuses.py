"""Every row of both tables, asked by the owner, by another and by nobody: the statuses, and that errors have one shape."""

from __future__ import annotations

import pytest

from tests.contract.conftest import Town
from tests.contract.routes import OPEN, ROWS, RUNNING, VALS, Row
from tests.contract.shape import Shape, anything, insist
from tests.contract.shapes import PROBLEM

pytestmark = pytest.mark.asyncio(loop_scope="module")

WRONG = (
    "Bearer wrong",
    "Bearer vg_" + "a" * 43,
    "Bearer",
    "Bearer ",
    "Basic YWxpY2U6eA==",
    "wrong",
    "Bearer wr\xf6ng",
)


@pytest.mark.parametrize("who", ["alice", "bob", "anonymous"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name[:60])
async def test_each_route_answers_each_requester_as_the_table_says(town: Town, row: Row, who: str) -> None:
    by = None if who == "anonymous" else who
    got = await town.world.call(row.method, town.fill(row.path), by=by, body=row.body)
    assert got.status == getattr(row, who), got.body[:500]
    if got.status >= 400:
        insist(got.json(), PROBLEM | {"name?": str, "message?": str, "evaluation?": str, "stack?": str} | WHERE)
        assert got.headers["Content-Type"].startswith("application/json")
    if got.status == 204:
        assert got.body == b""


WHERE: dict[str, Shape] = {"val?": anything, "line?": int, "column?": int}


@pytest.mark.parametrize("row", [*RUNNING, *VALS], ids=lambda row: row.name[:60])
async def test_a_wrong_token_is_a_401_on_every_route_and_never_anonymous(town: Town, row: Row) -> None:
    headers = {"Authorization": "Bearer wrong"}
    got = await town.world.call(row.method, town.fill(row.path), body=row.body, headers=headers)
    insist(got.insist(401), PROBLEM)


@pytest.mark.parametrize("header", WRONG)
@pytest.mark.parametrize("path", ["/v1/eval/1", "/v1/run/alice.double?args=[1]", "/v1/alias/alice", "/eval/1"])
async def test_every_kind_of_wrong_authorization_is_a_401(town: Town, path: str, header: str) -> None:
    got = await town.world.call("GET", path, headers={"Authorization": header})
    insist(got.insist(401), PROBLEM)


@pytest.mark.parametrize("header", ["bearer {}", "BEARER {}", "Bearer  {}"])
async def test_the_scheme_is_case_insensitive(town: Town, header: str) -> None:
    headers = {"Authorization": header.format(town.world.tokens["alice"])}
    assert (await town.world.call("GET", "/v1/me", headers=headers)).insist(200)["username"] == "@alice"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name[:60])
async def test_no_route_sets_a_cookie(town: Town, row: Row) -> None:
    got = await town.world.call(row.method, town.fill(row.path), by="bob", body=row.body)
    assert "Set-Cookie" not in got.headers


@pytest.mark.parametrize(
    "row", [row for row in VALS if row.alice < 300 and row.anonymous == 401], ids=lambda row: row.name
)
async def test_a_cookie_is_no_token(town: Town, row: Row) -> None:
    headers = {"Cookie": f"token={town.world.tokens['alice']}"}
    (await town.world.call(row.method, town.fill(row.path), body=row.body, headers=headers)).insist(401)


async def test_unknown_private_and_refused_vals_are_one_answer(town: Town) -> None:
    paths = ["/v1/run/alice.hidden", "/v1/run/alice.missing", "/v1/run/nobody.missing", "/v1/run/alice.1"]
    got = [await town.world.call(method, path, by="bob") for path in paths for method in ("GET", "POST")]
    assert {(answer.status, answer.body) for answer in got} == {(404, got[0].body)}


async def test_a_private_val_of_another_is_like_none_by_its_id_too(town: Town) -> None:
    missing = await town.world.call("GET", "/v1/vals/00000000-0000-4000-8000-000000000000", by="bob")
    hidden = await town.world.call("GET", town.fill("/v1/vals/{hidden}"), by="bob")
    alias = await town.world.call("GET", "/v1/alias/alice/hidden", by="bob")
    assert missing.body == hidden.body == alias.body


@pytest.mark.parametrize("row", OPEN, ids=lambda row: row.name)
async def test_what_is_for_operators_and_readers_needs_no_token(town: Town, row: Row) -> None:
    got = await town.world.call(row.method, row.path, body=row.body)
    assert got.status == row.anonymous


async def test_an_address_that_is_not_there_is_a_404_of_the_same_shape(town: Town) -> None:
    for path in ("/", "/v1", "/v1/nothing", "/v2/vals", "/v1/me/references"):
        insist((await town.world.call("GET", path)).insist(404), PROBLEM)
