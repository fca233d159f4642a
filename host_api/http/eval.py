"""`/v1/eval`: code of the requester's own, in the requester's own evaluation."""

from __future__ import annotations

from http import HTTPMethod

from aiohttp import web

from host_api.door import Served
from host_api.house import Entry
from host_api.http import incoming, json_text
from host_api.http.answering import HttpDoor
from host_api.http.declared import JSON, Body, Field, object_of
from host_api.http.kinds import Text
from host_api.http.route import Access, Call, Route
from host_api.http.run import ARGS, RESULT, SOURCE
from host_api.http.schemas import STRING
from host_api.store.model import Scope
from kernel.errors import BadInput, Unauthorized

PREFIX = "/v1/eval/"

CODE = Field("code", Text(), "JavaScript or TypeScript.", required=True)
BODY_MUST_BE = 'The body must be {"code": "…", "args"?: […]} or a bare JSON string of code.'


async def eval_path(call: Call) -> web.StreamResponse:
    """Evaluate the expression that the rest of the path spells, slashes and all."""
    code = incoming.path_after(call.request, PREFIX)
    return await _evaluate(call, code, ARGS.asked(call.request))


async def eval_body(call: Call) -> web.StreamResponse:
    """Evaluate the code of the body."""
    document = json_text.parse(await incoming.read_body(call.request, call.house.settings.body))
    match document.text[0]:
        case '"':
            return await _evaluate(call, CODE.kind.of_part(document, CODE.name), None)
        case "{":
            return await _evaluate(call, CODE.insist(document), ARGS.given(document))
        case _:
            raise BadInput(BODY_MUST_BE)


def insist_anonymous(call: Call) -> None:
    """Raise Unauthorized for an anonymous requester where the operator wants none to evaluate."""
    if call.requester.account is None and not call.house.settings.anonymous_eval:
        raise Unauthorized("This server evaluates nothing for anonymous requesters. Send a token.")


async def _evaluate(call: Call, code: str, args: bytes | None) -> web.StreamResponse:
    settings = call.house.settings
    insist_anonymous(call)
    door = HttpDoor(call.request, 0)
    outcome = await call.house.evaluate(
        requester=call.requester.name,
        source=SOURCE,
        entry=Entry(code=incoming.insist_code(code, settings.code)),
        args=args,
        as_author=False,
        chain=incoming.chain_of(call.request),
        served=Served(door),
    )
    return await door.finish(outcome)


ROUTES = (
    Route(
        HTTPMethod.GET,
        PREFIX + "{expression:.*}",
        eval_path,
        Access.ANYONE,
        Scope.EVAL,
        runs_code=True,
        query=(ARGS,),
        answers=RESULT,
        tag="running",
    ),
    Route(
        HTTPMethod.POST,
        "/v1/eval",
        eval_body,
        Access.ANYONE,
        Scope.EVAL,
        runs_code=True,
        body=Body(
            {JSON: {"anyOf": [object_of((CODE, ARGS)), STRING]}}, example={"code": "(a, b) => a + b", "args": [1, 2]}
        ),
        answers=RESULT,
        tag="running",
    ),
)
