"""A val's own host is an origin of its own: its scripts run, and reach neither the control origin nor another val's host.

The attacker is alice, whose page somebody opens who uses bob's page and the operator's API in the same browser.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio
from yarl import URL

from host_api.settings import Settings
from host_api.store.model import Privacy
from tests.browser.chromium import DOMAIN, Browser
from tests.browser.conftest import Ear
from tests.browser.places import home
from tests.http.conftest import World, open_world

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = """export const page = (request) => {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname === "/worker.js") return new Response("", { headers: {
    "Content-Type": "text/javascript", "Service-Worker-Allowed": "/" } });
  if (pathname === "/echo") return Response.json({ cookie: request.headers.get("cookie") });
  const answer = new Response("<title>page</title><h1>page</h1>", { headers: { "Content-Type": "text/html" } });
  for (const cookie of searchParams.getAll("cookie")) answer.headers.append("Set-Cookie", cookie);
  return answer;
}"""
EXPRESS = """export const classic = (req, res) =>
  res.send("<script>document.title = 'ran'; if (parent !== self) parent.postMessage(null, '*')</script>")"""
FETCHED = "return fetch(...arguments).then((r) => r.text(), (e) => e.name)"
"""What a fetch says; TypeError is what a page is told of an answer that it may not read."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def furnished(shared_world: World) -> World:
    for owner in ("alice", "bob"):
        await shared_world.val(owner, PAGE, Privacy.PUBLIC)
        await shared_world.val(owner, EXPRESS, Privacy.PUBLIC)
    return shared_world


@pytest.fixture
def alices(furnished: World) -> str:
    return home(furnished, "alice-page")


@pytest.fixture
def bobs(furnished: World) -> str:
    return home(furnished, "bob-page")


async def test_scripts_run_there_as_an_origin_of_its_own(browser: Browser, furnished: World) -> None:
    await browser.open(f"{home(furnished, 'alice-classic')}/x")
    assert await browser.ask("return [document.title, origin]") == ["ran", home(furnished, "alice-classic")]


async def test_its_pages_keep_what_an_origin_keeps(browser: Browser, alices: str) -> None:
    await browser.open(alices)
    kept = "localStorage.kept = 'here'; document.cookie = 'kept=here'; return [localStorage.kept, document.cookie]"
    assert await browser.ask(kept) == ["here", "kept=here"]


# -- documents go there ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("/v1/express/alice.classic/a/b?x=1&y=%20", "alice-classic.express"),
        ("/v1/express/@Alice.Classic/a/b?x=1&y=%20", "alice-classic.express"),
        ("/v1/web/alice.page/a/b?x=1&y=%20", "alice-page.web"),
    ],
)
async def test_a_path_form_that_is_opened_as_a_document_leads_to_the_vals_host(
    browser: Browser, furnished: World, path: str, label: str
) -> None:
    await browser.open(furnished.address + path)
    assert await browser.address() == f"{home(furnished, label)}/a/b?x=1&y=%20"


@pytest.mark.parametrize("element", ["iframe", "embed", "object"])
async def test_so_does_one_that_is_shown_within_a_page_of_the_control_origin(
    browser: Browser, furnished: World, element: str
) -> None:
    """A page of the operator's that shows a val's never has it in its own origin."""
    await browser.open(f"{furnished.address}/healthz")
    show = """const shown = document.createElement(arguments[0]);
      shown[arguments[0] === "object" ? "data" : "src"] = arguments[1];
      const said = new Promise((done) => addEventListener("message", done));
      document.body.append(shown);
      return (await said).origin"""
    path = f"{furnished.address}/v1/express/alice.classic"
    assert await browser.ask(show, element, path) == home(furnished, "alice-classic.express")


async def test_a_fetch_of_a_path_form_is_answered_in_place(browser: Browser, furnished: World) -> None:
    await browser.open(f"{furnished.address}/healthz")
    got = await browser.ask("const r = await fetch('/v1/web/alice.page/echo'); return [r.redirected, await r.json()]")
    assert got == [False, {"cookie": None}]


# -- the control origin from there -----------------------------------------------------------------------


