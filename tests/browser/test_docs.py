"""The page `/docs`, as somebody opens it who wants to try the API."""

from __future__ import annotations

import pytest

from host_api.http.app import ROUTES
from tests.browser.chromium import Browser
from tests.http.conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHOWN = "[...document.querySelectorAll('.opblock')].map((block) => block.querySelector('[data-path]').dataset.path)"
APPEARS = """const look = () => document.querySelector(arguments[0]);
  if (look()) return true;
  return new Promise((done) => new MutationObserver((_, watch) => {
    if (look()) { watch.disconnect(); done(true) }
  }).observe(document, { childList: true, subtree: true }));"""
HEALTH = ".opblock:has([data-path='/healthz'])"


async def opened(browser: Browser, world: World) -> None:
    await browser.open(f"{world.address}/docs")
    assert await browser.ask(APPEARS, ".opblock")


async def test_it_lists_every_route_and_nothing_goes_wrong(browser: Browser, world: World) -> None:
    await opened(browser, world)
    paths = {path.replace("\u200b", "") for path in await browser.ask(f"return {SHOWN}")}
    assert {route.path.partition("{")[0].rstrip("/") for route in ROUTES} <= {
        path.partition("{")[0].rstrip("/") for path in paths
    }
    assert await browser.console() == []


async def test_a_route_can_be_tried(browser: Browser, world: World) -> None:
    await opened(browser, world)
    for button in (".opblock-summary-control", ".try-out__btn", ".execute"):
        assert await browser.ask(APPEARS, f"{HEALTH} {button}")
        await browser.click(f"{HEALTH} {button}")
    assert await browser.ask(APPEARS, f"{HEALTH} .live-responses-table .response-col_status")
    assert (await browser.text(f"{HEALTH} .live-responses-table .response td.response-col_status")).startswith("200")
    assert await browser.console() == []
