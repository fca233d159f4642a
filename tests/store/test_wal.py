"""That nobody has committed anything is seen without asking the database, and is never believed when somebody has.

The attacker holds a token that is revoked, or the name of a val that is hidden, changed or deleted, and asks in the very moment in
which that was acknowledged, thousands of times: once, he hopes, what is believed is older than what was acknowledged.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from host_api.store import Account, Kind, Privacy, Store, Val, wal
from host_api.store.known import OFTEN, Known
from kernel.errors import HostFailure, ValgateError

TIMES = 3000
COMMITS = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA synchronous = OFF")
for pragma in sys.argv[2:]:
    db.execute(pragma)
for line in sys.stdin:
    db.execute(line)
    print("done", flush=True)
"""
Commit = Callable[[str], object]


def elsewhere(database: Path, *pragmas: str) -> Iterator[Commit]:
    """Another process, which commits a statement and says so."""
    command = [sys.executable, "-c", COMMITS, str(database), *pragmas]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        asked, told = process.stdin, process.stdout
        assert asked is not None
        assert told is not None

        def commit(statement: str) -> None:
            asked.write(f"{statement}\n")
            asked.flush()
            assert told.readline() == "done\n"

        yield commit
        asked.close()


@pytest.fixture(params=["another process", "one that empties the log each time", "another connection"])
def commit(request: pytest.FixtureRequest, store: Store, database: Path) -> Iterator[Commit]:
    match request.param:
        case "another connection":
            with closing(sqlite3.connect(database, isolation_level=None)) as other:
                other.execute("PRAGMA synchronous = OFF")
                yield other.execute
        case "another process":
            yield from elsewhere(database)
        case _:
            yield from elsewhere(database, "PRAGMA wal_autocheckpoint = 1")


@pytest.fixture
async def val(store: Store, alice: Account) -> Val:
    await store.write_val(alice.name, "foo", code="1", kind=Kind.CODE, privacy=Privacy.PUBLIC)
    found = store.val("alice", "foo")
    assert found is not None
    return found


def mapped(store: Store) -> Store:
    """The same store, once it has been asked so often that it does without asking the database."""
    for _ in range(OFTEN + 1):
        store.generation()
    assert store._known.header is not wal.NOTHING
    return store


async def test_a_val_that_is_hidden_and_shown_again_and_again_is_never_seen_as_it_was(
    store: Store, val: Val, commit: Commit
) -> None:
    mapped(store)
    for turn in range(TIMES):
        privacy = (Privacy.PRIVATE, Privacy.PUBLIC)[turn % 2]
        commit(f"UPDATE vals SET privacy = '{privacy}', readme = '{turn}' WHERE id = '{val.id}'")  # noqa: S608
        for _ in range(2):
            found = store.val("alice", "foo")
            assert found is not None
            assert (found.privacy, found.readme) == (privacy, str(turn))


async def test_a_val_that_is_renamed_again_and_again_is_gone_each_time(store: Store, val: Val, commit: Commit) -> None:
    mapped(store)
    names = ("foo", "bar")
    for turn in range(TIMES):
        name = names[(turn + 1) % 2]
        commit(f"UPDATE vals SET name = '{name}', folded = '{name}' WHERE id = '{val.id}'")  # noqa: S608
        assert store.val("alice", names[turn % 2]) is None
        assert store.val("alice", name) is not None


async def test_a_token_that_was_revoked_is_never_taken_again(store: Store, alice: Account, commit: Commit) -> None:
    mapped(store)
    tokens = [await store.add_token(alice.id) for _ in range(100)]
    for token, text in tokens:
        assert store.authenticate(text) is not None
        commit(f"DELETE FROM tokens WHERE id = '{token.id}'")  # noqa: S608
        assert store.authenticate(text) is None


async def test_what_this_process_writes_is_seen_by_its_next_question(store: Store, val: Val) -> None:
    mapped(store)
    for turn in range(200):
        await store.update_val(val.id, readme=str(turn))
        found = store.val("alice", "foo")
        assert found is not None
        assert found.readme == str(turn)


class Between:
    """A database in which somebody commits between a look and its end."""

    def __init__(self, store: Store, other: sqlite3.Connection) -> None:
        self._store, self._other = store, other

    def execute(self, statement: str) -> sqlite3.Cursor:
        rows = self._store._db.execute(statement).fetchall()
        self._other.execute("UPDATE changes SET vals = vals + 1")
        return self._store._db.execute("SELECT ?, ?", rows[0])


