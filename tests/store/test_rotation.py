"""A new key for all secrets: cut off anywhere, beside servers that go on, and by two at once."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from host_api.store import Account, Keys, Store
from host_api.store.keys import Cipher
from host_api.store.schema import MIGRATIONS
from kernel.errors import BadSetting

VALUE = "correct horse battery staple"
GIVEN = "0f" * 32

KILLED_EVERYWHERE = """
import asyncio, itertools, os, shutil, signal, sys
from pathlib import Path
from host_api.store import Store

folder, to = Path(sys.argv[1]), sys.argv[2:]

def die_at(number):
    steps = itertools.count(1)
    def step(frame, event, called):
        if event == "c_call" and next(steps) == number:
            os.kill(os.getpid(), signal.SIGKILL)
    return step

def killed(copy, number):
    child = os.fork()
    if not child:
        store = Store.open(copy / "valgate.db")
        sys.setprofile(die_at(number))
        store.rotate_key(copy / to[0] if to else None)
        sys.setprofile(None)
        os._exit(0)
    return os.waitpid(child, 0)[1] != 0

async def started(database):
    async with Store.open(database) as store:
        await store.unlock()
        await store.put_secret("alice", "after", "set after it")
        return store.secret("alice", "k"), store.secret("alice", "after")

for number in itertools.count(1):
    copy = folder.with_name(f"{folder.name}-{number}")
    shutil.copytree(folder, copy)
    last = not killed(copy, number)
    if to:
        with Store.open(copy / "valgate.db") as store:
            store.rotate_key(copy / to[0])
        os.environ["VALGATE_KEY_FILE"] = str(copy / to[0])
        (copy / to[0]).rename(copy / "valgate.db.key")
    with Store.open(copy / "valgate.db") as store:
        at_once = store.secret("alice", "k")
    print(number, at_once, *asyncio.run(started(copy / "valgate.db")), sep="|")
    print(sorted(path.name for path in copy.iterdir() if "key" in path.name and not path.name.endswith(".part")))
    print(oct((copy / "valgate.db.key").stat().st_mode & 0o777), flush=True)
    shutil.rmtree(copy)
    if last:
        break
"""

ROTATES = """
import sys
from pathlib import Path
from host_api.store import Store
with Store.open(Path(sys.argv[1])) as store:
    for _ in sys.stdin:
        print(store.rotate_key().secrets, flush=True)
