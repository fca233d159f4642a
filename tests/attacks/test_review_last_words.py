"""A review of last words, rare ticks, views of memory and records told together: what it found, and what nothing else holds on to."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import wasmtime

from host_api.evaluating.underway import LONG
from host_api.store import EvaluationRow, State, connect, evaluations, records
from kernel import store as rooms
from kernel import wire
from kernel.engine import Engine
from kernel.errors import BrokenGuest
from kernel.fiber import Fiber, Turn
from kernel.image import WASM_PAGE, Image
from kernel.limits import MIB
from kernel.wire import Kind, Result
from tests.kernel.conftest import Put, guest
from tests.kernel.stage import ENTER, FINISH, FINISH_AT, IMPORTS, INBOX, INBOX_SIZE, LIMITS, PAGE, head, program, step
from tests.semantics.live import World
from tests.store.test_together import statements, told

__all__ = ["guest"]

TAKEN = INBOX, INBOX_SIZE
BEGUN = (1 << 15, 100, MIB)
LAST = len(FINISH) << 32 | FINISH_AT
SPINS = "(loop $l (br_if $l (i32.lt_u (local.tee 4 (i32.add (local.get 4) (i32.const 1))) (i32.const 60000000))))"
"""Some ten slices."""
PLAIN = EvaluationRow(id="", caller="alice", requester=None, source="api", policy="restricted", started=1)


# -- last words -------------------------------------------------------------------------------------------


async def test_a_guest_that_is_cancelled_between_its_last_word_and_its_answer_takes_its_store_along(
    guest: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has returned, and nobody has read what; then others have their turn, and whoever asked has left."""
    stage = guest(program(f"(local i32) {SPINS}", returns=LAST), inbox=TAKEN)
    before = len(rooms._slots)
    evaluation = stage.evaluation(limits=replace(LIMITS, cpu=20.0))
    taken, turns = evaluation._step, []

    def seen(one: object) -> Turn:
        turns.append(taken(one))  # type: ignore[arg-type]
        return turns[-1]

    async def leaves() -> None:
        if turns[-1] is Turn.LAST:
            raise asyncio.CancelledError

    monkeypatch.setattr(evaluation, "_step", seen)
    monkeypatch.setattr(evaluation, "_others_turn", leaves)
    monkeypatch.setattr(evaluation._kernel.scheduler, "begins", lambda: True)
    with pytest.raises(asyncio.CancelledError):
        await evaluation.run(ENTER)
    stage.kernel.bury_all()
    assert turns[-1] is Turn.LAST
    assert stage.kernel.guests == 0
    assert len(rooms._slots) == before


@pytest.mark.parametrize("limit", ["cpu", "broken"])
async def test_a_guest_whose_last_word_is_not_taken_takes_its_store_along(guest: Put, limit: str) -> None:
    words = LAST if limit == "cpu" else (5 << 32 | FINISH_AT)
    stage, before = guest(program("", returns=words), inbox=TAKEN), len(rooms._slots)
    with pytest.raises(Exception, match=r"processor time|shorter than its head"):
        await stage.play(cpu=0.0 if limit == "cpu" else 2.0)
    stage.kernel.bury_all()
    assert stage.kernel.guests == 0
    assert len(rooms._slots) == before


def test_last_words_in_memory_that_was_grown_are_read_and_the_memory_is_gone_after() -> None:
    """And the next guest finds neither its bytes nor its size."""
    body = f"""
      (i32.store (i32.const 0x3000) (i32.load (i32.const 0x3008)))
      (i32.store (i32.const 0x3008) (i32.const 7))
      (drop (memory.grow (i32.const 1)))
      (memory.copy (i32.const {2 * WASM_PAGE - len(FINISH)}) (i32.const {FINISH_AT}) (i32.const {len(FINISH)}))
    """
    code = program(body, returns=len(FINISH) << 32 | (2 * WASM_PAGE - len(FINISH)))
    with Engine(code) as engine:
        of = engine.program(Image.of(bytes(PAGE), TAKEN))
        for _ in range(3):
            fiber = Fiber(of, MIB, BEGUN)
            assert fiber.slot.size == WASM_PAGE
            fiber.begin(b"first")
            assert step(fiber) is Turn.LAST
            assert fiber.message == FINISH
            assert fiber.slot.size == 2 * WASM_PAGE
            assert bytes(fiber.slot.view[0x3000:0x3004]) == bytes(4)
            before = fiber._store
            fiber.close(over=True)
            assert before is not None
            assert before._store is None