@pytest_asyncio.fixture(loop_scope="module")
async def trusting(browser: Browser, furnished: World) -> None:
    """Somebody has something of the control origin in this browser."""
    await browser.open(f"{furnished.address}/healthz")
    await browser.ask("document.cookie = 'session=of the operator'; localStorage.token = 'of the operator'")


READ = ["/v1/me", "/v1/me/secrets", "/v1/me/runs", "/v1/vals/x", "/healthz"]
WITH: list[dict[str, Any]] = [
    {},
    {"credentials": "include"},
    {"method": "POST", "credentials": "include", "body": "{}"},
    {"headers": {"Authorization": "Bearer TOKEN"}},
    {"headers": {"Authorization": "Bearer TOKEN"}, "credentials": "include"},
    {"method": "PUT", "headers": {"Authorization": "Bearer TOKEN"}, "body": "{}"},
]


@pytest.mark.parametrize("path", READ)
async def test_no_answer_of_the_control_api_is_read_there_with_whatever(
    browser: Browser, furnished: World, trusting: None, alices: str, path: str
) -> None:
    await browser.open(alices)
    for given in WITH:
        options = _with_token(given, furnished.tokens["alice"])
        assert await browser.ask(FETCHED, furnished.address + path, options) == "TypeError", given


def _with_token(given: dict[str, Any], token: str) -> dict[str, Any]:
    headers = {name: value.replace("TOKEN", token) for name, value in given.get("headers", {}).items()}
    return {**given, "headers": headers}


async def test_what_code_answers_is_read_there_but_never_with_credentials(
    browser: Browser, furnished: World, trusting: None, alices: str
) -> None:
    await browser.open(alices)
    for path in ("/v1/eval/1", "/v1/run/alice.nothing", "/v1/web/alice.page/echo", "/v1/express/alice.classic"):
        url = furnished.address + path
        assert await browser.ask(FETCHED, url) != "TypeError"
        assert await browser.ask(FETCHED, url, {"credentials": "include"}) == "TypeError"


async def test_a_cookie_of_the_control_origin_reaches_no_val_on_its_host(
    browser: Browser, trusting: None, alices: str
) -> None:
    await browser.open(f"{alices}/echo")
    assert "null" in await browser.text("body")


async def test_a_document_of_the_control_origin_is_closed_to_a_page_there(
    browser: Browser, furnished: World, trusting: None, alices: str
) -> None:
    await browser.open(alices)
    show = """const frame = document.createElement("iframe");
      const loaded = new Promise((done) => frame.addEventListener("load", done));
      frame.src = arguments[0];
      document.body.append(frame);
      await loaded;
      const tried = [(w) => w.document.body.innerText, (w) => w.localStorage.token, (w) => w.origin];
      return tried.map((look) => { try { return String(look(frame.contentWindow)) } catch (e) { return e.name } })"""
    for path in ("/healthz", "/v1/me", f"/v1/eval/{quote('1 + 1')}", "/v1/web/bob.page"):
        assert await browser.ask(show, furnished.address + path) == ["SecurityError"] * 3, path


# -- vals among themselves -------------------------------------------------------------------------------

WIDE = [
    "wide=1; Domain=localhost",
    "wide=1; domain=.localhost; Path=/",
    "wide=1; Path=/; DOMAIN = localhost ; SameSite=Lax",
    "wide=1; Domain=bob-page.localhost",
    "wide=1; Domain=alice-page.localhost; Domain=localhost",
    "wide=1; Domain",
    "wide=1;Domain=127.0.0.1",
]


@pytest.mark.parametrize("cookie", WIDE)
async def test_a_cookie_that_an_answer_sets_for_others_is_its_own_hosts_alone(
    browser: Browser, furnished: World, alices: str, bobs: str, cookie: str
) -> None:
    await browser.open(f"{alices}/?cookie={quote(cookie)}")
    assert await browser.ask("return document.cookie") == "wide=1"
    for others in (bobs, home(furnished, "alice-classic"), furnished.address + "/healthz"):
        await browser.open(others)
        assert await browser.ask("return document.cookie") == ""
    await browser.open(f"{bobs}/echo")
    assert "wide" not in await browser.text("body")


