"""The letterbox's life: listen, take mail, and let what runs finish."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from host_api import logs
from host_api.house import House
from host_api.letterbox.handler import Handler
from host_api.letterbox.talk import Refused, Talk
from host_api.settings import Settings

CONNECTIONS = 100
MESSAGES = 8
"""Messages that run at once."""
DRAIN_SECONDS = 10.0
SETTLE_SECONDS = 5.0
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Letterbox:
    """Who is connected, and how many messages are under way."""

    def __init__(self, house: House) -> None:
        """Take the house whose vals get mail."""
        self.settings, self.handler = house.settings, Handler(house)
        self.talks: set[Talk] = set()
        self.arriving = 0
        self._under_way, self._quiet = 0, asyncio.Event()
        self._quiet.set()

    def admit(self) -> asyncio.BaseProtocol:
        """Make what talks to a new client."""
        return Talk(self) if len(self.talks) < CONNECTIONS else Refused()

    def begin(self) -> bool:
        """Count one message more; False if there are enough."""
        if self._under_way >= MESSAGES:
            return False
        self._under_way += 1
        self._quiet.clear()
        return True

    def end(self) -> None:
        """Count one message less."""
        self._under_way -= 1
        if not self._under_way:
            self._quiet.set()

    async def empty(self) -> None:
        """Let messages under way end, for a while, and hang up: vals are gone before the house is closed."""
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._quiet.wait()
        except TimeoutError:
            pass  # what still runs is cancelled, and its sender tries again
        tasks = [talk.task for talk in self.talks if talk.task is not None]
        for talk in tuple(self.talks):
            talk.hang_up(now=not self._quiet.is_set())
        if tasks:
            await asyncio.wait(tasks, timeout=SETTLE_SECONDS)
        for talk in tuple(self.talks):
            talk.hang_up(now=True)


@asynccontextmanager
async def listening(house: House, host: str, port: int) -> AsyncIterator[int]:
    """Take mail while the block runs; give the port. Raise OSError if it is not possible to listen."""
    # The library logs addresses and whatever clients say.
    logging.getLogger("mail.log").disabled = True
    box = Letterbox(house)
    server = await asyncio.get_running_loop().create_server(box.admit, host, port)
    try:
        bound: int = server.sockets[0].getsockname()[1]
        yield bound
    finally:
        server.close()
        await box.empty()


async def receive(settings: Settings, *, host: str, port: int, ready: Callable[[int], None] | None = None) -> None:
    """Take mail until SIGINT or SIGTERM. `ready` is told the port; raise OSError, BadSetting."""
    lines = logs.to_stderr()
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    # Before the first guest: Python's own handler, run while a guest does, would end the process.
    for number in SIGNALS:
        loop.add_signal_handler(number, stop.set)
    try:
        async with House.open(settings) as house, listening(house, host, port) as bound:
            sys.stdout.write(f"Valgate takes mail for *@{settings.domain_of_mail} on {host}:{bound}\n")
            sys.stdout.flush()
            if ready is not None:
                ready(bound)
            await stop.wait()
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
        lines.flush()
