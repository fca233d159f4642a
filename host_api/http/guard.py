"""What happens around every handler: what fails is answered, and each answer is dressed, counted and logged.

An answer's headers and the shape of an error are decided here once; a handler cannot forget them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from logging import DEBUG
from time import perf_counter
from typing import NamedTuple

import structlog
from aiohttp import web, web_app

from host_api.house import House
from host_api.http import answers, hosts, old, operators
from host_api.http.gate import Gate
from host_api.http.hostnames import Asked, asked_of
from host_api.http.incoming import insist_address
from host_api.http.outgoing import dress_host
from host_api.http.who import NOBODY
from kernel.errors import BadSetting, HostFailure, ValgateError

log = structlog.get_logger("valgate.http")

SETTLE_SECONDS = 5.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class About(NamedTuple):
    """What is known of a request's address: its route's pattern (None: no route has it), and what that says of the answer.

    `probe`: it is answered also by a server that has too much to do; `runs_code`: a val may have made the answer; `old`: there is a
    newer address.
    """

    pattern: str | None
    probe: bool = False
    runs_code: bool = False
    old: bool = False


Around = Callable[[web.Request, Handler, About], Awaitable[web.StreamResponse]]


def about(request: web.Request, running: tuple[str, ...]) -> About:
    """Look at a request that has its route; `running` is where paths begin whose answers a val may have made."""
    # The pattern, not the path: of /v1/eval the path is somebody's code.
    resource, path = request.match_info.route.resource, request.rel_url.raw_path
    pattern = resource.canonical if resource else None
    return About(pattern, path in operators.PROBES, path.startswith(running), old.is_old(path))


def guard(house: House, gate: Gate) -> Around:
    """Return what stands around the handlers of a house."""
    settings, debugging = house.settings, log.is_enabled_for(DEBUG)

    async def around(request: web.Request, handler: Handler, known: About) -> web.StreamResponse:
        started = perf_counter()
        if (wanted := asked_of(request.headers.get("Host", ""), settings.vals_domain)) is not None:
            response = await _on_its_host(request, house, wanted, gate)
            _leaves(request, response, "vals host", started, gate)
            return response
        response = await _answered(request, handler, settings.url, gate, probe=known.probe)
        if not response.prepared:
            answers.dress(response, runs_code=known.runs_code)
            if known.old:
                old.mark(request, response)
        took = _leaves(request, response, known.pattern, started, gate)
        if debugging:
            ms = round(took * 1000, 2)
            log.debug("request", method=request.method, route=known.pattern, status=response.status, ms=ms)
        return response

    return around


async def _on_its_host(request: web.Request, house: House, wanted: Asked, gate: Gate) -> web.StreamResponse:
    """Let a val answer on its own host, where no address is ours."""

    async def answer(request: web.Request) -> web.StreamResponse:
        gate.charge(request, NOBODY)
        return await hosts.answer(request, house, wanted)

    response = await _answered(request, answer, house.settings.url, gate, probe=False)
    if not response.prepared:
        dress_host(response)
    return response


def _leaves(
    request: web.Request, response: web.StreamResponse, pattern: str | None, started: float, gate: Gate
) -> float:
    """Count an answer, whose connection ends with it when the server stops; return the seconds that it took."""
    if gate.stopping or gate.retiring:
        response.force_close()
    took = perf_counter() - started
    gate.tally.request(pattern, request.method, response.status, took)
    return took


async def settle(gate: Gate) -> None:
    """Wait for requests that were cancelled at the end: guests are gone before the house they live in is closed."""
    with suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_SECONDS):
            await gate.requests.empty()
    # The library remembers the handlers of all applications that there were, and through them their houses with the compiled guests.
    web_app._cached_build_middleware.cache_clear()  # noqa: SLF001 - it is pinned, and has no other door


async def _answered(
    request: web.Request, handler: Handler, url_limit: int, gate: Gate, *, probe: bool
) -> web.StreamResponse:
    """Answer, come what may; but a client that left is the server's to notice."""
    try:
        gate.begins(always=probe)
        try:
            insist_address(request, url_limit)
            return await handler(request)
        finally:
            gate.ends(request)
    except ValgateError as error:
        if isinstance(error, HostFailure | BadSetting):
            log.exception("request failed")
        # An operator's mistake is his to read: its sentence names files of the host.
        return _instead(request, answers.failure(HostFailure() if isinstance(error, BadSetting) else error))
    except web.HTTPNotFound as error:
        return await _without_slash(request) or answers.translated(error)
    except web.HTTPException as error:
        return answers.translated(error)
    except Exception as error:
        if isinstance(error, ConnectionError) and request.transport is None:
            raise
        # The last door: logged with its cause, told without it.
        log.exception("request failed")
        return _instead(request, answers.failure(HostFailure()))


async def _without_slash(request: web.Request) -> web.Response | None:
    """Send a client to the address that it means: some of 2023 write `/v1/me/`. Method and body go along (308)."""
    path = request.rel_url.raw_path
    if not path.startswith("/v1/") or not path.endswith("/") or path.endswith("//"):
        return None
    meant = request.rel_url.with_path(path[:-1], encoded=True, keep_query=True)
    found = await request.app.router.resolve(request.clone(rel_url=meant))
    return None if found.http_exception else web.Response(status=308, headers={"Location": str(meant)})


def _instead(request: web.Request, failure: web.Response) -> web.Response:
    """Return a failure; where an answer has begun already it has no end, since within it another would be taken for a part of it."""
    if request.writer.output_size == 0:
        return failure
    if request.transport is not None:
        request.transport.abort()
    raise ConnectionAbortedError
