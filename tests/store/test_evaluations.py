from __future__ import annotations

import asyncio
import fcntl
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from host_api.store import EvaluationRow, Filter, Keys, State, Store
from host_api.store.clock import now_ms
from host_api.store.locks import Presence
from host_api.store.tending import tended
from kernel.errors import BadInput, BadSetting, HostFailure


def row(name: str, caller: str | None = "alice", **rest: object) -> EvaluationRow:
    start = EvaluationRow(id=name, caller=caller, requester=caller, source="api", policy="restricted", started=1)
    return replace(start, **rest)  # type: ignore[arg-type]


async def test_a_record_is_found_from_the_moment_it_is_queued(store: Store) -> None:
    writing = store.start_evaluation(row("e", code="1"))
    assert store.evaluation("e") == row("e", code="1")
    await writing
    kept = store.evaluation("e")
    assert kept is not None
    assert kept.state is State.RUNNING
    assert kept.process is not None


async def test_the_end_completes_the_start(store: Store) -> None:
    ended = row(
        "e",
        args=b'["\\ud800"]',
        value=b"1.0",
        value_type="number",
        logs=b"[]",
        emails=b"[]",
        calls=b"[]",
        ended=5,
        cpu_us=7,
        peak_bytes=9,
        effects=1,
        state=State.DONE,
    )
    store.start_evaluation(row("e"))
    await store.finish_evaluation(ended)
    kept = store.evaluation("e")
    assert kept is not None
    assert replace(kept, process=None) == ended


async def test_a_start_row_comes_before_an_effect_that_was_queued_after_it(database: Path) -> None:
    async with Store.open(database) as store:
        await store.add_account("alice")
        store.start_evaluation(row("e"))
        await store.put_secret("alice", "k", "v")
        with Store.open(database) as other:
            assert other.evaluation("e") is not None


async def test_names_of_callers_are_folded(store: Store) -> None:
    await store.start_evaluation(row("e", caller="Alice"))
    assert [one.id for one in store.evaluations("ALICE")] == ["e"]


async def test_lists_are_newest_first_and_each_callers_own(store: Store) -> None:
    for number in range(5):
        store.start_evaluation(row(f"a{number}"))
    store.start_evaluation(row("b", caller="bob"))
    await store.start_evaluation(row("c", caller=None))
    assert [one.id for one in store.evaluations("alice", limit=2, offset=1)] == ["a3", "a2"]
    assert [one.id for one in store.evaluations("bob")] == ["b"]
    assert [one.id for one in store.evaluations(None)] == ["c"]


async def test_a_list_leaves_out_what_may_be_large_unless_asked(store: Store) -> None:
    await store.finish_evaluation(row("e", args=b"[1]", calls=b"[]", value=b"2", effects=1))
    ((brief,), (whole,)) = store.evaluations("alice"), store.evaluations("alice", whole=True)
    assert (brief.args, brief.calls, brief.value) == (None, None, b"2")
    assert (whole.args, whole.calls, whole.value) == (b"[1]", b"[]", b"2")


async def test_filters_all_hold(store: Store) -> None:
    store.start_evaluation(row("a", started=10, val_id="v", state=State.DONE))
    store.start_evaluation(row("b", started=20, source="cli", state=State.FAILED))
    store.start_evaluation(row("c", started=30, val_id="v", state=State.INTERRUPTED))
    await store.flush()

    def ids(**which: object) -> list[str]:
        return [one.id for one in store.evaluations("alice", which=Filter(**which))]  # type: ignore[arg-type]

    assert ids(failed=True) == ["c", "b"]
    assert ids(failed=False) == ["a"]
    assert ids(sources=("cli", "x'); --")) == ["b"]
    assert ids(since=20, until=30) == ["b"]
    assert ids(val_id="v", failed=True) == ["c"]


