"""The schedules of vals and how far each is, as SQL. When something is due is decided elsewhere; who runs it, here.

A row's `process` is the claim of who runs it now: it is taken where nothing can come between, and holds until it is settled.
A schedule that is taken away during its run leaves its row, without a schedule, until that run has ended:
else one that is set again meanwhile would know nothing of the claim, and the val would run twice at once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from host_api.store import vals
from host_api.store.ids import new_id
from host_api.store.model import Interval, Kind
from kernel.errors import BadInput, LimitError, NotFound

ONLY_CODE = "Only code runs on a schedule, and the value of this val is data: make it a function."

_OFF = ""
"""Stands for the schedule of a row that only keeps a claim."""

_SELECT = """
    SELECT i.id, i.val_id, v.owner_id, a.name, v.name, i.schedule, i.registered_at, i.last_run, i.next_run, i.process
    FROM intervals i JOIN vals v ON v.id = i.val_id JOIN accounts a ON a.id = v.owner_id"""
_COUNT = "SELECT count(*) FROM intervals i JOIN vals v ON v.id = i.val_id WHERE v.owner_id = ? AND i.schedule <> ''"
_SETTLE = """
    UPDATE intervals SET process = NULL,
        last_run = CASE WHEN id = :id THEN coalesce(:last_run, last_run) ELSE last_run END,
        next_run = CASE WHEN id = :id AND schedule = :schedule THEN :next_run ELSE next_run END
    WHERE val_id = :val_id AND process = :process"""


def of(db: sqlite3.Connection, val_id: str) -> Interval | None:
    """Find a val's schedule."""
    row = db.execute(f"{_SELECT} WHERE i.val_id = ? AND i.schedule <> ''", (val_id,)).fetchone()
    return Interval(*row) if row else None


def put(db: sqlite3.Connection, val_id: str, schedule: str, most: int, *, now: int, next_run: int) -> None:
    """Give a val a schedule. Another one keeps the interval's id and times; the same one changes nothing.

    Raises NotFound, BadInput (data does not run), LimitError (over `most` of the owner's).
    """
    val = vals.by_id(db, val_id)
    if val is None:
        raise NotFound("There is no such val.")
    if val.kind is not Kind.CODE:
        raise BadInput(ONLY_CODE)
    known = of(db, val_id)
    if known is None:
        _insist_room(db, val.owner_id, most)
        _register(db, (val_id, new_id(), schedule, now, next_run))
    elif known.schedule != schedule:
        db.execute("UPDATE intervals SET schedule = ?, next_run = ? WHERE val_id = ?", (schedule, next_run, val_id))


def end(db: sqlite3.Connection, val_id: str) -> bool:
    """Take a val's schedule away; False if it has none. A run that is under way goes on."""
    if of(db, val_id) is None:
        return False
    db.execute("DELETE FROM intervals WHERE val_id = ? AND process IS NULL", (val_id,))
    db.execute("UPDATE intervals SET schedule = ? WHERE val_id = ?", (_OFF, val_id))
    return True


def due(db: sqlite3.Connection, now: int, passed_over: Sequence[str]) -> Interval | None:
    """Find what has been due for longest and nobody has claimed, but for these owners'."""
    others = f"v.owner_id NOT IN ({', '.join('?' * len(passed_over))})"
    row = db.execute(
        f"{_SELECT} WHERE i.process IS NULL AND i.next_run <= ? AND {others} ORDER BY i.next_run, i.val_id LIMIT 1",
        (now, *passed_over),
    ).fetchone()
    return Interval(*row) if row else None


def soonest(db: sqlite3.Connection, after: int) -> int | None:
    """When the next one is due."""
    found: int | None = db.execute(
        "SELECT min(next_run) FROM intervals WHERE process IS NULL AND next_run > ?", (after,)
    ).fetchone()[0]
    return found


def claim(db: sqlite3.Connection, interval: Interval, process: str) -> bool:
    """Take it, as it was found; False if anything has changed since."""
    taken = db.execute(
        "UPDATE intervals SET process = ? "
        "WHERE val_id = ? AND id = ? AND schedule = ? AND next_run = ? AND process IS NULL",
        (process, interval.val_id, interval.id, interval.schedule, interval.next_run),
    )
    return taken.rowcount == 1


def settle(db: sqlite3.Connection, interval: Interval, process: str, next_run: int, last_run: int | None) -> None:
    """Give the claim back; `last_run` None keeps what there is. What was changed meanwhile stays as it was changed."""
    db.execute("DELETE FROM intervals WHERE val_id = ? AND process = ? AND schedule = ''", (interval.val_id, process))
    told = {"id": interval.id, "val_id": interval.val_id, "schedule": interval.schedule, "process": process}
    db.execute(_SETTLE, told | {"next_run": next_run, "last_run": last_run})


def claimants(db: sqlite3.Connection) -> list[str]:
    """The processes that have claims."""
    return [process for (process,) in db.execute("SELECT DISTINCT process FROM intervals WHERE process IS NOT NULL")]


def void(db: sqlite3.Connection, process: str) -> None:
    """Take the claims of a dead process away."""
    db.execute("DELETE FROM intervals WHERE process = ? AND schedule = ''", (process,))
    db.execute("UPDATE intervals SET process = NULL WHERE process = ?", (process,))


def _register(db: sqlite3.Connection, row: tuple[str, str, str, int, int]) -> None:
    """Write a new interval; a row that only keeps a claim goes on keeping it."""
    db.execute(
        "INSERT INTO intervals (val_id, id, schedule, registered_at, next_run) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (val_id) DO UPDATE SET id = excluded.id, schedule = excluded.schedule, "
        "registered_at = excluded.registered_at, next_run = excluded.next_run, last_run = NULL",
        row,
    )


def _insist_room(db: sqlite3.Connection, owner_id: str, most: int) -> None:
    if db.execute(_COUNT, (owner_id,)).fetchone()[0] >= most:
        raise LimitError(f"At most {most} vals of an account run on a schedule: take one away first.")
