"""`/v1/me/tokens`: a token itself is shown once, in the answer that makes it.

Making one needs `eval`, its owner's full authority: so no token makes one that can do more than itself.
"""

from __future__ import annotations

import time
from functools import partial
from http import HTTPMethod

from aiohttp import web

from host_api.http import answers, incoming, paging, shapes
from host_api.http.declared import Body, Field, Reply
from host_api.http.json_text import Document
from host_api.http.kinds import Moment, Several, Text
from host_api.http.paging import Page
from host_api.http.route import DONE, Access, Call, Route, Writes
from host_api.http.schemas import ID, ref
from host_api.store.model import Scope
from kernel.errors import BadInput, NotFound

_PATH = "/v1/me/tokens"
UNNAMED = "untitled"
NAME = Field("name", Text(most=100), "For its owner to know it by.")
# There is no default: a default would grant.
SCOPES = Field("scopes", Several(Scope), "What it is good for.", required=True)
EXPIRES_AT = Field("expiresAt", Moment(), "ISO 8601; without it, never.")


async def held(call: Call) -> web.Response:
    """List the requester's tokens."""
    page = Page.of(call.request)
    found = call.house.store.tokens(call.requester.insist_account().id)
    return paging.listed(call.request, page, [shapes.token(token) for token in paging.cut(page, found)])


async def make(call: Call) -> web.Response:
    """Make a token, `{"name"?, "scopes", "expiresAt"?}`, and show it this once."""
    account = call.requester.insist_account()
    document = await incoming.read_object(call.request, call.house.settings.body)
    name = NAME.given(document) or UNNAMED
    token, text = await call.house.store.add_token(account.id, name, SCOPES.insist(document), _expiry(document))
    return answers.answer(shapes.token(token) | {"token": text}, 201)


async def revoke(call: Call) -> web.Response:
    """Revoke one of the requester's tokens; the one that asks is no exception."""
    account = call.requester.insist_account()
    if not await call.house.store.revoke_token(account.id, call.path("id")):
        raise NotFound(answers.NOT_FOUND)
    return answers.no_content()


def _expiry(document: Document) -> int | None:
    """Read `expiresAt` as milliseconds since 1970; None is never."""
    moment = EXPIRES_AT.given(document)
    if moment is not None and moment <= time.time() * 1000:
        raise BadInput("expiresAt must be in the future.")
    return moment


_HELD = partial(Route, access=Access.ACCOUNT, scope=Scope.EVAL, tag="me")
ROUTES = (
    _HELD(HTTPMethod.GET, _PATH, held, query=paging.PAGED, answers=paging.pages_of(ref("Token"))),
    _HELD(
        HTTPMethod.POST,
        _PATH,
        make,
        writes=Writes.TOKEN,
        body=Body.of(SCOPES, NAME, EXPIRES_AT, example={"name": "to run vals", "scopes": ["run"]}),
        answers={201: Reply("The token, this once.", ref("NewToken"))},
        refuses=(422,),
    ),
    _HELD(HTTPMethod.DELETE, _PATH + "/{id}", revoke, writes=Writes.TOKEN, parts={"id": ID}, answers=DONE),
)
