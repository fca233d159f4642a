"""A val's page on the control origin runs no script and asks for nothing, in a real browser.

The attacker writes a val and sends its address to somebody who trusts the operator: on /v1/run, /v1/eval, the path forms and the old API.
Each page is opened at all of these places, then on the val's own host, where what it tries does happen: so the attack is one, and by then
whatever could have happened at the places before has happened.
"""

from __future__ import annotations

import pytest
import pytest_asyncio

from tests.browser.chromium import Browser
from tests.browser.conftest import Ear
from tests.browser.places import Page, at_home, furnish, places
from tests.http.conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

RUN = "location.replace('EAR/')"
SCRIPT = f"<script>{RUN}</script>"
XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'
LOOSE = "sandbox allow-scripts allow-same-origin allow-top-navigation; script-src * 'unsafe-inline'; default-src *"

WORKING = {
    "a script": Page(SCRIPT),
    "a script at the end of a document": Page(f"<!doctype html><title>x</title><body><p>hello</p>{SCRIPT}</body>"),
    "a module": Page(f'<script type="module">{RUN}</script>'),
    "a script from elsewhere": Page('<script src="EAR/x.js"></script>'),
    "a base that leads elsewhere": Page('<base href="EAR/"><script src="x.js"></script>'),
    "a handler of a load": Page(f'<body onload="{RUN}">'),
    "a handler of an error": Page(f'<img src="x:" onerror="{RUN}">'),
    "a handler of an animation": Page(f'<style>@keyframes a {{}}</style><b style="animation: a 1s" onanimationstart="{RUN}">'),
    "a handler of a toggle": Page(f'<details open ontoggle="{RUN}">x</details>'),
    "a handler of a source": Page(f'<video><source src="x:" onerror="{RUN}"></video>'),
    "an svg in the page": Page(f"<svg><script>{RUN}</script></svg>"),
    "a handler of an svg": Page(f'<svg onload="{RUN}">'),
    "a shadow root": Page(f'<div><template shadowrootmode="open">{SCRIPT}</template></div>'),
    "a frame of its own text": Page(f'<iframe srcdoc="{SCRIPT}"></iframe>'),
    "a frame that says what it may": Page(f'<iframe sandbox="allow-scripts allow-same-origin" srcdoc="{SCRIPT}"></iframe>'),
    "a frame of javascript": Page(f'<iframe src="javascript:{RUN}"></iframe>'),
    "a frame of data": Page(f'<iframe src="data:text/html,{SCRIPT}"></iframe>'),
    "an object of data": Page(f'<object data="data:text/html,{SCRIPT}"></object>'),
    "an embedded document": Page(f'<embed type="text/html" src="data:text/html,{SCRIPT}">'),
    "a policy in the page": Page(f'<meta http-equiv="Content-Security-Policy" content="script-src \'unsafe-inline\'">{SCRIPT}'),
    "a policy in the answer": Page(SCRIPT, headers=(("Content-Security-Policy", LOOSE), ("content-security-policy", LOOSE))),
    "headers for sniffing": Page(SCRIPT, headers=(("X-Content-Type-Options", "sniff"),)),
    "a refusal": Page(SCRIPT, status=404),
    "a failure": Page(SCRIPT, status=500),
    "an svg": Page(f'<svg xmlns="http://www.w3.org/2000/svg"><script>{RUN}</script></svg>', "image/svg+xml"),
    "xhtml": Page(f"<html {XHTML}><head>{SCRIPT}</head></html>", "application/xhtml+xml"),
    "xml with a script": Page(f"<root><script {XHTML}>{RUN}</script></root>", "text/xml"),
    "another kind of xml": Page(f"<root><script {XHTML}>{RUN}</script></root>", "application/xml"),
    "a type in capitals": Page(SCRIPT, 'TEXT/HTML; charset="utf-8"'),
    "a refresh": Page('<meta http-equiv="refresh" content="0; url=EAR/">'),
    "a refresh in the answer": Page("x", headers=(("Refresh", "0; url=EAR/"),)),
    "a link in the answer": Page("x", headers=(("Link", "<EAR/>; rel=preload; as=image"),)),
    "a stylesheet": Page('<link rel="stylesheet" href="EAR/">'),
    "a preload": Page('<link rel="preload" as="image" href="EAR/">'),
    "an import of styles": Page("<style>@import 'EAR/';</style>"),
    "a picture of a style": Page('<p style="background: url(EAR/)">x</p>'),
    "a font": Page("<style>@font-face { font-family: f; src: url(EAR/) } p { font-family: f }</style><p>x</p>"),
    "a picture": Page('<img src="EAR/">'),
    "a sound": Page('<audio src="EAR/"></audio>'),
    "a frame of elsewhere": Page('<iframe src="EAR/"></iframe>'),
    "an object of elsewhere": Page('<object data="EAR/"></object>'),
}  # fmt: skip
NOWHERE = {
    "a refresh of javascript": Page(f'<meta http-equiv="refresh" content="0; url=javascript:{RUN}">'),
    "a refresh of data": Page(f'<meta http-equiv="refresh" content="0; url=data:text/html,{SCRIPT}">'),
    "a redirect to javascript": Page("x", headers=(("Location", f"javascript:{RUN}"),), status=302),
    "a redirect to data": Page("x", headers=(("Location", f"data:text/html,{SCRIPT}"),), status=302),
    "plain text": Page(SCRIPT, "text/plain"),
    "no type": Page(f"<!doctype html><html>{SCRIPT}", None),
    "an unknown type": Page(f"<!doctype html><html>{SCRIPT}", "unknown/unknown"),
    "any type": Page(f"<!doctype html><html>{SCRIPT}", "*/*"),
    "two types": Page(f"<!doctype html><html>{SCRIPT}", "text/plain, text/html"),
    "json": Page(SCRIPT, "application/json"),
    "a script as a document": Page(RUN, "text/javascript"),
    "utf-7": Page("+ADw-script+AD4-location.replace('EAR/')+ADw-/script+AD4-", "text/html; charset=utf-7"),
    "parts": Page(f"--x\r\nContent-Type: text/html\r\n\r\n{SCRIPT}\r\n--x--", "multipart/x-mixed-replace; boundary=x"),
    "an archive": Page(f"MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n{SCRIPT}", "message/rfc822"),
}  # fmt: skip
"""What browsers refuse anywhere, or should: beside these a page that does run says when it is time to look."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def furnished(shared_world: World) -> World:
    await furnish(shared_world)
    return shared_world


async def siege(browser: Browser, world: World, ear: Ear, page: Page, example: Page, which: tuple[str, ...]) -> None:
    """Open the page at these places, then the example at home, and insist that only this one was heard."""
    asked = places(world, page, ear.address)
    for name in which:
        await browser.open(asked[name], name)
    await browser.open(at_home(world, example, ear.address), "home")
    await ear.wait_for("home")
    assert list(ear.heard) == ["home"]


EVERYWHERE = ("run", "eval", "old-eval", "old-express", "express", "web")
EVERYWHERE_TRIED = (
    "a script",
    "a handler of an error",
    "a policy in the answer",
    "an svg",
    "a refresh in the answer",
    "a picture",
)
"""The others are opened where answers are made whole, and where a val answers itself: elsewhere an answer is dressed as one of these."""


async def test_the_browser_runs_the_scripts_of_a_page_of_ours(browser: Browser, furnished: World, ear: Ear) -> None:
    """Else that nothing ran would show nothing."""
    await browser.open(f"data:text/html,{SCRIPT.replace('EAR', ear.address + '/ours')}")
    await ear.wait_for("ours")


async def test_every_place_shows_the_page_and_gives_it_no_origin(browser: Browser, furnished: World) -> None:
    """Else what did nothing was perhaps not there."""
    for name, url in places(furnished, Page("<h1>hello from WHERE</h1>"), "").items():
        await browser.open(url, name)
        assert await browser.text("h1") == f"hello from {name}"
        assert await browser.ask("return origin") == "null"


@pytest.mark.parametrize("attack", WORKING)
async def test_what_works_at_home_does_nothing_on_the_control_origin(
    browser: Browser, furnished: World, ear: Ear, attack: str
) -> None:
    page = WORKING[attack]
    await siege(browser, furnished, ear, page, page, EVERYWHERE if attack in EVERYWHERE_TRIED else ("run", "web"))


@pytest.mark.parametrize("attack", NOWHERE)
async def test_what_works_nowhere_does_nothing_on_the_control_origin(
    browser: Browser, furnished: World, ear: Ear, attack: str
) -> None:
    await siege(browser, furnished, ear, NOWHERE[attack], Page(SCRIPT), ("run", "web"))
