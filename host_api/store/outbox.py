"""The outbox: what console.email sent, as SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import replace

from host_api.store.clock import now_ms
from host_api.store.ids import new_id
from host_api.store.model import Delivery, Mail, Quota, Stage
from host_api.store.text import well_formed
from kernel.errors import LimitError, NotFound

MINUTE_MS = 60_000
_MAIL = """
    SELECT m.id, a.name, m.address, m.subject, m.text, m.html, m.reply_to, m.from_val, m.author, m.evaluation,
        m.created_at, d.state, d.attempts, d.due, d.error
    FROM accounts a JOIN mail m ON m.account_id = a.id LEFT JOIN deliveries d ON d.mail_id = m.id"""
_PARTS = 11
"""Fields of a message, before those of its delivery."""


def of(db: sqlite3.Connection, account: str, limit: int) -> list[Mail]:
    """An account's messages, newest first."""
    found = db.execute(f"{_MAIL} WHERE a.folded = ? ORDER BY m.seq DESC LIMIT ?", (account.casefold(), limit))
    return [_mail(row) for row in found]


def these(db: sqlite3.Connection, ids: Iterable[str]) -> list[Mail]:
    """Return messages by their ids, in that order."""
    rows = (db.execute(f"{_MAIL} WHERE m.id = ?", (one,)).fetchone() for one in ids)
    return [_mail(row) for row in rows if row is not None]


def _mail(row: tuple[object, ...]) -> Mail:
    mail = Mail(*row[:_PARTS])  # type: ignore[arg-type] # in the order of the fields, by _MAIL
    stage, *others = row[_PARTS:]
    if stage is None:
        return mail
    return replace(mail, delivery=Delivery(Stage(str(stage)), *others))  # type: ignore[arg-type] # as above


def add(db: sqlite3.Connection, account_id: str, quota: Quota, parts: dict[str, str | None]) -> Mail:
    """Keep a message; raise NotFound, or LimitError over the messages a minute.

    `parts`: subject (never None), text, html, reply_to, from_val, author, evaluation.
    """
    row = db.execute("SELECT name, email FROM accounts WHERE id = ?", (account_id,)).fetchone()
    if row is None:
        raise NotFound("There is no such user.")
    now = now_ms()
    (recent,) = db.execute(
        "SELECT count(*) FROM mail WHERE account_id = ? AND created_at > ?", (account_id, now - MINUTE_MS)
    ).fetchone()
    if recent >= quota.emails_per_minute:
        raise LimitError(f"At most {quota.emails_per_minute} e-mails a minute go to @{row[0]}.")
    kept = {name: well_formed(part) for name, part in parts.items()}
    mail = Mail(
        id=new_id(),
        account=row[0],
        address=row[1],
        subject=kept["subject"] or "",
        text=kept["text"],
        html=kept["html"],
        reply_to=kept["reply_to"],
        from_val=kept["from_val"],
        author=kept["author"],
        evaluation=kept["evaluation"],
        created_at=now,
    )
    _insert(db, account_id, mail)
    return mail


def _insert(db: sqlite3.Connection, account_id: str, mail: Mail) -> None:
    db.execute(
        "INSERT INTO mail (id, account_id, address, subject, text, html, reply_to, from_val, author, evaluation, "
        "created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            mail.id,
            account_id,
            mail.address,
            mail.subject,
            mail.text,
            mail.html,
            mail.reply_to,
            mail.from_val,
            mail.author,
            mail.evaluation,
            mail.created_at,
        ),
    )
