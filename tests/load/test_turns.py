from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_api.load.turns import Turns


async def settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


class Queue:
    """Takes turns for a test; `served` says who had one, in order."""

    def __init__(self, most: int, each: int) -> None:
        self.turns, self.served = Turns(most, each), []  # type: tuple[Turns, list[str]]
        self.tasks: list[asyncio.Task[None]] = []

    async def come(self, *names: str) -> None:
        for name in names:
            self.tasks.append(asyncio.create_task(self._take(name)))
        await settle()

    async def _take(self, name: str) -> None:
        await self.turns.take(name[0])
        self.served.append(name)

    async def leave(self, *names: str) -> None:
        for name in names:
            self.turns.give(name[0])
            await settle()


async def test_there_are_so_many_turns_at_once_and_the_next_waits_for_one() -> None:
    queue = Queue(2, 2)
    await queue.come("a1", "b1", "c1")
    assert queue.served == ["a1", "b1"]
    await queue.leave("a1")
    assert queue.served == ["a1", "b1", "c1"]


async def test_who_has_what_one_may_have_waits_and_holds_nobody_up() -> None:
    queue = Queue(3, 1)
    await queue.come("a1", "a2", "a3", "b1")
    assert queue.served == ["a1", "b1"]
    await queue.leave("a1")
    assert queue.served == ["a1", "b1", "a2"]


async def test_a_crowd_of_one_waits_behind_the_first_of_another() -> None:
    queue = Queue(1, 1)
    await queue.come("a1", *(f"a{number}" for number in range(2, 6)), "b1")
    await queue.leave("a1")
    await queue.leave(queue.served[-1])
    assert queue.served[:3] == ["a1", "a2", "b1"]


async def test_who_does_not_wait_any_more_has_no_turn() -> None:
    queue = Queue(1, 1)
    await queue.come("a1", "b1", "c1")
    queue.tasks[1].cancel()
    await queue.leave("a1")
    assert queue.served == ["a1", "c1"]


async def test_a_turn_that_nobody_wants_any_more_goes_to_the_next() -> None:
    queue = Queue(1, 1)
    await queue.come("a1", "b1", "c1")
    queue.turns.give("a")
    queue.tasks[1].cancel()  # it has the turn, and does not know it yet
    await settle()
    assert queue.served == ["a1", "c1"]
    with pytest.raises(asyncio.CancelledError):
        await queue.tasks[1]


@given(st.lists(st.sampled_from(["a", "b", "c", "give", "cancel"]), max_size=40), st.integers(1, 3), st.integers(1, 3))
def test_in_whatever_order_things_happen_everybody_has_a_turn_at_last(steps: list[str], most: int, each: int) -> None:
    asyncio.run(_play(steps, most, each))


async def _play(steps: list[str], most: int, each: int) -> None:
    queue, had, came = Queue(most, each), 0, 0
    for step in steps:
        if step == "give" and had < len(queue.served):
            had += 1
            await queue.leave(queue.served[had - 1])
        elif step == "cancel" and queue.tasks:
            queue.tasks[-1].cancel()
            await settle()
        elif len(step) == 1:
            came += 1
            await queue.come(f"{step}{came}")
        assert len(queue.served) - had <= most
    while had < len(queue.served):
        had += 1
        await queue.leave(queue.served[had - 1])
    assert all(task.done() for task in queue.tasks)
    assert (queue.turns._free, queue.turns._used, len(queue.turns._waiting)) == (most, {}, 0)