def test_any_word_that_main_returns_is_a_message_inside_or_none() -> None:
    """An index that is not bounded would end the process here."""
    chance, size = random.Random(35), WASM_PAGE  # noqa: S311 - not a secret
    edges = [0, 1, 27, 28, size - 1, size, size + 1, 1 << 31, (1 << 32) - 1, (1 << 32) - size]
    words = [length << 32 | at for at in edges for length in edges]
    words += [chance.getrandbits(64) for _ in range(100)]
    read = '(func (export "main") (param i32 i32 i32 i32) (result i64) (i64.load (i32.const 0x2000)))'
    made = wasmtime.wat2wasm(f"(module {IMPORTS} {read})")
    with Engine(bytes(made)) as engine:
        of = engine.program(Image.of(bytes(PAGE), TAKEN))
        for word in words:
            fiber = Fiber(of, MIB, BEGUN)
            fiber.slot.view[0x2000:0x2008] = word.to_bytes(8, "little")
            fiber.begin(b"first")
            turn = step(fiber)
            at, length = word & 0xFFFFFFFF, word >> 32
            inside = length if at + length <= size else 0
            assert turn is (Turn.LAST if word else Turn.ENDED)
            assert len(fiber.message) == len(fiber.whole()) == (inside if word else 0)
            fiber.close(over=True)


async def test_last_words_with_releases_and_references_give_nobody_anything(guest: Put) -> None:
    said = head(
        Kind.RESULT, Result.FINISHED, refs=(1 << 4 | 1, 99 << 4), released=(1, 2**32 - 1), payload=wire.encode(1)
    )
    memory = bytearray(PAGE)
    memory[0x2000 : 0x2000 + len(said)] = said
    stage = guest(program("", returns=len(said) << 32 | 0x2000), bytes(memory), inbox=TAKEN)
    with suppress(BrokenGuest):
        assert await stage.play() == (1,)
    assert stage.kernel.guests == 0
    assert stage.recording.nodes == []


async def test_a_large_value_is_told_whole_by_last_words_and_leaves_nothing(world: World) -> None:
    """The real engine: what it says does not fit what may cross, and its memory has grown."""
    assert await world.eval("'x'.repeat(3e6).length") == 3e6
    assert await world.eval("globalThis.left = 'x'.repeat(3e6)") == "x" * 3_000_000
    assert await world.eval("typeof left") == "undefined"


async def test_a_value_deeper_than_the_native_stack_is_a_range_error(world: World) -> None:
    """Older than last words: the look for promises in a value counts the stack in memory, of which it uses none."""
    outcome = await world.outcome("{ let a = []; for (let i = 0; i < 100000; i++) a = [a]; return a }")
    assert outcome.error is not None
    assert outcome.error.name == "RangeError"


@pytest.mark.parametrize("level", ["[a]", "{ a }"])
@pytest.mark.parametrize("levels", [5_000, 15_000])
async def test_a_promise_is_waited_for_however_deep_it_stands(world: World, level: str, levels: int) -> None:
    """The look for one needs no stack: what JSON can write of a value has been waited for."""
    code = f"{{ let a = Promise.resolve(7); for (let i = 0; i < {levels}; i++) a = ({level}); return a }}"
    outcome = await world.outcome(code)
    assert outcome.error is None
    assert outcome.json.strip(b'[]{}":a') == b"7"


# -- views ------------------------------------------------------------------------------------------------


