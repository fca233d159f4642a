"""Writing vals, as SQL: every write makes a version, and a number never means two things.

Each function runs whole or not at all, in the writer's savepoint.
What may be written by whom is decided before: `expected` and `only_data` are checked here, where nothing can come between.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, replace
from enum import Enum

from host_api.store import accounts, vals
from host_api.store.clock import now_ms
from host_api.store.ids import new_id
from host_api.store.model import MUST_NOT_EXIST, Account, Kind, Privacy, Quota, Val
from kernel.errors import CodeInTheWay, Conflict, LimitError, NotFound
from kernel.principals import insist_name


class Keep(Enum):
    """For a field whose None means something: leave it as it is."""

    KEEP = "keep"


KEEP = Keep.KEEP


@dataclass(frozen=True, slots=True)
class Draft:
    """A version to be written. `privacy` None keeps what there is (private for a new val), and so does `readme`."""

    owner: str
    name: str
    code: str
    kind: Kind
    payload: bytes | None = None
    json: bytes | None = None
    type: str = "undefined"
    error: dict[str, object] | None = None
    privacy: Privacy | None = None
    readme: str | None = None
    expected: int | None = None
    only_data: bool = False
    evaluation: str | None = None
    author: str | None = None
    run_start: int | None = None
    run_end: int | None = None

    @property
    def size(self) -> int:
        """Bytes that the quota counts."""
        return len(self.code.encode("utf-8", "surrogatepass")) + len(self.payload or b"") + len(self.json or b"")


def write(db: sqlite3.Connection, draft: Draft, quota: Quota) -> Val:
    """Write a new version, of a new val if need be.

    Raises NotFound (owner), BadInput (name), Conflict (`expected`), CodeInTheWay (`only_data`), LimitError (quota).
    """
    account = accounts.insist(db, draft.owner)
    insist_name(draft.name, "a val")
    current = vals.find(db, draft.owner, draft.name)
    _insist_expected(current, draft.expected)
    if draft.only_data and current is not None and current.kind is Kind.CODE:
        raise CodeInTheWay("A code val stands there, and only data may be written.")
    make_room(db, account, draft.size, quota)
    number = _take_number(db, account.id, draft.name)
    written = _new(draft, account, number) if current is None else _next(draft, current, number)
    if current is None:
        _insert_val(db, written)
    else:
        _update_val(db, written)
        _mark_prunable(db, current)
    _insert_version(db, written, draft.size)
    return written


def _new(draft: Draft, account: Account, number: int) -> Val:
    privacy, now = draft.privacy or Privacy.PRIVATE, now_ms()
    return Val(
        id=new_id(),
        owner=account.name,
        owner_id=account.id,
        name=draft.name,
        privacy=privacy,
        version=number,
        kind=draft.kind,
        code=draft.code,
        payload=draft.payload,
        json=draft.json,
        type=draft.type,
        error=draft.error,
        readme=draft.readme,
        public_since=None if privacy is Privacy.PRIVATE else number,
        evaluation=draft.evaluation,
        author=draft.author,
        created_at=now,
        updated_at=now,
        run_start=draft.run_start,
        run_end=draft.run_end,
    )


def _next(draft: Draft, current: Val, number: int) -> Val:
    privacy = draft.privacy or current.privacy
    return replace(
        current,
        privacy=privacy,
        version=number,
        kind=draft.kind,
        code=draft.code,
        payload=draft.payload,
        json=draft.json,
        type=draft.type,
        error=draft.error,
        readme=current.readme if draft.readme is None else draft.readme,
        public_since=_since(current, privacy, number),
        evaluation=draft.evaluation,
        author=draft.author,
        updated_at=now_ms(),
        run_start=draft.run_start,
        run_end=draft.run_end,
    )


def _since(current: Val, privacy: Privacy, number: int) -> int | None:
    """From which version on others may read: what was private stays so."""
    if privacy is Privacy.PRIVATE:
        return None
    return number if current.public_since is None else current.public_since


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
    since = 0 if all_versions and kept is not Privacy.PRIVATE else _since(val, kept, val.version)
    told = val.readme if isinstance(readme, Keep) else readme
    val = replace(val, privacy=kept, public_since=since, readme=told, updated_at=now_ms())
    _update_val(db, val)
    return val


def _rename(db: sqlite3.Connection, val: Val, name: str, quota: Quota) -> Val:
    """Give a val another name; under one that was used before it begins with a new version."""
    if name.casefold() == val.name.casefold():
        db.execute("UPDATE vals SET name = ? WHERE id = ?", (name, val.id))
        return replace(val, name=name)
    if vals.find(db, val.owner, name) is not None:
        raise Conflict(f"There is a val {name!r} already.")
    used, own = _next_number(db, val.owner_id, name), _next_number(db, val.owner_id, val.name)
    db.execute(
        "UPDATE vals SET name = ?, folded = ?, named_from = ? WHERE id = ?", (name, name.casefold(), used, val.id)
    )
    _set_number(db, val.owner_id, name, max(used, own))
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
    )
    return write(db, draft, quota)


def delete(db: sqlite3.Connection, val: Val | None, *, expected: int | None, only_data: bool) -> bool:
    """Delete a val with all its versions; False if there is none. Raises Conflict, CodeInTheWay."""
    _insist_expected(val, expected)
    if val is None:
        return False
    if only_data and val.kind is Kind.CODE:
        raise CodeInTheWay("A code val stands there, and only data may be deleted.")
    freed, count = db.execute("SELECT sum(bytes), count(*) FROM versions WHERE val_id = ?", (val.id,)).fetchone()
    db.execute("DELETE FROM versions WHERE val_id = ?", (val.id,))
    db.execute("DELETE FROM vals WHERE id = ?", (val.id,))
    _count(db, val.owner_id, -freed, -count)
    return True


def delete_version(db: sqlite3.Connection, val_id: str, version: int) -> None:
    """Delete one old version; raise NotFound, or Conflict for the newest."""
    if _insist(db, val_id).version == version:
        raise Conflict("The newest version cannot be deleted: write another first, or delete the val.")
    row = db.execute("SELECT bytes FROM versions WHERE val_id = ? AND version = ?", (val_id, version)).fetchone()
    if row is None:
        raise NotFound(f"There is no version {version} of this val.")
    _drop_version(db, _insist(db, val_id).owner_id, val_id, version, row[0])


def make_room(db: sqlite3.Connection, account: Account, size: int, quota: Quota) -> None:
    """Prune the oldest data versions until one more of this size fits; raise LimitError when that is not enough."""
    row = db.execute("SELECT bytes, versions FROM accounts WHERE id = ?", (account.id,)).fetchone()
    surplus, count = row[0] + size - quota.storage, row[1] + 1 - quota.versions
    if surplus <= 0 and count <= 0:
        return
    freed, dropped, last = _oldest(db, account, surplus, count)
    if freed < surplus or dropped < count:
        raise LimitError(
            f"@{account.name} has no room left: at most {quota.storage} bytes in {quota.versions} versions. "
            "Delete vals that are not needed."
        )
    db.execute("DELETE FROM versions WHERE owner_id = ? AND prunable = 1 AND seq <= ?", (account.id, last))
    _count(db, account.id, -freed, -dropped)


def _oldest(db: sqlite3.Connection, account: Account, surplus: int, count: int) -> tuple[int, int, int]:
    """Return bytes and number of the oldest versions that make this much room, or all there are, and the last's place."""
    freed, dropped, last = 0, 0, 0
    found = db.execute(
        "SELECT seq, bytes FROM versions WHERE owner_id = ? AND prunable = 1 ORDER BY seq", (account.id,)
    )
    for seq, size in found:
        if freed >= surplus and dropped >= count:
            break
        freed, dropped, last = freed + size, dropped + 1, seq
    found.close()
    return freed, dropped, last


