"""`/openapi.json`, and `/docs`: a page to try all of this in a browser.

The page's files are a fixed table, built by guests/build.py: no path of a request ever becomes a path of the disk.
The page runs its own scripts and no other, and talks to this server and to no other.
"""

from __future__ import annotations

from functools import cache
from http import HTTPMethod
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Final

import orjson
from aiohttp import web

from host_api.house import BUILT
from host_api.http import answers, openapi
from host_api.http.declared import JSON, Reply
from host_api.http.route import Access, Call, Route
from host_api.http.schemas import OBJECT, STRING
from kernel.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable

PAGE: Final = "index.html"
FILES: Final = {
    PAGE: "text/html",
    "start.js": "text/javascript",
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
}
"""What there is, and what it is."""

STRICT: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""Nothing inline, nothing from elsewhere, and in nobody's frame."""

DESCRIPTION: Final = web.AppKey("description", bytes)
"""Where the application keeps the description of its routes."""


def describe(routes: Iterable[Route]) -> bytes:
    """Write the description of all routes."""
    return orjson.dumps(openapi.document(routes, _version()))


async def description(call: Call) -> web.Response:
    """Describe all of this, as OpenAPI 3.1."""
    return web.Response(body=call.request.app[DESCRIPTION], content_type=JSON)


async def page(_: Call) -> web.Response:
    """Show the page to try it."""
    return _file(PAGE)


async def file(call: Call) -> web.Response:
    """Give a file of the page."""
    return _file(call.path("name"))


def _file(name: str) -> web.Response:
    if name not in FILES:
        raise NotFound(answers.NOT_FOUND)
    return web.Response(body=_content(name), content_type=FILES[name], charset="utf-8", headers=STRICT)


@cache
def _content(name: str) -> bytes:
    return (BUILT / "docs" / name).read_bytes()


def _version() -> str:
    try:
        return version("valgate")
    except PackageNotFoundError:
        return "0"


_NAMED = {"name": STRING | {"enum": [*FILES]}}
ROUTES = (
    Route(
        HTTPMethod.GET,
        "/openapi.json",
        description,
        Access.OPEN,
        None,
        answers={200: Reply("OpenAPI 3.1.", OBJECT)},
    ),
    Route(HTTPMethod.GET, "/docs", page, Access.OPEN, None, answers={200: Reply("A page.", STRING, "text/html")}),
    Route(
        HTTPMethod.GET,
        "/docs/{name}",
        file,
        Access.OPEN,
        None,
        parts=_NAMED,
        answers={200: Reply("A file of the page.", STRING, "text/*")},
        refuses=(404,),
    ),
)
