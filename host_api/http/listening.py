"""Who is let in, and how the server stops: connections up to a bound, and an end that lets what runs finish.

The library is subclassed where it is not meant to be, as in connections.py.
This file knows no route and no house.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from aiohttp import web
from aiohttp.web_protocol import ERROR

from host_api.http import answers
from host_api.http.connections import Connection, raw
from host_api.http.direct import DIRECT, Direct
from host_api.load.tally import Shed
from kernel.errors import Overloaded

if TYPE_CHECKING:
    from aiohttp import StreamReader
    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.http import RawRequestMessage
    from aiohttp.web_protocol import RequestHandler
    from aiohttp.web_request import BaseRequest

    from host_api.http.gate import Gate

Handler = Callable[["BaseRequest"], Awaitable[web.StreamResponse]]

LINGER_SECONDS = 2.0
"""How long a connection that was refused stays open for its client to read why."""
LINGERING = 256
"""Refused connections that are open at once; more are closed without a word."""
WRITE_OUT_SECONDS = 1.0
"""How long answers that are complete may take to be written, when the server stops."""
CUT_SECONDS = 0.01
"""The same for what is cancelled; 0 would be without end."""
TURNS = 10
"""Turns of the loop until a connection that the system has given us is served and counted; three are enough."""


class _Arrival(asyncio.Protocol):
    """A connection before it is known whether there is room for it."""

    def __init__(self, server: _Connections) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Make a connection of it, or refuse it."""
        made = cast("asyncio.Transport", transport)  # which uvloop's do not say of themselves
        peer = made.get_extra_info("peername")
        taking = self._server.taking(str(peer[0]) if isinstance(peer, tuple) else None)
        made.set_protocol(taking)
        taking.connection_made(made)


class _Refused(asyncio.Protocol):
    """One connection too many: it is told so, whatever it asks, and closed. What it sends is dropped unread."""

    def __init__(self, told: bytes, refused: set[_Refused]) -> None:
        """Take what is said, and the set in which it is as long as it lasts."""
        self._told, self._refused = told, refused
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say it and wait for the client to close: closing on what it sends could lose what we said."""
        if len(self._refused) >= LINGERING:
            transport.close()
            return
        self._transport = refused = cast("asyncio.Transport", transport)
        self._refused.add(self)
        refused.write(self._told)
        with suppress(OSError):
            refused.write_eof()
        self._timer = asyncio.get_running_loop().call_later(LINGER_SECONDS, self.end)

    def end(self) -> None:
        """Wait no longer."""
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        """It is over."""
        del exc
        self._refused.discard(self)
        if self._timer is not None:
            self._timer.cancel()


class _Connections(web.Server):
    """The library's server of connections, with ours."""

    def __init__(self, handler: Handler, gate: Gate, **options: Any) -> None:  # noqa: ANN401 - the library's own, handed on
        super().__init__(handler, **options)
        self._gate = gate
        self._refused: set[_Refused] = set()
        self._told = raw(
            answers.failure(Overloaded("This server has too many connections at once. Try again in a moment."))
        )

    def __call__(self) -> _Arrival:  # type: ignore[override]  # all that a listener needs
        """Make what meets the next connection."""
        return _Arrival(self)

    def taking(self, peer: str | None) -> RequestHandler | _Refused:
        """Make what serves a connection that is here, or refuses it; `peer` is its address."""
        try:
            site = self._gate.connecting(peer)
        except Overloaded:
            self._gate.tally.shed[Shed.CONNECTIONS] += 1
            return _Refused(self._told, self._refused)
        return Connection(self, self._gate, site, loop=self._loop, **self._kwargs)

    async def shutdown(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - the library's
        """End every connection."""
        for one in list(self._refused):
            one.end()
        await super().shutdown(timeout)


class Runner(web.AppRunner):
    """The library's runner, with our connections and our way to stop."""

    __slots__ = ("_gate",)

    def __init__(self, app: web.Application, gate: Gate, **options: Any) -> None:  # noqa: ANN401 - the library's own, handed on
        """Take the application, the gate before it, and what the library takes."""
        super().__init__(app, **options)
        self._gate = gate

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        proxies = self._gate.proxies
        # As the application's own makes one, by one call less; it reads no body and no form.
        make = partial(web.Request, loop=asyncio.get_running_loop())

        def request(
            message: RawRequestMessage,
            payload: StreamReader,
            protocol: RequestHandler,
            writer: AbstractStreamWriter,
            task: asyncio.Task[None],
        ) -> BaseRequest:
            made = make(message, payload, protocol, writer, task)
            return made if message is ERROR else proxies.seen(made)

        return _Connections(
            _answering(server.request_handler, self.app[DIRECT]),
            self._gate,
            request_factory=request if proxies.any else make,
            handler_cancellation=server.handler_cancellation,
            **server._kwargs,  # noqa: SLF001 - this class is one with the pinned library's
        )

    async def retire(self) -> None:
        """Stop listening, and serve those who are connected until each has had an answer and left, within the time of a stop."""
        self._gate.retiring = True
        await stop_taking(list(self.sites))
        await self._gate.emptied()

    async def cleanup(self) -> None:
        """Stop listening, let what runs finish in its time, then cancel what is left."""
        self._gate.stopping = True
        for site in self.sites:
            await site.stop()
        quiet = await self._gate.drained()
        # The library waits it twice: for the answer, then for the end of the connection.
        self._shutdown_timeout = WRITE_OUT_SECONDS / 2 if quiet else CUT_SECONDS
        await super().cleanup()


async def stop_taking(sites: list[web.BaseSite]) -> None:
    """Stop listening while others listen on at the same sockets; a connection that was taken just now is served.

    The library's stop alone would lose it: a listener that is closed makes nothing of what it took in the same turn of the loop.
    """
    loop = asyncio.get_running_loop()
    for site in sites:
        for one in getattr(site._server, "sockets", ()):  # noqa: SLF001 - the pinned library has no other way to its listener
            loop.remove_reader(one.fileno())
    for _ in range(TURNS):
        await asyncio.sleep(0)
    for site in sites:
        with suppress(RuntimeError):  # the whole server has stopped meanwhile, and this with it
            await site.stop()


def _answering(handler: Handler, direct: Direct) -> Handler:
    """Return what answers a request: by the short way, or the library's."""

    def answer(request: BaseRequest) -> Awaitable[web.StreamResponse]:
        found = direct.answer(request) if isinstance(request, web.Request) else None
        return _in_our_shape(handler, request) if found is None else found

    return answer


async def _in_our_shape(handler: Handler, request: BaseRequest) -> web.StreamResponse:
    """Answer; and translate what the library refuses before the application is asked, as a strange `Expect`."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        response = answers.translated(error)
        response.headers.update(answers.EVERY_ANSWER)
        return response
