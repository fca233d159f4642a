"""Express and fetch handlers over HTTP: on vals' own hosts, in place on the control origin, and in the old API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from yarl import URL

from host_api.door import Manner
from host_api.http.hostnames import Asked, asked_of
from host_api.http.outgoing import own_host
from host_api.store.model import Privacy, Scope

if TYPE_CHECKING:
    from tests.http.conftest import Answer, World

PUBLIC = Privacy.PUBLIC
ECHO = """export const echo = (req, res) => res.json({
  method: req.method, path: req.path, base: req.baseUrl, original: req.originalUrl, query: req.query, body: req.body,
  authorization: req.get("authorization"), hostname: req.hostname })"""
SANDBOX = "sandbox; default-src 'none'"


async def on_host(world: World, label: str, path: str = "/", method: str = "GET", **others: Any) -> Answer:  # noqa: ANN401
    headers = others.pop("headers", {}) | {"Host": f"{label}.localhost:{URL(world.address).port}"}
    return await world.call(method, path, headers=headers, **others)


@pytest.mark.parametrize(
    ("host", "asked"),
    [
        ("alice-hello.vals.example", Asked("alice-hello", Manner.SERVE)),
        ("ALICE-Hello.Vals.Example:8787", Asked("alice-hello", Manner.SERVE)),
        ("alice-hello.vals.example.", Asked("alice-hello", Manner.SERVE)),
        ("alice-hello.express.vals.example", Asked("alice-hello", Manner.EXPRESS)),
        ("alice-hello.web.vals.example:1", Asked("alice-hello", Manner.WEB)),
        ("a.b.vals.example", Asked("", Manner.SERVE)),
        ("vals.example", None),
        ("example", None),
        ("127.0.0.1:8787", None),
        ("[::1]:8787", None),
        ("alice-hello.vals.example.evil.example", None),
        ("alice-hello.notvals.example", None),
        ("", None),
    ],
)
def test_a_host_says_which_val_it_is_of(host: str, asked: Asked | None) -> None:
    assert asked_of(host, "vals.example") == asked


async def test_every_path_of_a_vals_host_is_the_vals(world: World) -> None:
    await world.val("alice", ECHO, PUBLIC)
    for path in ("/", "/v1/me", "/healthz", "/a%20b/c?x=1&y[z]=2"):
        got = (await on_host(world, "Alice-ECHO", path)).insist(200)
        assert got["path"] == path.partition("?")[0]
        assert got["base"] == ""
    assert got["query"] == {"x": "1", "y": {"z": "2"}}


async def test_a_path_form_gives_the_val_what_comes_after_its_name(world: World) -> None:
    await world.val("alice", ECHO, PUBLIC)
    got = (await world.call("PATCH", "/v1/express/@Alice.ECHO/a/b?x=1", body={"k": 1})).insist(200)
    assert (got["method"], got["path"], got["base"]) == ("PATCH", "/a/b", "/v1/express/@Alice.ECHO")
    assert got["original"] == "/v1/express/@Alice.ECHO/a/b?x=1"


async def test_a_private_val_is_nowhere_on_hosts_and_its_owners_on_path_forms(world: World) -> None:
    await world.val("alice", ECHO)
    missing = await on_host(world, "alice-missing")
    hidden = await on_host(world, "alice-echo", by="alice")
    assert (hidden.status, hidden.body) == (missing.status, missing.body) == (404, missing.body)
    assert (await world.call("GET", "/v1/express/alice.echo")).status == 404
    assert (await world.call("GET", "/v1/express/alice.echo", by="bob")).status == 404
    assert (await world.call("GET", "/v1/express/alice.echo", by="alice")).status == 200
    assert (
        await world.call("GET", "/v1/express/alice.echo", token=await world.token_for("alice", Scope.RUN))
    ).status == 200
    narrow = await world.token_for("alice", Scope.VAL_READ)
    assert (await world.call("GET", "/v1/express/alice.echo", token=narrow)).status == 401


async def test_a_token_of_ours_reaches_no_val_on_a_path_form_and_anything_else_passes(world: World) -> None:
    await world.val("alice", ECHO, PUBLIC)
    path = "/v1/express/alice.echo"
    assert "authorization" not in (await world.call("GET", path, by="bob")).insist(200)
    for other in ("Basic eDp5", "Bearer somebody-elses", "Digest x"):
        got = (await world.call("GET", path, headers={"Authorization": other})).insist(200)
        assert got["authorization"] == other
    assert (await world.call("GET", path, token="vg_revoked")).status == 401
    on_its_own = await on_host(world, "alice-echo", by="bob")
    assert on_its_own.insist(200)["authorization"] == f"Bearer {world.tokens['bob']}"


async def test_a_documents_navigation_goes_to_the_vals_host(world: World) -> None:
    await world.val("alice", ECHO, PUBLIC)
    headers = {"Sec-Fetch-Dest": "document"}
    got = await world.call("POST", "/v1/express/alice.echo/a%20b?x=1", headers=headers)
    assert got.status == 307
    assert got.headers["Location"] == f"http://alice-echo.express.localhost:{URL(world.address).port}/a%20b?x=1"
    assert (await world.call("GET", "/v1/express/alice.none", headers=headers)).status == 404
    assert (await world.call("GET", "/v1/express/alice.echo", headers={"Sec-Fetch-Dest": "empty"})).status == 200


HEADERS = """{ "Set-Cookie": "a=b", "Clear-Site-Data": "*", "Service-Worker-Allowed": "/", "Refresh": "0; url=/x", "Link": "</x>; rel=preload",
  "Strict-Transport-Security": "max-age=1", "Content-Security-Policy": "default-src *", "X-Content-Type-Options": "sniff",
  "Access-Control-Allow-Credentials": "true", "Alt-Svc": "h3=:1", "X-Evaluation-Id": "mine", "Connection": "close", "X-Mine": "kept" }"""


@pytest.mark.parametrize(
    "path", ["/v1/run/alice.page", "/v1/web/alice.page", "/v1/express/alice.old", "/express/alice.old"]
)
async def test_on_the_control_origin_no_field_speaks_for_it(world: World, path: str) -> None:
    await world.val("alice", f"export const page = () => new Response('x', {{ headers: {HEADERS} }})", PUBLIC)
    await world.val("alice", f"export const old = (req, res) => res.set({HEADERS}).send('x')", PUBLIC)
    got = await world.call("GET", path)
    assert got.status == 200
    assert got.headers["Content-Security-Policy"] == SANDBOX
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["X-Mine"] == "kept"
    dropped = {
        "Set-Cookie",
        "Clear-Site-Data",
        "Service-Worker-Allowed",
        "Refresh",
        "Strict-Transport-Security",
        "Alt-Svc",
    }
    assert not {*dropped, "Access-Control-Allow-Credentials", "X-Evaluation-Id", "Connection"} & set(got.headers)
    assert got.headers.get("Link", "</v1").startswith("</v1")


async def test_on_its_own_host_a_val_says_nearly_everything(world: World) -> None:
    await world.val("alice", f"export const page = () => new Response('x', {{ headers: {HEADERS} }})", PUBLIC)
    got = await on_host(world, "alice-page", by="alice")
    assert got.headers["Content-Security-Policy"] == "default-src *"
    assert got.headers["Set-Cookie"] == "a=b"
    assert not {"Clear-Site-Data", "Alt-Svc", "X-Evaluation-Id"} & set(got.headers)


@pytest.mark.parametrize(
    "cookie",
    [
        "a=b; Domain=localhost",
        "a=b;domain=.localhost; Path=/",
        "a=b; DOMAIN = x ;domain=y",
        "a=b; Domain",
        "a=b; domain=",
    ],
)
def test_a_cookie_is_of_its_own_host_alone(cookie: str) -> None:
    from host_api.door import Head  # noqa: PLC0415

    (kept,) = own_host(Head(200, "", (("Set-Cookie", cookie),))).getall("Set-Cookie")
    assert "domain" not in kept.lower()
    assert kept.startswith("a=b")


async def test_preflights_are_answered_also_for_what_is_not_there(world: World) -> None:
    await world.val("alice", ECHO, PUBLIC)
    await world.val("alice", "export const hidden = (req, res) => res.send('x')")
    asked = {
        "Origin": "https://x.example",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "x-y",
    }
    answers = [
        *[
            await world.call("OPTIONS", f"/v1/express/alice.{name}", headers=asked)
            for name in ("echo", "hidden", "none")
        ],
        *[
            await on_host(world, f"alice-{name}", method="OPTIONS", headers=asked)
            for name in ("echo", "hidden", "none")
        ],
    ]
    for got in answers:
        assert got.status == 204
        assert got.headers["Access-Control-Allow-Origin"] == "*"
        assert "PUT" in got.headers["Access-Control-Allow-Methods"]
        assert "x-y" in got.headers["Access-Control-Allow-Headers"]
        assert "Access-Control-Allow-Credentials" not in got.headers
    assert world.house.store.evaluations("alice", limit=100) == world.house.store.evaluations("alice", limit=2)


async def test_a_val_that_knows_preflights_answers_its_own(world: World) -> None:
    code = "export const api = (req, res) => req.method === 'OPTIONS' ? res.set('Access-Control-Allow-Origin', 'https://x.example').sendStatus(200) : res.send('x')"
    await world.val("alice", code, PUBLIC)
    asked = {"Origin": "https://x.example", "Access-Control-Request-Method": "PUT"}
    got = await on_host(world, "alice-api", method="OPTIONS", headers=asked)
    assert (got.status, got.headers["Access-Control-Allow-Origin"]) == (200, "https://x.example")
    assert "PUT" in got.headers["Access-Control-Allow-Methods"]


async def test_a_val_that_throws_is_a_502_and_one_that_throws_halfway_has_no_end(world: World) -> None:
    await world.val("alice", "export const bad = (req, res) => { throw new RangeError('nope') }", PUBLIC)
    await world.val("alice", "export const half = (req, res) => { res.write('half'); throw new Error('nope') }", PUBLIC)
    got = await on_host(world, "alice-bad")
    assert got.insist(502) == {"type": "error", "error": "RangeError: nope", "name": "RangeError", "message": "nope"}
    with pytest.raises(aiohttp.ClientPayloadError):
        await on_host(world, "alice-half")


async def test_no_answer_is_a_204(world: World) -> None:
    await world.val("alice", "export const quiet = (req, res) => {}", PUBLIC)
    assert (await on_host(world, "alice-quiet")).status == 204


async def test_a_body_comes_as_it_is_sent_and_goes_as_it_is_made(world: World) -> None:
    code = "export const mirror = (request) => new Response(request.body, { headers: { 'content-type': 'application/x-mirror' } })"
    await world.val("alice", code, PUBLIC)
    sent = bytes(range(256)) * 4096
    got = await on_host(world, "alice-mirror", method="POST", body=sent)
    assert got.body == sent
    assert got.headers["Content-Type"] == "application/x-mirror"


async def test_a_body_over_the_limit_is_a_413_however_it_comes(narrow_world: World) -> None:
    world = narrow_world
    await world.house.save(owner="alice", code="export let w = r => new Response(r.body)", privacy=PUBLIC)

    async def chunks() -> Any:  # noqa: ANN401
        for _ in range(20):
            yield b"x" * 100

    for data in (b"x" * 1001, chunks()):
        async with world.session.post(world.address + "/v1/web/alice.w", data=data) as got:
            assert got.status == 413, await got.text()


async def test_an_owner_is_told_the_evaluation_also_of_a_stream(world: World) -> None:
    await world.val("alice", "export const s = (req, res) => { res.write('a'); res.end('b') }", PUBLIC)
    own = await world.call("GET", "/v1/express/alice.s", by="alice")
    assert world.house.store.evaluation(own.headers["X-Evaluation-Id"]) is not None
    for other in (await world.call("GET", "/v1/express/alice.s", by="bob"), await on_host(world, "alice-s")):
        assert "X-Evaluation-Id" not in other.headers


async def test_v0_says_that_it_is_old_and_where_the_new_is(world: World) -> None:
    await world.val("alice", ECHO, PUBLIC)
    for path, body in (
        ("/eval/1+1", b'{"data":2}'),
        ("/eval/undefined", b'{"data":null}'),
        ("/eval/q=>q?x=1&y=2&y=3", b'{"data":{"x":"1","y":["2","3"]}}'),
    ):
        got = await world.call("GET", path)
        assert got.body == body
        assert (got.headers["Deprecation"], got.headers["Link"]) == (
            "true",
            f'</v1{path.partition("?")[0]}>; rel="successor-version"',
        )
    for path in ("/express/alice.echo/x", "/express/alice.none", "/eval/("):
        got = await world.call("GET", path)
        assert got.headers["Deprecation"] == "true"
        assert f"/v1{path}" in got.headers["Link"]


async def test_v0_express_is_the_requesters_evaluation_and_the_val_is_foreign_there(world: World) -> None:
    await world.house.store.put_secret("alice", "key", "alices-key")
    await world.house.store.put_secret("bob", "key", "bobs-key")
    code = "export const who = (req, res) => res.json([`${@me.secrets.key}`, `${@bob.secrets.key}`, `${@alice.secrets.key}`])"
    await world.val("alice", code, PUBLIC)
    assert (await world.call("GET", "/express/alice.who", by="bob")).insist(200) == ["undefined"] * 3
    assert (await world.call("GET", "/express/alice.who", by="alice")).insist(200) == [
        "alices-key",
        "undefined",
        "alices-key",
    ]
    run_only = await world.token_for("bob", Scope.RUN)
    assert (await world.call("GET", "/express/alice.who", token=run_only)).status == 401
    row = world.house.store.evaluations("bob")[0]
    assert (row.caller, row.entry_owner, row.entry_name) == ("bob", "alice", "who")
    assert json.loads(row.args or b"null") == [{"method": "GET", "path": "/"}] or row.args is None


async def test_anonymous_v0_is_refused_where_nobody_anonymous_evaluates(closed_world: World) -> None:
    await closed_world.val("alice", ECHO, PUBLIC)
    assert (await closed_world.call("GET", "/express/alice.echo")).status == 401
    assert (await closed_world.call("GET", "/eval/1")).status == 401
    assert (await closed_world.call("GET", "/v1/express/alice.echo")).status == 200


async def test_a_long_name_has_a_host_by_its_id(world: World) -> None:
    name = "n" * 48
    owner = "u" * 48
    await world.add_user(owner)
    val = await world.val(owner, f"export const {name} = (req, res) => res.send('long')", PUBLIC)
    headers = {"Sec-Fetch-Dest": "document"}
    got = await world.call("GET", f"/v1/express/{owner}.{name}", headers=headers)
    assert got.headers["Location"].startswith(f"http://v-{val.id}.express.localhost")
    assert (await on_host(world, f"v-{val.id}")).body == b"long"
