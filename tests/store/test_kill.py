"""`kill -9` at random moments under write load, thirty times: what was acknowledged is there, nothing is half there.

The moments are of a fixed seed; where in its work the server is then, is chance all the same.
After each death the server starts by itself, and the database is looked at from outside.
"""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

from host_api.store import ALL_SCOPES, Store
from tests.store.killing import Client, Ledger, Server, Starter, furnish, starting

DEATHS, CLIENTS = 30, 5
ANSWERS, MOMENT = 40, 0.02
"""The most that a server answers before it is killed, and how many seconds later at most."""

Rows = list[tuple[object, ...]]


async def a_town(starter: Starter) -> list[Client]:
    """Everybody writes as alice."""
    async with Store.open(starter.database) as store:
        alice = await store.add_account("alice", "alice@example.org")
        _, token = await store.add_token(alice.id, "all", ALL_SCOPES)
    async with starter.serving() as server:
        await furnish(server.address, token)
    return [Client(number, token) for number in range(CLIENTS)]


async def live_and_die(server: Server, clients: list[Client], seed: str) -> None:
    """Kill the server some moments after some number of answers."""
    chance = random.Random(seed)  # noqa: S311 - the same deaths each time
    answers = asyncio.Semaphore(0)
    async with asyncio.TaskGroup() as group:
        for client in clients:
            group.create_task(client.load(server.address, seed, answers.release))
        for _ in range(chance.randrange(ANSWERS)):
            await answers.acquire()
        await asyncio.sleep(chance.uniform(0, MOMENT))
        server.kill()


def ask(db: sqlite3.Connection, sql: str) -> Rows:
    return db.execute(sql).fetchall()


def insist_whole(db: sqlite3.Connection) -> None:
    """Nothing is half there, whoever did it."""
    assert ask(db, "PRAGMA integrity_check") == [("ok",)]
    assert ask(db, "PRAGMA foreign_key_check") == []
    assert ask(db, "SELECT id FROM evaluations WHERE state NOT IN ('done', 'failed', 'interrupted')") == []
    assert ask(db, "SELECT id FROM evaluations WHERE state = 'done' AND (ended IS NULL OR calls IS NULL)") == []
    assert ask(db, "SELECT id FROM evaluations WHERE state = 'interrupted' AND error IS NULL") == []
    assert (
        ask(db, "SELECT id FROM accounts a WHERE (bytes, versions) <> "
                "(SELECT coalesce(sum(bytes), 0), count(*) FROM versions n WHERE n.owner_id = a.id)")
        == []
    )  # fmt: skip
    for what in ("versions", "mail"):
        # An effect without a record would be nobody's.
        orphans = f"SELECT evaluation FROM {what} WHERE evaluation NOT IN (SELECT id FROM evaluations)"  # noqa: S608
        assert ask(db, orphans) == []
    assert ask(db, "SELECT id FROM mail WHERE text IS NULL OR evaluation IS NULL OR address IS NULL") == []
    assert (
        ask(
            db, "SELECT v.id FROM vals v WHERE v.version <> (SELECT max(version) FROM versions n WHERE n.val_id = v.id)"
        )
        == []
    )
    assert (
        ask(db, "SELECT v.id FROM vals v LEFT JOIN numbers m ON m.owner_id = v.owner_id AND m.folded = v.folded "
                "WHERE m.next IS NULL OR m.next <= v.version")
        == []
    )  # fmt: skip