def _drop_version(db: sqlite3.Connection, owner_id: str, val_id: str, version: int, size: int) -> None:
    db.execute("DELETE FROM versions WHERE val_id = ? AND version = ?", (val_id, version))
    _count(db, owner_id, -size, -1)


def _count(db: sqlite3.Connection, owner_id: str, size: int, count: int) -> None:
    db.execute("UPDATE accounts SET bytes = bytes + ?, versions = versions + ? WHERE id = ?", (size, count, owner_id))


def _insist(db: sqlite3.Connection, val_id: str) -> Val:
    val = vals.by_id(db, val_id)
    if val is None:
        raise NotFound("There is no such val.")
    return val


def _insist_expected(current: Val | None, expected: int | None) -> None:
    found = MUST_NOT_EXIST if current is None else current.version
    if expected is not None and expected != found:
        raise Conflict("Somebody else has written this val meanwhile.")


def _next_number(db: sqlite3.Connection, owner_id: str, name: str) -> int:
    row = db.execute(
        "SELECT next FROM numbers WHERE owner_id = ? AND folded = ?", (owner_id, name.casefold())
    ).fetchone()
    return row[0] if row else 0


def _set_number(db: sqlite3.Connection, owner_id: str, name: str, following: int) -> None:
    db.execute(
        "INSERT OR REPLACE INTO numbers (owner_id, folded, next) VALUES (?, ?, ?)",
        (owner_id, name.casefold(), following),
    )


def _take_number(db: sqlite3.Connection, owner_id: str, name: str) -> int:
    number = _next_number(db, owner_id, name)
    _set_number(db, owner_id, name, number + 1)
    return number


def _insert_val(db: sqlite3.Connection, val: Val) -> None:
    db.execute(
        "INSERT INTO vals (id, owner_id, name, folded, privacy, version, readme, public_since, created_at, updated_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            val.id,
            val.owner_id,
            val.name,
            val.name.casefold(),
            val.privacy,
            val.version,
            val.readme,
            val.public_since,
            val.created_at,
            val.updated_at,
        ),
    )


def _update_val(db: sqlite3.Connection, val: Val) -> None:
    db.execute(
        "UPDATE vals SET privacy = ?, version = ?, readme = ?, public_since = ?, updated_at = ? WHERE id = ?",
        (val.privacy, val.version, val.readme, val.public_since, val.updated_at, val.id),
    )


def _mark_prunable(db: sqlite3.Connection, old: Val) -> None:
    """Say that a version is not the newest any more; only data is ever pruned."""
    if old.kind is Kind.DATA:
        db.execute("UPDATE versions SET prunable = 1 WHERE val_id = ? AND version = ?", (old.id, old.version))


def _insert_version(db: sqlite3.Connection, val: Val, size: int) -> None:
    db.execute(
        "INSERT INTO versions (val_id, owner_id, version, kind, code, payload, json, type, error, evaluation, author, "
        "bytes, created_at, run_start, run_end) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            val.id,
            val.owner_id,
            val.version,
            val.kind,
            val.code,
            val.payload,
            val.json,
            val.type,
            None if val.error is None else json.dumps(val.error),
            val.evaluation,
            val.author,
            size,
            val.updated_at,
            val.run_start,
            val.run_end,
        ),
    )
    _count(db, val.owner_id, size, 1)
