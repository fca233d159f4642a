"""`/v1/express` and `/v1/web`: a val answers the request itself, as its author's own evaluation; and what vals' hosts share with them.

A document's navigation is sent to the val's own host, since here no script of a val's may run; anything else is answered in place.
A valid token of ours is taken out before anything reaches a val; what is not ours passes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPMethod
from typing import Final

from aiohttp import web

from host_api.door import Head, Manner, Served
from host_api.house import Entry, House
from host_api.http import answers, incoming
from host_api.http.answering import CONTROL, HttpDoor, Origin
from host_api.http.hostnames import host_of, scheme_and_port
from host_api.http.outgoing import CONNECTION
from host_api.http.route import ANY_METHOD, Access, Call, Route
from host_api.http.run import SOURCE, val_name
from host_api.http.who import Requester
from host_api.store import Val, is_public
from host_api.store.model import Scope
from kernel.errors import NotFound
from kernel.principals import ValName

DOCUMENTS: Final = frozenset({"document", "iframe", "frame", "embed", "object"})
"""What browsers say in Sec-Fetch-Dest when they are about to show what comes."""
SMALL = 256 * 1024
"""Bytes of a body that is read before the val runs, if its length is declared; a larger one is read as the val asks for it."""
NOTHING_SAID: Final = Head(204, "", ())
"""What is answered for a handler that came to its end without an answer."""
_MINDS_PREFLIGHTS: Final = ("options", "access-control", "cors")


@dataclass(frozen=True, slots=True)
class Visit:
    """One request to a val: where it was asked for (`base`), what of the path is the val's, and whether a token of ours is to be taken out."""

    request: web.Request
    val: Val
    manner: Manner
    base: str
    path: str
    origin: Origin
    requester: str | None = None
    as_author: bool = True
    without_token: bool = False
    version: int | None = None


async def serve(house: House, visit: Visit) -> web.StreamResponse:
    """Let the val answer."""
    if is_preflight(visit.request) and not _minds_preflights(visit.val.code):
        return preflight(visit.request)
    limit, val = house.settings.body, visit.val
    body = await _body(visit.request, limit)
    door = HttpDoor(visit.request, limit, visit.origin)
    outcome = await house.evaluate(
        requester=visit.requester,
        source=SOURCE,
        entry=Entry(val=(val.owner, val.name, visit.version)),
        args=json.dumps([{"method": visit.request.method, "path": visit.path}]).encode(),
        as_author=visit.as_author,
        chain=incoming.chain_of(visit.request),
        manner=visit.manner,
        served=Served(door, _described(house, visit), body),
    )
    if outcome.error is None and not door.answered:
        door.whole(NOTHING_SAID, b"")
    answer = await door.finish(outcome)
    return with_preflight(visit.request, answer)


def _minds_preflights(code: str) -> bool:
    """Whether a val's source looks as if it answers them itself; by plain search, which anybody who asks may have done."""
    small = code.lower()
    return any(word in small for word in _MINDS_PREFLIGHTS)


def visible(house: House, named: ValName, requester: Requester) -> Val:
    """Return a val that may be run by whoever asks, at the version that is named, or its newest; raise NotFound."""
    val = house.store.val(named.owner.name, named.name, named.version)
    if val is None or not (is_public(val) or requester.owns(val.owner_id)):
        raise NotFound(answers.NOT_FOUND)
    return val


def is_preflight(request: web.Request) -> bool:
    """Whether a browser asks first whether it may ask."""
    asked = "Origin" in request.headers and "Access-Control-Request-Method" in request.headers
    return request.method == HTTPMethod.OPTIONS and asked


def preflight(request: web.Request) -> web.Response:
    """Answer that anybody may ask for anything, without credentials."""
    return web.Response(status=204, headers=_allowed(request))


