"""The table of routes, and what happens around every handler: who asks, what fails, what each answer carries.

An answer's headers and the shape of an error are decided here once; a handler cannot forget them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPMethod
from itertools import chain
from time import perf_counter
from typing import Any

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from host_api.house import House
from host_api.http import (
    answers,
    eval,  # noqa: A004
    hosts,
    later,
    me,
    my_secrets,
    old,
    operators,
    run,
    runs,
    serving,
    tokens,
    vals,
    versions,
)
from host_api.http.hostnames import Asked
from host_api.http.incoming import insist_address
from host_api.http.outgoing import dress_host, leave_untyped
from host_api.http.route import Access, Call, Route
from host_api.http.who import NOBODY, Requester, identify
from kernel.errors import HostFailure, ValgateError

log = structlog.get_logger("valgate.http")

FAMILIES = (eval, run, serving, old, vals, versions, runs, me, my_secrets, tokens, operators, later)
ROUTES: tuple[Route, ...] = tuple(chain.from_iterable(family.ROUTES for family in FAMILIES))

_RUNNING = tuple({route.path.partition("{")[0] for route in ROUTES if route.runs_code})
"""Where paths begin whose answers a val may have made; also of those that no route matches."""

Tasks = set[asyncio.Task[Any]]

SETTLE_SECONDS = 5.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(house: House) -> web.Application:
    """Make the application of a house that is open, and stays so longer than the application."""
    underway: Tasks = set()
    app = web.Application(middlewares=[_guard(house, underway)])
    app.on_response_prepare.append(leave_untyped)
    app.on_cleanup.append(lambda _: _settle(underway))
    for route in ROUTES:
        for method in _methods(route):
            app.router.add_route(method, route.path, _handler(route, house), expect_handler=_not_yet)
    for path, methods in _running_paths().items():
        app.router.add_route(HTTPMethod.OPTIONS, path, _preflight(methods))
    return app


def _methods(route: Route) -> Iterable[str]:
    """Give a route's methods: HEAD reads wherever GET does, and never runs code that nobody will see."""
    heads = route.method == HTTPMethod.GET and not route.runs_code
    return (route.method, HTTPMethod.HEAD) if heads else (route.method,)


def _handler(route: Route, house: House) -> Handler:
    prefix = route.path.partition("{")[0]

    async def handle(request: web.Request) -> web.StreamResponse:
        if not request.rel_url.raw_path.startswith(prefix):
            raise web.HTTPNotFound  # /v1/%65val: the library decodes it, and nothing that looks at the path takes it for what it is
        return await route.handler(Call(house, request, _admit(route, request, house)))

    return handle


def _admit(route: Route, request: web.Request, house: House) -> Requester:
    """Find who asks, and raise Unauthorized unless the route is for them."""
    if route.access is Access.OPEN:
        return NOBODY
    requester = identify(request, house.store)
    if route.access is Access.ACCOUNT:
        requester.insist_account()
    if route.scope is not None:
        requester.insist_scope(route.scope)
    return requester


def _running_paths() -> dict[str, list[str]]:
    paths: dict[str, list[str]] = {}
    for route in ROUTES:
        if route.runs_code and route.method != serving.ANY:
            paths.setdefault(route.path, []).append(route.method)
    return paths


def _preflight(methods: list[str]) -> Handler:
    allowed = ", ".join([*methods, HTTPMethod.OPTIONS])

    async def preflight(_: web.Request) -> web.Response:
        return web.Response(status=204, headers={"Access-Control-Allow-Methods": allowed} | answers.PREFLIGHT)

    return preflight


async def _not_yet(request: web.Request) -> None:
    """Answer `Expect: 100-continue` when the body is read, not before: see incoming."""


def _guard(house: House, underway: Tasks) -> Middleware:
    url_limit = house.settings.url

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = perf_counter()
        _note(underway)
        if (wanted := hosts.asked(request, house)) is not None:
            return await _on_its_host(request, house, wanted)
        response = await _answered(request, handler, url_limit)
        if not response.prepared:
            answers.dress(response, runs_code=request.rel_url.raw_path.startswith(_RUNNING))
        # The pattern, not the path: of /v1/eval the path is somebody's code.
        resource = request.match_info.route.resource
        pattern = resource.canonical if resource else None
        took = round((perf_counter() - started) * 1000, 2)
        log.debug("request", method=request.method, route=pattern, status=response.status, ms=took)
        return response

    return guard


async def _on_its_host(request: web.Request, house: House, wanted: Asked) -> web.StreamResponse:
    """Let a val answer on its own host, where no address is ours."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return await hosts.answer(request, house, wanted)

    response = await _answered(request, answer, house.settings.url)
    if not response.prepared:
        dress_host(response)
    return response


def _note(underway: Tasks) -> None:
    """Remember this request's task until it is over."""
    task = asyncio.current_task()
    if task is not None:
        underway.add(task)
        task.add_done_callback(underway.discard)


async def _settle(underway: Tasks) -> None:
    """Wait for requests that were cancelled at the end: guests are gone before the house they live in is closed."""
    if underway:
        await asyncio.wait(underway, timeout=SETTLE_SECONDS)


async def _answered(request: web.Request, handler: Handler, url_limit: int) -> web.StreamResponse:
    """Answer, come what may; but a client that left is the server's to notice."""
    try:
        insist_address(request, url_limit)
        return await handler(request)
    except ValgateError as error:
        if isinstance(error, HostFailure):
            log.exception("request failed")
        return _instead(request, answers.failure(error))
    except web.HTTPException as error:
        return answers.translated(error)
    except Exception as error:
        if isinstance(error, ConnectionError) and request.transport is None:
            raise
        # The last door: logged with its cause, told without it.
        log.exception("request failed")
        return _instead(request, answers.failure(HostFailure()))


def _instead(request: web.Request, failure: web.Response) -> web.Response:
    """Return a failure; where an answer has begun already it has no end, since within it another would be taken for a part of it."""
    if request.writer.output_size == 0:
        return failure
    if request.transport is not None:
        request.transport.abort()
    raise ConnectionAbortedError
