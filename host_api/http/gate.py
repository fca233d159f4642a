"""What the server takes in: connections, requests under way and the bytes of their bodies, each up to a bound; and how it stops.

One gate a server. What is beyond a bound is refused at once; probes are always answered.
This file does not know what a request is about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, cast

from aiohttp import web

from host_api.http.outbox import Outbox
from host_api.http.proxies import Proxies, read_address, site_of
from host_api.load.bound import Bound, Room
from host_api.load.rates import Rates
from host_api.load.tally import Shed
from host_api.load.unread import Unread
from host_api.processes.siblings import Siblings
from kernel.errors import Overloaded, TooMany

if TYPE_CHECKING:
    from host_api.http.connections import Connection
    from host_api.http.who import Requester
    from host_api.load.load import Load
    from host_api.settings import Settings

SHARE = 3
"""One address has at most so many times the connections that are still free."""


class Gate:
    """The bounds of one server, and what is within them."""

    def __init__(self, settings: Settings, load: Load, hurry: asyncio.Event, siblings: Siblings | None = None) -> None:
        """Take the settings, the load of the house that is served, what is set when a stop is to be quick, and who serves beside us."""
        self.load, self.tally = load, load.tally
        self.connections = Bound("connections", settings.connections)
        self.strangers = Bound("connections", settings.connections, share=SHARE)
        self.requests = Room("requests", settings.requests)
        self.unread = Unread(settings.unread)
        self.outbox = Outbox()
        self.rates = Rates(settings.rate)
        self.proxies = Proxies(settings.proxies)
        self._drain = settings.drain
        self.stopping = self.retiring = False
        self.siblings = siblings or Siblings()
        self.held = 0
        self._held_by: dict[int, int] = {}
        self._bodies = settings.bodies
        self._hurry = hurry

    # -- connections ---------------------------------------------------------------------------------

    def connecting(self, peer: str | None) -> str | None:
        """Raise Overloaded when there is no room for a connection from this address; return what it counts as.

        None is a proxy, of ours or on this machine, behind which there are many.
        """
        self.connections.insist()
        address = read_address(peer)
        if address is None or address.is_loopback or self.proxies.trusts(address):
            return None
        site = site_of(peer)
        self.strangers.insist(site)
        return site

    def connected(self, site: str | None) -> None:
        """Count a connection; it needs its `left`."""
        self.connections.take()
        if site is not None:
            self.strangers.take(site)

    def left(self, site: str | None) -> None:
        """Count one less."""
        self.connections.give()
        if site is not None:
            self.strangers.give(site)

    # -- requests ------------------------------------------------------------------------------------

    def begins(self, *, always: bool) -> None:
        """Count a request, which needs its `ends`; raise Overloaded when it is one too many, unless it is `always` let in."""
        requests = self.requests
        if self.stopping and not always:
            self.tally.shed[Shed.STOPPING] += 1
            raise Overloaded("This server is about to stop. Try again in a moment.")
        if requests.used >= requests.most and not always:
            self.tally.shed[Shed.REQUESTS] += 1
            requests.refuse()
        requests.used += 1

    def ends(self, request: web.Request) -> None:
        """Count one less, and let go of its body."""
        requests = self.requests
        requests.used -= 1
        if requests.awaited is not None and not requests.used:
            requests.emptied()
        self.held -= self._held_by.pop(id(request), 0)

    def hold(self, request: web.Request, size: int) -> None:
        """Count bytes of a body that are held until the request is over; raise Overloaded when they are too many in all."""
        if self.held + size > self._bodies:
            self.tally.shed[Shed.BODIES] += 1
            raise Overloaded("This server holds too many bodies at once. Try again in a moment.")
        self.held += size
        self._held_by[id(request)] = self._held_by.get(id(request), 0) + size

    def charge(self, request: web.Request, requester: Requester) -> None:
        """Count a request of an account, or of an address without one; raise TooMany when it asks too often."""
        account = requester.account
        try:
            self.rates.take(f"@{account.id}" if account else site_of(request.remote))
        except TooMany:
            self.tally.shed[Shed.RATE] += 1
            raise

    # -- the end -------------------------------------------------------------------------------------

    async def tell_end(self, request: web.Request, response: web.StreamResponse) -> None:
        """Say so in an answer with which its connection ends, since others serve on: what is sent on it afterwards would be lost."""
        del request
        if self.retiring:
            response.force_close()
            response.headers["Connection"] = "close"

    async def drained(self) -> bool:
        """Wait until nothing is under way any more: True; or until its time is up, or it is to end at once: False."""
        return await self._waited(self._quiet())

    async def emptied(self) -> None:
        """Wait as `drained` does, and in its time, until who has a connection has had an answer and left."""
        until = asyncio.get_running_loop().time() + self._drain
        await self._waited(self.connections.empty())
        self._drain = max(0.0, until - asyncio.get_running_loop().time())

    async def _waited(self, over: Awaitable[None]) -> bool:
        waiting = asyncio.ensure_future(over)
        hurrying = asyncio.ensure_future(self._hurry.wait())
        done, _ = await asyncio.wait((waiting, hurrying), timeout=self._drain, return_when=asyncio.FIRST_COMPLETED)
        for one in (waiting, hurrying):
            one.cancel()
        await asyncio.gather(waiting, hurrying, return_exceptions=True)
        return waiting in done

    async def _quiet(self) -> None:
        while self.requests.used or self.load.evaluations.used:
            await self.requests.empty()
            await self.load.evaluations.empty()


GATE: web.AppKey[Gate] = web.AppKey("gate", Gate)


def gate_of(request: web.Request) -> Gate:
    """Return the gate that a request came through."""
    return cast("Connection", request.protocol).gate
