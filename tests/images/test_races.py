"""Images and saves at once: an evaluation that begins after a save was acknowledged sees it, whatever was being made meanwhile."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from host_api.images import images
from kernel.principals import Authority
from tests.images.places import beside, holds, memory_of, prepared
from tests.semantics.live import PRIVATE, PUBLIC, Machine, World, value

OWN, FOREIGN = Authority.OWN, Authority.FOREIGN
SAVES = 25


def numbered(n: int) -> str:
    """A val with something at its top, so that its image takes a moment."""
    return f"const all = Array.from({{ length: 300 }}, (_, i) => ({{ i }})); export const lib = () => all.length - 300 + {n}"


async def read(world: World, how: str) -> int:
    if how == "own":
        return int(value(await world.run("B.lib")))
    found = await world.eval({"foreign": "@B.lib()", "through another": "@B.through()"}[how])
    assert isinstance(found, int)
    return found


@pytest.mark.parametrize("how", ["own", "foreign", "through another"])
async def test_no_evaluation_is_older_than_what_was_acknowledged(world: World, how: str) -> None:
    acknowledged, done = 0, False
    await world.save("B", numbered(0))
    await world.save("B", "export const through = () => @me.lib()")

    async def reads() -> int:
        count = 0
        while not done:
            before = acknowledged
            assert await read(world, how) >= before
            count += 1
            await asyncio.sleep(0)  # an evaluation may be over without one wait
        return count

    readers = [asyncio.create_task(reads()) for _ in range(4)]
    for number in range(1, SAVES):
        await world.save("B", numbered(number))
        acknowledged = number
        assert await read(world, how) == number
    done = True
    assert min(await asyncio.gather(*readers)) > 0


async def test_nor_when_two_processes_save(engine_room: Machine, world: World, tmp_path: Path) -> None:
    async with beside(engine_room, tmp_path) as other:
        await world.save("B", "export const through = () => @me.lib()")
        for number in range(SAVES):
            writer, reader = (world, other) if number % 2 else (other, world)
            await writer.save("B", numbered(number))
            assert [await read(reader, how) for how in ("own", "foreign", "through another")] == [number] * 3


async def test_an_image_that_is_being_made_while_a_val_in_it_is_hidden_is_not_used(world: World) -> None:
    """The attacker asks just before its author hides the val."""
    mark = "soon to be hidden"
    val = await world.save("B", f"const words = '{mark}'; export const dep = () => words", PUBLIC)
    top = "let n = 0; for (let i = 0; i < 300000; i++) n += i;"
    main = await world.save("B", f"{top} export const main = (x) => x ? typeof @me.dep : n", PUBLIC)
    asked = asyncio.create_task(world.house.images.of(main, FOREIGN))
    for _ in range(3):
        await asyncio.sleep(0)
    assert not asked.done()
    await world.house.store.update_val(val.id, privacy=PRIVATE)
    before = asked.done()  # then it was answered while the val was still public
    later = await world.house.images.of(main, FOREIGN)
    assert not holds(memory_of(later), mark)
    assert before or not holds(memory_of(await asked), mark)
    assert await world.eval("@B.main(1)") == "undefined"


async def test_a_guest_that_was_born_before_its_image_was_there_is_given_what_the_image_would_have(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its author's first val has no image yet, and the second one, which is asked for later, does: others' images are being made."""
    await world.save("B", numbered(7))
    await world.save("B", "export const through = () => @me.lib() + @me.lib()")
    through, made = world.house.store.val("B", "through"), world.house.images
    assert through is not None
    assert await prepared(world, "B.lib", FOREIGN) is not None
    assert await prepared(world, "B.through", FOREIGN) is not None
    monkeypatch.setattr(images, "PATIENCE", 0.001)
    made.kept.drop((through.id, through.version, FOREIGN))
    for number in range(images.AT_ONCE):
        await made._turns.take(f"somebody else {number}")
    assert await prepared(world, "B.through", FOREIGN) is None
    assert await prepared(world, "B.lib", FOREIGN) is not None
    assert await read(world, "through another") == 14
    for number in range(images.AT_ONCE):
        made._turns.give(f"somebody else {number}")


async def test_one_image_is_made_once_however_many_ask(world: World) -> None:
    val = await world.save("B", numbered(1))
    await world.house.images.of(val, OWN)
    world.house.images.kept.drop((val.id, val.version, OWN))
    found = await asyncio.gather(*(world.house.images.of(val, OWN) for _ in range(20)))
    assert len({id(one) for one in found}) == 1
    assert found[0] is not None


async def test_who_stops_waiting_for_an_image_stops_nobody_else(world: World) -> None:
    val = await world.save("B", numbered(1))
    await world.house.images.of(val, OWN)
    world.house.images.kept.drop((val.id, val.version, OWN))
    tasks = [asyncio.create_task(world.house.images.of(val, OWN)) for _ in range(3)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(done[0], asyncio.CancelledError)
    assert done[1] is done[2] is not None


async def test_images_that_come_and_go_change_no_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is room for two, and ten are used at once."""
    monkeypatch.setattr(world.house.images.kept, "most", 2)
    names = [f"v{number}" for number in range(10)]
    for number, name in enumerate(names):
        await world.save("B", f"let n = {number}; export const {name} = () => n++", PUBLIC)
    for _ in range(3):
        calls = [f"[{', '.join(f'@B.{name}()' for name in names)}]"] * 4
        assert await asyncio.gather(*map(world.eval, calls)) == [list(range(10))] * 4
        runs = await asyncio.gather(*(world.run(f"B.{name}") for name in names))
        assert [value(one) for one in runs] == list(range(10))
    assert len(world.house.images.kept) <= 2


async def test_a_val_with_too_much_at_its_top_has_no_image_and_goes_on_as_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "MOST_WEIGHT", 1 << 20)
    await world.save("B", "const all = new Uint8Array(1 << 21).fill(7); export const big = () => all.length")
    assert await prepared(world, "B.big", FOREIGN) is None
    assert await world.eval("@B.big()") == 1 << 21
    assert value(await world.run("B.big")) == 1 << 21


async def test_what_images_take_is_counted_and_given_back(world: World) -> None:
    kept = world.house.images.kept
    for number in range(10):
        await world.save("B", numbered(number))
        await read(world, "foreign")
    val = world.house.store.val("B", "lib")
    assert val is not None
    assert kept.size == sum(one.weight for one in map(kept.get, list(kept)) if one)
    kept.clear()
    assert kept.size == 0
