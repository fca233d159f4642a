"""The server's life: open the house, listen, wait for a signal, let what runs finish, close."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from host_api import demo as garden
from host_api import logs
from host_api.house import House
from host_api.http.app import make_app
from host_api.http.doors import at_doors
from host_api.http.gate import Gate
from host_api.http.listening import Runner
from host_api.indexing import indexed
from host_api.intervals.runner import intervals_run
from host_api.load.descriptors import widen
from host_api.processes.birth import Birth
from host_api.processes.doors import BACKLOG
from host_api.processes.siblings import Siblings
from kernel.errors import BadSetting

if TYPE_CHECKING:
    from host_api.settings import Settings

log = structlog.get_logger("valgate.http")

SLACK = 65_536
"""Bytes of a request line that are read beyond the setting for addresses, so that it is ours to refuse one."""

FIELD = 16_384
"""Bytes of one header."""

HEADERS = 100
"""Headers of a request."""

READ_BYTES = 65_536
"""Bytes of a connection that are read and not yet taken; the library keeps at most twice that."""

SWITCH_SECONDS = 0.001
"""How long the thread that writes waits at most for the interpreter, each time that SQLite is done with something."""

SIGNALS = (signal.SIGINT, signal.SIGTERM)


async def serve(
    settings: Settings,
    *,
    host: str,
    port: int,
    demo: bool = False,
    ready: Callable[[str], None] | None = None,
    birth: Birth | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM. `ready` is told the address once it answers; raise BadSetting if it cannot.

    `birth` is given to one of several processes: it listens at its own door, and hears its supervisor too.
    """
    lines = logs.to_stderr(process=birth is not None)
    stop = _Stop()
    loop = asyncio.get_running_loop()
    # Before the first guest: Python's own handler, run while a guest does, would end the process.
    for number in SIGNALS:
        loop.add_signal_handler(number, stop.ask)
    _widen(settings)
    try:
        async with House.open(settings) as house, _indexed(house, birth):
            await _serve(house, Spot(host, port, birth), stop, demo=demo, ready=ready)
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
        lines.flush()


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a server listens, and as which of several processes."""

    host: str
    port: int
    birth: Birth | None

    @property
    def siblings(self) -> Siblings:
        """Who serves beside this process."""
        return Siblings(self.birth.folder, self.birth.number) if self.birth else Siblings()

    @property
    def says(self) -> bool:
        """Whether this process is the one that says where the server is."""
        return self.birth is None or self.birth.announces


def _indexed(house: House, birth: Birth | None) -> AbstractAsyncContextManager[None]:
    return indexed(house) if birth is None or birth.place.first else nullcontext()


class _Stop:
    """What signals and the supervisor ask for: signals first to stop, then to do so at once."""

    def __init__(self) -> None:
        self.asked, self.hurry = asyncio.Event(), asyncio.Event()
        self.retiring = False

    def ask(self) -> None:
        """Take a signal."""
        (self.hurry if self.asked.is_set() else self.asked).set()

    def finish(self) -> None:
        """Stop, if that was not asked for before."""
        self.asked.set()

    def retire(self) -> None:
        """Stop, in a way that loses no request: others serve on."""
        self.retiring = not self.asked.is_set()
        self.asked.set()


def _widen(settings: Settings) -> None:
    """Have a descriptor for each connection that the settings allow, or say that there are too few."""
    wanted = settings.connections + settings.fetch_connections
    if (room := widen(wanted)) < wanted:
        log.warning(
            "fewer open files than VALGATE_CONNECTIONS and VALGATE_FETCH_CONNECTIONS may need: raise the limit (ulimit -n) or lower these",
            room=room,
            wanted=wanted,
        )


async def _serve(house: House, spot: Spot, stop: _Stop, *, demo: bool, ready: Callable[[str], None] | None) -> None:
    token = await garden.plant(house) if demo else None
    runner = make_runner(house, stop.hurry, spot.siblings)
    await runner.setup()
    async with AsyncExitStack() as beside:
        try:
            gc.collect()
            sys.setswitchinterval(SWITCH_SECONDS)
            gc.freeze()  # what is here now stays: collecting it again and again was 7 % of an evaluation
            gc.enable()  # where a start did without
            address = await _listen(house, runner, spot, stop, beside)
            if spot.says:
                _say(f"Valgate serves on {address}", *(garden.lines(token, house, address) if demo else ()))
                _say(f"All routes, to try in a browser: {address}/docs")
            if ready is not None:
                ready(address)
            if house.settings.intervals_at_once:
                await beside.enter_async_context(intervals_run(house, stop.asked, house.settings.drain))
            await stop.asked.wait()
            if stop.retiring:
                await runner.retire()
        finally:
            await runner.cleanup()


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


async def _listen(house: House, runner: Runner, spot: Spot, stop: _Stop, beside: AsyncExitStack) -> str:
    """Listen, and hear the supervisor if there is one; return the address as one types it."""
    if spot.birth is None:
        await _listen_alone(runner, spot.host, spot.port)
    else:
        await beside.enter_async_context(at_doors(house, runner, spot.birth, stop))
    host = spot.host
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - said, not bound
    name = f"[{name}]" if ":" in name and not name.startswith("[") else name
    return f"http://{name}:{runner.addresses[0][1]}"


async def _listen_alone(runner: Runner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port, backlog=BACKLOG).start()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise BadSetting(f"Cannot listen on {host}:{port}: {reason}. Choose another --port or --host.") from None


def make_runner(house: House, hurry: asyncio.Event | None = None, siblings: Siblings | None = None) -> Runner:
    """Make what runs the application: a client that leaves cancels what it asked for. `hurry` ends a graceful stop."""
    gate = Gate(house.settings, house.load, hurry or asyncio.Event(), siblings)
    return Runner(
        make_app(house, gate),
        gate,
        handler_cancellation=True,
        access_log=None,
        auto_decompress=False,  # see incoming
        keepalive_timeout=75.0,
        max_line_size=house.settings.url + SLACK,
        max_field_size=FIELD,
        max_headers=HEADERS,
        read_bufsize=READ_BYTES,
    )
