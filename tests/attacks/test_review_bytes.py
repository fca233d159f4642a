"""The attacker's plan: row 11 lets foreign code write data into A's public val, so it writes bytes that no encoder would.

A's own guest reads them, with A's rights: a number that means A's own `eval`, an array whose `length` is converted by code, a
reference to what A's guest holds. A replaced array iterator is enough to put any bytes into the host call.
"""

from __future__ import annotations

import struct

import pytest

from host_api.store import Kind
from kernel.wire import Tag
from tests.semantics.live import World


def word(number: int) -> bytes:
    return struct.pack("<I", number)


def text(value: str) -> bytes:
    return bytes([Tag.STRING]) + word(len(value)) + value.encode()


CONVERTED = bytes([Tag.OBJECT]) + word(1) + text("valueOf") + bytes([Tag.NULL])
FORGED = {
    "an array's own length": bytes([Tag.ARRAY]) + word(0) + word(1) + text("length") + CONVERTED,
    "a reference": bytes([Tag.REF]) + word(0),
    "a back reference forward": bytes([Tag.ARRAY]) + word(1) + bytes([Tag.BACK]) + word(7) + word(0),
    "an unknown kind": bytes([max(Tag) + 1]),
    "a hole by itself": bytes([Tag.HOLE]),
    "two values": bytes([Tag.TRUE, Tag.TRUE]),
    "nothing": b"",
    "a length that lies": bytes([Tag.STRING]) + word(1 << 31),
    "a count that lies": bytes([Tag.MAP]) + word(1 << 31),
    "too deep": (bytes([Tag.ARRAY]) + word(1)) * 400 + bytes([Tag.NULL]) + word(0) * 400,
}


async def put(world: World, payload: bytes) -> None:
    await world.house.store.write_val("A", "evil", code="evil", kind=Kind.DATA, payload=payload, type="object")


@pytest.mark.parametrize("payload", FORGED.values(), ids=FORGED.keys())
async def test_stored_bytes_that_no_encoder_wrote_are_no_value(world: World, payload: bytes) -> None:
    await put(world, payload)
    error = await world.error("@me.evil")
    assert error.code == "thrown", error


async def test_no_number_in_stored_bytes_means_a_built_in(world: World) -> None:
    for first in range(0, 1500, 100):
        for number in range(first, first + 100, 7):
            await put(world, bytes([Tag.INTRINSIC]) + word(number))
            assert (await world.error("@me.evil")).code == "thrown", number
