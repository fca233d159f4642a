"""What keeps a val's answer in its place on the control origin, CORS everywhere that code runs, and hosts of vals."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from host_api.store.model import Privacy
from tests.contract.conftest import Town
from tests.contract.shape import insist
from tests.contract.shapes import PROBLEM
from tests.http.conftest import Answer, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOST = {
    "Set-Cookie": "a=b",
    "Clear-Site-Data": '"cookies"',
    "Service-Worker-Allowed": "/",
    "Refresh": "0; url=https://elsewhere.example/",
    "Link": "</x>; rel=preload",
    "Strict-Transport-Security": "max-age=1",
    "Keep-Alive": "timeout=1",
    "Proxy-Authenticate": "Basic",
    "Trailer": "x-later",
    "Upgrade": "h2c",
}
"""What a val's answer loses on the control origin."""

HEADERS = f"{{...{LOST!r}, 'content-type': 'text/html', 'x-kept': 'yes', 'content-security-policy': 'default-src *'}}"
VALS = (
    f"export const web = (req) => new Response('<script>1</script>', {{headers: {HEADERS}}});",
    f"export const app = (req, res) => res.set({HEADERS}).send('<script>1</script>');",
    """export const seen = (req, res) => res.json({
        auth: req.get('authorization') ?? null, host: req.hostname, path: req.path, original: req.originalUrl,
        base: req.baseUrl, subdomains: req.subdomains, query: req.query,
    });""",
    "export const seenWeb = (req) => Response.json({url: req.url, auth: req.headers.get('authorization')});",
    "export const cookies = (req, res) => res.cookie('a', '1', {domain: 'localhost', path: '/x'}).send('set');",
    "export const strict = (req, res) => res.set('access-control-allow-credentials', 'true').send('x');",
    "export const broken = (req, res) => { throw new TypeError('no'); };",
)
ANSWERED = (
    "/v1/run/alice.web",
    "/v1/express/alice.app",
    "/v1/web/alice.web",
    "/v1/web/alice.web/sub/path",
    "/express/alice.app",
    "/v1/eval/@alice.web()",
)
RUN = (*ANSWERED, "/v1/eval/1", "/eval/1", "/v1/run/alice.double", "/v1/run/alice.fail", "/v1/run/alice.missing")
RUN_TOO = ("/v1/express/alice.broken", "/v1/express/alice.missing", "/v1/web/alice.missing", "/v1/eval/let%20=")
PREFLIGHT = {
    "Origin": "https://app.example",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization, content-type",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def vals(town: Town) -> None:
    for code in VALS:
        await town.world.val("alice", code, Privacy.PUBLIC)
    await town.world.val("alice", "export const closed = (req, res) => res.send('mine');")


def host(world: World, label: str, domain: str = "localhost") -> dict[str, str]:
    return {"Host": f"{label}.{domain}:{urlsplit(world.address).port}"}


@pytest.mark.parametrize("path", [*RUN, *RUN_TOO])
async def test_every_answer_that_a_val_may_have_made_is_harmless_here(world: World, path: str) -> None:
    got = await world.call("GET", path)
    assert got.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert got.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ANSWERED)
async def test_a_vals_answer_loses_what_would_reach_beyond_it(world: World, path: str) -> None:
    got = await world.call("GET", path)
    assert (got.status, got.body, got.headers["X-Kept"]) == (200, b"<script>1</script>", "yes")
    assert got.headers["Content-Type"].startswith("text/html")
    lost = LOST.keys() - ({"Link"} if path.startswith("/express") else set())
    for name in lost:
        assert got.headers.get(name) != LOST[name], name
    assert "Set-Cookie" not in got.headers


@pytest.mark.parametrize("path", [*RUN, *RUN_TOO])
async def test_another_origin_may_read_but_never_with_credentials(world: World, path: str) -> None:
    got = await world.call("GET", path, headers={"Origin": "https://app.example"})
    assert got.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in got.headers


async def test_not_even_if_the_val_says_so(world: World) -> None:
    got = await world.call("GET", "/v1/express/alice.strict", headers={"Origin": "https://app.example"})
    assert "Access-Control-Allow-Credentials" not in got.headers


@pytest.mark.parametrize(
    "path",
    [
        "/v1/eval",
        "/v1/eval/1",
        "/eval/1",
        "/v1/run/alice.double",
        "/v1/express/alice.app",
        "/v1/express/alice.app/sub",
        "/v1/web/alice.web",
        "/express/alice.app",
    ],
)
async def test_preflight_is_answered_on_everything_that_runs_code(world: World, path: str) -> None:
    got = await world.call("OPTIONS", path, headers=PREFLIGHT)
    assert got.status in {200, 204}
    assert got.headers["Access-Control-Allow-Origin"] == "*"
    assert {"authorization", "content-type"} <= set(
        got.headers["Access-Control-Allow-Headers"].lower().replace(" ", "").split(",")
    )
    assert "Access-Control-Allow-Credentials" not in got.headers


@pytest.mark.parametrize("path", ["/v1/me", "/v1/me/secrets", "/v1/vals/{double}"])
async def test_what_runs_no_code_is_not_opened_to_other_origins(town: Town, path: str) -> None:
    got = await town.world.call("GET", town.fill(path), by="alice", headers={"Origin": "https://app.example"})
    assert "Access-Control-Allow-Origin" not in got.headers


async def seen(world: World, path: str, headers: dict[str, str]) -> Answer:
    return await world.call("GET", path, headers=headers)


