"""One fetch: its hops, its answer's body, and what is written to it.

An exchange owns at most one response at a time, and closes it whatever happens. It is told to stop from outside with `stop`: what
waits inside then fails. This file does not know who asks, nor what a record is.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from http import HTTPStatus

import aiohttp

from host_api.net.decoding import Decoding, Unreadable
from host_api.net.failures import FetchFailed, explained
from host_api.net.redirects import MOST, following
from host_api.net.request import Request, Upload
from kernel.errors import LimitError

PIECE = 256 * 1024
"""The largest piece that a guest is given, and that one step of decoding makes."""
CODED = 16 * 1024
"""How much of a coded body is taken in one step: others have their turn after it."""
MOST_HEAD = 256 * 1024
"""Bytes of all headers of an answer."""

Body = bytes | AsyncIterator[bytes] | None
Send = Callable[[Request, Body], Awaitable[aiohttp.ClientResponse]]


@dataclass(frozen=True, slots=True)
class Head:
    """The head of the last answer: header names are in lower case, values as the bytes that came."""

    status: int
    text: str
    url: str
    redirected: bool
    headers: tuple[tuple[str, str], ...]

    def json(self) -> str:
        """Write it for a guest; headers flat."""
        flat = [part for header in self.headers for part in header]
        return json.dumps([self.status, self.text, self.url, self.redirected, flat])


class Exchange:
    """One fetch. `head` once; then `read` until None; `write` and `end` beside `head` where the request says so."""

    def __init__(
        self,
        request: Request,
        send: Send,
        limit: int,
        moved: Callable[[Request], None],
        charge: Callable[[float], None] = lambda _: None,
    ) -> None:
        """Take a request, who sends one, the most bytes of a body, and who is told of each redirect and of seconds of work."""
        self._request, self._send, self._limit, self._moved = request, send, limit, moved
        self._charge = charge
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue(1)
        self._waiting: set[asyncio.Timeout] = set()
        self._writing: set[asyncio.Timeout] = set()
        self._stopped = self._written_out = False
        self._response: aiohttp.ClientResponse | None = None
        self._decoding = Decoding("")
        self._taken = self._given = self._written = 0

    # -- the way there ---------------------------------------------------------------------------------

    async def head(self) -> Head:
        """Send the request, follow redirects, return the head of the last answer. Raises Refusal."""
        request, redirected = self._request, False
        async with self._guarded():
            if request.upload is Upload.GATHERED:
                request = replace(request, body=await self._gather())
            for _ in range(MOST + 1):
                response = await self._hop(request)
                step = following(request, response.status, _location(response))
                if step is None:
                    return self._accept(request, response, redirected=redirected)
                self._drop()
                self._moved(step)
                request, redirected = step, True
        raise FetchFailed(f"there are more than {MOST} redirects")

    async def _hop(self, request: Request) -> aiohttp.ClientResponse:
        streamed = request.upload is Upload.STREAMED
        host = request.url.host or ""
        with _explaining(host):
            response = self._response = await self._send(request, self._stream() if streamed else request.body)
        if response.status == HTTPStatus.SWITCHING_PROTOCOLS:
            raise FetchFailed(f"{host} answered with another protocol")
        if sum(len(name) + len(value) for name, value in response.raw_headers) > MOST_HEAD:
            raise FetchFailed(f"{host} sent an answer that is not HTTP, or whose head is too large")
        return response

    def _accept(self, request: Request, response: aiohttp.ClientResponse, *, redirected: bool) -> Head:
        headers = tuple(
            (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.raw_headers
        )
        codings = ",".join(value for name, value in headers if name == "content-encoding")
        try:
            self._decoding = Decoding(codings)
        except Unreadable:
            raise FetchFailed(f"{request.url.host} sent a body that cannot be decoded") from None
        reason = (response.reason or "").encode("utf-8", "surrogateescape").decode("latin-1")
        return Head(response.status, reason, str(request.url), redirected, headers)

    # -- the request's body ----------------------------------------------------------------------------

    async def write(self, piece: bytes | None) -> None:
        """Hand over a piece of the request's body, or its end; return when there is room for the next."""
        if self._request.upload is Upload.WHOLE or self._written_out:
            raise FetchFailed("this request takes no more of a body")
        self._written += len(piece or b"")
        if self._written > self._limit:
            self.stop()
            raise LimitError(f"a request's body has {self._limit} bytes at most, and this one is larger")
        async with _scope(self._writing):
            await self._pieces.put(piece)

    async def _gather(self) -> bytes:
        whole = bytearray()
        while (piece := await self._pieces.get()) is not None:
            whole += piece
        self._written_out = True
        return bytes(whole)

    async def _stream(self) -> AsyncIterator[bytes]:
        try:
            while (piece := await self._pieces.get()) is not None:
                if piece:  # an empty chunk would be the last
                    yield piece
        finally:
            self._take_no_more()

    def _take_no_more(self) -> None:
        self._written_out = True
        _expire(self._writing)

    # -- the answer's body -----------------------------------------------------------------------------

    async def read(self) -> bytes | None:
        """Return the next decoded bytes, or None at the end. Raises Refusal; LimitError when the body is too large."""
        response = self._response
        if response is None:
            return None
        async with self._guarded():
            host = str(response.url.host)
            with _explaining(host):
                piece = await self._next(response)
        if piece is None:
            self._drop()
        return piece

    async def _next(self, response: aiohttp.ClientResponse) -> bytes | None:
        while True:
            piece = self._decoded()
            self._given += len(piece)
            self._insist(max(self._given, self._decoding.between))
            if piece:
                return piece
            if self._decoding.unfinished:
                await asyncio.sleep(0)
                continue
            coded = await response.content.read(CODED if self._decoding.coded else PIECE)
            self._taken += len(coded)
            self._insist(self._taken)
            if not coded:
                self._decoding.end()
                return None
            self._decoding.feed(coded)
            await asyncio.sleep(0)  # a body that decodes to nothing must not keep the loop

    def _decoded(self) -> bytes:
        """Return the next decoded bytes, and have the work paid for."""
        began = time.thread_time()
        try:
            return self._decoding.take(PIECE)
        finally:
            self._charge(time.thread_time() - began)

    def _insist(self, size: int) -> None:
        if size > self._limit:
            raise LimitError(f"a fetched body has {self._limit} bytes at most, and this one is larger")

    # -- the end ---------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Let go of everything, now; what waits inside fails."""
        self._stopped = True
        self._take_no_more()
        _expire(self._waiting)
        self._drop()

    @asynccontextmanager
    async def _guarded(self) -> AsyncIterator[None]:
        """Let `stop` reach what is inside; whatever goes wrong inside, the response is let go of."""
        if self._stopped:
            raise FetchFailed("it was aborted")
        try:
            async with _scope(self._waiting):
                yield
        except BaseException:
            self._take_no_more()
            self._drop()
            raise

    def _drop(self) -> None:
        if self._response is not None:
            self._response.close()
            self._response = None


