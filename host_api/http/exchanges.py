"""The requests of one connection, answered one after another, in the connection's one task.

The library makes another task for each request, which the loop has to begin, to end and to tell of. Nothing of ours needs one: there
are no context variables, and whoever cancels a request (a client that leaves, the owner of an evaluation, a stop) cancels what it
waits for.

The library is subclassed where it is not meant to be: it is pinned, and this is its `start`, with the same ends.
This file knows no route, and no bound of what a connection may hold.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from aiohttp.http_writer import StreamWriter
from aiohttp.web import PayloadAccessError
from aiohttp.web_protocol import ERROR, RequestHandler, _ErrInfo

if TYPE_CHECKING:
    from aiohttp import StreamReader, web
    from aiohttp.http import RawRequestMessage
    from aiohttp.web_request import BaseRequest

    Handler = Callable[[BaseRequest], Awaitable[web.StreamResponse]]

_OVER = PayloadAccessError()
"""What who reads a body is told once its request is answered."""


class Exchanges(RequestHandler):
    """The library's connection, with our loop."""

    __slots__ = ()

    async def start(self) -> None:
        """Answer what comes, until the connection is to be closed."""
        manager = self._manager
        while manager is not None and not self._force_close:
            if not self._messages:
                await self._arrival()
            message, payload = self._messages.popleft()
            self._has_room()
            manager.requests_count += 1
            if not await self._exchange(message, payload):
                break
        if not self._force_close:
            self._task_handler = None  # for the library: nobody is here to be cancelled
            if self.transport is not None:
                self.transport.close()

    async def _arrival(self) -> None:
        """Wait for a request."""
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _has_room(self) -> None:
        """Have more requests read, if those that wait were too many."""
        if self._parser is not None:
            self._parser.message_consumed()
        if self._buffer_paused and len(self._messages) <= self._msg_queue_resume_size:
            self._resume_reading_if_drained()

    async def _exchange(self, message: RawRequestMessage | _ErrInfo, payload: StreamReader) -> bool:
        """Answer one request; say whether another may follow."""
        request, handler = self._request(message, payload)
        try:
            response = await self._answered(request, handler)
            if not payload.is_eof():
                await self._linger(payload)
            payload.set_exception(_OVER)
        except ConnectionError:
            return False  # who asked has left
        except asyncio.CancelledError:
            self.force_close()
            raise
        except Exception as error:  # noqa: BLE001 - nothing is left that could answer
            self.log_exception("Unhandled exception", exc_info=error)
            self.force_close()
            return False
        finally:
            request._task = None  # type: ignore[assignment]  # noqa: SLF001 - as the library does: a cycle else
        return self._stays(bool(response.keep_alive))

    def _request(self, message: RawRequestMessage | _ErrInfo, payload: StreamReader) -> tuple[BaseRequest, Handler]:
        """Make a request of what was read, and say who answers it."""
        make, handler, task = self._request_factory, self._request_handler, self._task_handler
        if make is None or handler is None or task is None:
            raise ConnectionResetError  # the connection was lost in the same turn of the loop
        if isinstance(message, _ErrInfo):
            handler, message = self._make_error_handler(message), ERROR
        return make(message, payload, self, StreamWriter(self, self._loop), task), handler

    async def _answered(self, request: BaseRequest, handler: Handler) -> web.StreamResponse:
        """Have a request answered, and its answer written; raise ConnectionError where nobody takes it."""
        self._request_in_progress, self._current_request = True, request
        try:
            try:
                response = await handler(request)
            except Exception as error:  # noqa: BLE001 - it is answered
                response = self.handle_error(request, 500, error)
            self._current_request = None
            if self._upgraded:  # asked for and never granted: the library reads on
                _, left = await self.finish_response(request, response, None)
                if left:
                    raise ConnectionResetError
            else:
                await response.prepare(request)
                await response.write_eof()
            return response
        finally:
            self._request_in_progress, self._current_request = False, None
            if self._handler_waiter is not None:
                self._handler_waiter.set_result(None)

    async def _linger(self, payload: StreamReader) -> None:
        """Read what is left of a body, and forget it: who still sends would not see the answer."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._lingering_time):
                while not payload.is_eof() and not self._force_close:
                    await payload.readany()
        if not payload.is_eof() and not self._force_close:
            self.close()

    def _stays(self, keep_alive: bool) -> bool:  # noqa: FBT001 - as the answer says
        """Say whether the connection stays open, and begin to count how long nothing comes."""
        self._keepalive = keep_alive
        if not keep_alive or self._close or self._force_close:
            return False
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        if self._keepalive_handle is None:
            self._keepalive_handle = self._loop.call_at(self._next_keepalive_close_time, self._process_keepalive)
        return True
