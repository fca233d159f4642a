"""Connections whose every refusal has our shape, also of requests that never become one for the application.

The library is subclassed where it is not meant to be: it is pinned, and the tests send it what it refuses.
This file knows no route and no house.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from aiohttp import web
from aiohttp.http_exceptions import LineTooLong
from aiohttp.web_protocol import RequestHandler

from host_api.http import answers
from kernel.errors import HostFailure

if TYPE_CHECKING:
    from aiohttp.web_request import BaseRequest

log = structlog.get_logger("valgate.http")

UNREADABLE = "This is not an HTTP request that can be read."


class _Connection(RequestHandler):
    """One connection; it differs from the library's in how it says that a request cannot be read."""

    __slots__ = ()

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer in our shape, without the request's own bytes, and close."""
        del message  # it quotes the request
        if request.writer.output_size > 0:
            raise ConnectionError("part of an answer was sent already")
        response = self._refusal(status, exc)
        response.headers.update(answers.EVERY_ANSWER)
        response.force_close()
        return response

    def _refusal(self, status: int, error: BaseException | None) -> web.Response:
        if isinstance(error, LineTooLong):
            too_long = {
                self.max_line_size: (414, "The address is too long."),
                self.max_field_size: (431, "A header is too long."),
            }
            return answers.sentence(*too_long.get(error.args[1], (status, UNREADABLE)))
        if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return answers.sentence(status, UNREADABLE)
        log.error("request failed", exc_info=error)
        return answers.failure(HostFailure())


async def _in_our_shape(
    handler: Callable[[BaseRequest], Awaitable[web.StreamResponse]], request: BaseRequest
) -> web.StreamResponse:
    """Answer; and translate what the library refuses before the application is asked, as a strange `Expect`."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        response = answers.translated(error)
        response.headers.update(answers.EVERY_ANSWER)
        return response


class _Connections(web.Server):
    """The library's server of connections, with ours."""

    def __call__(self) -> RequestHandler:
        """Make what serves the next connection."""
        return _Connection(self, loop=self._loop, **self._kwargs)


class Runner(web.AppRunner):
    """The library's runner, with our connections."""

    __slots__ = ()

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Connections(
            partial(_in_our_shape, made.request_handler),
            request_factory=made.request_factory,
            handler_cancellation=made.handler_cancellation,
            **made._kwargs,  # noqa: SLF001 - this class is one with the pinned library's
        )