async def test_old_records_are_forgotten_but_not_running_ones(store: Store) -> None:
    store.start_evaluation(row("old", started=1, state=State.DONE))
    store.start_evaluation(row("new", started=9, state=State.DONE))
    await store.start_evaluation(row("slow", started=1))
    assert await store.forget_evaluations(5) == 1
    assert sorted(one.id for one in store.evaluations("alice")) == ["new", "slow"]


@pytest.mark.parametrize("caller", ["alice", "Bob", None])
async def test_a_caller_keeps_so_many_records_and_the_oldest_go(
    store: Store, monkeypatch: pytest.MonkeyPatch, caller: str | None
) -> None:
    monkeypatch.setattr("host_api.store.evaluations.SOME", 2)
    for name in ("alice", "Bob"):
        await store.add_account(name)
    await store.start_evaluation(row("other", caller="somebody", state=State.DONE))
    await store.start_evaluation(row("slow", caller=caller))
    for number in range(8):
        store.start_evaluation(row(f"e{number}", caller=caller, state=State.DONE))
    assert await store.forget_beyond(9) == 0
    assert await store.forget_beyond(8) == 0  # the ninth runs
    assert await store.forget_beyond(3) == 5
    assert [one.id for one in store.evaluations(caller)] == ["e7", "e6", "e5", "slow"]
    assert [one.id for one in store.evaluations("somebody")] == ["other"]


async def test_a_tended_database_keeps_so_many_records(store: Store) -> None:
    await store.add_account("alice")
    for number in range(5):
        await store.start_evaluation(row(f"e{number}", started=now_ms(), state=State.DONE))
    async with tended(store, 30, 2), asyncio.timeout(60):
        while len(store.evaluations("alice")) > 2:
            await store.flush()
    assert [one.id for one in store.evaluations("alice")] == ["e4", "e3"]


async def test_whose_a_record_is_is_known_from_the_moment_it_is_queued(store: Store) -> None:
    writing = store.start_evaluation(row("e", caller="Alice"))
    nobodys = store.start_evaluation(row("n", caller=None))
    for _ in range(2):
        assert [store.is_evaluation_of("e", name) for name in ("alice", "ALICE", "bob")] == [True, True, False]
        assert not store.is_evaluation_of("n", "anonymous")
        assert not store.is_evaluation_of("unknown", "alice")
        await asyncio.gather(writing, nobodys)


DYING = """
import asyncio, os, signal, sys
from host_api.store import EvaluationRow, Store
async def main():
    store = Store.open(sys.argv[1])
    row = EvaluationRow(id="dead", caller="alice", requester=None, source="cli", policy="restricted", started=1)
    await store.start_evaluation(row)
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""


async def test_only_what_a_dead_process_left_is_interrupted(database: Path) -> None:
    async with Store.open(database) as mine, Store.open(database) as neighbour:
        await mine.start_evaluation(row("mine"))
        await neighbour.start_evaluation(row("theirs"))
        dying = await asyncio.create_subprocess_exec(sys.executable, "-c", DYING, str(database))
        await dying.wait()
        assert await mine.mark_interrupted() == 1
        assert await neighbour.mark_interrupted() == 0
        states = {one.id: one.state for one in mine.evaluations("alice")}
        assert states == {"mine": State.RUNNING, "theirs": State.RUNNING, "dead": State.INTERRUPTED}
        told = mine.evaluation("dead")
        assert told is not None
        assert b"stopped before" in (told.error or b"")
    assert not database.with_name("valgate.db.live").exists()


async def test_a_start_marks_orphans_and_forgets_what_is_old_enough(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("host_api.store.evaluations.SOME", 2)
    day = 86_400_000
    for number in range(5):
        store.start_evaluation(row(f"old{number}", started=now_ms() - 31 * day, state=State.DONE))
    await store.start_evaluation(row("new", started=now_ms() - 29 * day, state=State.DONE))
    async with tended(store, 30, 100_000), asyncio.timeout(60):
        while len(store.evaluations("alice")) > 1:
            await store.flush()
    assert [one.id for one in store.evaluations("alice")] == ["new"]


async def test_a_start_with_another_key_is_refused(database: Path) -> None:
    async with Store.open(database) as first:
        await first.unlock()
    async with Store.open(database, Keys(database, text="00" * 32)) as store:
        with pytest.raises(BadSetting):
            async with tended(store, 30, 100_000):
                pass


def test_many_come_and_go_at_once_and_each_is_known_to_live(tmp_path: Path) -> None:
    folder = tmp_path / "live"

    def come_and_go() -> bool:
        known = True
        for _ in range(50):
            one = Presence(folder)
            known = known and Presence(folder).alive(one.enter())
            one.leave()
            known = known and not Presence(folder).alive(one.id)
        return known

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(lambda _: come_and_go(), range(4)))
    assert not folder.exists()


def test_of_two_that_ask_at_once_whether_a_dead_process_lives_neither_is_told_that_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server asks once, when it starts, while its neighbours ask each second: what it takes for alive runs for ever."""
    dead, one, other = (Presence(tmp_path / "live") for _ in range(3))
    dead.enter()
    assert dead._held is not None
    os.close(dead._held)  # as the system does
    flock, told = fcntl.flock, list[bool]()

    def asked_meanwhile(file: int, how: int) -> None:
        monkeypatch.undo()
        flock(file, how)
        told.append(other.alive(dead.id))

    monkeypatch.setattr(fcntl, "flock", asked_meanwhile)
    told.append(one.alive(dead.id))
    assert told == [False, False]


