"""The v0 API, deprecated: code and vals in the requester's own evaluation, so that another's val is foreign code there.

Every answer says so, and where the v1 route is.
"""

from __future__ import annotations

import json
from dataclasses import replace
from http import HTTPMethod
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web

from host_api.door import Manner, Served
from host_api.house import Entry
from host_api.http import incoming
from host_api.http.answering import CONTROL, HttpDoor, Origin
from host_api.http.eval import insist_anonymous
from host_api.http.route import ANY_METHOD, Access, Call, Route
from host_api.http.run import RESULT, SOURCE, val_name
from host_api.http.schemas import STRING
from host_api.http.serving import Visit, is_preflight, parts_of, preflight, serve, visible
from host_api.store.model import Scope
from kernel.errors import BadInput

EVAL: Final = "/eval/"
OLD_EXPRESS: Final = "/express/"
MOST_FIELDS = 1000


def is_old(path: str) -> bool:
    """Whether an address is one of these."""
    return path.startswith((EVAL, OLD_EXPRESS))


def mark(request: web.Request, response: web.StreamResponse) -> None:
    """Say of every answer to one of these addresses, a refusal too, that there is a newer way, and where."""
    path = request.rel_url.raw_path
    if is_old(path) and not response.prepared:
        response.headers["Deprecation"] = "true"
        response.headers["Link"] = f'</v1{path}>; rel="successor-version"'


async def eval_path(call: Call) -> web.StreamResponse:
    """Evaluate the expression in the path; a function is called with the query as an object. Answers `{"data": value}`."""
    insist_anonymous(call)
    code = incoming.insist_code(incoming.path_after(call.request, EVAL), call.house.settings.code)
    door = HttpDoor(call.request, 0, _origin(call))
    outcome = await call.house.evaluate(
        requester=call.requester.name,
        source=SOURCE,
        entry=Entry(code=code),
        args=json.dumps([_query(call.request)]).encode(),
        as_author=False,
        chain=incoming.chain_of(call.request),
        served=Served(door),
    )
    return await door.finish(outcome._replace(json=b'{"data":' + outcome.json + b"}"))


async def express(call: Call) -> web.StreamResponse:
    """Let an Express handler answer, in the requester's own evaluation."""
    request, house = call.request, call.house
    if is_preflight(request):
        return preflight(request)
    requester = call.requester
    insist_anonymous(call)
    named = val_name(call.path("val"))
    val = visible(house, named, requester)
    base, path = parts_of(request, OLD_EXPRESS)
    visit = Visit(request, val, Manner.EXPRESS, base, path, _origin(call), requester.name)
    mine = replace(visit, as_author=False, without_token=requester.account is not None, version=named.version)
    return await serve(house, mine)


def _origin(call: Call) -> Origin:
    """The control origin, where a streamed answer says that it is old, too."""

    def dress(response: web.StreamResponse) -> None:
        CONTROL.dress(response)
        mark(call.request, response)

    return replace(CONTROL, dress=dress)


def _query(request: web.Request) -> dict[str, str | list[str]]:
    """Return the query's fields; one that comes several times is a list."""
    found: dict[str, str | list[str]] = {}
    text = request.rel_url.raw_query_string
    try:
        fields = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise BadInput(f"The query is not UTF-8, or has more than {MOST_FIELDS} fields.") from None
    for name, value in fields:
        known = found.get(name)
        found[name] = value if known is None else [*known, value] if isinstance(known, list) else [known, value]
    return found


ROUTES = (
    Route(
        HTTPMethod.GET,
        EVAL + "{expression:.*}",
        eval_path,
        Access.ANYONE,
        Scope.EVAL,
        runs_code=True,
        parts={"expression": STRING},
        answers=RESULT,
    ),
    Route(ANY_METHOD, OLD_EXPRESS + "{val}{rest:(/.*)?}", express, Access.VISITOR, Scope.EVAL, runs_code=True),
)
