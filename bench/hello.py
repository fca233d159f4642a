"""The floor: the smallest aiohttp server that reads a JSON body and answers `2`. `python -m bench.hello PORT`."""

from __future__ import annotations

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


if __name__ == "__main__":
    web.run_app(application(), host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