async def test_so_is_it_below_a_vals_host_that_has_more_to_its_name(
    browser: Browser, furnished: World, alices: str
) -> None:
    """`alice-page.web.localhost` is no host of `web.localhost` that could speak for all of them."""
    await browser.open(f"{home(furnished, 'alice-page.web')}/?cookie={quote('wide=1; Domain=web.localhost')}")
    assert await browser.ask("return document.cookie") == "wide=1"
    await browser.open(home(furnished, "bob-page.web"))
    assert await browser.ask("return document.cookie") == ""


async def test_so_is_it_where_the_browser_would_set_it_for_all(browser: Browser, settings: Settings) -> None:
    async with open_world(replace(settings, vals_domain=DOMAIN)) as world:
        for owner in ("alice", "bob"):
            await world.val(owner, PAGE, Privacy.PUBLIC)
        port = URL(world.address).port
        await browser.open(f"http://alice-page.{DOMAIN}:{port}/?cookie={quote(f'wide=1; Domain={DOMAIN}')}")
        assert await browser.ask("return document.cookie") == "wide=1"
        await browser.open(f"http://bob-page.{DOMAIN}:{port}/echo")
        assert await browser.text("body") == '{"cookie":null}'
        await browser.open("about:blank")


@pytest.mark.parametrize("domain", ["localhost", ".localhost", "bob-page.localhost", "127.0.0.1"])
async def test_a_cookie_that_a_script_sets_for_others_is_refused(
    browser: Browser, alices: str, bobs: str, domain: str
) -> None:
    await browser.open(alices)
    assert await browser.ask(f"document.cookie = 'wide=1; domain={domain}'; return document.cookie") == ""
    await browser.open(bobs)
    assert await browser.ask("return document.cookie") == ""


async def test_what_a_page_keeps_is_not_its_neighbours(browser: Browser, alices: str, bobs: str) -> None:
    await browser.open(alices)
    await browser.ask("localStorage.kept = 'alices'")
    await browser.open(bobs)
    assert await browser.ask("return localStorage.kept ?? null") is None


REGISTERED = "return navigator.serviceWorker.register(...arguments).then((r) => r.scope, (e) => e.name)"


async def test_a_service_worker_is_its_own_hosts_alone(
    browser: Browser, furnished: World, alices: str, bobs: str
) -> None:
    await browser.open(alices)
    assert await browser.ask(REGISTERED, "/worker.js") == f"{alices}/"
    for script in (f"{bobs}/worker.js", f"{furnished.address}/v1/web/alice.page/worker.js"):
        assert await browser.ask(REGISTERED, script) == "SecurityError"
    assert await browser.ask(REGISTERED, "/worker.js", {"scope": f"{bobs}/"}) == "SecurityError"
    await browser.open(bobs)
    assert await browser.ask("return (await navigator.serviceWorker.getRegistrations()).length") == 0
    await browser.open(f"{furnished.address}/healthz")
    assert await browser.ask("return (await navigator.serviceWorker.getRegistrations()).length") == 0


@pytest.mark.parametrize("scope", ["/", "/v1/", "/v1/web/alice.page/"])
async def test_no_val_is_a_service_worker_of_the_control_origin(browser: Browser, furnished: World, scope: str) -> None:
    """Even if a page of the operator's asked for it."""
    await browser.open(f"{furnished.address}/healthz")
    path = "/v1/web/alice.page/worker.js"
    assert await browser.ask(REGISTERED, path, {"scope": scope}) in ("SecurityError", "TypeError")
    assert await browser.ask("return (await navigator.serviceWorker.getRegistrations()).length") == 0


async def test_a_val_does_not_make_the_browser_forget_what_others_keep(
    browser: Browser, furnished: World, ear: Ear, bobs: str
) -> None:
    clear = "export const clear = () => new Response('', { headers: { 'Clear-Site-Data': '\"*\"', 'Strict-Transport-Security': 'max-age=1' } })"
    await furnished.val("alice", clear, Privacy.PUBLIC)
    await browser.open(f"{furnished.address}/healthz")
    await browser.ask("localStorage.kept = 'of the operator'")
    for url in (home(furnished, "alice-clear"), f"{furnished.address}/v1/run/alice.clear"):
        await browser.open(url)
    await browser.open(f"{furnished.address}/healthz")
    assert await browser.ask("return localStorage.kept") == "of the operator"
    assert URL(await browser.address()).scheme == "http"