def test_a_slot_that_is_unmapped_has_no_view_and_no_pages_of_its_own() -> None:
    with Engine(program("(i32.store (i32.const 0x3008) (i32.const 7))", returns=LAST)) as engine:
        of = engine.program(Image.of(bytes(PAGE), TAKEN))
        waits, dies = Fiber(of, MIB, BEGUN), Fiber(of, MIB, BEGUN)
        for fiber in (waits, dies):
            fiber.begin(b"first")
            assert step(fiber) is Turn.LAST
        waits.close(over=True)
        engine.forget(of)
        dies.close(over=True)
        for fiber in (waits, dies):
            assert len(fiber.slot.view) == 0
            assert fiber.slot.own is None
            fiber.hear(0, WASM_PAGE)
            assert fiber.message == fiber.whole() == b""


# -- rare ticks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("then", "returns"), [("", LAST), ("unreachable", 0), ("", 0)], ids=["last words", "a trap", "a return"]
)
async def test_ticks_are_frequent_after_a_guest_that_ran_for_long_however_it_ended(
    guest: Put, then: str, returns: int
) -> None:
    """Else a flood of those that end so just before a tick has the loop for ten milliseconds each time, and not for two."""
    stage = guest(program(f"(local i32) {SPINS} {then}", returns=returns), inbox=TAKEN)
    ticker = stage.kernel.engine._ticker
    ticker._alert_until = 0.0
    ticker._tick = lambda: None  # as if it ended just before the first
    with suppress(BrokenGuest):
        assert await stage.play(cpu=20.0) == ("done",)
    assert ticker._alert_until > time.monotonic() - 0.5


# -- records ----------------------------------------------------------------------------------------------


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connect.open_reader(tmp_path / "one.db").close()
    with closing(connect.connect(tmp_path / "one.db")) as opened:
        yield opened


@pytest.mark.parametrize(
    "one",
    [
        replace(PLAIN, value=b'"\\u0000"'),
        replace(PLAIN, logs=b'[["\\\\u0000"]]'),
        replace(PLAIN, code="'\0'"),
        replace(PLAIN, args=b'["\xff"]'),
    ],
    ids=["a value of NUL", "a log that speaks of NUL", "code with NUL", "bytes that are no text"],
)
def test_one_record_does_not_have_all_others_of_its_group_written_one_by_one(
    database: sqlite3.Connection, one: EvaluationRow
) -> None:
    """Anybody's: each statement lets go of the interpreter, and 512 of them were four before they were one."""
    rows = [replace(one if n == 7 else replace(PLAIN, value=b"1"), id=str(n)) for n in range(512)]
    assert statements(database, rows) <= 16
    kept = database.execute("SELECT value, logs, code, args FROM evaluations WHERE id = '7'").fetchone()
    assert kept == (one.value, one.logs, one.code, one.args)


def test_a_few_large_records_do_not_have_all_others_of_their_group_written_one_by_one(
    database: sqlite3.Connection,
) -> None:
    """Four runs that write much to the console: anybody's."""
    large = replace(PLAIN, logs=b'"' + b"x" * 250_000 + b'"')
    rows = [replace(large if n < 4 else PLAIN, id=str(n)) for n in range(512)]
    assert statements(database, rows) <= 16


def test_numbers_at_their_edges_are_the_same_together_and_alone(database: sqlite3.Connection) -> None:
    edges = [0, 1, -1, (1 << 53) + 1, (1 << 63) - 1, -(1 << 63)]
    rows = [replace(PLAIN, id=str(n), peak_bytes=edge, state=State.DONE) for n, edge in enumerate(edges)]
    evaluations.record(database, told(rows))
    assert [n for (n,) in database.execute("SELECT peak_bytes FROM evaluations ORDER BY seq")] == edges
    with pytest.raises(OverflowError):  # and its group is written apart
        evaluations.record(database, told([*rows, replace(PLAIN, id="x", peak_bytes=1 << 64)]))


def test_a_record_is_on_its_way_to_the_disk_before_the_time_is_over_that_its_start_has() -> None:
    """Of a run that ends just before it takes long there is no start row, and its record waits for company. Semantics §8: 100 ms."""
    assert LONG + records.GATHER_SECONDS < 0.1
