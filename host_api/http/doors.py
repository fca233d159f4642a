"""The sockets that one process of several takes connections from: its own, and those of a sibling that is down.

This file does not know why a door is opened or closed: the supervisor does.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from aiohttp import web

from host_api.house import House
from host_api.http.gate import GATE
from host_api.http.gathered import answering
from host_api.http.listening import Runner, stop_taking
from host_api.processes.birth import Birth
from host_api.processes.doors import BACKLOG
from host_api.processes.orders import obey


class Stopping(Protocol):
    """What ends the process; `asked` is set when its end begins."""

    asked: asyncio.Event

    def retire(self) -> None:
        """Stop, in a way that loses no request."""

    def finish(self) -> None:
        """Stop."""


class Doors:
    """The doors at which one runner serves; it carries the supervisor's orders out."""

    def __init__(self, runner: Runner, birth: Birth, stop: Stopping) -> None:
        """Take who serves, the descriptors of all doors, and what is told to stop."""
        self._runner, self._birth = runner, birth
        self._others: dict[int, list[web.BaseSite]] = {}
        self.retire, self.finish = stop.retire, stop.finish

    async def open(self) -> None:
        """Take connections at one's own door."""
        await self._opened(self._birth.number)

    async def listen_also(self, numbers: frozenset[int]) -> None:
        """Take connections at these doors beside one's own, and at no others any more; not where the end has begun."""
        gate = self._runner.app[GATE]
        if gate.stopping or gate.retiring:
            return
        for number in self._others.keys() - numbers:
            await stop_taking(self._others.pop(number))
        for number in numbers - self._others.keys():
            self._others[number] = await self._opened(number)

    def leave(self) -> None:
        """Let go of all doors: one at which nobody serves any more must not keep connections waiting."""
        for door in self._birth.doors:
            for one in door:
                os.close(one)

    async def _opened(self, number: int) -> list[web.BaseSite]:
        """Listen on copies of a door's descriptors: closing them leaves the door to whom it belongs."""
        sockets = [socket.socket(fileno=os.dup(one)) for one in self._birth.doors[number]]
        sites: list[web.BaseSite] = [web.SockSite(self._runner, one, backlog=BACKLOG) for one in sockets]
        for site in sites:
            await site.start()
        return sites


@asynccontextmanager
async def at_doors(house: House, runner: Runner, birth: Birth, stop: Stopping) -> AsyncIterator[None]:
    """Serve at one's own door, hear the supervisor, and answer the siblings, while the block runs."""
    doors, gate = Doors(runner, birth, stop), runner.app[GATE]
    async with gate.siblings.answering(answering(house, gate)), asyncio.TaskGroup() as group:
        await doors.open()
        hearing = group.create_task(obey(birth.orders, doors))
        leaving = group.create_task(_left(stop, doors))
        yield
        hearing.cancel()
        leaving.cancel()


async def _left(stop: Stopping, doors: Doors) -> None:
    await stop.asked.wait()
    doors.leave()
