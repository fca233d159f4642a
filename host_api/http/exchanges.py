"""The requests of one connection, answered one after another, in the connection's one task.

The library makes another task for each request, which the loop has to begin, to end and to tell of. Nothing of ours needs one: there
are no context variables, and whoever cancels a request (a client that leaves, the owner of an evaluation, a stop) cancels what it
waits for.

The library is subclassed where it is not meant to be: it is pinned, and this is its `start`, with the same ends.
This file knows no route, and no bound of what a connection may hold.
"""

# ruff: noqa: SLF001 - this class is one with the pinned library's

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

from aiohttp import EMPTY_PAYLOAD
from aiohttp.http_writer import StreamWriter
from aiohttp.web import PayloadAccessError
from aiohttp.web_protocol import ERROR, RequestHandler, _ErrInfo

from host_api.http.answers import Told

if TYPE_CHECKING:
    from aiohttp import StreamReader, web
    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.web_request import BaseRequest

    from host_api.http.outbox import Outbox

    Handler = Callable[[BaseRequest], Awaitable[web.StreamResponse]]

_OVER = PayloadAccessError()
"""What who reads a body is told once its request is answered."""


class Exchanges(RequestHandler):
    """The library's connection, with our loop."""

    __slots__ = ("_outbox", "_quiet_since", "_spare")

    def __init__(self, manager: web.Server, outbox: Outbox, **options: Any) -> None:  # noqa: ANN401 - the library's own, handed on
        super().__init__(manager, **options)
        self._outbox = outbox
        self._quiet_since = monotonic()
        self._spare: AbstractStreamWriter | None = None

    async def start(self) -> None:  # noqa: C901, PLR0912 - see below
        """Answer what comes, until the connection is to be closed. One coroutine, since each is gone through at every wake."""
        request: BaseRequest | None = None
        try:
            while not self._force_close:
                if not self._messages:
                    self._waiter = asyncio.Future(loop=self._loop)
                    await self._waiter
                    self._waiter = None
                if self._paused:
                    await self._drain_helper()  # who reads no answer gets no other: none waits for him but the last
                request, handler, payload = self._taken()
                try:
                    response = await handler(request)
                except Exception as error:  # noqa: BLE001 - it is answered
                    response = self.handle_error(request, 500, error)
                whole = response.whole(request) if isinstance(response, Told) and not self._upgraded else None
                if whole is None:
                    await self._written(request, response)
                else:
                    self._outbox.put(self.transport, whole, now=self._close or bool(self._messages))
                    self._spare = request._payload_writer  # which was not used
                stays = self._ended(request, keep_alive=bool(response._keep_alive))
                if payload is not EMPTY_PAYLOAD and payload._eof:
                    payload._exception = _OVER  # as its `set_exception`: nobody waits for it any more
                elif payload is not EMPTY_PAYLOAD:
                    await self._linger(payload)
                if not stays or self._close:
                    break
                request = None
                del response, whole, handler, payload  # who waits holds nothing of what was
        except ConnectionError:
            pass  # who asked has left
        except asyncio.CancelledError:
            if request is not None:
                self.force_close()
            raise
        except Exception as error:  # noqa: BLE001 - nothing is left that could answer
            self.log_exception("Unhandled exception", exc_info=error)
            self.force_close()
        finally:
            self._waiter = self._spare = None  # the other refers to this connection
            if request is not None:
                self._ended(request, keep_alive=False)
        if not self._force_close:
            self._task_handler = None  # for the library: nobody is here to be cancelled
            if self.transport is not None:
                self.transport.close()

    def _taken(self) -> tuple[BaseRequest, Handler, StreamReader]:
        """Take the message that has waited longest, make a request of it, and say who answers it."""
        message, payload = self._messages.popleft()
        manager, parser, task = self._manager, self._parser, self._task_handler
        make, handler = self._request_factory, self._request_handler
        if manager is None or parser is None or task is None or make is None or handler is None:
            raise ConnectionResetError  # the connection was lost in the same turn of the loop
        manager.requests_count += 1
        parser.message_consumed()
        if self._buffer_paused and len(self._messages) <= self._msg_queue_resume_size:
            self._resume_reading_if_drained()
        if isinstance(message, _ErrInfo):
            handler, message = self._make_error_handler(message), ERROR
        writer, self._spare = self._spare, None
        if writer is None or writer.buffer_size:
            writer = StreamWriter(self, self._loop)
        request = make(message, payload, self, writer, task)
        request._cache.update(  # what every handler asks for: the library would work it out by one call each
            method=message.method,
            version=message.version,
            headers=message.headers,
            raw_path=message.path,
            rel_url=request._rel_url,
            keep_alive=not message.should_close,
            content=payload,
        )
        self._request_in_progress, self._current_request = True, request
        return request, handler, payload

    async def _written(self, request: BaseRequest, response: web.StreamResponse) -> None:
        """Have the library write an answer; raise ConnectionError where nobody takes it."""
        self._current_request = None
        if self._upgraded:  # asked for and never granted: the library reads on
            _, left = await self.finish_response(request, response, None)
            if left:
                raise ConnectionResetError
        else:
            await response.prepare(request)
            await response.write_eof()

    def _ended(self, request: BaseRequest, *, keep_alive: bool) -> bool:
        """Note that a request is over; say whether the connection stays open, and begin to count how long nothing comes."""
        request._task = None  # type: ignore[assignment]  # as the library does: a cycle else
        self._request_in_progress, self._current_request = False, None
        if self._handler_waiter is not None and not self._handler_waiter.done():
            self._handler_waiter.set_result(None)
        self._keepalive = keep_alive
        self._quiet_since = monotonic()
        if self._keepalive_handle is None and keep_alive and not self._force_close:
            self._keepalive_handle = self._loop.call_later(self._keepalive_timeout, self._process_keepalive)
        return keep_alive

    async def _linger(self, payload: StreamReader) -> None:
        """Read what is left of a body, and forget it: who still sends would not see the answer."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._lingering_time):
                while not payload.is_eof() and not self._force_close:
                    await payload.readany()
        if not payload.is_eof() and not self._force_close:
            self.close()
        payload.set_exception(_OVER)
        self._quiet_since = monotonic()

    def _process_keepalive(self) -> None:
        """Close a connection on which nothing has come for too long; look again when that could be."""
        self._keepalive_handle = None
        if self._force_close or not self._keepalive:
            return
        left = self._quiet_since + self._keepalive_timeout - monotonic()
        if left > 0:
            self._keepalive_handle = self._loop.call_later(left, self._process_keepalive)
        elif self._waiter is not None and not self._waiter.done():
            self.force_close()
