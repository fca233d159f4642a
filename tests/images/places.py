"""What tests look at inside an image, and another house on the same database."""

from __future__ import annotations

import ctypes
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from host_api.house import House
from host_api.images import Prepared
from host_api.images.shelf import Shelf
from host_api.net.client import Client
from host_api.settings import Settings
from kernel.evaluation import Kernel
from kernel.principals import Authority
from kernel.store import Program
from tests.semantics.live import NO_SHELF, ROOMY, Machine, World


async def prepared(world: World, name: str, authority: Authority) -> Prepared | None:
    """What guests of `B.foo` are born of."""
    owner, val = name.split(".")
    found = world.house.store.val(owner, val)
    assert found is not None
    return await world.house.images.of(found, authority)


def memory_of(image: Prepared | None) -> bytes:
    """What a guest of it begins with; nothing if it has none."""
    if image is None or image.start is None:
        return b""
    program = image.start.program
    assert isinstance(program, Program)
    return ctypes.string_at(program.heap.master, program.heap.size)


def holds(memory: bytes, text: str) -> bool:
    """Whether a text stands in a memory in any form that an engine keeps texts in."""
    return text.encode() in memory or text.encode("utf-16-le") in memory


async def who_holds(world: World, name: str, text: str) -> list[Authority]:
    """Which images of a val have a text in them."""
    return [each for each in Authority if holds(memory_of(await prepared(world, name, each)), text)]


async def keys(world: World, name: str, authority: Authority) -> list[str]:
    """Which vals are in an image."""
    found = await prepared(world, name, authority)
    return sorted(found.start.units) if found and found.start else []


@asynccontextmanager
async def beside(made: Machine, folder: Path, shelf: Shelf = NO_SHELF) -> AsyncIterator[World]:
    """Open another house on the database of an open world, as another process does."""
    chosen = Settings(db=str(folder / "live.db"), limits=ROOMY)
    async with Client.open(chosen.fetch_rules, chosen.own_addresses) as client:
        with chosen.open_store() as store:
            kernel = Kernel(made.engine, made.runtime)
            compiling = Kernel(made.engine, made.compiler, kernel.scheduler)
            house = House(chosen, store, kernel, compiling, client, shelf)
            yield World(house)
            await house.images.close()
