"""Servers on loopback that fetches meet, and the client's half of a fetch without a guest."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from host_api.capabilities.endings import end
from host_api.net.addresses import Rules
from host_api.net.chain import Link, Own
from host_api.net.client import Client, Visit
from host_api.net.connector import Lookup, SystemLookup
from host_api.net.exchange import Exchange
from host_api.net.request import Request
from kernel.capability import Run

MIB = 1024 * 1024
OWN = Own("127.0.0.1", "vals.example", frozenset((8787,)))

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass
class Served:
    """A server that answers, and what it has seen."""

    port: int
    seen: list[str] = field(default_factory=list)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


@asynccontextmanager
async def serving(handler: Handler, context: ssl.SSLContext | None = None) -> AsyncIterator[Served]:
    """Serve every path with this handler, on a free port of loopback."""
    served = Served(0)

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        served.seen.append(f"{request.method} {request.raw_path}")
        return await handler(request)

    server = web.Server(answer, handler_cancellation=True)  # whoever hangs up is not waited for
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    listening = socket.create_server(("127.0.0.1", 0))
    served.port = listening.getsockname()[1]
    try:
        await web.SockSite(runner, listening, ssl_context=context).start()
        yield served
    finally:
        await runner.cleanup()


@dataclass
class Raw:
    """A server of bytes: how many connected, what they sent, and whether they are gone."""

    port: int
    connections: int = 0
    received: bytes = b""
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


@asynccontextmanager
async def raw(answer: Iterable[bytes], *, close: bool = True) -> AsyncIterator[Raw]:
    """Answer the head of each request with these bytes, however many there are; then close, or listen on."""
    server: asyncio.Server

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.connections += 1
        try:
            seen.received += await reader.readuntil(b"\r\n\r\n")
            seen.asked.set()
            for piece in answer:
                writer.write(piece)
                await writer.drain()
            while not close and (more := await reader.read(65536)):
                seen.received += more
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            seen.gone.set()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    seen = Raw(server.sockets[0].getsockname()[1])
    async with server:
        yield seen


@dataclass
class Out:
    """A guest's way out, without the guest."""

    client: Client
    visit: Visit
    moved: list[str] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)

    def exchange(
        self,
        method: str,
        url: str,
        *headers: str,
        body: bytes | None = None,
        upload: str = "whole",
        redirect: str = "follow",
        limit: int = 10 * MIB,
    ) -> Exchange:
        request = Request.parse(method, url, json.dumps(headers), body, upload, redirect)
        return Exchange(request, self.visit.send, limit, lambda step: self.moved.append(step.shown))


@asynccontextmanager
async def going_out(
    *allow: str, lookup: Lookup | None = None, own: Own = OWN, trust: ssl.SSLContext | None = None
) -> AsyncIterator[Out]:
    """Open a client with these allowances."""
    async with Client.open(Rules.parse(allow, 8787), own, lookup, trust) as client:
        out = Out(client, Visit(client, Link(3)))
        try:
            yield out
        finally:
            out.visit.close()
            for run in out.runs:
                end(run)


async def body_of(exchange: Exchange) -> bytes:
    """Read to the end."""
    whole = b""
    while (piece := await exchange.read()) is not None:
        whole += piece
    return whole


async def spelled(host: str, port: int) -> list[str]:
    """Ask the machine, which knows addresses however they are spelled; of names it knows none where nobody answers it today."""
    system = SystemLookup()
    try:
        return await system(host, port)
    except socket.gaierror:
        raise socket.gaierror(socket.EAI_NONAME, "unknown") from None
    finally:
        system.close()


def names(**known: str | list[str]) -> Lookup:
    """Know these names, `_` standing for a dot, and no others; a list is answered one after another, the last for ever."""
    table = {
        name.replace("_", "."): [found] if isinstance(found, str) else list(found) for name, found in known.items()
    }

    async def lookup(host: str, port: int) -> list[str]:
        answers = table.get(host)
        if answers is None:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return (answers.pop(0) if len(answers) > 1 else answers[0]).split()

    return lookup
