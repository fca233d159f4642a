"""A server that lets its visitors wait: `/slow?seconds=8` is answered after so long. `python -m bench.slow PORT`."""

from __future__ import annotations

import asyncio
import sys

from aiohttp import web

BACKLOG = 8192
"""Connections that the system keeps until they are taken: thousands may come at once."""


class Slow:
    """Who waits."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._now = self._most = 0

    async def slow(self, request: web.Request) -> web.Response:
        """Answer in the end."""
        self._now += 1
        self._most = max(self._most, self._now)
        try:
            await asyncio.sleep(float(request.query["seconds"]))
        finally:
            self._now -= 1
        return web.Response(text="at last")

    async def waiting(self, _: web.Request) -> web.Response:
        """Say how many wait, and the most that did at once."""
        return web.json_response([self._now, self._most])


async def application() -> web.Application:
    """Two routes, and the one that says that it is up."""
    slow, app = Slow(), web.Application()
    app.add_routes([web.get("/slow", slow.slow), web.get("/waiting", slow.waiting), web.get("/healthz", slow.waiting)])
    return app


if __name__ == "__main__":
    web.run_app(application(), host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None, backlog=BACKLOG)
