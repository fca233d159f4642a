"""Evaluations that wait for an answer that a test gives them, so that what is beside them can be looked at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from tests.capabilities.servers import serving
from tests.http.conftest import Answer, World


@dataclass
class Lot:
    """Where they are parked."""

    world: World
    url: str = ""
    arrived: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    leave: asyncio.Event = field(default_factory=asyncio.Event)

    async def park(self, by: str | None = "alice", padding: int = 0) -> asyncio.Task[Answer]:
        """Start an evaluation, and return when it waits; its answer is "left"."""
        code = f"fetch('{self.url}').then((r) => r.text())" + " " * padding
        task = asyncio.create_task(self.world.call("POST", "/v1/eval", by=by, body={"code": code}))
        arriving = asyncio.create_task(self.arrived.acquire())
        await asyncio.wait((task, arriving), return_when=asyncio.FIRST_COMPLETED)
        assert arriving.done(), task.result()
        return task


@asynccontextmanager
async def lot(world: World) -> AsyncIterator[Lot]:
    """Open one; the world's settings allow fetches from 127.0.0.1."""
    made = Lot(world)

    async def wait(request: web.BaseRequest) -> web.StreamResponse:
        made.arrived.release()
        await made.leave.wait()
        return web.Response(text="left")

    async with serving(wait) as server:
        made.url = server.url()
        try:
            yield made
        finally:
            made.leave.set()
