"""Looking names up, and connecting to nothing but what the rules permit.

Three gates, since each can be gone round alone: a name's addresses are judged before one is connected to; an address that stands
in the URL itself is judged before too, for no lookup sees it; and the peer is judged once more when the connection is there, before
a byte of a request is sent. A name that resolves differently the next time meets the same gates again: there is no cache to fool.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from ssl import SSLContext
from typing import TYPE_CHECKING, Literal

from aiohttp import ClientTimeout, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import BadHttpMessage

from host_api.net.addresses import FORBIDDEN_PORTS, Address, Rules, read_address
from host_api.net.chain import HEADER, Link
from host_api.net.failures import FetchFailed, NotPublic

if TYPE_CHECKING:
    from aiohttp import ClientRequest, StreamReader
    from aiohttp.connector import Connection
    from aiohttp.http_parser import RawResponseMessage
    from aiohttp.tracing import Trace

    from host_api.load.bound import Bound
    from host_api.load.turns import Turns

Lookup = Callable[[str, int], Awaitable[Iterable[str]]]
"""Return the addresses of a name, for a connection to this port; raise OSError."""

LOOKUPS = 32
"""Names that are looked up at once; the system's resolver blocks a thread for each, up to half a minute."""


class SystemLookup:
    """The system's resolver, in threads of its own: one that hangs holds up lookups and nothing else."""

    def __init__(self) -> None:
        """Start no thread yet."""
        self._threads = ThreadPoolExecutor(LOOKUPS, "lookup")

    async def __call__(self, host: str, port: int) -> list[str]:
        """Ask the system; whatever spelling of an address it understands comes out as that address."""
        ask = asyncio.get_running_loop().run_in_executor
        found = await ask(self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        return [str(info[4][0]) for info in found]

    def close(self) -> None:
        """Wait for no lookup."""
        self._threads.shutdown(wait=False, cancel_futures=True)


LOOKUPS_EACH = 8
"""Of these, names of one caller, whatever the number of guests: lookups that hang are not everybody's."""
FEW = 4
"""Names that one guest may have looked up at once."""


class Few:
    """One guest's lookups. Those that nobody waits for any more count too: a system's lookup cannot be stopped, and holds a thread."""

    def __init__(self, lookup: Lookup, turns: Turns, caller: str | None) -> None:
        """Take who knows names, the turns of the whole server, and whose evaluation it is."""
        self._lookup, self._turns, self._caller = lookup, turns, caller
        self._room = asyncio.Semaphore(FEW)

    async def __call__(self, host: str, port: int) -> Iterable[str]:
        """Wait for room and for a turn, then ask."""
        await self._room.acquire()
        try:
            await self._turns.take(self._caller)
        except BaseException:
            self._room.release()
            raise
        asking = asyncio.ensure_future(self._lookup(host, port))
        asking.add_done_callback(self._done)
        return await asyncio.shield(asking)

    def _done(self, asked: asyncio.Future[Iterable[str]]) -> None:
        self._room.release()
        self._turns.give(self._caller)
        if not asked.cancelled():
            asked.exception()  # when nobody waits any more, it concerns nobody


class Resolver(AbstractResolver):
    """Gives the library only addresses that a connection may go to."""

    def __init__(self, rules: Rules, lookup: Lookup) -> None:
        """Take the rules, and who knows names."""
        self._rules, self._lookup = rules, lookup

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the permitted addresses of a name; raise NotPublic when there is none, whatever the reason."""
        del family
        addresses = [address for text in await self._ask(host, port) if (address := read_address(text)) is not None]
        permitted = dict.fromkeys(address for address in addresses if self._rules.permits(host, port, address))
        if not permitted:
            raise NotPublic(host)
        return [_result(host, port, address) for address in permitted]

    async def _ask(self, host: str, port: int) -> Iterable[str]:
        try:
            return await self._lookup(host, port)
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN:
                raise FetchFailed(f"{host} could not be looked up; try again later") from None
            raise NotPublic(host) from None
        except (OSError, UnicodeError):  # UnicodeError: a label longer than any name has
            raise NotPublic(host) from None

    async def close(self) -> None:
        """Leave the lookup to its owner."""


def _result(host: str, port: int, address: Address) -> ResolveResult:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004 - the older of the two
    return ResolveResult(
        hostname=host, host=str(address), port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST
    )


MOST_HINTS = 64


class Protocol(ResponseHandler):
    """One connection's. Hints before an answer (100 to 199) cost their reader, and nothing else ends them."""

    def __init__(self, room: Bound, caller: str | None, loop: asyncio.AbstractEventLoop) -> None:
        """Take the room of the whole server, and whose evaluation it is."""
        super().__init__(loop)
        self._room, self._caller = room, caller
        self._hints = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it as long as it is open, in use or kept."""
        super().connection_made(transport)
        self._room.take(self._caller)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Give the room back."""
        self._room.give(self._caller)
        super().connection_lost(exc)

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """Take an answer, or a hint; break off when there are too many."""
        self._hints = self._hints + 1 if data[0].code < HTTPStatus.OK else 0
        if self._hints > MOST_HINTS:
            self.close()  # first: it forgets what went wrong
            self.set_exception(BadHttpMessage("too many hints"))
        else:
            super().feed_data(data, size)


class Connector(TCPConnector):
    """Connections of one guest."""

    def __init__(
        self,
        rules: Rules,
        resolver: Resolver,
        trust: SSLContext | Literal[True],
        room: Bound,
        link: Link,
        caller: str | None = None,
    ) -> None:
        """Take the rules, the resolver that keeps them, whom TLS trusts, the room, what this server is told of the chain, and the caller."""
        super().__init__(resolver=resolver, ssl=trust, use_dns_cache=False, limit=0)
        self._factory = partial(Protocol, room, caller, self._loop)  # type: ignore[assignment]
        self._rules, self._room, self._link, self._caller = rules, room, link, caller

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout) -> Connection:  # noqa: ASYNC109 - the library's
        """Connect, or take a connection that is there; raise NotPublic before and after unless the rules permit it."""
        host, port = req.url.host or "", req.url.port or 0
        insist(self._rules, host, port)
        connection = await super().connect(req, traces, timeout)
        if not self._is_permitted(host, port, connection):
            connection.close()
            raise NotPublic(host)
        if port in self._rules.own_ports and _is_itself(connection.transport):  # whatever name it was asked for by
            req.headers[HEADER] = str(self._link)
        return connection

    async def _create_connection(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109 - the library's
    ) -> ResponseHandler:
        """Connect anew; raise Overloaded when the server, or this caller, has as many connections as may be."""
        with self._room.one(self._caller):
            return await super()._create_connection(req, traces, timeout)

    def _is_permitted(self, host: str, port: int, connection: Connection) -> bool:
        transport = connection.transport
        peer = None if transport is None else read_address(_address(transport, "peername"))
        if transport is None or peer is None or not self._rules.permits(host, port, peer):
            return False
        return not _is_itself(transport) or self._rules.permits_self(host, port, peer)


def insist(rules: Rules, host: str, port: int) -> None:
    """Raise NotPublic for what needs no lookup: an address in the URL, or a port that no web server has."""
    address = read_address(host)
    if address is None and ":" in host:  # brackets around what is no address
        raise NotPublic(host)
    refused = not rules.permits(host, port, address) if address else port in FORBIDDEN_PORTS
    if refused and not rules.allows(host, port, address):
        raise NotPublic(host)


def _is_itself(transport: asyncio.Transport | None) -> bool:
    """Whether a connection goes to this very machine."""
    return transport is not None and _address(transport, "peername") == _address(transport, "sockname")


def _address(transport: asyncio.Transport, name: str) -> str:
    there = transport.get_extra_info(name)
    return str(there[0]) if isinstance(there, tuple) and there else ""
