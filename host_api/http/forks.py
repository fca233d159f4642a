"""`/v1/vals/{id}/fork` and `/v1/vals/{id}/references`: what a val is made of, and who makes use of it."""

from __future__ import annotations

from http import HTTPMethod

from aiohttp import web

from host_api.http import answers, incoming, json_text, paging, shapes
from host_api.http.declared import Body, Field, Reply
from host_api.http.json_text import Document
from host_api.http.kinds import Whole
from host_api.http.paging import FARTHEST, Page
from host_api.http.route import Access, Call, Route, Writes
from host_api.http.schemas import listed, many, ref
from host_api.http.vals import BY_ID, FULL_VAL, NAME, PRIVACY, shown, visible
from host_api.store.model import Scope, Val
from kernel.errors import NotFound

VERSION = Field("version", Whole(0, FARTHEST), "Without it, the newest.")


async def fork(call: Call) -> web.Response:
    """Make a val of one's own of another: code is saved anew, as its new owner; data is copied and nothing is run."""
    owner, val = call.requester.insist_account(), visible(call)
    document = await _options(call)
    asked = VERSION.given(document)
    source = val if asked is None else _at(call, val, asked)
    made = await call.house.fork(owner.name, source, name=NAME.given(document), privacy=PRIVACY.given(document))
    return shown(call, made, status=201)


async def references(call: Call) -> web.Response:
    """List the vals that name this one, and beside them (`names`, same page) the vals that this one names."""
    val, page, reader = visible(call), Page.of(call.request), call.requester
    store, part = call.house.store, {"limit": page.limit + 1, "offset": page.offset}
    found = [shapes.base_val(one, reader) for one in await store.naming(val, reader.id, **part)]
    names = [shapes.base_val(one, reader) for one in await store.named_by(val, reader.id, **part)]
    return paging.listed(call.request, page, found, names=names)


async def _options(call: Call) -> Document:
    body = await incoming.read_body(call.request, call.house.settings.body)
    return incoming.as_object(b"{}" if json_text.is_blank(body) else body)


def _at(call: Call, val: Val, version: int) -> Val:
    """Return a version, unless it is of a private past."""
    pinned = call.house.store.val_by_id(val.id, version)
    if pinned is None or not call.requester.sees(val, version):
        raise NotFound(answers.NOT_FOUND)
    return pinned


ROUTES = (
    Route(
        HTTPMethod.POST,
        "/v1/vals/{id}/fork",
        fork,
        Access.ACCOUNT,
        Scope.VAL_WRITE,
        Writes.VAL,
        parts=BY_ID,
        body=Body.of(NAME, PRIVACY, VERSION, required=False),
        answers={201: FULL_VAL},
        tag="vals",
    ),
    Route(
        HTTPMethod.GET,
        "/v1/vals/{id}/references",
        references,
        Access.ANYONE,
        Scope.VAL_READ,
        parts=BY_ID,
        query=paging.PAGED,
        answers={200: Reply("One page of both.", listed(ref("BaseVal"), names=many(ref("BaseVal"))))},
        tag="vals",
    ),
)
