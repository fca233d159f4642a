"""`/v1/me/secrets`: names only. A value goes in here and never comes out, not even to its owner."""

from __future__ import annotations

from functools import partial
from http import HTTPMethod

from aiohttp import web

from host_api.http import answers, incoming, paging
from host_api.http.declared import Body, Field
from host_api.http.kinds import Text
from host_api.http.paging import Page
from host_api.http.route import DONE, Access, Call, Route, Writes
from host_api.http.schemas import NAME as A_NAME
from host_api.http.schemas import ref
from host_api.store.model import Scope
from kernel.errors import NotFound

_PATH = "/v1/me/secrets"
VALUE = Field("value", Text(), "What code reads as `@me.secrets.name`; 64 KiB at most.", required=True)


async def names(call: Call) -> web.Response:
    """List the names of the requester's secrets."""
    page = Page.of(call.request)
    held = call.house.store.secret_names(call.requester.insist_account().name)
    return paging.listed(call.request, page, [{"name": name} for name in paging.cut(page, held)])


async def put(call: Call) -> web.Response:
    """Set a secret."""
    account = call.requester.insist_account()
    document = await incoming.read_object(call.request, call.house.settings.body)
    await call.house.store.put_secret(account.name, call.path("name"), VALUE.insist(document))
    return answers.no_content()


async def remove(call: Call) -> web.Response:
    """Delete a secret."""
    account = call.requester.insist_account()
    if not await call.house.store.delete_secret(account.name, call.path("name")):
        raise NotFound(answers.NOT_FOUND)
    return answers.no_content()


_NAMED = {"name": A_NAME}
_HELD = partial(Route, access=Access.ACCOUNT, scope=Scope.SECRET_WRITE, tag="me")
ROUTES = (
    _HELD(HTTPMethod.GET, _PATH, names, query=paging.PAGED, answers=paging.pages_of(ref("SecretName"))),
    _HELD(
        HTTPMethod.PUT,
        _PATH + "/{name}",
        put,
        writes=Writes.SECRET,
        parts=_NAMED,
        body=Body.of(VALUE),
        answers=DONE,
        refuses=(422,),
    ),
    _HELD(HTTPMethod.DELETE, _PATH + "/{name}", remove, writes=Writes.SECRET, parts=_NAMED, answers=DONE),
)
