"""The compiler's memory, and its distrust of the guest."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

import pytest

from host_api.compiler import Compiler, Use
from host_api.compiler.compiler import AT_ONCE, EACH
from kernel.errors import BrokenGuest, CpuLimit, SourceError

ANSWER: dict[str, object] = {
    "ok": True,
    "code": "(function($){})",
    "form": "empty",
    "name": None,
    "async": False,
    "references": [{"owner": "b", "name": "f", "version": 3, "use": "call", "line": 1, "column": 1}],
    "map": [[1, 1, 1, 1, 1]],
    "methods": [[1, 1, None]],
}
WRONG: dict[str, object] = {"ok": False, "message": "Unexpected", "line": 2, "column": 3}


class Guest:
    """Answers with what it was given, counts, and waits until it may go on."""

    def __init__(self, answer: Mapping[str, object] | str = ANSWER) -> None:
        self.answer = answer if isinstance(answer, str) else json.dumps(answer)
        self.sources: list[str] = []
        self.go = asyncio.Event()
        self.go.set()
        self.failure: Exception | None = None

    async def __call__(self, source: str) -> str:
        self.sources.append(source)
        await self.go.wait()
        if self.failure:
            raise self.failure
        return self.answer


async def test_a_source_is_compiled_once() -> None:
    guest = Guest()
    compiler = Compiler(guest)
    first, second = await compiler.compile("a"), await compiler.compile("a")
    assert first is second
    assert guest.sources == ["a"]
    assert first.references[0].use is Use.CALL


async def test_a_mistake_is_remembered_and_raised_anew() -> None:
    guest = Guest(WRONG)
    compiler = Compiler(guest)
    seen = []
    for _ in range(2):
        with pytest.raises(SourceError) as caught:
            await compiler.compile("a")
        seen.append(caught.value)
    assert seen[0] is not seen[1]
    assert (str(seen[1]), seen[1].line, seen[1].column) == ("Unexpected", 2, 3)
    assert guest.sources == ["a"]


async def test_who_asks_meanwhile_waits_for_the_same() -> None:
    guest = Guest()
    guest.go.clear()
    compiler = Compiler(guest)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(compiler.compile("a")) for _ in range(5)]
        await asyncio.sleep(0)
        guest.go.set()
    assert len({id(task.result()) for task in tasks}) == 1
    assert guest.sources == ["a"]


async def test_who_waits_for_one_that_is_cancelled_compiles_itself() -> None:
    guest = Guest()
    guest.go.clear()
    compiler = Compiler(guest)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(compiler.compile("a"))
        second = group.create_task(compiler.compile("a"))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        guest.go.set()
    assert second.result().source == "a"
    assert guest.sources == ["a", "a"]


async def test_a_limit_is_not_remembered() -> None:
    guest = Guest()
    guest.failure = CpuLimit()
    compiler = Compiler(guest)
    with pytest.raises(CpuLimit):
        await compiler.compile("a")
    guest.failure = None
    assert (await compiler.compile("a")).source == "a"


async def test_the_oldest_is_forgotten_when_there_is_too_much() -> None:
    guest = Guest()
    compiler = Compiler(guest, kept_bytes=5_000)
    for source in ["a", "b", "a", "c", "a", "b"]:
        await compiler.compile(source)
    assert guest.sources == ["a", "b", "c", "b"]


async def test_what_is_larger_than_the_memory_compiles() -> None:
    guest = Guest()
    compiler = Compiler(guest, kept_bytes=1)
    assert await compiler.compile("a") is await compiler.compile("a")


async def test_lone_surrogates_are_a_source_like_any_other() -> None:
    compiler = Compiler(Guest())
    assert (await compiler.compile('"\ud800"')).source == '"\ud800"'


REFERENCE: dict[str, object] = {"owner": "b", "name": "f", "version": None, "use": "call", "line": 1, "column": 1}
WRONG_REFERENCES: list[dict[str, object]] = [
            {"owner": "B"}, {"owner": "anonymous"}, {"owner": "a.b"}, {"owner": None}, {"name": None}, {"name": "secrets"},
            {"name": "a-b"}, {"version": -1}, {"version": True}, {"version": "1"}, {"use": "other"}, {"line": 0},
]  # fmt: skip


@pytest.mark.parametrize(
    "answer",
    [
        "", "null", "[]", "{}", "1", '"x"', "[" * 100_000,
        {"ok": False}, WRONG | {"line": 0}, WRONG | {"column": "1"}, WRONG | {"message": 1},
        ANSWER | {"code": None}, ANSWER | {"form": "other"}, ANSWER | {"name": 1}, ANSWER | {"references": {}},
        ANSWER | {"map": [[1, 1, 1]]}, ANSWER | {"map": [[1, 1, 1, 0, 1]]}, ANSWER | {"methods": [[1]]},
        *(ANSWER | {"references": [REFERENCE | wrong]} for wrong in WRONG_REFERENCES),
    ],
)  # fmt: skip
async def test_an_answer_of_another_shape_is_not_believed(answer: Mapping[str, object] | str) -> None:
    with pytest.raises(BrokenGuest):
        await Compiler(Guest(answer)).compile("a")


async def test_an_endless_message_is_cut() -> None:
    with pytest.raises(SourceError) as caught:
        await Compiler(Guest(WRONG | {"message": "x" * 10_000})).compile("a")
    assert len(str(caught.value)) == 500


async def test_one_callers_sources_hold_up_nobody_else() -> None:
    begun: list[str] = []
    go = asyncio.Event()

    async def slow(source: str) -> str:
        begun.append(source)
        await go.wait()
        return '{"ok": false, "message": "no", "line": 1, "column": 1}'

    compiler = Compiler(slow)
    greedy = [asyncio.ensure_future(compiler.compile(f"greedy {number}", "a")) for number in range(EACH + 5)]
    modest = asyncio.ensure_future(compiler.compile("modest", "b"))
    while "modest" not in begun:  # noqa: ASYNC110 - what has begun is another's state
        await asyncio.sleep(0)
    assert len(begun) == EACH + 1
    many = [asyncio.ensure_future(compiler.compile(f"many {number}", str(number))) for number in range(AT_ONCE * 2)]
    await asyncio.sleep(0)
    assert len(begun) == AT_ONCE
    go.set()
    await asyncio.gather(*greedy, modest, *many, return_exceptions=True)
    assert len(begun) == len(set(begun)) == len(greedy) + 1 + len(many)


async def test_who_gives_up_waiting_for_the_compiler_keeps_no_turn() -> None:
    go = asyncio.Event()

    async def slow(source: str) -> str:
        await go.wait()
        return '{"ok": false, "message": "no", "line": 1, "column": 1}'

    compiler = Compiler(slow)
    waiting = [asyncio.ensure_future(compiler.compile(f"{number}", "a")) for number in range(EACH * 3)]
    await asyncio.sleep(0)
    for one in waiting:
        one.cancel()
    await asyncio.wait(waiting)
    go.set()
    with pytest.raises(SourceError):
        await compiler.compile("another", "a")
