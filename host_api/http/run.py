"""`/v1/run`: somebody's val, as its author's own evaluation.

Whose evaluation it is, is fixed by the route; who may run it, and that a private val is like none, by the house.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from http import HTTPMethod

from aiohttp import web

from host_api.door import Served
from host_api.house import Entry
from host_api.http import answers, incoming, json_text
from host_api.http.answering import HttpDoor
from host_api.http.declared import JSON, Body, Field, Reply, object_of
from host_api.http.kinds import Arguments
from host_api.http.route import VAL_MADE, Access, Call, Route
from host_api.http.schemas import ANY
from host_api.store.model import Scope
from kernel.errors import BadInput, NotFound
from kernel.principals import ValName

SOURCE = "api"

ARGS = Field("args", Arguments(), "A JSON array: what a function is called with.", nullable=False)
RESULT: Mapping[int, Reply] = {
    200: Reply(
        "The value, as JSON; or the Response that it is.",
        ANY,
        headers=("X-Evaluation-Id", "X-Val-Result-Type"),
        or_else="*/*",
    ),
    **VAL_MADE,
}
"""What is answered when all went well."""

BODY_MUST_BE = 'The body must be {"args": […]}, an array of arguments, {}, or nothing.'


async def run(call: Call) -> web.StreamResponse:
    """Run `user.val` with the body's arguments, else the query's."""
    request, limit = call.request, call.house.settings.body
    entry = _entry(request.match_info["val"])
    body = incoming.arrived(request, call.gate, limit)
    if body is None:
        body = await incoming.awaited(request, call.gate, limit)
    args = json_text.only_array(body, ARGS.name)
    if args is None:
        args = _arguments(request, body)
    door = HttpDoor(request, 0)
    outcome = await call.house.evaluate(
        requester=call.requester.name,
        source=SOURCE,
        entry=entry,
        args=args,
        as_author=True,
        chain=incoming.chain_of(request),
        served=Served(door),
    )
    return await door.finish(outcome)


_read_name = lru_cache(maxsize=4096)(ValName.parse)  # what cannot be a name is not kept, and a name is short


def val_name(text: str) -> ValName:
    """Read `user.val` of a path; what cannot be a name is not found, like any name that nobody uses."""
    try:
        return _read_name(text)
    except BadInput:
        raise NotFound(answers.NOT_FOUND) from None


@lru_cache(maxsize=4096)  # what cannot be a name is not kept, and a name is short
def _entry(text: str) -> Entry:
    name = val_name(text)
    return Entry(val=(name.owner.name, name.name, name.version))


def _arguments(request: web.Request, body: bytes) -> bytes | None:
    """Read what is no plain `{"args": […]}`."""
    in_body = None if json_text.is_blank(body) else _body_arguments(body)
    return in_body if in_body is not None else ARGS.asked(request)


def _body_arguments(body: bytes) -> bytes | None:
    document = json_text.parse(body)
    match document.text[0]:
        case "[":
            return document.raw
        case "{":
            return ARGS.given(document)
        case _:
            raise BadInput(BODY_MUST_BE)


_VAL = {"val": {"type": "string", "description": "`user.val` or `@user.val`; with `@12` behind it, that version."}}
_ROUTE = partial(
    Route,
    path="/v1/run/{val}",
    handler=run,
    access=Access.ANYONE,
    scope=Scope.RUN,
    runs_code=True,
    parts=_VAL,
    query=(ARGS,),
    answers=RESULT,
    tag="running",
)
ROUTES = (
    _ROUTE(HTTPMethod.GET),
    _ROUTE(
        HTTPMethod.POST,
        body=Body({JSON: {"anyOf": [object_of((ARGS,)), Arguments().schema]}}, required=False, example={"args": []}),
    ),
)