def insist_kept(db: sqlite3.Connection, store: Store, ledger: Ledger) -> None:
    """What one client was told is there, and at most the one thing beside it that it was not told."""
    settle(db, ledger)
    found = {(row[0], row[1]): row[2] for row in ask(db, "SELECT val_id, version, code FROM versions")}
    for (name, number), (val_id, code) in ledger.versions.items():
        if val_id not in ledger.dropped:
            assert found.get((val_id, number)) == code, (name, number)
    assert not {val_id for val_id, _ in found} & ledger.dropped
    for name, (val_id, number, code) in ledger.newest.items():
        val = store.val("alice", name)
        assert val is not None, name
        assert (val.id, val.version, val.code) == (val_id, number, code)
    mails = Counter(row[:2] for row in ask(db, "SELECT text, evaluation FROM mail"))
    assert [mail for mail in ledger.mails.items() if mails[mail] != 1] == []
    done = ask(db, "SELECT id, value, effects FROM evaluations WHERE state = 'done'")
    records = {
        row[0]: (json.loads(str(row[1], "utf-8")) if isinstance(row[1], bytes) else None, row[2]) for row in done
    }
    assert ledger.records.items() <= records.items()
    for name, value in ledger.secrets.items():
        assert store.secret("alice", name) == value


def settle(db: sqlite3.Connection, ledger: Ledger) -> None:
    """What was under way when the server died is there whole, or not at all: note which."""
    what, name, given = ledger.open
    ledger.open = ("", "", "")
    match what:
        case "write" | "rename":
            _settle_write(db, ledger, name.split(), given)
        case "drop" if not _vals(db, "id", ledger.newest[name][0]):
            ledger.dropped.add(ledger.newest.pop(name)[0])
        case "secret":
            # Either value is whole; which it is, is seen at the next look.
            ledger.secrets.pop(name, None)
        case _:
            pass


def _settle_write(db: sqlite3.Connection, ledger: Ledger, names: list[str], code: str) -> None:
    for val_id, name, version, kept in _vals(db, "name", names[-1]):
        if kept == code:
            ledger.newest.pop(names[0], None)
            ledger.has_version(name, {"id": val_id, "name": name, "version": version, "code": kept}, code)
        else:
            assert len(names) == 1, f"{names} has its new name and not its new code"


def _vals(db: sqlite3.Connection, column: str, value: str) -> list[tuple[str, str, int, str]]:
    sql = f"SELECT v.id, v.name, v.version, n.code FROM vals v JOIN versions n ON n.val_id = v.id AND n.version = v.version WHERE v.{column} = ?"  # noqa: S608 - one of two
    return db.execute(sql, (value,)).fetchall()


def insist_counted(store: Store, clients: list[Client]) -> None:
    """No number was given twice, and what is kept is at least the highest of all that were told."""
    told = [count for client in clients for count in client.ledger.counts]
    assert len(set(told)) == len(told)
    for client in clients:
        assert client.ledger.counts == sorted(client.ledger.counts)
    total = store.val("alice", "total")
    assert total is None or total.json is not None
    kept = 0 if total is None or total.json is None else int(total.json)
    assert kept >= max(told, default=0)
    assert kept <= len(told) + DEATHS * CLIENTS


def look(database: Path, clients: list[Client]) -> None:
    with Store.open(database) as store, closing(sqlite3.connect(database)) as db:
        insist_whole(db)
        for client in clients:
            insist_kept(db, store, client.ledger)
        insist_counted(store, clients)


async def test_kill_9_at_thirty_random_moments_under_write_load_loses_nothing_and_leaves_nothing_half_done(
    tmp_path: Path, closing: dict[str, dict[str, str]]
) -> None:
    database = tmp_path / "killed.db"
    async with starting(database) as starter:
        clients = await a_town(starter)
        for death in range(DEATHS):
            async with starter.serving() as server:
                await asyncio.to_thread(look, database, clients)
                await live_and_die(server, clients, str(death))
        async with starter.serving():
            await asyncio.to_thread(look, database, clients)
    assert "Traceback" not in await asyncio.to_thread(database.with_name("log").read_text)
    seen = sum((client.ledger.seen for client in clients), Counter[str]())
    closing.setdefault("store", {})[f"kill -9, {DEATHS} times"] = f"acknowledged and there: {told(seen)}"
    assert len(seen) >= 8


def told(seen: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(seen.items()))
