"""What goes back: JSON bodies, the one error shape, and the headers that keep a val's answer in its place.

Everything about the form of an answer; not about what led to it.
Source: http-api.md, first section and "Running code".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPMethod, HTTPStatus
from time import time
from typing import TYPE_CHECKING, Final

import orjson
from aiohttp import HttpVersion11, web
from aiohttp.helpers import rfc822_formatted_time
from multidict import CIMultiDict

from kernel.errors import NotFound, TooMany, Unauthorized, ValgateError, to_http

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.web_request import BaseRequest

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


HEAD: Final = HTTPMethod.HEAD
"""Once: Python 3.11 works for 0.3 µs to find it in its enumeration."""

DRESSED: Final = web.ResponseKey("dressed", bool)
"""Whether an answer carries already what every answer carries."""

_TOLD: Final = {
    "Content-Type": "application/json",
    **EVERY_ANSWER,
    "Content-Security-Policy": SANDBOX,
    **TO_ANYBODY,
}
_HEAD: Final = ("HTTP/1.1 200 OK\r\n" + "".join(f"{name}: {value}\r\n" for name, value in _TOLD.items())).encode()


class Told(web.StreamResponse):
    """JSON that running code has made, as it is, dressed.

    Head and body are put together and written at once, unless there is more to it: a client of HTTP/1.0 or who wants the head alone,
    a connection that ends with it, or somebody who looked at the headers and may have changed them. Then the library does it.
    """

    status = 200
    reason = "OK"
    _seen = False
    _librarys: web.Response | None = None

    def __init__(self, body: bytes, more: Mapping[str, str]) -> None:
        """Take the body, and what the head says of it beside the usual: names and values that no val has chosen."""
        # Not the library's __init__: what it makes is made for who looks at the headers.
        self._told, self._more, self._state = body, more, {}

    @property
    def headers(self) -> CIMultiDict[str]:
        """The headers, to be changed."""
        if not self._seen:
            self._seen = True
            self._headers = CIMultiDict(_TOLD)
            self._headers.extend(self._more)
        return self._headers

    def whole(self, request: BaseRequest) -> bytes | None:
        """Return all of the answer, now to be written; None where the library has to write it."""
        plain = request.keep_alive and request.version == HttpVersion11 and request.method != HEAD
        if self._seen or self._keep_alive is False or not plain:
            return None
        self._keep_alive = self._eof_sent = True
        more = "".join([f"{name}: {value}\r\n" for name, value in self._more.items()]).encode() if self._more else b""
        return b"".join((_HEAD, more, _tail(len(self._told), int(time())), self._told))

    async def prepare(self, request: BaseRequest) -> AbstractStreamWriter | None:
        """Have the library write it."""
        self._librarys = response = web.Response(body=self._told, headers=self.headers)
        if self._keep_alive is False:
            response.force_close()
        writer = await response.prepare(request)
        self._keep_alive = response.keep_alive
        return writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Write the rest."""
        if self._librarys is not None:
            await self._librarys.write_eof(data)
            self._eof_sent = True


@lru_cache(maxsize=256)
def _tail(length: int, second: int) -> bytes:
    """Write the end of a head; `second` is since 1970, and must be this one."""
    del second  # so that another second is another entry
    return f"Content-Length: {length}\r\nDate: {rfc822_formatted_time()}\r\n\r\n".encode()


def answer(value: object, status: int = 200) -> web.Response:
    """Answer with JSON."""
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json")


def dress(response: web.StreamResponse, *, runs_code: bool) -> None:
    """Put on, once, what every answer carries; a val may say how long its own is kept, and who may read it."""
    if isinstance(response, Told) or DRESSED in response:
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
