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
from aiohttp import web, web_app
from aiohttp.typedefs import Middleware

from host_api.house import House
from host_api.http import (
    answering,
    answers,
    docs,
    eval,  # noqa: A004
    forks,
    hosts,
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
from host_api.http.gate import GATE, Gate
from host_api.http.hostnames import Asked
from host_api.http.incoming import insist_address
from host_api.http.outgoing import dress_host
from host_api.http.route import ANY_METHOD, Access, Call, Route
from host_api.http.who import NOBODY, Requester, identify
from kernel.errors import BadInput, BadSetting, HostFailure, Unauthorized, ValgateError

log = structlog.get_logger("valgate.http")

FAMILIES = (
    *(eval, run, serving, old, vals, versions, forks, runs, people, me, my_secrets, tokens, docs, operators, later),
)
ROUTES: tuple[Route, ...] = tuple(chain.from_iterable(family.ROUTES for family in FAMILIES))

_RUNNING = tuple({route.path.partition("{")[0] for route in ROUTES if route.runs_code})
"""Where paths begin whose answers a val may have made; also of those that no route matches."""

NO_WORKER = (
    "No val is a service worker of this origin, where it would answer for others; it may be one of its own host."
)

Tasks = set[asyncio.Task[Any]]

SETTLE_SECONDS = 5.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(house: House, gate: Gate) -> web.Application:
    """Make the application of a house that is open, and stays so longer than the application; behind this gate."""
    underway: Tasks = set()
    app = web.Application(middlewares=[_guard(house, underway, gate)])
    app[docs.DESCRIPTION] = docs.describe(ROUTES)
    app[GATE] = gate
    app.on_cleanup.append(lambda _: _settle(underway))
    app.on_response_prepare.append(answering.leave_untyped)
    for route in ROUTES:
        for method in _methods(route):
            app.router.add_route(method, route.pattern, _handler(route, house), expect_handler=_not_yet)
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
    """Find who asks; raise TooMany when they ask too often, and Unauthorized unless the route is for them."""
    if route.runs_code and "Service-Worker" in request.headers:
        raise BadInput(NO_WORKER)
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


def _guard(house: House, underway: Tasks, gate: Gate) -> Middleware:
    url_limit = house.settings.url

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = perf_counter()
        _note(underway)
        if (wanted := hosts.asked(request, house)) is not None:
            return await _on_its_host(request, house, wanted, gate)
        probe = request.rel_url.raw_path in operators.PROBES
        response = await _answered(request, handler, url_limit, gate, probe=probe)
        if not response.prepared:
            answers.dress(response, runs_code=request.rel_url.raw_path.startswith(_RUNNING))
        if gate.stopping:
            response.force_close()
        # The pattern, not the path: of /v1/eval the path is somebody's code.
        resource = request.match_info.route.resource
        pattern = resource.canonical if resource else None
        took = perf_counter() - started
        gate.tally.request(pattern, request.method, response.status, took)
        log.debug("request", method=request.method, route=pattern, status=response.status, ms=round(took * 1000, 2))
        return response

    return guard


async def _on_its_host(request: web.Request, house: House, wanted: Asked, gate: Gate) -> web.StreamResponse:
    """Let a val answer on its own host, where no address is ours."""
    started = perf_counter()

    async def answer(request: web.Request) -> web.StreamResponse:
        gate.charge(request, NOBODY)
        return await hosts.answer(request, house, wanted)

    response = await _answered(request, answer, house.settings.url, gate, probe=False)
    if not response.prepared:
        dress_host(response)
    if gate.stopping:
        response.force_close()
    gate.tally.request("vals host", request.method, response.status, perf_counter() - started)
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
    # The library remembers the handlers of all applications that there were, and through them their houses with the compiled guests.
    web_app._cached_build_middleware.cache_clear()  # noqa: SLF001 - it is pinned, and has no other door


async def _answered(
    request: web.Request, handler: Handler, url_limit: int, gate: Gate, *, probe: bool
) -> web.StreamResponse:
    """Answer, come what may; but a client that left is the server's to notice."""
    try:
        with gate.under_way(request, probe=probe):
            insist_address(request, url_limit)
            return await handler(request)
    except ValgateError as error:
        if isinstance(error, HostFailure | BadSetting):
            log.exception("request failed")
        # An operator's mistake is his to read: its sentence names files of the host.
        return _instead(request, answers.failure(HostFailure() if isinstance(error, BadSetting) else error))
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
