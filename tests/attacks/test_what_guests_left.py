"""The attacker is born where somebody else has just died, and looks for what is left: texts, numbers, secrets, code.

Whatever the guest before did, and however it ended, the place is again what every guest begins with, byte for byte.
"""

from __future__ import annotations

import asyncio
import ctypes
from dataclasses import replace
from pathlib import Path

import pytest

from kernel.limits import MIB
from kernel.slots import Slot, Slots
from tests.attacks.siege import ended
from tests.semantics.live import PUBLIC, ROOMY, Machine, World, open_world

memcmp = ctypes.CDLL(None).memcmp
memcmp.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
SECRET = b"the secret of A"
MARK = "what A would tell nobody"
MAKE = f"""
  const mark = {MARK!r}, codes = [...mark].map((c) => c.charCodeAt(0)), secret = @me.secrets.foo, kept = [];
  const bytes = (n) => {{ const a = new Uint8Array(n); a.set(codes.slice(0, n)); for (let i = codes.length; i < n; i *= 2) a.copyWithin(i, 0, i); kept.push(a); return a }};
  const texts = () => {{ for (let i = 0; i < 500; i++) kept.push(`${{mark}} ${{i}}`, `\\u2603${{mark}}`, {{ [`${{mark}}${{i}}`]: secret + i }}) }};
  const numbers = () => {{ let n = 0n; for (const c of codes) n = n << 8n | BigInt(c); for (let i = 0; i < 200; i++) kept.push(n << BigInt(8 * i)) }};
  bytes(100); texts(); numbers();
"""
"""Everywhere a guest may put it."""
ENDS = {
    "by its value": ("value", "return kept.length"),
    "by what it throws": ("Error", "throw new Error(mark + secret)"),
    "at its limit": ("memory_limit", "for (;;) bytes(2 ** 20)"),
    "having filled all there is": (
        "value",
        "try { for (;;) { const b = new ArrayBuffer(2 ** 16); new Uint8Array(b).set(bytes(2 ** 16)); kept.push(b); if (kept.length > 1900) break } } catch {} return 1",
    ),
    "in an endless loop": ("cpu_limit", "for (;;) { texts(); kept.length = 0 }"),
    "in a recursion": ("RangeError", "const deep = (s) => deep(s + mark) + s; return deep(secret)"),
    "with a large answer": ("value", "return mark.repeat(20000)"),
    "waiting for what never comes": ("deadlock Deadlock", "await new Promise(() => {})"),
    "in the middle of a wait": ("cancelled", "await new Promise((done) => setTimeout(done, 1e6))"),
}


def places(slots: Slots) -> list[Slot]:
    """Where the next guests will be born."""
    return [slot for waiting in slots._free.values() for slot in waiting]


def insist_clean(made: Machine) -> None:
    """What a heap begins with has nothing of A's data, and its places are it."""
    heaps = {slot.heap for slot in places(made.engine.slots)}
    for heap in heaps:
        assert SECRET not in ctypes.string_at(heap.master, heap.size)
    for slot in places(made.engine.slots):
        assert slot.size == slot.heap.size
        assert memcmp(slot.at, slot.heap.master, slot.size) == 0


LOOK = "(() => { let sum = 0; for (let i = 0; i < 8; i++) for (const b of new Uint32Array(2 ** 16)) sum |= b; return sum })()"


async def live(world: World, code: str) -> str:
    """Evaluate; when it is cut off, in the middle of its wait."""
    task = asyncio.create_task(world.outcome(code))
    if "1e6" not in code:
        return ended(await task)
    async with asyncio.timeout(60):
        while not world.house.guests:  # noqa: ASYNC110 - another's state
            await asyncio.sleep(0)
    for _ in range(300):
        await asyncio.sleep(0)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return "cancelled"


@pytest.mark.parametrize("image", [False, True], ids=["of the common image", "of the val's own image"])
@pytest.mark.parametrize("how", ENDS)
async def test_nothing_is_left_of_a_guest(engine_room: Machine, tmp_path: Path, how: str, *, image: bool) -> None:
    ends, code = ENDS[how]
    limits = replace(ROOMY, cpu=0.2 if "cpu" in ends else 10.0)
    async with open_world(engine_room, tmp_path, limits) as world:
        await world.outcome("0")
        if image:
            await world.save("A", f"export const attack = async () => {{ {MAKE} {code} }}", PUBLIC, "attack")
            assert await live(world, f"@A.attack(/* {'1e6' if '1e6' in code else ''} */)") in ends.split()
        else:
            assert await live(world, f"{{ {MAKE} {code} }}") in ends.split()
        assert world.house.guests == 0
        insist_clean(engine_room)
        for other in ("B", "C", None):
            assert await world.eval(LOOK, by=other) == 0
        insist_clean(engine_room)


async def test_nothing_is_left_of_many_guests_of_many_owners_at_once(engine_room: Machine, tmp_path: Path) -> None:
    """They come and go in any order, in the places of one another."""
    async with open_world(engine_room, tmp_path, replace(ROOMY, memory=48 * MIB)) as world:
        await world.save(
            "B",
            "export const keep = (x) => { const all = []; for (let i = 0; i < 99; i++) all.push(x + i); return all.length }",
        )
        outcomes = await asyncio.gather(
            *(world.outcome(f"{{ {MAKE} return @B.keep(mark + secret) }}") for _ in range(20))
        )
        assert {ended(outcome) for outcome in outcomes} == {"value"}
        insist_clean(engine_room)
        assert [await world.eval(LOOK, by="B") for _ in range(20)] == [0] * 20
