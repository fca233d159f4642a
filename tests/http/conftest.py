"""A real house behind a real server on the loopback interface, and two who have accounts there."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from yarl import URL

from host_api.house import House
from host_api.http.gate import GATE, Gate
from host_api.http.listening import Runner
from host_api.http.server import make_runner
from host_api.settings import Settings
from host_api.store.model import ALL_SCOPES, Privacy, Scope, Val
from tests.http import promises


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - whatever came
        return json.loads(self.body)

    def insist(self, status: int) -> Any:  # noqa: ANN401 - whatever came
        """Return the body, if there is one, of an answer with this status."""
        assert self.status == status, (self.status, self.body[:500])
        return self.json() if self.body else None


@dataclass(frozen=True)
class World:
    house: House
    address: str
    session: aiohttp.ClientSession
    tokens: dict[str, str] = field(default_factory=dict)
    runner: Runner | None = None

    @property
    def place(self) -> tuple[str, int]:
        """Host and port, for who speaks without a client."""
        host, port = self.address.removeprefix("http://").split(":")
        return host, int(port)

    @property
    def gate(self) -> Gate:
        assert self.runner is not None
        return self.runner.app[GATE]

    async def call(
        self,
        method: str,
        path: str,
        *,
        by: str | None = None,
        token: str | None = None,
        body: object = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send a request exactly as written: `body` is bytes, or what becomes JSON; `by` is a user's name.

        Whatever is answered must be what the description of the API promises.
        """
        sent = dict(headers or {})
        if token or by:
            sent["Authorization"] = f"Bearer {token or self.tokens[by or '']}"
        data = None if body is None else BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
        async with self.session.request(
            method, URL(self.address + path, encoded=True), data=data, headers=sent, allow_redirects=False
        ) as got:
            answer = Answer(got.status, {key.title(): value for key, value in got.headers.items()}, await got.read())
            if "Host" not in sent:  # a val's own host is described nowhere
                promises.insist(
                    method, path, promises.Told(answer.status, got.content_type, answer.headers, answer.body)
                )
            return answer

    async def add_user(self, name: str) -> None:
        account = await self.house.store.add_account(name, f"{name}@example.com")
        _, self.tokens[name] = await self.house.store.add_token(account.id, "all", ALL_SCOPES)

    async def token_for(self, name: str, *scopes: Scope) -> str:
        account = self.house.store.account(name)
        assert account is not None
        _, text = await self.house.store.add_token(account.id, "some", frozenset(scopes))
        return text

    async def val(self, owner: str, code: str, privacy: Privacy = Privacy.PRIVATE) -> Val:
        return await self.house.save(owner=owner, code=code, privacy=privacy)

    def account_id(self, name: str) -> str:
        account = self.house.store.account(name)
        assert account is not None
        return account.id


@asynccontextmanager
async def open_world(settings: Settings) -> AsyncIterator[World]:
    async with House.open(settings) as house:
        runner = make_runner(house)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            async with aiohttp.ClientSession(
                skip_auto_headers=["Content-Type"], connector=aiohttp.TCPConnector(limit=0)
            ) as session:
                world = World(house, f"http://127.0.0.1:{runner.addresses[0][1]}", session, runner=runner)
                await world.add_user("alice")
                await world.add_user("bob")
                yield world
        finally:
            await runner.cleanup()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(Settings(), db=str(tmp_path / "test.db"))


@pytest.fixture
async def world(settings: Settings) -> AsyncIterator[World]:
    async with open_world(settings) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One for a whole file, whose tests keep out of each other's way."""
    async with open_world(replace(Settings(), db=str(tmp_path_factory.mktemp("shared") / "test.db"))) as made:
        yield made


@pytest.fixture
async def narrow_world(settings: Settings) -> AsyncIterator[World]:
    """A server whose operator allows next to nothing."""
    async with open_world(replace(settings, body=1000, url=100, code=50)) as made:
        yield made


@pytest.fixture
async def closed_world(settings: Settings) -> AsyncIterator[World]:
    """A server that evaluates nothing for anonymous requesters."""
    async with open_world(replace(settings, anonymous_eval=False)) as made:
        yield made