async def test_what_is_committed_during_a_look_is_seen_by_the_next(store: Store, database: Path) -> None:
    known = mapped(store)._known
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("UPDATE changes SET vals = vals + 1")
        known._database = Between(store, other)  # type: ignore[assignment]
        known.look()
        known._database = store._db
        before = known.counts[0]
        known.look()
    assert known.counts[0] == before + 1


def looks_of(store: Store) -> list[str]:
    looks: list[str] = []
    store._db.set_trace_callback(looks.append)
    return looks


async def test_as_long_as_nobody_commits_the_database_is_not_asked(store: Store, val: Val) -> None:
    mapped(store)
    looks = looks_of(store)
    for _ in range(100):
        assert store.val("alice", "foo") is val
        store.generation()
    assert looks == []


class Raw:
    def __init__(self, raw: bytes) -> None:
        self.raw = raw


@pytest.mark.parametrize("raw", [b"", b"x" * wal.COPY + b"y" * wal.COPY, b"x" * wal.COPY], ids=["none", "torn", "half"])
async def test_a_header_that_somebody_is_writing_and_none_at_all_are_not_believed(store: Store, raw: bytes) -> None:
    looks, known = looks_of(store), Known(store._db, store.path)
    known.header = Raw(raw)
    known.look()
    known.look()
    assert len(looks) == 2


async def test_a_header_that_comes_back_is_not_the_one_that_was_seen(store: Store, val: Val, database: Path) -> None:
    """Emptying the log and filling it again to the same length: its salt is another one."""
    seen = set[bytes]()
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        for _ in range(50):
            other.execute("UPDATE vals SET readme = 'same' WHERE id = ?", (val.id,))
            seen.add(mapped(store)._known.header.raw)
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert len(seen) == 50


@pytest.mark.parametrize("why", ["no list of descriptors", "no file", "another file"])
def test_where_the_header_is_not_found_every_question_looks(
    database: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    shm = Path(f"{database}-shm")
    with Store.open(database) as store:
        if why == "no list of descriptors":
            monkeypatch.setattr(wal, "OPEN", database / "none")
        else:
            shm.rename(f"{shm}.moved")
        if why == "another file":
            shm.write_bytes(b"x" * 4096)
        for _ in range(OFTEN + 1):
            store.generation()
        assert store._known.header is wal.NOTHING
        looks = looks_of(store)
        store.generation()
        store.generation()
        assert len(looks) == 2


def test_a_database_without_a_log_has_no_header(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "plain.db")) as plain:
        plain.execute("CREATE TABLE t (x)")
        assert wal.mapped(tmp_path / "plain.db") is wal.NOTHING


FATAL = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=0)
db.execute("SELECT count(*) FROM vals").fetchone()
try:
    print(db.execute("PRAGMA journal_mode = DELETE").fetchone()[0])
except sqlite3.OperationalError as refused:
    print(refused)
db.close()
"""


def test_looking_drops_no_lock_of_sqlites(database: Path) -> None:
    """Closing a descriptor of a file drops all locks that the process has on it: then the last who leaves would take the log away."""
    with Store.open(database) as store:
        shm = Path(f"{mapped(store).path}-shm")
        before = shm.stat()
        for _ in range(3):
            with Store.open(database) as another:
                mapped(another)
        told = subprocess.run(
            [sys.executable, "-c", FATAL, str(database)], capture_output=True, text=True, check=True
        ).stdout
        assert "locked" in told
        assert (shm.stat().st_ino, shm.stat().st_size) == (before.st_ino, before.st_size)
        mapped(store)


def test_a_store_that_was_closed_reads_no_header_any_more(database: Path) -> None:
    store = Store.open(database)
    known = mapped(store)._known
    store.close()
    assert known.header is wal.NOTHING
    with pytest.raises(ValgateError) as refused:
        store.generation()
    assert isinstance(refused.value, HostFailure)


def test_each_of_several_stores_of_one_file_has_its_own_mapping(database: Path) -> None:
    with Store.open(database) as store:
        with Store.open(database) as another:
            mapped(another)
            mapped(store)
        with closing(sqlite3.connect(database, isolation_level=None)) as other:
            before = store.generation()
            other.execute("UPDATE changes SET vals = vals + 1")
            assert store.generation() == before + 1


def test_a_command_that_asks_a_few_times_maps_nothing(database: Path) -> None:
    with Store.open(database) as store:
        for _ in range(OFTEN - 1):
            store.generation()
        assert store._known.header is wal.NOTHING


def test_what_is_known_of_a_database_begins_with_nothing(database: Path) -> None:
    with Store.open(database) as store:
        known = Known(store._db, database)
        known.look()
        assert known.counts == (store.generation(), known.counts[1])
