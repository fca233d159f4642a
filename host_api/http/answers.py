"""What goes back: JSON bodies, the one error shape, and the headers that keep a val's answer in its place.

Everything about the form of an answer; not about what led to it.
Source: http-api.md, first section and "Running code".
"""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

import orjson
from aiohttp import web
from multidict import CIMultiDict

from kernel.errors import NotFound, TooMany, Unauthorized, ValgateError, to_http

NOT_FOUND: Final = "Not found: there is nothing of that name here that you may see."
"""The one sentence for unknown, private and refused, whatever raised it."""

RETRY_AFTER = "1"
"""Seconds."""

EVERY_ANSWER: Final = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Server": "valgate"}
"""Answers depend on the token, none is what it is not declared to be, and what serves them is nobody's business."""

SANDBOX: Final = "sandbox; default-src 'none'"
"""A val chose what is in the answer: a browser that shows it gives it no origin, no script and no cookie."""

TO_ANYBODY: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "X-Evaluation-Id, X-Val-Result-Type",
}
"""Pages of anybody may read what running code answers, unless the val says otherwise; never with credentials."""

PREFLIGHT: Final = {
    # `*` does not stand for Authorization; and never with credentials, since no route knows a cookie.
    "Access-Control-Allow-Headers": "*, Authorization, Content-Type",
    "Access-Control-Max-Age": "86400",
}


DRESSED: Final = web.ResponseKey("dressed", bool)
"""Whether an answer carries already what every answer carries."""

_TOLD: Final = CIMultiDict(
    {"Content-Type": "application/json"} | EVERY_ANSWER | {"Content-Security-Policy": SANDBOX} | TO_ANYBODY
)


def told(body: bytes) -> web.Response:
    """Answer with JSON that running code has made, as it is, dressed."""
    response = web.Response(body=body, headers=_TOLD)
    response[DRESSED] = True
    return response


def answer(value: object, status: int = 200) -> web.Response:
    """Answer with JSON."""
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json")


def dress(response: web.StreamResponse, *, runs_code: bool) -> None:
    """Put on, once, what every answer carries; a val may say how long its own is kept, and who may read it."""
    if response.get(DRESSED, False):
        return
    response[DRESSED] = True
    caching = response.headers.get("Cache-Control")
    response.headers.update(EVERY_ANSWER)
    if not runs_code:
        return
    response.headers["Content-Security-Policy"] = SANDBOX
    if caching is not None:
        response.headers["Cache-Control"] = caching
    for name, value in TO_ANYBODY.items():
        response.headers.setdefault(name, value)


def no_content() -> web.Response:
    """Answer that it is done."""
    return web.Response(status=204)


def failure(error: ValgateError) -> web.Response:
    """Translate an error of ours, in one place."""
    status, body = to_http(error)
    if isinstance(error, NotFound):
        body["error"] = NOT_FOUND
    response = answer(body, status)
    if isinstance(error, Unauthorized):
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.seconds)
    return overloaded(response)


def overloaded(response: web.Response) -> web.Response:
    """Say when to try again, if that is what it is about."""
    if response.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = RETRY_AFTER
    return response


def sentence(status: int, text: str) -> web.Response:
    """Answer with an error that has no class of its own in the tree, as aiohttp's."""
    return answer({"type": "error", "error": text}, status)


def unknown_address() -> web.Response:
    """Answer for a path that no route has."""
    return sentence(404, "There is no such address in this API; /docs shows those that there are.")


def translated(error: web.HTTPException) -> web.Response:
    """Put what the HTTP library refuses into our shape."""
    match error:
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            response = sentence(error.status, f"{error.method} is not for this address; these are: {allowed}.")
            response.headers["Allow"] = allowed
            return response
        case web.HTTPNotFound():
            return unknown_address()
        case _:
            return sentence(error.status, f"{error.reason}.")


def iso(milliseconds: int) -> str:
    """Write a time as ISO 8601 in Z, to the millisecond."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
