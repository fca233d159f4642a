"""The attacker's plan: run on when the evaluation is over, where nobody reckons the time: a guest that has said its last is answered once more.

It has said something, but not its last, where it answered a call inside a call of its own: its code stands beneath.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from kernel import engine
from kernel.slots import Slot
from tests.attacks.siege import responsive
from tests.semantics.live import Machine, World, open_world

GOES_ON = "{ try { return @B.calls(() => 1) } catch { %s; return 2 } }"


async def in_the_middle(world: World, then: str) -> asyncio.Task[object]:
    """A's guest has answered B's call, inside its own call of B's, which waits; `then` is what it does once that fails."""
    await world.save(
        "B", "if (!@B.secrets.foo) await new Promise((r) => setTimeout(r, 1e6)); export const waits = () => 1"
    )
    await world.save("B", "export const calls = (back) => { back(); return @B.waits }")
    task: asyncio.Task[object] = asyncio.create_task(world.outcome(GOES_ON % then))
    async with asyncio.timeout(60):
        while world.house.guests < 2:  # noqa: ASYNC110 - another's state
            await asyncio.sleep(0)
        for _ in range(300):
            await asyncio.sleep(0)
    assert not task.done()
    return task


async def test_code_in_the_middle_of_a_call_does_not_go_on_at_the_end(
    engine_room: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grown: list[int] = []
    grow = Slot.grow

    def seen(slot: Slot, size: int) -> None:
        grown.append(size)
        grow(slot, size)

    async with open_world(engine_room, tmp_path) as world:
        task = await in_the_middle(world, "new Uint8Array(3e7)")
        monkeypatch.setattr(Slot, "grow", seen)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(0)
        assert world.house.guests == 0
        assert grown == []
        assert await world.eval("new Uint8Array(3e7).length") == 3e7
        assert grown  # else this would show nothing


async def test_nothing_runs_at_the_end_without_a_tick(
    engine_room: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tick sleeps when no guest has run for long: a loop without an end would hold the process for ever."""
    monkeypatch.setattr(engine, "IDLE_TICKS", 5)
    async with open_world(engine_room, tmp_path) as world:
        task = await in_the_middle(world, "for (let i = 0; i < 1e8; i++);")
        async with asyncio.timeout(60):
            while not engine_room.engine._ticker._asleep:  # noqa: ASYNC110 - another's state
                await asyncio.sleep(0)
        monkeypatch.setattr(engine, "IDLE_TICKS", 1_000_000)  # woken, it does not sleep again before the guest runs
        async with responsive():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await asyncio.sleep(0)
        assert await world.eval("1 + 1") == 2