@pytest.mark.parametrize("label", ["alice-seen", "ALICE-Seen", "alice-seen.express"])
async def test_every_path_of_a_vals_host_is_the_vals(world: World, label: str) -> None:
    for path in ("/", "/v1/me", "/healthz", "/openapi.json", "/v1/eval/1?x=1"):
        told = (await seen(world, path, host(world, label))).insist(200)
        assert (told["path"], told["original"], told["base"]) == (path.partition("?")[0], path, "")


async def test_two_parameters_mean_express_and_fewer_a_fetch_handler(world: World) -> None:
    assert (await seen(world, "/", host(world, "alice-seenWeb"))).insist(200)["url"].endswith("/")
    assert "subdomains" in (await seen(world, "/", host(world, "alice-seen"))).insist(200)


async def test_a_host_of_web_forces_a_fetch_handler(world: World) -> None:
    told = (await seen(world, "/a?b=c", host(world, "alice-seenweb.web"))).insist(200)
    assert urlsplit(told["url"]).path == "/a"
    assert told["url"].startswith("http://alice-seenweb.web.localhost:")


async def test_on_a_vals_host_authorization_belongs_to_the_val(world: World) -> None:
    for value in (f"Bearer {world.tokens['alice']}", "Bearer wrong", "Basic YTpi"):
        headers = host(world, "alice-seen") | {"Authorization": value}
        assert (await seen(world, "/", headers)).insist(200)["auth"] == value


@pytest.mark.parametrize("path", ["/v1/express/alice.seen", "/v1/web/alice.seenWeb"])
async def test_on_the_path_forms_a_valid_token_is_taken_out_and_anything_else_passes(world: World, path: str) -> None:
    mine = await world.call("GET", path, by="bob")
    assert mine.insist(200)["auth"] is None
    for value in ("Bearer wrong", "Basic YTpi", "token x"):
        assert (await seen(world, path, {"Authorization": value})).insist(200)["auth"] == value


@pytest.mark.parametrize("path", ["/v1/express/alice.seen", "/v1/web/alice.seenWeb", "/express/alice.seen"])
async def test_but_what_has_the_form_of_a_token_and_is_none_is_never_anonymous(world: World, path: str) -> None:
    (await seen(world, path, {"Authorization": "Bearer vg_" + "a" * 43})).insist(401)


@pytest.mark.parametrize("label", ["alice-closed", "alice-missing", "nobody-x", "alice", "x-y-z", "v-no-id"])
async def test_private_and_unknown_vals_are_one_404_on_their_hosts(world: World, label: str) -> None:
    headers = host(world, label) | {"Authorization": f"Bearer {world.tokens['alice']}"}
    got = await seen(world, "/", headers)
    assert got.status == 404
    assert b"mine" not in got.body


async def test_a_host_by_id_is_the_vals_too(town: Town) -> None:
    val = (await town.world.call("GET", "/v1/alias/alice/seen")).insist(200)["id"]
    assert (await seen(town.world, "/x", host(town.world, f"v-{val}"))).insist(200)["path"] == "/x"


async def test_a_cookie_of_a_vals_host_stays_on_it(world: World) -> None:
    got = await seen(world, "/", host(world, "alice-cookies"))
    cookie = got.headers["Set-Cookie"]
    assert cookie.startswith("a=1")
    assert "domain" not in cookie.lower()
    assert "Path=/x" in cookie


async def test_a_vals_host_never_tells_an_evaluation(world: World) -> None:
    for label in ("alice-seen", "alice-broken", "alice-missing"):
        headers = host(world, label) | {"Authorization": f"Bearer {world.tokens['alice']}"}
        got = await seen(world, "/", headers)
        assert "X-Evaluation-Id" not in got.headers
        assert b"evaluation" not in got.body


@pytest.mark.parametrize("path", ["/v1/express/alice.app/sub?x=1", "/v1/web/alice.web/sub?x=1"])
async def test_a_document_is_sent_on_to_the_host(world: World, path: str) -> None:
    port = urlsplit(world.address).port
    got = await seen(world, path, {"Sec-Fetch-Dest": "document", "Host": f"localhost:{port}"})
    assert got.status == 307
    to = urlsplit(got.headers["Location"])
    assert (to.path, to.query) == ("/sub", "x=1")
    assert (to.hostname or "").endswith(".localhost")
    assert to.port == port
    there = await seen(world, f"{to.path}?{to.query}", {"Host": to.netloc})
    assert there.status == 200


async def test_a_label_that_would_be_too_long_is_the_vals_id(world: World) -> None:
    await world.add_user("a_name_of_twenty_one")
    code = f"export const {'long' * 11} = (req, res) => res.send(req.path);"
    val = await world.val("a_name_of_twenty_one", code, Privacy.PUBLIC)
    got = await seen(world, f"/v1/express/{val.owner}.{val.name}/x", {"Sec-Fetch-Dest": "document"})
    there = urlsplit(got.headers["Location"]).netloc
    assert there.startswith(f"v-{val.id}.")
    assert (await seen(world, "/x", {"Host": there})).body == b"/x"


@pytest.mark.parametrize("to", ["empty", "image", "script"])
async def test_anything_else_is_answered_in_place(world: World, to: str) -> None:
    assert (await seen(world, "/v1/express/alice.app", {"Sec-Fetch-Dest": to})).status == 200


async def test_a_handler_that_throws_before_anything_is_sent_is_a_502(world: World) -> None:
    for got in (await seen(world, "/v1/express/alice.broken", {}), await seen(world, "/", host(world, "alice-broken"))):
        assert got.status == 502
        insist({key: got.json()[key] for key in ("type", "error")}, PROBLEM)
