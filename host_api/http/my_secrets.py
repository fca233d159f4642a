"""`/v1/me/secrets`: names only. A value goes in here and never comes out, not even to its owner."""

from __future__ import annotations

from http import HTTPMethod

from aiohttp import web

from host_api.http import answers, incoming, paging
from host_api.http.paging import Page
from host_api.http.route import Access, Call, Route, Writes
from host_api.store.model import Scope
from kernel.errors import NotFound

_PATH = "/v1/me/secrets"


async def names(call: Call) -> web.Response:
    """List the names of the requester's secrets."""
    page = Page.of(call.request)
    held = call.house.store.secret_names(call.requester.insist_account().name)
    return paging.listed(call.request, page, [{"name": name} for name in paging.cut(page, held)])


async def put(call: Call) -> web.Response:
    """Set a secret."""
    account = call.requester.insist_account()
    document = await incoming.read_object(call.request, call.house.settings.body)
    value = incoming.text_of(document.members.get("value"), "value")
    await call.house.store.put_secret(account.name, call.path("name"), value)
    return answers.no_content()


async def remove(call: Call) -> web.Response:
    """Delete a secret."""
    account = call.requester.insist_account()
    if not await call.house.store.delete_secret(account.name, call.path("name")):
        raise NotFound(answers.NOT_FOUND)
    return answers.no_content()


ROUTES = (
    Route(HTTPMethod.GET, _PATH, names, Access.ACCOUNT, Scope.SECRET_WRITE),
    Route(HTTPMethod.PUT, _PATH + "/{name}", put, Access.ACCOUNT, Scope.SECRET_WRITE, Writes.SECRET),
    Route(HTTPMethod.DELETE, _PATH + "/{name}", remove, Access.ACCOUNT, Scope.SECRET_WRITE, Writes.SECRET),
)
