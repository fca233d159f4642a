"""The server's life: open the house, listen, wait for a signal, let what runs finish, close."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from aiohttp import web

from host_api import demo as garden
from host_api.house import House
from host_api.http import logs
from host_api.http.app import make_app
from host_api.http.connections import Runner
from host_api.intervals.runner import intervals_run
from kernel.errors import BadSetting

if TYPE_CHECKING:
    from host_api.settings import Settings

DRAIN_SECONDS = 10.0
"""How long running requests may take to finish once a signal came; after that they are cancelled."""

SLACK = 65_536
"""Bytes of a request line that are read beyond the setting for addresses, so that it is ours to refuse one."""

FIELD = 16_384
"""Bytes of one header."""

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
    async with AsyncExitStack() as beside:
        try:
            gc.collect()
            gc.freeze()  # what is here now stays: collecting it again and again was 7 % of an evaluation
            address = await _listen(runner, host, port)
            _say(f"Valgate serves on {address}", *(garden.lines(token, house, address) if demo else ()))
            if ready is not None:
                ready(address)
            await beside.enter_async_context(intervals_run(house, stop, DRAIN_SECONDS))
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
    return Runner(
        make_app(house),
        handler_cancellation=True,
        access_log=None,
        auto_decompress=False,  # see incoming
        # The library waits it twice: for the answer, then for the end of the connection.
        shutdown_timeout=DRAIN_SECONDS / 2,
        keepalive_timeout=75.0,
        max_line_size=house.settings.url + SLACK,
        max_field_size=FIELD,
    )
