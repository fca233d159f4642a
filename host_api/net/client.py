"""The server's client: what all fetches share, and nothing that could carry one val's doings to another.

A guest has its own connections, for a connection remembers who signed in on it and that it was there. There are no cookies, no
proxy or password of the environment, no cache of names or of answers.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal, Self

import aiohttp

from host_api.load.bound import Bound
from host_api.load.turns import Turns
from host_api.net import chain
from host_api.net.addresses import Rules
from host_api.net.connector import LOOKUPS, LOOKUPS_EACH, Connector, Few, Lookup, Resolver, SystemLookup
from host_api.net.exchange import Body
from host_api.net.request import Request, completed

PATIENCE = aiohttp.ClientTimeout(total=None, connect=30, sock_connect=10)
"""Seconds to look up and connect, and to connect to one address; for the rest an evaluation's wall time is enough."""
LONGEST_LINE, LONGEST_HEADER = 8 * 1024, 32 * 1024
LARGE = 256 * 1024
"""Bytes of a body that are handed to the library at once; it writes more without letting others run."""
CONNECTIONS = 8_000
"""Connections that are open at once, unless the operator says otherwise: a process has only so many sockets."""
SHARE = 3
"""One caller has at most this many times the connections that are still free."""
SKIPPED = ("Content-Type", "User-Agent", "Accept", "Accept-Encoding")
"""What the library would say of its own accord."""


class Client:
    """Made at the server's start, closed at its end. Use `async with Client.open(…)`."""

    def __init__(self, rules: Rules, own: chain.Own, lookup: Lookup, trust: ssl.SSLContext | None) -> None:
        """Use `Client.open`."""
        self.rules, self.own = rules, own
        self.trust: ssl.SSLContext | Literal[True] = trust or True
        self.lookup = lookup
        self.room = Bound("connections of fetches", CONNECTIONS, share=SHARE)
        self.lookups = Turns(LOOKUPS, LOOKUPS_EACH)
        self._closing: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        rules: Rules,
        own: chain.Own,
        lookup: Lookup | None = None,
        trust: ssl.SSLContext | None = None,
        *,
        connections: int = CONNECTIONS,
    ) -> AsyncIterator[Self]:
        """Open it; `lookup` None asks the system for names, `trust` None is whom the system's TLS trusts."""
        system = SystemLookup()
        client = cls(rules, own, lookup or system, trust)
        client.room = Bound("connections of fetches", connections, share=SHARE)
        try:
            yield client
        finally:
            await asyncio.gather(*client._closing)
            system.close()

    def close_later(self, session: aiohttp.ClientSession) -> None:
        """Close a guest's connections, beside whatever ends it."""
        task = asyncio.get_running_loop().create_task(session.close())
        self._closing.add(task)  # all of them end before this client does
        task.add_done_callback(self._closing.discard)


class Visit:
    """The connections of one guest; none until the first request."""

    def __init__(self, client: Client, link: chain.Link, caller: str | None = None) -> None:
        """Take the server's client, what this server's own addresses are told of the chain, and whose evaluation it is."""
        self._client, self._link, self._caller = client, link, caller
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: Request, body: Body) -> aiohttp.ClientResponse:
        """Send one request, follow no redirect, undo no coding. Raises FetchFailed and the library's errors."""
        headers = completed(request.headers)
        if self._client.own.is_own(request.url):
            headers = (*headers, (chain.HEADER, str(self._link)))
        if isinstance(body, bytes) and len(body) > LARGE:
            headers, body = (*headers, ("content-length", str(len(body)))), _in_pieces(body)
        session = self._session = self._session or self._open()
        return await session.request(
            request.method, request.url, headers=headers, data=body, allow_redirects=False, skip_auto_headers=SKIPPED
        )

    def _open(self) -> aiohttp.ClientSession:
        client = self._client
        resolver = Resolver(client.rules, Few(client.lookup, client.lookups, self._caller))
        return aiohttp.ClientSession(
            connector=Connector(client.rules, resolver, client.trust, client.room, self._link, self._caller),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            timeout=PATIENCE,
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_HEADER,
        )

    def close(self) -> None:
        """Close every connection; there is no later request."""
        if self._session is not None:
            self._client.close_later(self._session)
            self._session = None


async def _in_pieces(body: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(body), LARGE):
        yield body[at : at + LARGE]
