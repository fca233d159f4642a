"""An evaluation whose outcome is the answer to a request: bare JSON, the val's own answer, or what went wrong.

This is HTTP's door (host_api/door.py). It never decides what a val may put into an answer: that is `outgoing`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from http import HTTPMethod, HTTPStatus
from typing import Final

from aiohttp import HttpVersion11, web
from multidict import CIMultiDict

from host_api.door import Head, Left
from host_api.house import Outcome
from host_api.http import answers, incoming
from host_api.http.outgoing import Dress, control, dress_control
from kernel.errors import ErrorInfo, ValgateError

UNTOLD = frozenset({"undefined", "number", "object", "function", "symbol"})
"""Types of values that JSON writes as null. A guest says which, so it is one of these or nothing."""

UNTYPED: Final = web.ResponseKey("untyped", bool)
"""Whether a val gave its answer no Content-Type: then it goes out without one, as Node's would."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an answer goes out: which fields of a val's may, and what every answer carries."""

    fields: Callable[[Head], CIMultiDict[str]]
    dress: Dress
    tells_evaluation: bool = True


CONTROL = Origin(control, dress_control)
BODILESS: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
"""What comes after such a head is read as another answer."""


class HttpDoor:
    """The answer to one request, and what is left of its body, within `limit` bytes."""

    # Of the class: most answers are a value, for which nothing of this is set.
    _evaluation: str | None = None
    _body: AsyncIterator[bytes] | None = None
    _refused: ValgateError | None = None
    _begun: web.StreamResponse | None = None
    _owed: int | None = None
    _whole: web.Response | None = None

    def __init__(self, request: web.Request, limit: int, origin: Origin = CONTROL) -> None:
        """Take a request whose body nobody has begun to read."""
        self._request, self._origin, self._limit = request, origin, limit

    # -- what the house and the val say --------------------------------------------------------------------

    def opens(self, evaluation: str | None) -> None:
        """Take the evaluation's id, if it is the requester's own."""
        self._evaluation = evaluation if self._origin.tells_evaluation else None

    def whole(self, head: Head, body: bytes) -> None:
        """Keep an answer until the evaluation has ended, and its record is where it belongs."""
        self._whole = web.Response(
            body=body, status=head.status, reason=head.reason or None, headers=self._origin.fields(head)
        )
        self._put_on(self._whole)

    async def begin(self, head: Head, length: int | None) -> None:
        """Send the head."""
        response = web.StreamResponse(status=head.status, reason=head.reason or None, headers=self._origin.fields(head))
        response.content_length = length
        self._put_on(response)
        if self._request.version < HttpVersion11:
            response.force_close()  # the end of the connection is the end of the body
        self._begun, self._owed = response, length
        await response.prepare(self._request)

    async def write(self, piece: bytes) -> None:
        """Send a piece, and wait for room; the library would send one also where an answer has no body."""
        if self._begun is None or self._bodiless(self._begun.status):
            return
        if self._owed is not None:
            self._owed -= len(piece)
        await self._begun.write(piece)

    def _bodiless(self, status: int) -> bool:
        return status in BODILESS or self._request.method == HTTPMethod.HEAD

    def end(self) -> None:
        """Leave the end of the body to `finish`: it says that all went well."""

    async def read(self) -> bytes | None:
        """Return more of the request's body."""
        if self._body is None:
            self._body = incoming.pieces(self._request, self._limit)
        try:
            return await anext(self._body, None)
        except ValgateError as refusal:
            self._refused = refusal
            raise
        except ConnectionError:
            raise Left from None  # or it would be a failure of the host, for the operator's log

    def _put_on(self, response: web.StreamResponse) -> None:
        if "Content-Type" not in response.headers:
            response[UNTYPED] = True
        if self._evaluation is not None:
            response.headers["X-Evaluation-Id"] = self._evaluation
        self._origin.dress(response)

    # -- the end -------------------------------------------------------------------------------------------

    async def finish(self, outcome: Outcome) -> web.StreamResponse:
        """Return what is to be answered, now that the evaluation is over; raise what the request's body was refused with."""
        error, evaluation = outcome.error, self._evaluation
        if self._begun is not None:
            lacks = (self._owed or 0) > 0 and not self._bodiless(self._begun.status)
            return await self._finish_begun(self._begun, failed=lacks or error is not None)
        if error is not None and self._refused is not None:
            raise self._refused
        if error is not None:
            response = failed(outcome, error, evaluation)
            self._put_on(response)
            return response
        if self._whole is not None:
            return self._whole
        more = {} if evaluation is None else {"X-Evaluation-Id": evaluation}
        if outcome.json == b"null" and outcome.type in UNTOLD:
            more = {"X-Val-Result-Type": outcome.type} | more
        return answers.Told(outcome.json, more)

    async def _finish_begun(self, response: web.StreamResponse, *, failed: bool) -> web.StreamResponse:
        """End the body, or leave it visibly without an end."""
        transport = self._request.transport
        if not failed:
            await response.write_eof()
        elif transport is not None and transport.get_write_buffer_size():
            transport.abort()  # whoever does not read would hold the connection for as long
        elif transport is not None:
            transport.close()
        return response

    @property
    def answered(self) -> bool:
        """Whether the val has made an answer of its own."""
        return self._whole is not None or self._begun is not None


async def leave_untyped(_: web.Request, response: web.StreamResponse) -> None:
    """Take away the type that the HTTP library has just given to an answer without one."""
    if response.get(UNTYPED, False):
        response.headers.popall("Content-Type", None)


def failed(outcome: Outcome, error: ErrorInfo, evaluation: str | None) -> web.Response:
    """Tell an error in the val's own words: name and message to anyone, where it happened to whose evaluation it is."""
    body: dict[str, object] = {"type": "error", "error": _sentence(error), "name": error.name, "message": error.message}
    if evaluation is not None:
        places = {"val": error.val, "line": error.line, "column": error.column}
        body |= {name: value for name, value in places.items() if value is not None}
        body |= {"evaluation": outcome.evaluation, "stack": error.stack}
    return answers.overloaded(answers.answer(body, error.status))


def _sentence(error: ErrorInfo) -> str:
    return f"{error.name}: {error.message}" if error.message else error.name
