"""The attacker's plan: a message whose line never ends, one of nothing but line ends, ones that never come, and one that is all parameters."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from email import message_from_bytes

import pytest

from host_api.letterbox import listening as box
from host_api.letterbox import talk
from host_api.letterbox.reading import BOUNDED, LONGEST_KIND, MOST_CONTAINERS, read
from tests.mail.conftest import engine_room
from tests.mail.test_mail_in import DOMAIN, Town, letter, town

__all__ = ["engine_room", "town"]

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def about_to_send(town: Town) -> AsyncIterator[Ends]:
    """Go as far as `DATA`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", town.port)
    try:
        async with asyncio.timeout(20):
            await reader.readline()
            for command in ("HELO x", "MAIL FROM:<m@example.com>", f"RCPT TO:<a.inbox@{DOMAIN}>", "DATA"):
                writer.write(f"{command}\r\n".encode())
                said = await reader.readline()
            assert said.startswith(b"354")
            yield reader, writer
    finally:
        writer.close()


async def pour(ends: Ends, drop: bytes, most: int) -> bytes:
    """Send this again and again, until there is an answer; never more than `most` bytes. Return what was said."""
    reader, writer = ends
    answer = asyncio.ensure_future(reader.readline())
    for _ in range(most // len(drop)):
        writer.write(drop)
        try:
            await writer.drain()
        except ConnectionError:
            break
        if answer.done():
            break
    return await answer


@pytest.mark.parametrize("drop", [b"a" * 65_536, b"\r\n" * 30_000, b"\r" * 65_536, b".\n" * 30_000])
async def test_a_message_without_an_end_is_broken_off(town: Town, drop: bytes) -> None:
    await town.put()
    async with about_to_send(town) as ends:
        assert (await pour(ends, drop, 100_000_000)).startswith(b"552 ")
    assert await town.send(letter()) == 250


async def test_what_arrives_is_bounded_over_all_connections(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talk, "ARRIVING", 1_000_000)
    line = b"a" * 998 + b"\r\n"
    async with AsyncExitStack() as stack:
        await town.put()
        for _ in range(3):
            _, writer = await stack.enter_async_context(about_to_send(town))
            writer.write(line * 250)
            await writer.drain()
        async with about_to_send(town) as ends:
            assert (await pour(ends, line * 50, 2_000_000)).startswith(b"421 ")
    assert await town.send(letter()) == 250


async def test_messages_that_never_come_keep_nobody_elses_out(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(box, "MESSAGES", 1)
    await town.put()
    async with about_to_send(town), about_to_send(town):
        assert await town.send(letter()) == 250


@pytest.mark.parametrize("line", [b"MAIL FROM:<", b'VRFY "', b"MAIL FROM:<a@b", b'RCPT TO:"', b"RCPT TO:<@a,"])
async def test_an_address_that_breaks_the_parser_is_none_and_no_line_of_the_log(
    town: Town, line: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", town.port)
    writer.write(b"EHLO x\r\n" + line + b"\r\nQUIT\r\n")
    assert b"451" not in await reader.read()
    writer.close()
    told = capsys.readouterr()
    assert "mail-in failed" not in told.out + told.err


def test_parameters_without_end_are_cut_in_each_part() -> None:
    """A hundred parts that hold others, each all parameters: twenty-six seconds, before each had a size of its own."""
    many = b'x="' + b";" * 19_900 + b'"'
    part = b"Content-Type: multipart/mixed; boundary=b%d; %s\r\n\r\n--b%d\r\n"
    raw = b"".join(part % (number, many, number) for number in range(MOST_CONTAINERS))
    read(raw)
    kinds = [
        str(one["Content-Type"]) for one in message_from_bytes(raw, policy=BOUNDED).walk() if "Content-Type" in one
    ]
    assert len(kinds) == MOST_CONTAINERS
    assert all(len(kind) <= LONGEST_KIND for kind in kinds)
