"""What comes in: bodies within their limit, arguments as the bytes they were sent as, texts that are texts.

Nothing here knows a route. Everything raises BadInput, TooLarge or AddressTooLong with a sentence for whoever sent it.
"""

# ruff: noqa: SLF001 - what a body that is here has is taken from the pinned library's reader without its four methods

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import unquote_to_bytes

from aiohttp import EMPTY_PAYLOAD, ClientPayloadError, StreamReader, web
from aiohttp.http_exceptions import HttpProcessingError

from host_api.http import json_text
from host_api.http.gate import Gate, gate_of
from host_api.http.json_text import Document, Part
from host_api.net.chain import FIRST, HEADER, Link
from host_api.net.decoding import Decoding, Unreadable
from kernel.errors import AddressTooLong, BadInput, TooLarge

PIECE = 256 * 1024
"""Bytes of a body that are handed on at once."""

BODY_SECONDS = 60
"""How long a body may take to arrive: a client that sends nothing holds nothing for longer."""

ARGS_MUST_BE = 'args must be a JSON array, one item for each parameter, as in {"args": [1, "two"]}.'


def chain_of(request: web.Request) -> Link:
    """Return what a request says of the chain of evaluations that led to it, each by a fetch of this server."""
    said = request.headers.get(HEADER)
    return FIRST if said is None else Link.parse(said)


def arrived(request: web.Request, gate: Gate, limit: int) -> bytes | None:
    """Return a body that came with the head, as it mostly does; None for one that is to be awaited, decoded or refused."""
    body, headers = request.content, request.headers
    if "Content-Encoding" in headers:
        return None
    if body is EMPTY_PAYLOAD:
        return None if "Expect" in headers else b""
    if not body._eof or body._exception is not None or not 0 < body.total_bytes <= limit:
        return None
    if len(body._buffer) == 1 and body._size == body.total_bytes < body._low_water:
        whole, body._size = body._buffer.popleft(), 0  # as `read_nowait`, which goes on to ask whether to read on
    else:
        whole = body.read_nowait()
    gate.hold(request, len(whole))
    return whole


async def read_body(request: web.Request, limit: int) -> bytes:
    """Read the body, decompressed; raise TooLarge as soon as it is over `limit` bytes."""
    gate = gate_of(request)
    whole = arrived(request, gate, limit)
    return await awaited(request, gate, limit) if whole is None else whole


async def awaited(request: web.Request, gate: Gate, limit: int) -> bytes:
    """Read a body that has not `arrived`."""
    if (request.content_length or 0) > limit:
        raise _too_large(limit)
    with _refusing():
        async with asyncio.timeout(BODY_SECONDS):
            held: list[bytes] = []
            async for piece in pieces(request, limit):
                gate.hold(request, len(piece))
                held.append(piece)
            return b"".join(held)


async def read_object(request: web.Request, limit: int) -> Document:
    """Read a body that must be a JSON object, whatever its content type says."""
    return as_object(await read_body(request, limit))


def as_object(body: bytes) -> Document:
    """Parse a body that must be a JSON object."""
    document = json_text.parse(body)
    if document.text[0] != "{":
        raise BadInput("The body must be a JSON object.")
    return document


def args_of(part: Part | None) -> bytes | None:
    """Return the arguments as they were written; None if there are none."""
    if part is None:
        return None
    if not isinstance(part.value, list):
        raise BadInput(ARGS_MUST_BE)
    return part.raw


def query(request: web.Request, name: str) -> str | None:
    """Return a field of the query (of two with one name the last); its bytes must be UTF-8."""
    values = queries(request, name)
    return values[-1] if values else None


def queries(request: web.Request, name: str) -> list[str]:
    """Return every value of a field of the query, in order."""
    fields = (field.partition("=") for field in request.rel_url.raw_query_string.split("&"))
    return [_plain(value.replace("+", " ")) for key, _, value in fields if key == name]


def path_after(request: web.Request, prefix: str) -> str:
    """Return what the path says after a prefix, slashes and all."""
    return _plain(request.rel_url.raw_path.removeprefix(prefix))


def insist_address(request: web.Request, limit: int) -> None:
    """Raise AddressTooLong for a request target over `limit` bytes."""
    if len(request.raw_path.encode(errors="surrogateescape")) > limit:
        raise AddressTooLong(f"The address is longer than {limit:,} bytes. Send the arguments in a body, with POST.")


def text_of(part: Part | None, name: str) -> str:
    """Return a text that has an encoding: half a surrogate pair cannot be kept."""
    if part is None or not isinstance(part.value, str):
        raise BadInput(f"{name!r} must be given, as a string.")
    try:
        part.value.encode()
    except UnicodeEncodeError:
        raise BadInput(f"{name!r} holds half a surrogate pair, which is not text.") from None
    return part.value


def insist_code(code: str, limit: int) -> str:
    """Return source code within its limit, in bytes of UTF-8."""
    if len(code.encode()) > limit:
        raise TooLarge(f"The code is over {limit:,} bytes.")
    return code


def moment(text: str, name: str) -> int:
    """Read a time in ISO 8601, UTC unless it says otherwise, as milliseconds since 1970."""
    try:
        read = datetime.fromisoformat(text)
        return int((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise BadInput(f"{name} must be a time, as in 2030-01-31T12:00:00Z.") from None


async def pieces(request: web.Request, limit: int) -> AsyncIterator[bytes]:
    """Read the body piece by piece, decompressed; raise TooLarge once it is over `limit` bytes, and BadInput.

    The library would decompress by itself: all of a body that unpacks to gigabytes, on the loop, and also of one that nobody reads.
    """
    await _continue(request)
    arrived = size = 0
    with _refusing():
        decoding = Decoding(_codings(request))
        while coded := await _next(request.content):
            arrived += len(coded)
            decoding.feed(coded)
            while (piece := decoding.take(PIECE)) or decoding.unfinished:
                size += len(piece)
                if max(size, decoding.between) > limit:
                    raise _too_large(limit)
                if piece:
                    yield piece
            if arrived > limit:
                raise _too_large(limit)
        decoding.end()


def is_coded(request: web.Request) -> bool:
    """Whether the body comes compressed, so that what is read is not what was sent."""
    try:
        return Decoding(_codings(request)).coded
    except Unreadable:
        return False


def _codings(request: web.Request) -> str:
    return ",".join(request.headers.getall("Content-Encoding", []))


@contextmanager
def _refusing() -> Iterator[None]:
    """Say what is wrong with a body."""
    try:
        yield
    except TimeoutError:
        raise BadInput(f"The body did not arrive within {BODY_SECONDS} seconds.") from None
    except (ClientPayloadError, HttpProcessingError, web.RequestPayloadError, Unreadable):
        raise BadInput("The body does not have the length or the encoding that its headers declare.") from None


async def _next(content: StreamReader) -> bytes:
    """Wait for more. The time is this piece's: each may be asked for in a task of its own, and that which asked first is over."""
    async with asyncio.timeout(BODY_SECONDS):
        return await content.read(PIECE)


async def _continue(request: web.Request) -> None:
    """Ask for the body of a client that waits to be asked: not before its headers have passed."""
    begun = request.writer.output_size > 0  # a val that answers before it reads: in its answer nothing may be said
    if not begun and request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The body is over {limit:,} bytes.")


def _plain(quoted: str) -> str:
    try:
        return unquote_to_bytes(quoted.encode(errors="surrogateescape")).decode()
    except UnicodeDecodeError:
        raise BadInput("The address is not valid UTF-8 once its percent signs are decoded.") from None
