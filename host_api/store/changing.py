"""What is done to a val beside writing it: renaming, showing and hiding, restoring and deleting.

Each function runs whole or not at all, in the writer's savepoint.
"""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from enum import Enum

from host_api.store import accounts, references, vals
from host_api.store.clock import now_ms
from host_api.store.model import Kind, Privacy, Quota, Val
from host_api.store.numbering import next_number, set_number
from host_api.store.room import count_in, make_room, weight
from host_api.store.writing import Draft, insist_expected, public_since, update_row, write
from kernel.errors import CodeInTheWay, Conflict, NotFound
from kernel.principals import insist_name


class Keep(Enum):
    """For a field whose None means something: leave it as it is."""

    KEEP = "keep"


KEEP = Keep.KEEP


def update(
    db: sqlite3.Connection,
    val_id: str,
    quota: Quota,
    *,
    name: str | None = None,
    privacy: Privacy | None = None,
    readme: str | Keep | None = KEEP,
    all_versions: bool = False,
) -> Val:
    """Change what is not of a version; None and KEEP leave it. `all_versions` shows the private past too.

    Raises NotFound, BadInput (name), Conflict (the name is taken), LimitError.
    """
    val = _insist(db, val_id)
    if name is not None and name != val.name:
        val = _rename(db, val, insist_name(name, "a val"), quota)
    kept = privacy or val.privacy
    since = 0 if all_versions and kept is not Privacy.PRIVATE else public_since(val, kept, val.version)
    told = val.readme if isinstance(readme, Keep) else readme
    grows = weight(told) - weight(val.readme)
    if grows > 0:
        make_room(db, accounts.insist(db, val.owner), grows, quota, versions=0)
    count_in(db, val.owner_id, grows, 0)
    val = replace(val, privacy=kept, public_since=since, readme=told, updated_at=now_ms())
    update_row(db, val)
    return val


def _rename(db: sqlite3.Connection, val: Val, name: str, quota: Quota) -> Val:
    """Give a val another name; under one that was used before it begins with a new version."""
    if name.casefold() == val.name.casefold():
        db.execute("UPDATE vals SET name = ? WHERE id = ?", (name, val.id))
        return replace(val, name=name)
    if vals.find(db, val.owner, name) is not None:
        raise Conflict(f"There is a val {name!r} already.")
    used, own = next_number(db, val.owner_id, name), next_number(db, val.owner_id, val.name)
    db.execute(
        "UPDATE vals SET name = ?, folded = ?, named_from = ? WHERE id = ?", (name, name.casefold(), used, val.id)
    )
    set_number(db, val.owner_id, name, max(used, own))
    renamed = replace(val, name=name)
    # Its old numbers mean other values under this name: only a fresh one may be reached by it.
    return renamed if used == 0 else _copy(db, renamed, renamed, quota)


def restore(db: sqlite3.Connection, val_id: str, version: int, quota: Quota) -> Val:
    """Write an old version again, as the newest; raise NotFound, LimitError."""
    current, old = _insist(db, val_id), vals.by_id(db, val_id, version)
    if old is None:
        raise NotFound(f"There is no version {version} of this val.")
    return _copy(db, current, old, quota)


def _copy(db: sqlite3.Connection, current: Val, old: Val, quota: Quota) -> Val:
    draft = Draft(
        owner=current.owner,
        name=current.name,
        code=old.code,
        kind=old.kind,
        payload=old.payload,
        json=old.json,
        type=old.type,
        error=old.error,
        evaluation=old.evaluation,
        author=old.author,
        run_start=old.run_start,
        run_end=old.run_end,
        named=references.known(db, current) if old.code == current.code else None,
    )
    return write(db, draft, quota)


def delete(db: sqlite3.Connection, val: Val | None, *, expected: int | None, only_data: bool) -> bool:
    """Delete a val with all its versions; False if there is none. Raises Conflict, CodeInTheWay."""
    insist_expected(val, expected)
    if val is None:
        return False
    if only_data and val.kind is Kind.CODE:
        raise CodeInTheWay("A code val stands there, and only data may be deleted.")
    freed, count = db.execute("SELECT sum(bytes), count(*) FROM versions WHERE val_id = ?", (val.id,)).fetchone()
    for table in ("versions", "named", "intervals"):
        db.execute(f"DELETE FROM {table} WHERE val_id = ?", (val.id,))  # noqa: S608 — our own names
    db.execute("DELETE FROM vals WHERE id = ?", (val.id,))
    count_in(db, val.owner_id, -freed - weight(val.readme), -count)
    return True


def delete_version(db: sqlite3.Connection, val_id: str, version: int) -> None:
    """Delete one old version; raise NotFound, or Conflict for the newest."""
    if _insist(db, val_id).version == version:
        raise Conflict("The newest version cannot be deleted: write another first, or delete the val.")
    row = db.execute("SELECT bytes FROM versions WHERE val_id = ? AND version = ?", (val_id, version)).fetchone()
    if row is None:
        raise NotFound(f"There is no version {version} of this val.")
    _drop_version(db, _insist(db, val_id).owner_id, val_id, version, row[0])


def _drop_version(db: sqlite3.Connection, owner_id: str, val_id: str, version: int, size: int) -> None:
    db.execute("DELETE FROM versions WHERE val_id = ? AND version = ?", (val_id, version))
    count_in(db, owner_id, -size, -1)


def _insist(db: sqlite3.Connection, val_id: str) -> Val:
    val = vals.by_id(db, val_id)
    if val is None:
        raise NotFound("There is no such val.")
    return val
