"""A browser and a server for a whole file, and an ear for what pages send away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from aiohttp import web

from tests.browser.chromium import DRIVER, MISSING, PATIENCE, PROGRAM, Browser, chromium
from tests.http.conftest import World, settings, shared_world

__all__ = ["settings", "shared_world"]


@dataclass
class Ear:
    """A server on loopback that belongs to nobody: whatever asks it for `{address}/who/…` was heard as `who`.

    Each test has an address of its own: what pages of the tests before still send is nothing to this one.
    """

    server: str = ""
    test: int = 0
    heard: dict[str, web.BaseRequest] = field(default_factory=dict)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def hear(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer nothing, so that a page that goes there stays where it is."""
        test, who, *_ = request.path.strip("/").split("/")
        if test == str(self.test):
            async with self.news:
                self.heard[who] = request
                self.news.notify_all()
        return web.Response(status=204, headers={"Access-Control-Allow-Origin": "*"})

    @property
    def address(self) -> str:
        return f"{self.server}/{self.test}"

    async def wait_for(self, who: str) -> web.BaseRequest:
        async with asyncio.timeout(PATIENCE), self.news:
            await self.news.wait_for(lambda: who in self.heard)
        return self.heard[who]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def listening() -> AsyncIterator[Ear]:
    ear = Ear()
    runner = web.ServerRunner(web.Server(ear.hear), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ear.server = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield ear
    await runner.cleanup()


@pytest.fixture(scope="module")
def chrome(
    closing: dict[str, dict[str, str]], shared_world: World, listening: Ear, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """Ask for the servers first: they outlive the browser, which holds connections."""
    if PROGRAM is None or DRIVER is None:
        closing.setdefault("browser", {})["skipped"] = MISSING
        pytest.skip(MISSING)
    with chromium(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def browser(chrome: Browser) -> AsyncIterator[Browser]:
    """The file's browser, without what the test before left in it."""
    yield chrome
    await chrome.tidy()


@pytest.fixture
def world(shared_world: World) -> World:
    return shared_world


@pytest.fixture
def ear(listening: Ear) -> Ear:
    listening.test += 1
    listening.heard.clear()
    return listening