"""
"""Rotates once for each line that it is given."""


def key_of(database: Path) -> bytes:
    return database.with_name("valgate.db.key").read_bytes()


def key_files(database: Path) -> list[str]:
    return sorted(path.name for path in database.parent.iterdir() if ".key" in path.name)


async def keep_secret(store: Store) -> None:
    await store.add_account("alice")
    await store.put_secret("alice", "k", VALUE)


async def test_after_a_rotation_the_new_key_opens_everything_and_the_old_one_nothing(
    store: Store, alice: Account, database: Path
) -> None:
    values = {"k": VALUE, "empty": "", "odd": "ü\0\ud800", "long": "x" * 65_536}
    for name, value in values.items():
        await store.put_secret("alice", name, value)
    old = key_of(database)
    assert store.rotate_key().secrets == len(values)
    assert {name: store.secret("alice", name) for name in values} == values
    assert key_files(database) == ["valgate.db.key"]
    assert key_of(database) != old
    assert database.with_name("valgate.db.key").stat().st_mode & 0o777 == 0o600
    database.with_name("valgate.db.key").write_bytes(old)
    with Store.open(database) as other, pytest.raises(BadSetting, match="is not the key"):
        other.secret("alice", "k")


async def test_what_was_sealed_with_the_old_key_is_in_no_file_any_more(
    store: Store, alice: Account, database: Path
) -> None:
    for number in range(40):
        await store.put_secret("alice", f"k{number}", VALUE * number)
    await store.delete_secret("alice", "k39")
    with closing(sqlite3.connect(database)) as looking:
        old = [sealed for (sealed,) in looking.execute("SELECT sealed FROM secrets")]
    store.rotate_key()
    files = [path.read_bytes() for path in database.parent.iterdir() if path.is_file()]
    assert len(old) == 39
    assert not [sealed for sealed in old for file in files if sealed[:24] in file]


@pytest.mark.parametrize("to", [[], ["new.key"]], ids=["beside the database", "to a file"])
async def test_killed_at_any_step_one_key_opens_everything_and_the_next_start_finds_it(
    database: Path, to: list[str]
) -> None:
    folder = database.parent / "town"
    folder.mkdir()
    async with Store.open(folder / "valgate.db") as store:
        await keep_secret(store)
    command = [sys.executable, "-W", "error", "-c", KILLED_EVERYWHERE, str(folder), *to]
    killed = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, errors = await killed.communicate()
    assert killed.returncode == 0, errors.decode()
    lines = out.decode().splitlines()
    opened, files, modes = lines[::3], lines[1::3], lines[2::3]
    assert len(opened) > 40
    assert {line.partition("|")[2] for line in opened} == {f"{VALUE}|{VALUE}|set after it"}
    assert set(files) == {"['valgate.db.key']"}
    assert set(modes) == {"0o600"}


async def test_a_key_is_on_the_disk_before_anything_is_sealed_with_it(
    store: Store, alice: Account, database: Path
) -> None:
    """Power may fail: names of calls, in their order, are what there is to look at."""
    await store.put_secret("alice", "k", VALUE)
    seen: list[str] = []

    def note(frame: object, event: str, called: object) -> None:
        name = getattr(called, "__name__", "")
        if event == "c_call" and name in {"fsync", "replace"}:
            seen.append(name)
        if event == "c_call" and name == "execute":
            seen.append("execute")

    sys.setprofile(note)
    try:
        store.rotate_key()
    finally:
        sys.setprofile(None)
    resealed = len(seen) - seen[::-1].index("execute")
    first = seen.index("fsync")
    assert seen[first : first + 2] == ["fsync", "fsync"]  # the file, and the folder that has its name
    assert "execute" in seen[first:]
    assert seen.index("replace") > first
    assert resealed > seen.index("replace")
    assert seen[seen.index("replace") :].count("fsync") == 1


async def test_servers_go_on_while_the_key_is_rotated_again_and_again(
    store: Store, alice: Account, database: Path
) -> None:
    rounds = 60
    await store.put_secret("alice", "k", VALUE)
    async with Store.open(database) as second:
        command = [sys.executable, "-c", ROTATES, str(database)]
        pipe = subprocess.PIPE
        rotating = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
        assert rotating.stdin is not None
        assert rotating.stdout is not None
        put: dict[str, str] = {}
        for _ in range(rounds):
            # The next only when a turn has ended: who rotates without a pause leaves nobody the lock, for as long as it likes.
            rotating.stdin.write(b"\n")
            rotated = asyncio.ensure_future(rotating.stdout.readline())
            while not rotated.done():
                name = f"k{len(put) % 50}"
                put[name] = f"value {len(put)} of {name}"
                await asyncio.gather(store.put_secret("alice", name, put[name]), second.put_secret("alice", "k", VALUE))
                assert (store.secret("alice", "k"), second.secret("alice", name)) == (VALUE, put[name])
                await asyncio.sleep(0)
            assert int(await rotated) > 0
        rest, _ = await rotating.communicate(b"")
    assert (rest, rotating.returncode) == (b"", 0)
    async with Store.open(database) as fresh:
        assert {name: fresh.secret("alice", name) for name in put} == put
    assert key_files(database) == ["valgate.db.key"]


async def test_two_rotations_at_once_are_two_rotations(store: Store, alice: Account, database: Path) -> None:
    await store.put_secret("alice", "k", VALUE)
    command = [sys.executable, "-c", ROTATES, str(database)]
    pipe = subprocess.PIPE
    both = [await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe) for _ in range(2)]
    told = await asyncio.gather(*(one.communicate(b"\n" * 10) for one in both))
    assert [out.split() for out, _ in told] == [[b"1"] * 10] * 2
    assert [one.returncode for one in both] == [0, 0]
    assert store.secret("alice", "k") == VALUE
    assert key_files(database) == ["valgate.db.key"]


async def test_a_wrong_key_rotates_nothing(database: Path) -> None:
    async with Store.open(database) as store:
        await keep_secret(store)
    right = key_of(database)
    database.with_name("valgate.db.key").write_text(GIVEN)
    with Store.open(database) as store, pytest.raises(BadSetting, match="is not the key"):
        store.rotate_key()
    database.with_name("valgate.db.key").write_bytes(right)
    with Store.open(database) as store:
        assert store.secret("alice", "k") == VALUE
    assert key_files(database) == ["valgate.db.key"]


def test_a_database_without_a_key_has_nothing_to_rotate(database: Path) -> None:
    with Store.open(database) as store, pytest.raises(BadSetting, match="no key yet"):
        store.rotate_key()
    assert key_files(database) == []


async def test_a_row_that_was_changed_from_outside_stops_the_rotation_and_is_named(
    store: Store, alice: Account, database: Path
) -> None:
    for name in ("a", "k", "z"):
        await store.put_secret("alice", name, VALUE)
    with closing(sqlite3.connect(database)) as attacker, attacker:
        attacker.execute("UPDATE secrets SET sealed = zeroblob(60) WHERE name = 'k'")
    with pytest.raises(BadSetting, match=r"@Alice\.secrets\.k does not open"):
        store.rotate_key()
    assert (store.secret("alice", "a"), store.secret("alice", "z")) == (VALUE, VALUE)
    await store.unlock()
    assert key_files(database) == ["valgate.db.key"]


async def test_a_key_that_the_operator_gave_is_the_operators_to_change(database: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.key"
    async with Store.open(database, Keys(database, text=GIVEN)) as running:
        await keep_secret(running)
        with pytest.raises(BadSetting, match="--to FILE"):
            running.rotate_key()
        with Store.open(database, Keys(database, text=GIVEN)) as store:
            assert (store.rotate_key(new).secrets, store.rotate_key(new).before) == (1, True)
        assert new.stat().st_mode & 0o777 == 0o600
        for ask in (lambda: running.secret("alice", "k"), lambda: running.put_secret("alice", "k", "x")):
            with pytest.raises(BadSetting, match="VALGATE_KEY_FILE=FILE"):
                ask()
    async with Store.open(database, Keys(new, given=True)) as again:
        assert again.secret("alice", "k") == VALUE
        with pytest.raises(BadSetting, match="holds the key that the database has now"):
            again.rotate_key(new)


async def test_a_server_notices_a_key_file_that_its_operator_replaces(database: Path, tmp_path: Path) -> None:
    shared, new = tmp_path / "shared.key", tmp_path / "new.key"
    new.write_text("ab" * 32)  # one that is there already is used
    async with Store.open(database, Keys(shared, given=True)) as running:
        await keep_secret(running)
        with Store.open(database, Keys(shared, given=True)) as store:
            store.rotate_key(new)
        new.replace(shared)
        assert running.secret("alice", "k") == VALUE
        await running.put_secret("alice", "k", "other")
    assert shared.read_text() == "ab" * 32


@pytest.mark.parametrize("content", [None, b"", b"not a key", b"\xff\xfe"])
async def test_a_file_that_cannot_hold_the_new_key_is_told_and_nothing_changes(
    store: Store, alice: Account, tmp_path: Path, content: bytes | None
) -> None:
    await store.put_secret("alice", "k", VALUE)
    to = tmp_path / "nowhere" / "new.key" if content is None else tmp_path / "new.key"
    if content is not None:
        to.write_bytes(content)
    with pytest.raises(BadSetting, match=r"new\.key"):
        store.rotate_key(to)
    assert store.secret("alice", "k") == VALUE


async def test_a_put_that_was_queued_before_the_rotation_is_kept_under_the_new_key(
    store: Store, alice: Account, database: Path
) -> None:
    await store.put_secret("alice", "k", VALUE)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = store.put_secret("alice", "late", "put with the old key in hand")  # its thread waits for the lock
        assert other.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        other.execute("COMMIT")
    store.rotate_key()
    await waiting
    async with Store.open(database) as fresh:
        assert fresh.secret("alice", "late") == "put with the old key in hand"


class RotatedMeanwhile(Keys):
    """The key is rotated just before it is looked for: after the look into the database, as bad luck has it."""

    left = 3

    def cipher(self, check: bytes) -> Cipher:
        if self.left:
            self.left -= 1
            with Store.open(self.file.with_suffix("")) as other:
                other.rotate_key()
        return super().cipher(check)


async def test_a_key_that_is_rotated_between_the_look_into_the_database_and_the_one_at_its_file_is_found(
    store: Store, alice: Account, database: Path
) -> None:
    await store.put_secret("alice", "k", VALUE)
    async with Store.open(database, RotatedMeanwhile.beside(database)) as unlucky:
        assert unlucky.secret("alice", "k") == VALUE
    async with Store.open(database, RotatedMeanwhile.beside(database)) as unlucky:
        await unlucky.put_secret("alice", "k", "other")
    assert store.secret("alice", "k") == "other"


async def test_a_key_behind_a_link_is_replaced_where_it_is(database: Path, tmp_path: Path) -> None:
    (tmp_path / "safe").mkdir()
    database.with_name("valgate.db.key").symlink_to(tmp_path / "safe" / "key")
    async with Store.open(database) as store:
        await keep_secret(store)
        old = key_of(database)
        store.rotate_key()
        assert store.secret("alice", "k") == VALUE
    assert database.with_name("valgate.db.key").is_symlink()
    assert key_of(database) != old
    assert [path.name for path in (tmp_path / "safe").iterdir()] == ["key"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
async def test_a_key_that_root_rotates_stays_its_servers(store: Store, alice: Account, database: Path) -> None:
    await store.put_secret("alice", "k", VALUE)
    os.chown(database.with_name("valgate.db.key"), 12_345, 12_346)
    store.rotate_key()
    kept = database.with_name("valgate.db.key").stat()
    assert (kept.st_uid, kept.st_gid, kept.st_mode & 0o777) == (12_345, 12_346, 0o600)
