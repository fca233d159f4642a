"""Routes that clients of later Val Town try: they are told in one sentence that there is no such thing here."""

from __future__ import annotations

from http import HTTPMethod

from aiohttp import web

from host_api.http import answers
from host_api.http.route import Access, Call, Route


async def blobs(_: Call) -> web.Response:
    """Refuse blob storage."""
    return answers.sentence(501, "Valgate has no blob storage: keep data in vals.")


async def sqlite(_: Call) -> web.Response:
    """Refuse SQLite."""
    return answers.sentence(501, "Valgate has no SQLite for vals: keep data in vals.")


_METHODS = (HTTPMethod.GET, HTTPMethod.POST, HTTPMethod.PUT, HTTPMethod.DELETE)
ROUTES = tuple(
    Route(method, path + "{rest:(/.*)?}", handler, Access.OPEN, None, answers={}, refuses=(501,))
    for path, handler in (("/v1/blob", blobs), ("/v1/sqlite", sqlite))
    for method in _METHODS
)
