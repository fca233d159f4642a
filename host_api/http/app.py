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
from host_api.http import answers, eval, later, me, my_secrets, operators, run, runs, tokens, vals, versions  # noqa: A004
from host_api.http.gate import GATE, Gate
from host_api.http.incoming import insist_address
from host_api.http.route import Access, Call, Route
from host_api.http.who import NOBODY, Requester, identify
from kernel.errors import HostFailure, Unauthorized, ValgateError

log = structlog.get_logger("valgate.http")

FAMILIES = (eval, run, vals, versions, runs, me, my_secrets, tokens, operators, later)
ROUTES: tuple[Route, ...] = tuple(chain.from_iterable(family.ROUTES for family in FAMILIES))

_RUNNING = tuple({route.path.partition("{")[0] for route in ROUTES if route.runs_code})
"""Where paths begin whose answers a val may have made; also of those that no route matches."""

Tasks = set[asyncio.Task[Any]]

SETTLE_SECONDS = 5.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(house: House, gate: Gate) -> web.Application:
    """Make the application of a house that is open, and stays so longer than the application; behind this gate."""
    underway: Tasks = set()
    app = web.Application(middlewares=[_guard(house.settings.url, underway, gate)])
    app[GATE] = gate
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
    async def handle(request: web.Request) -> web.StreamResponse:
        return await route.handler(Call(house, request, _admit(route, request, house)))

    return handle


def _admit(route: Route, request: web.Request, house: House) -> Requester:
    """Find who asks; raise TooMany when they ask too often, and Unauthorized unless the route is for them."""
    if route.access is Access.OPEN:
        return NOBODY
    requester = _identified(request, house)
    if route.access is Access.ACCOUNT:
        requester.insist_account()
    if route.scope is not None:
        requester.insist_scope(route.scope)
    return requester


def _identified(request: web.Request, house: House) -> Requester:
    """Find who asks and count it; who tries tokens is counted as an address."""
    gate = request.app[GATE]
    try:
        requester = identify(request, house.store)
    except Unauthorized:
        gate.charge(request, NOBODY)
        raise
    gate.charge(request, requester)
    return requester


def _running_paths() -> dict[str, list[str]]:
    paths: dict[str, list[str]] = {}
    for route in ROUTES:
        if route.runs_code:
            paths.setdefault(route.path, []).append(route.method)
    return paths


def _preflight(methods: list[str]) -> Handler:
    allowed = ", ".join([*methods, HTTPMethod.OPTIONS])

    async def preflight(_: web.Request) -> web.Response:
        return web.Response(status=204, headers={"Access-Control-Allow-Methods": allowed} | answers.PREFLIGHT)

    return preflight


async def _not_yet(request: web.Request) -> None:
    """Answer `Expect: 100-continue` when the body is read, not before: see incoming."""


def _guard(url_limit: int, underway: Tasks, gate: Gate) -> Middleware:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = perf_counter()
        _note(underway)
        response = await _answered(
            request, handler, url_limit, gate, probe=request.rel_url.raw_path in operators.PROBES
        )
        response.headers.update(answers.EVERY_ANSWER)
        if gate.stopping:
            response.force_close()
        if request.rel_url.raw_path.startswith(_RUNNING):
            response.headers.update(answers.RUNS_CODE)
        # The pattern, not the path: of /v1/eval the path is somebody's code.
        resource = request.match_info.route.resource
        pattern = resource.canonical if resource else None
        took = perf_counter() - started
        gate.tally.request(pattern, request.method, response.status, took)
        log.debug("request", method=request.method, route=pattern, status=response.status, ms=round(took * 1000, 2))
        return response

    return guard


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


async def _answered(
    request: web.Request, handler: Handler, url_limit: int, gate: Gate, *, probe: bool
) -> web.StreamResponse:
    """Answer, come what may; but a client that left is the server's to notice."""
    try:
        with gate.under_way(request, probe=probe):
            insist_address(request, url_limit)
            return await handler(request)
    except ValgateError as error:
        if isinstance(error, HostFailure):
            log.exception("request failed")
        return answers.failure(error)
    except web.HTTPException as error:
        return answers.translated(error)
    except Exception as error:
        if isinstance(error, ConnectionError) and request.transport is None:
            raise
        # The last door: logged with its cause, told without it.
        log.exception("request failed")
        return answers.failure(HostFailure())
