from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from host_api.store import Account, EvaluationRow, Kind, Store, connect
from host_api.store.schema import MIGRATIONS
from host_api.store.writer import Writer
from kernel.errors import Conflict, HostFailure, Overloaded

WRITES_UNTIL_KILLED = """
import asyncio, sys
from host_api.store import Kind, Store
async def main():
    async with Store.open(sys.argv[1]) as store:
        number = 0
        while True:
            await store.write_val("alice", "n", code=str(number), kind=Kind.DATA, payload=b"%d" % number)
            print(number, flush=True)
            number += 1
asyncio.run(main())
"""

COUNTS_UP = """
import asyncio, sys
from host_api.store import Kind, Store
from kernel.errors import Conflict
async def main():
    async with Store.open(sys.argv[1]) as store:
        for _ in range(int(sys.argv[2])):
            while True:
                now = store.val("alice", "n")
                next = b"%d" % (int(now.payload) + 1)
                try:
                    await store.write_val("alice", "n", code="", kind=Kind.DATA, payload=next, expected=now.version)
                except Conflict:
                    continue
                break
asyncio.run(main())
"""


async def test_kill_9_after_an_acknowledged_write_loses_nothing(store: Store, alice: Account, database: Path) -> None:
    command = [sys.executable, "-c", WRITES_UNTIL_KILLED, str(database)]
    writer = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert writer.stdout is not None
    while int(await writer.stdout.readline()) < 50:
        pass
    writer.kill()
    rest, _ = await writer.communicate()
    acknowledged = max([50, *(int(line) for line in rest.splitlines(keepends=True) if line.endswith(b"\n"))])
    kept = store.val("alice", "n")
    assert kept is not None
    assert kept.payload is not None
    assert int(kept.payload) >= acknowledged
    assert kept.version == int(kept.payload)


async def test_two_processes_that_write_at_once_lose_nothing(store: Store, alice: Account, database: Path) -> None:
    await store.write_val("alice", "n", code="", kind=Kind.DATA, payload=b"0")
    command = [sys.executable, "-c", COUNTS_UP, str(database), "40"]
    others = [await asyncio.create_subprocess_exec(*command) for _ in range(2)]
    assert [await other.wait() for other in others] == [0, 0]
    final = store.val("alice", "n")
    assert final is not None
    assert (final.payload, final.version) == (b"80", 80)


async def test_a_reader_sees_at_once_what_another_process_committed(
    store: Store, alice: Account, database: Path
) -> None:
    before = store.changes()
    async with Store.open(database) as other:
        await other.put_secret("alice", "k", "v")
        assert store.secret("alice", "k") == "v"
    assert store.changes() != before


async def test_writes_that_come_together_are_committed_together(database: Path) -> None:
    commits: list[str] = []

    def connecting() -> sqlite3.Connection:
        opened = connect.connect(database)
        opened.set_trace_callback(lambda text: commits.append(text) if text == "COMMIT" else None)
        return opened

    connect.open_reader(database).close()
    writer = Writer(connecting, len(MIGRATIONS))
    all_there = threading.Event()
    first = writer.submit(lambda _: all_there.wait(60))
    others = [writer.submit(lambda _: None) for _ in range(200)]
    all_there.set()
    assert await first
    await asyncio.gather(*others)
    writer.close()
    assert len(commits) <= 2  # those that came while the first was written, all at once


async def test_an_operation_that_fails_undoes_itself_and_no_other(store: Store, alice: Account) -> None:
    results = await asyncio.gather(
        store.add_account("bob"), store.add_account("alice"), store.add_account("carol"), return_exceptions=True
    )
    assert isinstance(results[1], Conflict)
    assert {account.name for account in store.accounts()} == {"Alice", "bob", "carol"}


async def test_operations_run_in_the_order_in_which_they_came(store: Store, alice: Account) -> None:
    writes = [store.write_val("alice", "n", code=str(number), kind=Kind.DATA) for number in range(100)]
    assert [val.version for val in await asyncio.gather(*writes)] == list(range(100))


async def test_a_bug_of_ours_reaches_who_waits_and_the_writer_goes_on(store: Store) -> None:
    def broken(_: sqlite3.Connection) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store._writer.submit(broken)
    await store.add_account("bob")


async def test_a_full_disk_is_told_and_nothing_is_half_written(database: Path) -> None:
    async with Store.open(database) as store:
        await store.add_account("alice")
        # The page limit of a connection ends as a full disk does.
        await store._writer.submit(lambda db: db.execute("PRAGMA max_page_count = 30").fetchone())
        with pytest.raises(Overloaded, match="disk is full"):
            await store.write_val("alice", "n", code="x" * 1_000_000, kind=Kind.CODE)
        assert store.val("alice", "n") is None
        await store.write_val("alice", "n", code="small", kind=Kind.CODE)


async def test_what_the_disk_says_is_not_told_to_guests(store: Store) -> None:
    def failing(_: sqlite3.Connection) -> None:
        raise OSError(5, "I/O error on /dev/secret-disk")

    with pytest.raises(HostFailure) as failed:
        await store._writer.submit(failing)
    assert "secret-disk" not in str(failed.value)
    assert "secret-disk" in str(failed.value.__cause__)


async def test_closing_finishes_what_is_queued_and_ends_the_thread(database: Path) -> None:
    store = Store.open(database)
    others = set(threading.enumerate())
    writes = [store.add_account(f"user{number}") for number in range(50)]
    ours = set(threading.enumerate()) - others
    assert [thread.name for thread in ours] == ["valgate-writer"]
    store.close()
    store.close()
    assert not [thread for thread in ours if thread.is_alive()]
    assert len(await asyncio.gather(*writes)) == 50
    with Store.open(database) as again:
        assert len(again.accounts()) == 50
    with pytest.raises(RuntimeError, match="closed"):
        store.add_account("late")


async def test_a_waiter_that_gave_up_harms_nobody(store: Store) -> None:
    impatient = store.add_account("bob")
    impatient.cancel()
    await store.add_account("carol")
    assert store.account("bob") is not None


def test_each_commit_is_on_the_disk_before_it_is_answered(database: Path) -> None:
    Store.open(database).close()
    with closing(connect.connect(database)) as writing:
        full = 2
        assert writing.execute("PRAGMA synchronous").fetchone() == (full,)
        assert writing.execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def test_an_answer_with_effects_does_not_wait_for_company(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("host_api.store.writer.LAZY_SECONDS", 3600)
    row = EvaluationRow(id="e", caller=None, requester=None, source="api", policy="restricted", started=1)
    store.start_evaluation(row)
    async with asyncio.timeout(30):
        await store.finish_evaluation(replace(row, effects=1))
