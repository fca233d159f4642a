"""The table of routes, and the application that is made of it.

This file does not know what a route does, nor what happens around it: see guard.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from http import HTTPMethod
from itertools import chain

from aiohttp import web
from aiohttp.typedefs import Middleware

from host_api.house import House
from host_api.http import (
    answering,
    answers,
    docs,
    eval,  # noqa: A004
    forks,
    later,
    me,
    my_secrets,
    old,
    operators,
    people,
    run,
    runs,
    serving,
    tokens,
    vals,
    versions,
)
from host_api.http.admitting import admit
from host_api.http.direct import DIRECT, Direct
from host_api.http.gate import GATE, Gate
from host_api.http.guard import Guard, Handler, about, settle
from host_api.http.route import ANY_METHOD, Call, Route

FAMILIES = (
    *(eval, run, serving, old, vals, versions, forks, runs, people, me, my_secrets, tokens, docs, operators, later),
)
ROUTES: tuple[Route, ...] = tuple(chain.from_iterable(family.ROUTES for family in FAMILIES))

_RUNNING = tuple({route.path.partition("{")[0] for route in ROUTES if route.runs_code})
"""Where paths begin whose answers a val may have made; also of those that no route matches."""


def make_app(house: House, gate: Gate) -> web.Application:
    """Make the application of a house that is open, and stays so longer than the application; behind this gate."""
    guard = Guard(house, gate)
    app = web.Application(middlewares=[_around_all(guard)])
    app[docs.DESCRIPTION] = docs.describe(ROUTES)
    app[GATE] = gate
    direct = app[DIRECT] = Direct(app, guard)
    app.on_cleanup.append(lambda _: settle(gate))
    app.on_response_prepare.append(answering.leave_untyped)
    if not gate.siblings.alone:
        app.on_response_prepare.append(gate.tell_end)
    for route in ROUTES:
        handler = _handler(route, house, gate)
        for method in _methods(route):
            added = app.router.add_route(method, route.pattern, _librarys(handler), expect_handler=_not_yet)
            if route in run.ROUTES:
                direct.add(route, added, handler)
    for path, methods in _running_paths().items():
        app.router.add_route(HTTPMethod.OPTIONS, path, _preflight(methods))
    return app


def _methods(route: Route) -> Iterable[str]:
    """Give a route's methods: HEAD reads wherever GET does, and never runs code that nobody will see."""
    heads = route.method == HTTPMethod.GET and not route.runs_code
    return (route.method, HTTPMethod.HEAD) if heads else (route.method,)


def _around_all(guard: Guard) -> Middleware:
    """Have every handler that the library finds be guarded."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await guard.around(request, handler, about(request, _RUNNING))

    return middleware


def _handler(route: Route, house: House, gate: Gate) -> Handler:
    prefix = route.path.partition("{")[0]

    def handle(request: web.Request) -> Awaitable[web.StreamResponse]:
        if not request.rel_url.raw_path.startswith(prefix):
            raise web.HTTPNotFound  # /v1/%65val: the library decodes it, and nothing that looks at the path takes it for what it is
        return route.handler(Call(house, gate, request, admit(route, request, house, gate)))

    return handle


def _librarys(handler: Handler) -> Handler:
    """Return the same as a coroutine function, which the library's router insists on."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await handler(request)

    return handle


def _running_paths() -> dict[str, list[str]]:
    paths: dict[str, list[str]] = {}
    for route in ROUTES:
        # A route for any method has OPTIONS too.
        if route.runs_code and route.method != ANY_METHOD:
            paths.setdefault(route.pattern, []).append(route.method)
    return paths


def _preflight(methods: list[str]) -> Handler:
    allowed = ", ".join([*methods, HTTPMethod.OPTIONS])

    async def preflight(_: web.Request) -> web.Response:
        return web.Response(status=204, headers={"Access-Control-Allow-Methods": allowed} | answers.PREFLIGHT)

    return preflight


async def _not_yet(request: web.Request) -> None:
    """Answer `Expect: 100-continue` when the body is read, not before: see incoming."""
