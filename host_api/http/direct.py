"""The short way to the routes that are asked most: found by what their paths begin with, without the library's router around them.

What is not plain about a request (percent signs, a rest with slashes, `Expect`) goes the library's way, and comes to the same
handler. Around both stands the same guard. This file does not know what a route does.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from aiohttp import web
from aiohttp.web_urldispatcher import UrlMappingMatchInfo

from host_api.http.guard import Handler

Around = Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.@]+", re.ASCII)
"""A part of a path that means what it says."""


class _Way(NamedTuple):
    part: str
    route: web.AbstractRoute
    handler: Handler


class Direct:
    """The routes of one application whose paths are a prefix and one part."""

    def __init__(self, app: web.Application, around: Around) -> None:
        """Take the application, and what stands around every handler."""
        self._app, self._around = app, around
        self._ways: dict[tuple[str, str], _Way] = {}

    def add(self, prefix: str, part: str, route: web.AbstractRoute) -> None:
        """Know a route of the application's, whose path is `prefix{part}`."""
        self._ways[route.method, prefix] = _Way(part, route, route.handler)

    def answer(self, request: web.Request) -> Awaitable[web.StreamResponse] | None:
        """Answer a request; None if it is not for here."""
        path = request.rel_url.raw_path
        begins = path.rfind("/") + 1
        way = self._ways.get((request.method, path[:begins]))
        if way is None or _PLAIN.fullmatch(path, begins) is None or "Expect" in request.headers:
            return None
        found = UrlMappingMatchInfo({way.part: path[begins:]}, way.route)
        found.add_app(self._app)
        found.freeze()
        request._match_info = found  # noqa: SLF001 - as the pinned library does itself
        return self._around(request, way.handler)


DIRECT: web.AppKey[Direct] = web.AppKey("direct", Direct)
