"""The floor: the smallest aiohttp server that reads a JSON body and answers `2`. `python -m bench.hello PORT [LOOP]`.

LOOP is the module of the event loop, `asyncio` or `uvloop`: the floor stands on the same one as the server beside it.
"""

from __future__ import annotations

import asyncio
import importlib
import sys

from aiohttp import web


async def hello(request: web.Request) -> web.Response:
    """Answer what `(x) => x + 1` of 1 would be."""
    await request.read()
    return web.Response(body=b"2", content_type="application/json")


async def application() -> web.Application:
    """One route, and the one that says that it is up."""
    app = web.Application()
    app.add_routes([web.post("/hello", hello), web.get("/healthz", hello)])
    return app


def main(port: int, loop: str) -> None:
    """Serve until a signal comes."""
    made: asyncio.AbstractEventLoop = importlib.import_module(loop).new_event_loop()
    web.run_app(application(), host="127.0.0.1", port=port, print=None, access_log=None, loop=made)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > len(("hello", "port")) else "asyncio")
