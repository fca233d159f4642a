"""Writing vals, as SQL: every write makes a version, and a number never means two things.

Each function runs whole or not at all, in the writer's savepoint.
What may be written by whom is decided before: `expected` and `only_data` are checked here, where nothing can come between.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, replace
from itertools import count

from host_api.store import accounts, references, vals
from host_api.store.clock import now_ms
from host_api.store.ids import new_id
from host_api.store.model import MUST_NOT_EXIST, Account, Kind, Privacy, Quota, Val
from host_api.store.numbering import take_number
from host_api.store.references import Named
from host_api.store.room import count_in, make_room, weight
from kernel.errors import CodeInTheWay, Conflict
from kernel.principals import MAX_NAME, insist_name


@dataclass(frozen=True, slots=True)
class Draft:
    """A version to be written. `privacy` None keeps what there is (private for a new val), and so does `readme`.

    `forked` is the version of another val that this one is made of: it is a new val, and gets a free name if its own is taken.
    `named` is what the source names (None: it has no source of its own, or nobody knows).
    """

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
    forked: tuple[str, int] | None = None
    named: Named | None = None

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
    if draft.forked is not None:
        draft = replace(draft, name=free_name(db, draft.owner, draft.name), expected=MUST_NOT_EXIST)
    current = vals.find(db, draft.owner, draft.name)
    insist_expected(current, draft.expected)
    if draft.only_data and current is not None and current.kind is Kind.CODE:
        raise CodeInTheWay("A code val stands there, and only data may be written.")
    grows = 0 if draft.readme is None else weight(draft.readme) - (0 if current is None else weight(current.readme))
    make_room(db, account, draft.size + grows, quota)
    count_in(db, account.id, grows, 0)
    number = take_number(db, account.id, draft.name)
    written = _new(draft, account, number) if current is None else _next(draft, current, number)
    if current is None:
        _insert_val(db, written)
    else:
        update_row(db, written)
        _mark_prunable(db, current)
    _insert_version(db, written, draft.size)
    if draft.named is not None:
        references.keep(db, written.id, draft.named)
    return written


def free_name(db: sqlite3.Connection, owner: str, name: str) -> str:
    """Return the name, or else one like it that the owner does not use: `name_2` and so on."""
    tried = (_numbered(name, number) for number in count(2))
    return (
        name if vals.find(db, owner, name) is None else next(one for one in tried if vals.find(db, owner, one) is None)
    )


def _numbered(name: str, number: int) -> str:
    end = f"_{number}"
    return name[: MAX_NAME - len(end)] + end


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
        forked_id=None if draft.forked is None else draft.forked[0],
        forked_version=None if draft.forked is None else draft.forked[1],
        named_version=None if draft.named is None else number,
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
        public_since=public_since(current, privacy, number),
        evaluation=draft.evaluation,
        author=draft.author,
        updated_at=now_ms(),
        run_start=draft.run_start,
        run_end=draft.run_end,
        named_version=current.named_version if draft.named is None else number,
    )


def public_since(current: Val, privacy: Privacy, number: int) -> int | None:
    """From which version on others may read: what was private stays so."""
    if privacy is Privacy.PRIVATE:
        return None
    return number if current.public_since is None else current.public_since


def insist_expected(current: Val | None, expected: int | None) -> None:
    """Raise Conflict unless the val has the version that it must have."""
    found = MUST_NOT_EXIST if current is None else current.version
    if expected is not None and expected != found:
        raise Conflict("Somebody else has written this val meanwhile.")


def _insert_val(db: sqlite3.Connection, val: Val) -> None:
    db.execute(
        "INSERT INTO vals (id, owner_id, name, folded, privacy, version, readme, public_since, created_at, updated_at, "
        "forked_id, forked_version, named_version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
            val.forked_id,
            val.forked_version,
            val.named_version,
        ),
    )


def update_row(db: sqlite3.Connection, val: Val) -> None:
    """Write what a val has beside its versions."""
    db.execute(
        "UPDATE vals SET privacy = ?, version = ?, readme = ?, public_since = ?, updated_at = ?, named_version = ? "
        "WHERE id = ?",
        (val.privacy, val.version, val.readme, val.public_since, val.updated_at, val.named_version, val.id),
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
    count_in(db, val.owner_id, size, 1)
