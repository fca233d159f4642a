"""`/v1/me`: who the token says one is."""

from __future__ import annotations

from http import HTTPMethod

from aiohttp import web

from host_api.http import answers, paging, shapes
from host_api.http.declared import Reply
from host_api.http.paging import Page
from host_api.http.route import Access, Call, Route
from host_api.http.schemas import ref


async def show(call: Call) -> web.Response:
    """Show the requester's own account."""
    return answers.answer(shapes.user(call.requester.insist_account()))


async def likes(call: Call) -> web.Response:
    """List what the requester likes: nothing, since there are no likes here; editors ask."""
    return paging.listed(call.request, Page.of(call.request), [])


ROUTES = (
    Route(HTTPMethod.GET, "/v1/me", show, Access.ACCOUNT, None, answers={200: Reply("The account.", ref("User"))}),
    Route(
        HTTPMethod.GET,
        "/v1/me/likes",
        likes,
        Access.ACCOUNT,
        None,
        query=paging.PAGED,
        answers=paging.pages_of(ref("BaseVal")),
    ),
)
