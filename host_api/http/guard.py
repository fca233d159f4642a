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
MOST_OF_A_CHARACTER = 4
"""Bytes of UTF-8."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class About(NamedTuple):
    """What is known of a request's address: its route's pattern (None: no route has it), and what that says of the answer.

    `probe`: it is answered also by a server that has too much to do; `runs_code`: a val may have made the answer; `old`: there is a
    newer address; `own_host`: it is the address of a val, on its own host.
    """

    pattern: str | None
    probe: bool = False
    runs_code: bool = False
    old: bool = False
    own_host: bool = False


ON_ITS_HOST = About("vals host", runs_code=True, own_host=True)


def about(request: web.Request, running: tuple[str, ...]) -> About:
    """Look at a request that has its route; `running` is where paths begin whose answers a val may have made."""
    # The pattern, not the path: of /v1/eval the path is somebody's code.
    resource, path = request.match_info.route.resource, request.rel_url.raw_path
    pattern = resource.canonical if resource else None
    return About(pattern, path in operators.PROBES, path.startswith(running), old.is_old(path))


class Guard:
    """What stands around the handlers of a house."""

    def __init__(self, house: House, gate: Gate) -> None:
        """Take the house, and the gate before it."""
        self._house, self._gate, self._tally = house, gate, gate.tally
        self._domain, self._longest = house.settings.vals_domain, house.settings.url
        self._debugging = log.is_enabled_for(DEBUG)

    async def around(self, request: web.Request, handler: Handler, known: About) -> web.StreamResponse:
        """Answer, come what may; but a client that left is the server's to notice. Count the request and its answer."""
        started, gate = perf_counter(), self._gate
        if (wanted := asked_of(request.headers.get("Host", ""), self._domain)) is not None:
            handler, known = self._on_its_host(wanted), ON_ITS_HOST
        try:
            gate.begins(always=known.probe)
            try:
                if MOST_OF_A_CHARACTER * len(request.raw_path) > self._longest:
                    insist_address(request, self._longest)
                response = await handler(request)
            finally:
                gate.ends(request)
        except Exception as error:  # noqa: BLE001 - each is told, or raised again
            response = await _refusal(request, error)
        if known.old or known.own_host or not isinstance(response, answers.Told):
            _dress(request, response, known)
        if gate.stopping or gate.retiring:
            response.force_close()
        took = perf_counter() - started
        self._tally.request(known.pattern, request.method, response.status, took)
        if self._debugging and not known.own_host:
            ms = round(took * 1000, 2)
            log.debug("request", method=request.method, route=known.pattern, status=response.status, ms=ms)
        return response

    def _on_its_host(self, wanted: Asked) -> Handler:
        """Return what lets a val answer on its own host, where no address is ours."""

        def answer(request: web.Request) -> Awaitable[web.StreamResponse]:
            self._gate.charge(request, NOBODY)
            return hosts.answer(request, self._house, wanted)

        return answer


def _dress(request: web.Request, response: web.StreamResponse, known: About) -> None:
    """Put on what every answer carries, unless it has begun."""
    if response.prepared:
        return
    if known.own_host:
        dress_host(response)
        return
    answers.dress(response, runs_code=known.runs_code)
    if known.old:
        old.mark(request, response)


async def settle(gate: Gate) -> None:
    """Wait for requests that were cancelled at the end: guests are gone before the house they live in is closed."""
    with suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_SECONDS):
            await gate.requests.empty()
    # The library remembers the handlers of all applications that there were, and through them their houses with the compiled guests.
    web_app._cached_build_middleware.cache_clear()  # noqa: SLF001 - it is pinned, and has no other door


async def _refusal(request: web.Request, error: Exception) -> web.StreamResponse:
    """Tell what was raised; raise it again if it says that nobody is there to be told."""
    match error:
        case ValgateError():
            if isinstance(error, HostFailure | BadSetting):
                log.error("request failed", exc_info=error)
            # An operator's mistake is his to read: its sentence names files of the host.
            return _instead(request, answers.failure(HostFailure() if isinstance(error, BadSetting) else error))
        case web.HTTPNotFound():
            return await _without_slash(request) or answers.translated(error)
        case web.HTTPException():
            return answers.translated(error)
        case ConnectionError() if request.transport is None or request.transport.is_closing():
            raise error
        case _:
            # The last door: logged with its cause, told without it.
            log.error("request failed", exc_info=error)
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
