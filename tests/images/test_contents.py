"""What is in an image, byte by byte: no time of its making, no number of chance, nothing of who asked for it."""

from __future__ import annotations

import ctypes
import time

from kernel.principals import Authority
from tests.images.places import holds, memory_of, prepared
from tests.kernel.test_images import numbers_near
from tests.semantics.live import PUBLIC, Machine, World

TOPS = [
    "const m = new Map([[1, 2]]), d = new Date(0), r = /x/g, s = Symbol('s'), w = new WeakRef(m);",
    "class P { #x = Math.floor(2.5); static n = 0 } const p = Array.from({ length: 500 }, () => new P());",
    "const u = new URL('https://a.example/?b=c'), h = new Headers({ a: 'b' }), e = new EventTarget(), c = new AbortController();",
    "const f = new Intl.NumberFormat('de-DE').format(1234.5), z = new Error('x').stack, j = JSON.parse('[1.5]');",
    "const b = new Blob(['x']), t = new TextEncoder().encode('y'), a = structuredClone({ deep: new Set([1]) });",
]


async def test_no_image_holds_a_time_near_its_making(engine_room: Machine, world: World) -> None:
    """Numbers that stood in the runtime's image before are constants, which look like a time once their day has come."""
    before, heap = time.time(), engine_room.runtime.heap
    runtime = ctypes.string_at(heap.master, heap.size)
    for number, top in enumerate(TOPS):
        await world.save("B", f"{top} export const main{number} = () => 1", PUBLIC, f"main{number}")
        for authority in Authority:
            memory = memory_of(await prepared(world, f"B.main{number}", authority))
            assert memory
            for form, scales in (("d", (1, 10**3, 10**6, 10**9)), ("Q", (10**3, 10**6, 10**9))):
                for scale in scales:
                    low, high = (before - 60) * scale, (time.time() + 1) * scale
                    found, older = (set(numbers_near(one, form, low, high)) for one in (memory, runtime))
                    assert found <= older


async def test_an_image_is_the_same_whoever_asks_first_and_whenever(world: World) -> None:
    """Made by a save, by its owner's run, and for another: what it holds hangs on none of them."""
    val = await world.save("B", f"{TOPS[0]}{TOPS[1]} export const main = () => 1", PUBLIC)
    seen = []
    for code, by in (("@B.main()", "A"), ("@B.main()", "C"), ("@B.main()", None)):
        world.house.images.kept.drop((val.id, val.version, Authority.FOREIGN))
        assert await world.eval(code, by=by) == 1
        seen.append(memory_of(await prepared(world, "B.main", Authority.FOREIGN)))
    assert seen[0] == seen[1] == seen[2]
    assert not [name for name in ("@a.", "@c.") if holds(seen[0], name)]


async def test_the_arguments_and_answers_of_others_are_in_no_image(world: World) -> None:
    await world.save("B", "const seen = []; export const main = (x) => { seen.push(x); return seen.length }", PUBLIC)
    for text in ("told by A", "told by another"):
        assert await world.eval(f"@B.main({text!r})") == 1
        assert (await world.run("B.main", text)).json == b"1"
    for authority in Authority:
        memory = memory_of(await prepared(world, "B.main", authority))
        assert not holds(memory, "told by")
