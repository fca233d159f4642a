"""The attacker is born and dies a thousand times, as deep as its stack goes and of as many images as there are.

What a process has only so many of comes back each time: mappings, open files, the memory of stacks.
"""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

from host_api.images import images
from kernel import store
from kernel.limits import MIB
from kernel.slots import STACK_RESIDENT
from tests.attacks.siege import ended
from tests.kernel.system import files, heap_files, mappings, resident
from tests.semantics.live import PUBLIC, Machine, World, open_world

DEEP = "{ const deep = (n) => deep(n + 1) + 1; try { deep(0) } catch (e) { return e.name } }"
LIVES = 340
"""Of three guests each."""


async def lives(world: World, count: int) -> None:
    for number in range(count):
        own = await world.run("B.lib")
        foreign = await world.outcome("@B.lib()", by="A" if number % 2 else None)
        assert (ended(own), ended(foreign)) == ("value", "value")


async def held(machine: Machine) -> tuple[int, int]:
    """Mappings that are no waiting slot's, and open files, when no guest has a slot any more; how many wait is another matter."""
    gc.collect()
    slots = machine.engine.slots
    async with asyncio.timeout(60):
        while slots.mappings != sum(slot.cost for waiting in slots._free.values() for slot in waiting):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return mappings() - slots.mappings, files()


async def test_a_thousand_guests_leave_no_mapping_and_no_file(engine_room: Machine, tmp_path: Path) -> None:
    async with open_world(engine_room, tmp_path) as world:
        await world.save("B", "const all = [1, 2, 3]; export const lib = () => all.length", PUBLIC)
        await lives(world, 20)
        before = await held(engine_room)
        await lives(world, LIVES)
        after = await held(engine_room)
        assert after[0] - before[0] < LIVES
        assert after[1] - before[1] < LIVES // 10
        assert world.house.guests == 0


async def test_images_that_were_saved_away_leave_no_mapping_and_no_file(engine_room: Machine, tmp_path: Path) -> None:
    """Fifty versions, each in use while the next is saved."""
    async with open_world(engine_room, tmp_path) as world:

        async def save_and_use(number: int) -> None:
            using = asyncio.gather(*(world.outcome("@B.lib()") for _ in range(3)))
            await world.save("B", f"const all = new Array(200).fill({number}); export const lib = () => all[7]", PUBLIC)
            assert await world.eval("@B.lib()") == number
            await using

        for number in range(5):
            await save_and_use(number)
        world.house.images.kept.clear()  # as when others take their place
        before = await held(engine_room)
        for number in range(50):
            await save_and_use(number)
        world.house.images.kept.clear()
        after = await held(engine_room)
        assert after[0] - before[0] < 2 * 50  # an image for B, and one for others, of each version
        assert after[1] - before[1] < 50


async def test_images_are_no_more_than_so_many_open_files(engine_room: Machine, tmp_path: Path) -> None:
    assert images.MOST_KEPT <= 2_000
    async with open_world(engine_room, tmp_path) as world:
        await world.save("B", "export const lib = () => 1", PUBLIC)
        await lives(world, 1)
        before = heap_files()
        for number in range(10):
            await world.save("B", f"export const lib = () => {number}", PUBLIC)
            await lives(world, 1)
        assert 0 < heap_files() - before <= 2 * 10  # one an image


async def test_a_deep_recursion_leaves_little_of_its_stack(engine_room: Machine, tmp_path: Path) -> None:
    async with open_world(engine_room, tmp_path) as world:
        outcomes = await asyncio.gather(*(world.outcome(DEEP) for _ in range(20)))
        assert {outcome.json for outcome in outcomes} == {b'"RangeError"'}
        assert world.house.guests == 0
        waiting = [(at, size) for size, free in store._stacks._free.items() for at in free]
        waiting += store._stack_sizes.items()  # which instances keep for their next guests
        assert waiting
        assert all(resident(at, size) <= STACK_RESIDENT for at, size in waiting)
        assert sum(resident(at, size) for at, size in waiting) <= 10 * MIB
