"""`/v1/me/tokens`: a token itself is shown once, in the answer that makes it.

Making one needs `eval`, its owner's full authority: so no token makes one that can do more than itself.
"""

from __future__ import annotations

import time
from http import HTTPMethod

from aiohttp import web

from host_api.http import answers, incoming, paging, shapes
from host_api.http.json_text import Document
from host_api.http.paging import Page
from host_api.http.route import Access, Call, Route, Writes
from host_api.store.model import Scope
from kernel.errors import BadInput, NotFound

_PATH = "/v1/me/tokens"
UNNAMED = "untitled"


async def held(call: Call) -> web.Response:
    """List the requester's tokens."""
    page = Page.of(call.request)
    found = call.house.store.tokens(call.requester.insist_account().id)
    return paging.listed(call.request, page, [shapes.token(token) for token in paging.cut(page, found)])


async def make(call: Call) -> web.Response:
    """Make a token, `{"name"?, "scopes", "expiresAt"?}`, and show it this once."""
    account = call.requester.insist_account()
    document = await incoming.read_object(call.request, call.house.settings.body)
    name = incoming.optional_text(document, "name") or UNNAMED
    token, text = await call.house.store.add_token(account.id, name, _scopes(document), _expiry(document))
    return answers.answer(shapes.token(token) | {"token": text}, 201)


async def revoke(call: Call) -> web.Response:
    """Revoke one of the requester's tokens; the one that asks is no exception."""
    account = call.requester.insist_account()
    if not await call.house.store.revoke_token(account.id, call.path("id")):
        raise NotFound(answers.NOT_FOUND)
    return answers.no_content()


def _scopes(document: Document) -> frozenset[Scope]:
    """Read the scopes: there is no default, since a default would grant."""
    part = document.members.get("scopes")
    asked = part.value if part is not None else None
    known = {scope.value for scope in Scope}
    if not isinstance(asked, list) or not asked or not all(isinstance(item, str) and item in known for item in asked):
        raise BadInput(f"scopes must be an array of some of: {', '.join(Scope)}.")
    return frozenset(Scope(item) for item in asked)


def _expiry(document: Document) -> int | None:
    """Read `expiresAt`, ISO 8601 with its zone, as milliseconds since 1970; None is never."""
    text = incoming.optional_text(document, "expiresAt")
    if text is None:
        return None
    moment = incoming.moment(text, "expiresAt")
    if moment <= time.time() * 1000:
        raise BadInput("expiresAt must be in the future.")
    return moment


ROUTES = (
    Route(HTTPMethod.GET, _PATH, held, Access.ACCOUNT, Scope.EVAL),
    Route(HTTPMethod.POST, _PATH, make, Access.ACCOUNT, Scope.EVAL, Writes.TOKEN),
    Route(HTTPMethod.DELETE, _PATH + "/{id}", revoke, Access.ACCOUNT, Scope.EVAL, Writes.TOKEN),
)