async def test_where_nothing_can_be_locked_an_evaluation_does_not_start(store: Store, database: Path) -> None:
    database.with_name("valgate.db.live").write_text("in the way")
    with pytest.raises(HostFailure):
        store.start_evaluation(row("e"))
    assert store.evaluation("e") is None


async def test_a_record_that_waits_for_company_is_found_and_flushed(store: Store, database: Path) -> None:
    store.finish_evaluation(row("e", state=State.DONE))
    assert store.evaluation("e") == row("e", state=State.DONE)
    assert store.backlog == 1
    with Store.open(database) as other:
        assert other.evaluation("e") is None
        await store.flush()
        assert other.evaluation("e") is not None
    assert (store.backlog, store.backlog_bytes) == (0, 0)


async def test_a_record_that_waits_comes_before_whatever_is_written_later(store: Store, database: Path) -> None:
    await store.add_account("alice")
    store.finish_evaluation(row("e", state=State.DONE))
    await store.put_secret("alice", "k", "v")
    with Store.open(database) as other:
        assert other.evaluation("e") is not None


async def test_a_record_that_waits_is_written_without_being_asked_for(store: Store) -> None:
    async with asyncio.timeout(30):
        await store.finish_evaluation(row("e", state=State.DONE))


async def test_many_records_at_once_are_all_there_in_their_order(store: Store) -> None:
    for number in range(700):
        store.finish_evaluation(row(f"e{number}", state=State.DONE))
    await store.flush()
    assert [one.id for one in store.evaluations("alice", limit=1000)] == [
        f"e{number}" for number in reversed(range(700))
    ]


async def test_a_record_that_cannot_be_written_takes_no_other_with_it(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    store.finish_evaluation(row("a", state=State.DONE))
    spoilt = store.finish_evaluation(row("b", state=State.DONE, value_type="\ud800"))
    store.finish_evaluation(row("c", state=State.DONE))
    with pytest.raises(BadInput):
        await spoilt
    await store.flush()
    assert [one.id for one in store.evaluations("alice")] == ["c", "a"]
    assert (store.evaluation("b"), store.backlog_bytes) == (None, 0)
    assert "a record was not written" in capsys.readouterr().out


def test_closing_writes_the_records_that_wait(database: Path) -> None:
    async def leave() -> None:
        store.finish_evaluation(row("e", state=State.DONE))

    store = Store.open(database)
    asyncio.run(leave())
    store.close()
    with Store.open(database) as again:
        assert again.evaluation("e") is not None
