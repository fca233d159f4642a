"""Messages on their way to a mail server, as SQL: who has which in hand, and how far each came.

A message is handed over at most once: `begin` is on the disk before the server gets the text, and what was begun and
not settled when its process died is never begun again.
"""

from __future__ import annotations

import sqlite3

from host_api.store import outbox
from host_api.store.model import Mail, Stage

NO_ADDRESS = "the account has no e-mail address"
INTERRUPTED = (
    "the server stopped while this was being handed over; whether it was taken is not known, and it is not sent again"
)


def add(db: sqlite3.Connection, mail: Mail) -> None:
    """Put a new message on its way; one without an address stays in the outbox and says why."""
    stage, error = (Stage.WAITING, None) if mail.address else (Stage.FAILED, NO_ADDRESS)
    db.execute(
        "INSERT INTO deliveries (mail_id, state, due, error) VALUES (?, ?, ?, ?)",
        (mail.id, stage, mail.created_at, error),
    )


def is_due(db: sqlite3.Connection, now: int) -> bool:
    """Whether a message waits whose time has come and that nobody has in hand."""
    row = db.execute(
        "SELECT 1 FROM deliveries WHERE state = 'waiting' AND due <= ? AND process IS NULL LIMIT 1", (now,)
    ).fetchone()
    return row is not None


def claim(db: sqlite3.Connection, process: str, now: int, most: int) -> list[Mail]:
    """Take some messages in hand, those that waited longest first."""
    found = db.execute(
        "SELECT mail_id FROM deliveries WHERE state = 'waiting' AND due <= ? AND process IS NULL ORDER BY due LIMIT ?",
        (now, most),
    )
    ids = [mail_id for (mail_id,) in found]
    db.executemany("UPDATE deliveries SET process = ? WHERE mail_id = ?", [(process, one) for one in ids])
    return outbox.these(db, ids)


def begin(db: sqlite3.Connection, process: str, mail_id: str) -> bool:
    """Note that a message is about to be handed over; False if it is not in this process's hand."""
    begun = db.execute(
        "UPDATE deliveries SET state = ? WHERE mail_id = ? AND process = ? AND state = 'waiting'",
        (Stage.SENDING, mail_id, process),
    )
    return begun.rowcount == 1


def settle(db: sqlite3.Connection, process: str, mail_id: str, *, stage: Stage, due: int, error: str | None) -> None:
    """Note what came of a try, and let go of the message."""
    db.execute(
        "UPDATE deliveries SET state = ?, due = ?, error = ?, attempts = attempts + 1, process = NULL "
        "WHERE mail_id = ? AND process = ?",
        (stage, due, error, mail_id, process),
    )


def release(db: sqlite3.Connection, process: str) -> None:
    """Let go of what a process has in hand and did not begin."""
    db.execute("UPDATE deliveries SET process = NULL WHERE process = ? AND state = 'waiting'", (process,))


def processes(db: sqlite3.Connection) -> list[str]:
    """Who has messages in hand."""
    return [one for (one,) in db.execute("SELECT DISTINCT process FROM deliveries WHERE process IS NOT NULL")]


def abandon(db: sqlite3.Connection, process: str) -> None:
    """Take from a dead process what it had in hand: what it began is in doubt for ever, the rest waits again."""
    release(db, process)
    db.execute(
        "UPDATE deliveries SET state = ?, error = ?, attempts = attempts + 1, process = NULL WHERE process = ?",
        (Stage.UNKNOWN, INTERRUPTED, process),
    )
