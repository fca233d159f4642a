from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from host_api.store import Kind, Store, connect
from host_api.store.failures import on_opening, while_running
from host_api.store.schema import MIGRATIONS
from host_api.store.url import path_of
from kernel.errors import BadSetting, Overloaded

SECOND = ("CREATE TABLE later (id TEXT)", "INSERT INTO later SELECT name FROM vals")


async def test_a_database_is_made_where_there_is_none(database: Path) -> None:
    async with Store.open(f"sqlite:///{database}") as store:
        assert store.accounts() == []
    with closing(sqlite3.connect(database)) as raw:
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert raw.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    assert not list(database.parent.glob("*.bak*"))


async def test_a_migration_keeps_everything_and_a_backup(database: Path) -> None:
    async with Store.open(database) as store:
        await store.add_account("alice")
        await store.write_val("alice", "n", code="1", kind=Kind.DATA)
    migrated = connect.open_reader(database, (*MIGRATIONS, SECOND))
    assert migrated.execute("SELECT id FROM later").fetchall() == [("n",)]
    migrated.close()
    backup = database.with_name(f"valgate.db.bak-v{len(MIGRATIONS)}")
    assert backup.stat().st_mode & 0o777 == 0o600
    with Store.open(backup) as old:
        assert old.val("alice", "n") is not None


async def test_a_migration_that_fails_changes_nothing(database: Path) -> None:
    async with Store.open(database) as store:
        await store.add_account("alice")
    for _ in range(2):
        with pytest.raises(BadSetting):
            connect.open_reader(database, (*MIGRATIONS, (*SECOND, "this is no SQL")))
    with Store.open(database) as store:
        assert store.account("alice") is not None
    assert len(list(database.parent.glob("*.bak-v*"))) == 2


async def test_a_newer_valgates_database_is_left_alone(database: Path) -> None:
    connect.open_reader(database, (*MIGRATIONS, SECOND)).close()
    with pytest.raises(BadSetting, match="newer Valgate"):
        Store.open(database)


async def test_a_running_server_stops_writing_once_a_newer_one_has_migrated(database: Path) -> None:
    async with Store.open(database) as store:
        await store.add_account("alice")
        connect.open_reader(database, (*MIGRATIONS, SECOND)).close()
        with pytest.raises(BadSetting, match="restart"):
            await store.add_account("bob")
        assert store.account("bob") is None


def test_another_programs_database_is_left_alone(database: Path) -> None:
    with closing(sqlite3.connect(database)) as other, other:
        other.execute("CREATE TABLE accounts (id)")
    before = database.read_bytes()
    with pytest.raises(BadSetting, match="another program"):
        Store.open(database)
    assert database.read_bytes() == before


@pytest.mark.parametrize("before", range(3))
def test_a_database_that_another_process_makes_while_it_is_looked_at_is_ours(database: Path, before: int) -> None:
    """The other's commit may come between any two of the questions."""
    connect._create(database)
    with closing(connect.connect(database)) as looking:
        asked: list[str] = []

        def ask(question: str) -> None:
            asked.append(question)
            if len(asked) == before + 1:
                connect.open_reader(database).close()

        looking.set_trace_callback(ask)
        assert connect._insist_ours(looking, database, len(MIGRATIONS)) in {0, len(MIGRATIONS)}
        looking.set_trace_callback(None)
        assert len(asked) == 3
        assert connect._insist_ours(looking, database, len(MIGRATIONS)) == len(MIGRATIONS)


def test_a_file_that_is_no_database_is_left_alone(database: Path) -> None:
    database.write_bytes(b"notes, notes, notes " * 100)
    with pytest.raises(BadSetting, match="is not a database"):
        Store.open(database)
    assert database.read_bytes() == b"notes, notes, notes " * 100


def test_a_damaged_database_is_told(database: Path) -> None:
    Store.open(database).close()
    content = database.read_bytes()
    database.write_bytes(content[:100] + b"\xaa" * (len(content) - 100))
    with pytest.raises(BadSetting, match=r"damaged|not a database"):
        Store.open(database)


def test_a_place_that_cannot_hold_a_database_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="is a folder"):
        Store.open(tmp_path)
    with pytest.raises(BadSetting, match="mkdir -p"):
        Store.open(tmp_path / "no" / "where.db")
    with pytest.raises(BadSetting, match="cannot be written"):
        Store.open("/proc/valgate.db")


@pytest.mark.parametrize("url", ["", "postgres://x/y", "sqlite://x", "sqlite:///", ":memory:", "a\0b"])
def test_a_url_that_names_no_file_is_told(url: str) -> None:
    with pytest.raises(BadSetting, match=r"sqlite:///valgate\.db"):
        path_of(url)


def test_a_url_is_relative_absolute_or_a_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert path_of("sqlite:///a.db") == path_of("a.db") == tmp_path / "a.db"
    assert path_of("sqlite:////var/a b?.db") == path_of("/var/a b?.db") == Path("/var/a b?.db")


def test_a_name_with_the_signs_of_a_url_is_one_file(tmp_path: Path) -> None:
    strange = tmp_path / "a?mode=memory#%20 b.db"
    Store.open(strange).close()
    assert [path.name for path in tmp_path.iterdir()] == [strange.name]


async def test_a_database_locked_by_another_program_is_told(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Store.open(database) as store:
        await store.add_account("alice")
        monkeypatch.setattr(connect, "_SETUP", (*connect._SETUP, "PRAGMA busy_timeout = 50"))
        with closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            async with Store.open(database) as second:
                with pytest.raises(Overloaded, match="busy"):
                    await second.add_account("bob")
                other.execute("ROLLBACK")
                await second.add_account("bob")


async def test_a_backup_is_whole_private_and_replaces_nothing(store: Store, tmp_path: Path) -> None:
    await store.add_account("alice")
    target = tmp_path / "copy.db"
    store.backup(target)
    assert target.stat().st_mode & 0o777 == 0o600
    with Store.open(target) as copied:
        assert copied.account("alice") is not None
    with pytest.raises(BadSetting, match="already"):
        store.backup(target)
    with pytest.raises(BadSetting, match="mkdir -p"):
        store.backup(tmp_path / "no" / "copy.db")
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".part")]  # noqa: PTH208 — one list


def test_what_the_system_refuses_is_told_like_what_sqlite_does(tmp_path: Path) -> None:
    full = on_opening(OSError(errno.ENOSPC, "No space left on device"), tmp_path / "x.db")
    assert isinstance(full, Overloaded)
    assert "Free some space" in str(full)
    assert isinstance(on_opening(PermissionError(errno.EACCES, "no"), tmp_path / "x.db"), BadSetting)
    assert "Free some space" in str(while_running(OSError(errno.EDQUOT, "over quota")))
