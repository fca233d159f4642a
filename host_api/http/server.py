"""The server's life: open the house, listen, wait for a signal, let what runs finish, close.

Also where the HTTP library's own refusals, of requests too broken for a route, are put into our shape.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from aiohttp import web
from aiohttp.http_exceptions import LineTooLong
from aiohttp.web_protocol import RequestHandler

from host_api import demo as garden
from host_api.house import House
from host_api.http import answers, logs
from host_api.http.app import make_app, translated
from kernel.errors import BadSetting, HostFailure

if TYPE_CHECKING:
    from aiohttp.web_request import BaseRequest

    from host_api.settings import Settings

log = structlog.get_logger("valgate.http")

DRAIN_SECONDS = 10.0
"""How long running requests may take to finish once a signal came; after that they are cancelled."""

SLACK = 65_536
"""Bytes of a request line that are read beyond the setting for addresses, so that it is ours to refuse one."""

FIELD = 16_384
"""Bytes of one header."""

UNREADABLE = "This is not an HTTP request that can be read."

SIGNALS = (signal.SIGINT, signal.SIGTERM)


async def serve(
    settings: Settings, *, host: str, port: int, demo: bool = False, ready: Callable[[str], None] | None = None
) -> None:
    """Serve until SIGINT or SIGTERM. `ready` is told the address once it answers; raise BadSetting if it cannot."""
    logs.to_stderr()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    # Before the first guest: Python's own handler, run while a guest does, would end the process.
    for number in SIGNALS:
        loop.add_signal_handler(number, stop.set)
    try:
        async with House.open(settings) as house:
            await _serve(house, host, port, stop, demo=demo, ready=ready)
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)


async def _serve(
    house: House, host: str, port: int, stop: asyncio.Event, *, demo: bool, ready: Callable[[str], None] | None
) -> None:
    token = await garden.plant(house) if demo else None
    runner = make_runner(house)
    await runner.setup()
    try:
        address = await _listen(runner, host, port)
        _say(f"Valgate serves on {address}", *(garden.lines(token, house, address) if demo else ()))
        if ready is not None:
            ready(address)
        await stop.wait()
    finally:
        await runner.cleanup()


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


async def _listen(runner: web.AppRunner, host: str, port: int) -> str:
    """Listen; return the address as one types it."""
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise BadSetting(f"Cannot listen on {host}:{port}: {reason}. Choose another --port or --host.") from None
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - said, not bound
    name = f"[{name}]" if ":" in name and not name.startswith("[") else name
    return f"http://{name}:{runner.addresses[0][1]}"


def make_runner(house: House) -> web.AppRunner:
    """Make what runs the application: a client that leaves cancels what it asked for."""
    return _Runner(
        make_app(house),
        handler_cancellation=True,
        access_log=None,
        # The library waits it twice: for the answer, then for the end of the connection.
        shutdown_timeout=DRAIN_SECONDS / 2,
        keepalive_timeout=75.0,
        max_line_size=house.settings.url + SLACK,
        max_field_size=FIELD,
    )


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
        response = translated(error)
        response.headers.update(answers.EVERY_ANSWER)
        return response


class _Connections(web.Server):
    """The library's server of connections, with ours."""

    def __call__(self) -> RequestHandler:
        """Make what serves the next connection."""
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Runner(web.AppRunner):
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
