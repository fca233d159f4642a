"""`/v1/vals/{id}/versions`: a val's history. Others see it from the version with which it became theirs to see."""

from __future__ import annotations

import re
from http import HTTPMethod

from aiohttp import web

from host_api.http import answers, incoming, paging, shapes
from host_api.http.declared import Body
from host_api.http.paging import Page
from host_api.http.route import DONE, Access, Call, Route, Writes
from host_api.http.schemas import COUNT, ref
from host_api.http.vals import BY_ID, CODE, EXAMPLE, FULL_VAL, own, sent, shown, visible
from host_api.store.model import Scope, Val
from kernel.errors import NotFound

_PATH = "/v1/vals/{id}/versions"
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


async def add(call: Call) -> web.Response:
    """Save a new version of one's own val; the code may be sent as for a new val."""
    val = own(call)
    _, code = await sent(call)
    code = incoming.insist_code(code, call.house.settings.code)
    return shown(call, await call.house.save(owner=val.owner, code=code, val_id=val.id), status=201)


async def history(call: Call) -> web.Response:
    """List versions, newest first."""
    val, page = visible(call), Page.of(call.request)
    lines = call.house.store.versions(val.id, limit=page.limit + 1, offset=page.offset)
    # Newest first, so what is hidden comes last and the pages stay whole.
    seen = [line for line in lines if call.requester.sees(val, line.version)]
    return paging.listed(call.request, page, [shapes.version(line, val, call.requester) for line in seen])


async def show(call: Call) -> web.Response:
    """Show the val as it was at one version."""
    return shown(call, _pinned(call, visible(call)))


async def remove(call: Call) -> web.Response:
    """Delete one version of one's own val; never the newest, which is the val."""
    val = _pinned(call, own(call))
    await call.house.store.delete_version(val.id, val.version)
    return answers.no_content()


def _pinned(call: Call, newest: Val) -> Val:
    number = call.path("number")
    val = call.house.store.val_by_id(newest.id, int(number)) if _NUMBER.fullmatch(number) else None
    if val is None or not call.requester.sees(newest, val.version):
        raise NotFound(answers.NOT_FOUND)
    return val


_ONE = BY_ID | {"number": COUNT}
ROUTES = (
    Route(
        HTTPMethod.POST,
        _PATH,
        add,
        Access.ACCOUNT,
        Scope.VAL_WRITE,
        Writes.VAL,
        parts=BY_ID,
        body=Body.of(CODE, example={"code": EXAMPLE}),
        answers={201: FULL_VAL},
        tag="vals",
    ),
    Route(
        HTTPMethod.GET,
        _PATH,
        history,
        Access.ANYONE,
        Scope.VAL_READ,
        parts=BY_ID,
        query=paging.PAGED,
        answers=paging.pages_of(ref("Version")),
        tag="vals",
    ),
    Route(
        HTTPMethod.GET,
        _PATH + "/{number}",
        show,
        Access.ANYONE,
        Scope.VAL_READ,
        parts=_ONE,
        answers={200: FULL_VAL},
        tag="vals",
    ),
    Route(
        HTTPMethod.DELETE,
        _PATH + "/{number}",
        remove,
        Access.ACCOUNT,
        Scope.VAL_WRITE,
        Writes.VAL,
        parts=_ONE,
        answers=DONE,
        refuses=(409,),
        tag="vals",
    ),
)
