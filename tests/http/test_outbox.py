"""Answers of one turn of the loop go out together, and none is lost, late or out of order."""

from __future__ import annotations

import asyncio
from typing import cast

from host_api.http.outbox import MOST, Outbox


class Wire:
    """What asyncio calls a transport, as far as it is asked: it notes what was written when."""

    def __init__(self, log: list[tuple[str, bytes]], name: str) -> None:
        self.log, self.name, self.closing = log, name, False

    def write(self, data: bytes) -> None:
        self.log.append((self.name, data))

    def is_closing(self) -> bool:
        return self.closing


def wires(count: int) -> tuple[list[tuple[str, bytes]], list[Wire]]:
    log: list[tuple[str, bytes]] = []
    return log, [Wire(log, str(number)) for number in range(count)]


def put(outbox: Outbox, wire: Wire, data: bytes) -> None:
    outbox.put(cast("asyncio.Transport", wire), data)


async def test_the_first_answer_of_a_turn_is_written_at_once_and_the_others_at_its_end() -> None:
    log, (one, two, three) = wires(3)
    outbox = Outbox()
    for wire in (one, two, three):
        put(outbox, wire, b"x")
    assert log == [("0", b"x")]
    await asyncio.sleep(0)
    assert log == [("0", b"x"), ("1", b"x"), ("2", b"x")]


async def test_each_turn_begins_anew() -> None:
    log, (one,) = wires(1)
    outbox = Outbox()
    for number in range(3):
        put(outbox, one, b"%d" % number)
        assert log[-1] == ("0", b"%d" % number)
        await asyncio.sleep(0)


async def test_no_more_than_so_many_wait() -> None:
    log, many = wires(MOST + 5)
    outbox = Outbox()
    for wire in many:
        put(outbox, wire, b"x")
    assert len(log) == 1 + MOST
    await asyncio.sleep(0)
    assert [name for name, _ in log] == [wire.name for wire in many]


async def test_who_left_meanwhile_is_written_nothing() -> None:
    log, (one, two, three) = wires(3)
    outbox = Outbox()
    for wire in (one, two, three):
        put(outbox, wire, b"x")
    two.closing = True
    await asyncio.sleep(0)
    assert [name for name, _ in log] == ["0", "2"]
