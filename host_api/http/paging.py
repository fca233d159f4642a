"""Lists: `offset` and `limit` in, `{"data": […], "links": {"self", "next"?, "prev"?}}` out.

Links are whole addresses, since clients follow them as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from aiohttp import web
from yarl import URL

from host_api.http import answers, incoming
from kernel.errors import BadInput

Item = TypeVar("Item")

MOST = 100
USUAL = 20
FARTHEST = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for."""

    offset: int
    limit: int

    @classmethod
    def of(cls, request: web.Request) -> Page:
        """Read the query; raise BadInput that says the range."""
        return cls(_whole(request, "offset", 0, 0, FARTHEST), _whole(request, "limit", USUAL, 1, MOST))


def listed(request: web.Request, page: Page, found: Sequence[object]) -> web.Response:
    """Answer with a page: `found` holds the page's items, and one more if there are more."""
    links = {"self": _link(request, page.offset, page)}
    if len(found) > page.limit:
        links["next"] = _link(request, page.offset + page.limit, page)
    if page.offset > 0:
        links["prev"] = _link(request, max(0, page.offset - page.limit), page)
    return answers.answer({"data": found[: page.limit], "links": links})


def cut(page: Page, everything: Sequence[Item]) -> Sequence[Item]:
    """Take a page, and one more, of a list that is small enough to be whole in memory."""
    return everything[page.offset : page.offset + page.limit + 1]


def _link(request: web.Request, offset: int, page: Page) -> str:
    return str(_address(request).update_query(offset=offset, limit=page.limit))


def _address(request: web.Request) -> URL:
    try:
        return request.url
    except ValueError:
        raise BadInput("The Host header names no host.") from None


def _whole(request: web.Request, name: str, otherwise: int, least: int, most: int) -> int:
    text = incoming.query(request, name)
    if text is None or not text:
        return otherwise
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and least <= int(text) <= most):
        raise BadInput(f"{name} must be a whole number from {least} to {most}.")
    return int(text)
