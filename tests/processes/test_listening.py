"""A process that stops listening at a socket where others listen on loses no connection: it is served, or left in the queue."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

import pytest
from aiohttp import web

from host_api.http.listening import stop_taking

HELLO = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


async def hello(_: web.Request) -> web.Response:
    return web.Response(text="hello")


@pytest.mark.parametrize("turns", range(8))
async def test_a_connection_is_served_or_left_to_others_whenever_the_listener_stops(turns: int) -> None:
    app = web.Application()
    app.router.add_get("/", hello)
    runner = web.AppRunner(app)
    await runner.setup()
    with socket.socket() as door, socket.socket() as client:
        door.bind(("127.0.0.1", 0))
        site = web.SockSite(runner, door.dup())
        await site.start()
        client.connect(door.getsockname())
        client.sendall(HELLO)
        for _ in range(turns):
            await asyncio.sleep(0)
        await stop_taking([site])
        door.setblocking(False)  # noqa: FBT003 - as the library has it
        with suppress(BlockingIOError):
            left, _ = door.accept()
            left.close()
            await runner.cleanup()
            return
        client.settimeout(30)
        assert (await asyncio.to_thread(client.recv, 12)) == b"HTTP/1.1 200"
    await runner.cleanup()
