"""Lists: `offset` and `limit` in, `{"data": […], "links": {"self", "next"?, "prev"?}}` out.

Links are whole addresses, since clients follow them as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from aiohttp import web
from yarl import URL

from host_api.http import answers, schemas
from host_api.http.declared import Field, Reply
from host_api.http.kinds import Whole
from host_api.http.schemas import Json
from kernel.errors import BadInput

Item = TypeVar("Item")

MOST = 100
USUAL = 20
FARTHEST = 1_000_000_000

OFFSET = Field("offset", Whole(0, FARTHEST), "How many to leave out first.", usual=0)
LIMIT = Field("limit", Whole(1, MOST), "How many at most.", usual=USUAL)
PAGED = (OFFSET, LIMIT)


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for."""

    offset: int
    limit: int

    @classmethod
    def of(cls, request: web.Request) -> Page:
        """Read the query; raise BadInput that says the range."""
        limit = LIMIT.asked(request)
        return cls(OFFSET.asked(request) or 0, USUAL if limit is None else limit)


def pages_of(item: Json) -> dict[int, Reply]:
    """Declare that a route answers with a list of these."""
    return {200: Reply("One page; `links` lead to the others.", schemas.listed(item))}


def listed(request: web.Request, page: Page, found: Sequence[object], **beside: Sequence[object]) -> web.Response:
    """Answer with a page: `found` holds the page's items, and one more if there are more; so does each list beside it."""
    links = {"self": _link(request, page.offset, page)}
    if any(len(items) > page.limit for items in (found, *beside.values())):
        links["next"] = _link(request, page.offset + page.limit, page)
    if page.offset > 0:
        links["prev"] = _link(request, max(0, page.offset - page.limit), page)
    others = {name: items[: page.limit] for name, items in beside.items()}
    return answers.answer({"data": found[: page.limit], "links": links} | others)


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
