"""One connection: how slow it may be, and that every refusal has our shape, also of requests that never become one.

Who sends nothing, sends his headers in drops, reads nothing of an answer or sends far ahead of the answers is let go of: a
connection holds a bounded number of bytes, and for a bounded time if nothing moves.

The library is subclassed where it is not meant to be: it is pinned, and the tests send it what it refuses.
This file knows no route and no house.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from host_api.http import answers
from host_api.http.exchanges import Exchanges
from host_api.load.tally import Shed
from kernel.errors import HostFailure

if TYPE_CHECKING:
    from aiohttp import StreamReader
    from aiohttp.web_request import BaseRequest

    from host_api.http.gate import Gate

log = structlog.get_logger("valgate.http")

UNREADABLE = "This is not an HTTP request that can be read."
HEAD_SECONDS = 20.0
"""How long the head of a request may take to arrive, and how long a new connection may be silent."""
READ_SECONDS = 30.0
"""How long an answer may wait for its reader to take LEAST bytes of it, or the rest."""
LEAST = 128 * 1024
AHEAD = 128 * 1024
"""Bytes that may be sent ahead of an answer, as the next requests."""


class Connection(Exchanges):
    """One connection; it differs from the library's in what it allows, and in how it says that a request cannot be read."""

    __slots__ = ("_ahead", "_body", "_head", "_head_timer", "_left", "_reader_timer", "_site", "_wire", "gate")

    def __init__(
        self,
        manager: web.Server,
        gate: Gate,
        site: str | None,
        *,
        loop: asyncio.AbstractEventLoop,
        **options: Any,  # noqa: ANN401 - the library's own, handed on
    ) -> None:
        super().__init__(manager, gate.outbox, loop=loop, **options)
        self.gate, self._site = gate, site
        self._wire: asyncio.Transport | None = None
        self._head_timer: asyncio.TimerHandle | None = None
        self._reader_timer: asyncio.TimerHandle | None = None
        self._head = self._ahead = self._left = 0
        self._body: StreamReader | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self.gate.connected(self._site)
        self._wire = self.transport
        if self._wire is not None:
            self._wire.set_write_buffer_limits(high=0)  # so that we hear of every byte that is not taken at once
        self._head_timer = self._loop.call_later(HEAD_SECONDS, self._head_is_late)

    def connection_lost(self, exc: BaseException | None) -> None:
        """End every wait."""
        if self._wire is not None:
            self._wire = None
            self.gate.left(self._site)
        self._forget_head()
        self._forget_reader()
        super().connection_lost(exc)

    # -- what comes ------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Take bytes in; a head has a size and a time, and so has what comes before it is wanted."""
        idle, seen = self._waiter is not None and not self._waiter.done(), self._request_count
        expected = idle or (self._body is not None and not self._body.is_eof())
        super().data_received(data)
        if self._request_count != seen:
            if self._head_timer is not None or self._head:
                self._forget_head()
            self._body = self._messages[-1][1]  # whoever takes them has not run yet
        elif idle and data:
            self._head_grows(len(data))
        if not expected or self._ahead:
            self._comes_ahead(0 if expected else len(data))

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002 - the library's
        """Read on, where that was paused: else the library would parse nothing, and ask the transport, twice a request."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def _head_grows(self, size: int) -> None:
        self._head += size
        if self._head > self.max_line_size + AHEAD:
            self._refuse(Shed.LARGE_HEAD, 431, "The headers are too large.")
        elif self._head_timer is None:
            self._head_timer = self._loop.call_later(HEAD_SECONDS, self._head_is_late)

    def _head_is_late(self) -> None:
        self._head_timer = None
        self._refuse(Shed.SLOW_HEAD, 408, f"The request did not arrive within {HEAD_SECONDS:g} seconds.")

    def _forget_head(self) -> None:
        self._head = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _comes_ahead(self, size: int) -> None:
        """Take no more of who sends far ahead: what has been asked for is answered, then the connection is closed."""
        self._ahead = self._ahead + size if size else 0
        if self._ahead > AHEAD and not self._close:
            self.gate.tally.shed[Shed.PIPELINE] += 1
            self._close = True

    def _refuse(self, why: Shed, status: int, sentence: str) -> None:
        """Say why to who has sent part of a request, and close; who has sent nothing knows."""
        self.gate.tally.shed[why] += 1
        if self._head and self.transport is not None:
            self.transport.write(raw(answers.sentence(status, sentence)))
        self.force_close()

    # -- what goes -------------------------------------------------------------------------------------

    def pause_writing(self) -> None:
        """Begin to look whether the reader reads."""
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        """Everything is taken."""
        self._forget_reader()
        super().resume_writing()

    def _watch_reader(self) -> None:
        if self._wire is not None:
            self._left = self._wire.get_write_buffer_size()
            self.gate.unread.waits(self, self._left)
            self._reader_timer = self._loop.call_later(READ_SECONDS, self._look_at_reader)

    def _look_at_reader(self) -> None:
        """Let go of a reader who has taken too little since the last look; also when the connection is about to be closed."""
        self._reader_timer = None
        if self._wire is None:
            return
        if self._left - self._wire.get_write_buffer_size() >= LEAST:
            self._watch_reader()
            return
        self.gate.tally.shed[Shed.SLOW_READER] += 1
        self._wire.abort()

    def cut_off(self) -> None:
        """Let go of a reader who waits for longer than all others, when too much waits."""
        self.gate.tally.shed[Shed.UNREAD] += 1
        if self._wire is not None:
            self._wire.abort()

    def _forget_reader(self) -> None:
        self.gate.unread.forget(self)
        if self._reader_timer is not None:
            self._reader_timer.cancel()
            self._reader_timer = None

    # -- what cannot be read ---------------------------------------------------------------------------

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


def raw(response: web.Response) -> bytes:
    """Write an answer that closes its connection, for who has not sent a request."""
    body = response.body if isinstance(response.body, bytes) else b""
    fields = {**response.headers, **answers.EVERY_ANSWER, "Content-Length": str(len(body)), "Connection": "close"}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}\r\n{head}\r\n".encode() + body
