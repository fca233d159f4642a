"""`/v1/me`: who the token says one is."""

from __future__ import annotations

from http import HTTPMethod

from aiohttp import web

from host_api.http import answers, shapes
from host_api.http.route import Access, Call, Route


async def show(call: Call) -> web.Response:
    """Show the requester's own account."""
    return answers.answer(shapes.user(call.requester.insist_account()))


ROUTES = (Route(HTTPMethod.GET, "/v1/me", show, Access.ACCOUNT, None),)