def with_preflight(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """Add what a val's own answer to a preflight does not say."""
    if is_preflight(request) and not response.prepared:
        for name, value in _allowed(request).items():
            response.headers.setdefault(name, value)
    return response


def _allowed(request: web.Request) -> dict[str, str]:
    wanted = request.headers.get("Access-Control-Request-Headers", "")
    named = ", ".join(part for part in (answers.PREFLIGHT["Access-Control-Allow-Headers"], wanted) if part)
    return {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
        "Access-Control-Allow-Headers": named,
        "Access-Control-Max-Age": answers.PREFLIGHT["Access-Control-Max-Age"],
    }


async def _body(request: web.Request, limit: int) -> bytes | None:
    """Return the body if it is small or there is none; None when it is to be read piece by piece."""
    length = request.content_length
    if not request.can_read_body:
        return b""
    if length is not None and (length <= SMALL or length > limit):
        return await incoming.read_body(request, limit)  # which refuses one that declares itself too large
    return None


def _described(house: House, visit: Visit) -> bytes:
    """Write the request as the runtime's `serve` reads it; headers flat, names in lower case."""
    request = visit.request
    scheme, port = scheme_and_port(request)
    # On its own host a val sees the address that was asked for; in place, that of its host.
    asked = None if visit.base else request.headers.get("Host")
    host = asked or host_of(visit.val, house.settings.vals_domain, port)
    query = request.rel_url.raw_query_string
    search = f"?{query}" if query else ""
    told = {
        "method": request.method,
        "url": f"{scheme}://{host}{visit.path}{search}",
        "path": visit.path,
        "search": search,
        "base": visit.base,
        "protocol": scheme,
        "hostname": re.sub(r":[0-9]*$", "", request.headers.get("Host", host)),
        "ip": request.remote or "",
        "headers": list(_headers(visit)),
    }
    return json.dumps(told).encode()


def _headers(visit: Visit) -> Iterator[str]:
    untold = CONNECTION | {"content-encoding"} if incoming.is_coded(visit.request) else CONNECTION - {"content-length"}
    for raw_name, raw_value in visit.request.raw_headers:
        name = raw_name.decode("latin-1").lower()
        if name not in untold and not (visit.without_token and name == "authorization"):
            yield name
            yield raw_value.decode("latin-1").strip(" \t")


# -- the path forms ------------------------------------------------------------------------------------------


def parts_of(request: web.Request, prefix: str) -> tuple[str, str]:
    """Return the path as far as it names the val, and what of it is the val's: at least a slash."""
    raw = request.rel_url.raw_path
    named, slash, rest = raw.removeprefix(prefix).partition("/")
    return prefix + named, slash + rest if slash else "/"


async def _path_form(call: Call, prefix: str, manner: Manner) -> web.StreamResponse:
    try:
        return await _served(call, prefix, manner)
    except NotFound:
        if is_preflight(call.request) and "Authorization" not in call.request.headers:
            return preflight(call.request)  # alike for what is private and what is not there
        raise


async def _served(call: Call, prefix: str, manner: Manner) -> web.StreamResponse:
    request, house, requester = call.request, call.house, call.requester
    named = val_name(call.path("val"))
    val = visible(house, named, requester)
    base, path = parts_of(request, prefix)
    if request.headers.get("Sec-Fetch-Dest", "") in DOCUMENTS and is_public(val) and named.version is None:
        return _to_its_host(house, request, val, manner, path)
    ours = requester.account is not None
    visit = Visit(request, val, manner, base, path, CONTROL, requester.name, without_token=ours, version=named.version)
    return await serve(house, visit)


def _to_its_host(house: House, request: web.Request, val: Val, manner: Manner, path: str) -> web.Response:
    scheme, port = scheme_and_port(request)
    query = request.rel_url.raw_query_string
    target = f"{scheme}://{host_of(val, house.settings.vals_domain, port, manner)}{path}{f'?{query}' if query else ''}"
    return web.Response(status=307, headers={"Location": target})


async def express(call: Call) -> web.StreamResponse:
    """Let an Express handler `(req, res)` answer."""
    return await _path_form(call, EXPRESS, Manner.EXPRESS)


async def fetch_handler(call: Call) -> web.StreamResponse:
    """Let a fetch handler `(request) => Response` answer."""
    return await _path_form(call, WEB, Manner.WEB)


EXPRESS: Final = "/v1/express/"
WEB: Final = "/v1/web/"

ROUTES = tuple(
    Route(ANY_METHOD, prefix + "{val}{rest:(/.*)?}", handler, Access.VISITOR, Scope.RUN, runs_code=True)
    for prefix, handler in ((EXPRESS, express), (WEB, fetch_handler))
)
