"""`/v1/users`, `/v1/alias` and `/v1/search`: finding people, and what of theirs the requester may see."""

from __future__ import annotations

from functools import partial
from http import HTTPMethod

from aiohttp import web

from host_api.http import answers, paging, shapes
from host_api.http.declared import Field, Reply
from host_api.http.kinds import Text
from host_api.http.paging import Page
from host_api.http.route import Access, Call, Route
from host_api.http.schemas import ID, STRING, ref
from host_api.http.vals import FULL_VAL, shown
from host_api.store.model import Account, Scope
from kernel.errors import NotFound

LONGEST = 512
QUERY = Field(
    "query", Text(1, LONGEST), "What the name, code or readme must have in it, in whatever case.", required=True
)


async def user(call: Call) -> web.Response:
    """Show an account."""
    return answers.answer(shapes.user(_by_id(call)))


async def vals(call: Call) -> web.Response:
    """List an account's vals by name: the public ones, or all to their owner."""
    account, page, reader = _by_id(call), Page.of(call.request), call.requester
    found = await call.house.store.listed_vals(
        account.id, reader.id, public_only=not reader.owns(account.id), limit=page.limit + 1, offset=page.offset
    )
    return paging.listed(call.request, page, [shapes.base_val(val, reader) for val in found])


async def alias(call: Call) -> web.Response:
    """Show an account by its name."""
    return answers.answer(shapes.user(_by_name(call)))


async def val_alias(call: Call) -> web.Response:
    """Show a val by its owner's name and its own."""
    val = call.house.store.val(_by_name(call).name, call.path("val"))
    if val is None or not call.requester.sees(val):
        raise NotFound(answers.NOT_FOUND)
    return shown(call, val)


async def search(call: Call) -> web.Response:
    """Search public vals and one's own; those that have it in the name come first."""
    text, page, reader = QUERY.insist_asked(call.request), Page.of(call.request), call.requester
    found = await call.house.store.search(text, reader.id, limit=page.limit + 1, offset=page.offset)
    return paging.listed(call.request, page, [shapes.base_val(val, reader) for val in found])


def _by_id(call: Call) -> Account:
    return _insist(call.house.store.account_by_id(call.path("id")))


def _by_name(call: Call) -> Account:
    return _insist(call.house.store.account(call.path("username").removeprefix("@")))


def _insist(account: Account | None) -> Account:
    if account is None:
        raise NotFound(answers.NOT_FOUND)
    return account


_GET = partial(Route, HTTPMethod.GET, access=Access.ANYONE, tag="people")
_USER = {200: Reply("The account.", ref("User"))}
_LIST = paging.pages_of(ref("BaseVal"))
_NAMED = {"username": STRING, "val": STRING}
ROUTES = (
    _GET("/v1/users/{id}", user, scope=None, parts={"id": ID}, answers=_USER),
    _GET("/v1/users/{id}/vals", vals, scope=Scope.VAL_READ, parts={"id": ID}, query=paging.PAGED, answers=_LIST),
    _GET("/v1/alias/{username}", alias, scope=None, parts=_NAMED, answers=_USER),
    _GET("/v1/alias/{username}/{val}", val_alias, scope=Scope.VAL_READ, parts=_NAMED, answers={200: FULL_VAL}),
    _GET("/v1/search/vals", search, scope=Scope.VAL_READ, query=(QUERY, *paging.PAGED), answers=_LIST),
)