@asynccontextmanager
async def _scope(scopes: set[asyncio.Timeout]) -> AsyncIterator[None]:
    """Run what is inside until it is done, or until these scopes expire."""
    scope = asyncio.timeout(None)
    try:
        async with scope:
            scopes.add(scope)
            yield
    except TimeoutError:
        raise FetchFailed("it was aborted, or is over") from None
    finally:
        scopes.discard(scope)


def _expire(scopes: set[asyncio.Timeout]) -> None:
    now = asyncio.get_running_loop().time()
    for scope in scopes:
        with suppress(RuntimeError):  # it has expired already, and what is inside has yet to hear of it
            scope.reschedule(now)


def _location(response: aiohttp.ClientResponse) -> str | None:
    """Return where an answer points, as the bytes that came: in Latin-1, or in UTF-8 where it is that."""
    found = [value for name, value in response.raw_headers if name.lower() == b"location"]
    if not found:
        return None
    try:
        return found[0].decode("utf-8")
    except UnicodeDecodeError:
        return found[0].decode("latin-1")


@contextmanager
def _explaining(host: str) -> Iterator[None]:
    try:
        yield
    except Unreadable:
        raise FetchFailed(f"{host} sent a body that cannot be decoded") from None
    except (aiohttp.ClientError, OSError) as error:
        raise explained(host, error) from None
