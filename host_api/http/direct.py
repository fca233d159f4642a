"""The short way to the routes that are asked most: found by what their paths begin with, without the library's router around them.

What is not plain about a request (percent signs, a rest with slashes, `Expect`) goes the library's way, and comes to the same
handler. Around both stands the same guard. This file does not know what a route does.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable
from typing import Final, NamedTuple

from aiohttp import web
from aiohttp.web_urldispatcher import UrlMappingMatchInfo

from host_api.http.guard import About, Guard, Handler
from host_api.http.route import Route

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.@]{1,200}", re.ASCII)
"""A part of a path that means what it says."""
MOST: Final = 4096
"""Paths whose ways are remembered; each is a few hundred bytes."""


class _Route(NamedTuple):
    part: str
    route: web.AbstractRoute
    handler: Handler
    about: About


class _Way(NamedTuple):
    """What the library's router would have found, which nobody changes, and who answers."""

    found: UrlMappingMatchInfo
    handler: Handler
    about: About


class Direct:
    """The routes of one application whose paths are a prefix and one part, and whose answers vals make."""

    def __init__(self, app: web.Application, guard: Guard) -> None:
        """Take the application, and what stands around every handler."""
        self._app, self._around = app, guard.around
        self._routes: dict[tuple[str, str], _Route] = {}
        self._ways: dict[tuple[str, str], _Way] = {}

    def add(self, route: Route, added: web.AbstractRoute, handler: Handler) -> None:
        """Know a route, as the application has it, and who answers."""
        known = _Route(route.names[0], added, handler, About(route.pattern, runs_code=True))
        self._routes[added.method, route.path.partition("{")[0]] = known

    def answer(self, request: web.Request) -> Awaitable[web.StreamResponse] | None:
        """Answer a request; None if it is not for here."""
        method, path = request.method, request.rel_url.raw_path
        way = self._ways.get((method, path)) or self._found(method, path)
        if way is None or "Expect" in request.headers:
            return None
        request._match_info = request._cache["match_info"] = way.found  # noqa: SLF001 - as the pinned library does itself
        return self._around(request, way.handler, way.about)

    def _found(self, method: str, path: str) -> _Way | None:
        """Find the way of a plain path, and remember it."""
        begins = path.rfind("/") + 1
        known = self._routes.get((method, path[:begins]))
        if known is None or _PLAIN.fullmatch(path, begins) is None:
            return None
        found = UrlMappingMatchInfo({known.part: path[begins:]}, known.route)
        found.add_app(self._app)
        found.freeze()
        if len(self._ways) >= MOST:
            self._ways.clear()
        way = self._ways[method, path] = _Way(found, known.handler, known.about)
        return way


DIRECT: web.AppKey[Direct] = web.AppKey("direct", Direct)
