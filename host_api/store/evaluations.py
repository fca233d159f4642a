"""The records of evaluations, as SQL. Everything about keeping and finding them; nothing about who may read them.

One statement writes a row's start and its end: whichever comes, the row is as complete as it was given.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from operator import attrgetter

import orjson

from host_api.store.model import EvaluationRow, State
from host_api.store.text import well_formed

_NAMES = tuple(field.name for field in fields(EvaluationRow))
_KEPT = frozenset({"id", "process"})
_COLUMNS = ", ".join(_NAMES)
_values = attrgetter(*_NAMES)
_SELECT = f"SELECT {_COLUMNS} FROM evaluations"  # noqa: S608 — our own field names
_HEAVY = frozenset({"args", "logs", "emails", "calls"})
_BRIEF = f"SELECT {', '.join('NULL' if name in _HEAVY else name for name in _NAMES)} FROM evaluations"  # noqa: S608 — our own field names
_CHANGED = ", ".join(f"{name} = excluded.{name}" for name in _NAMES if name not in _KEPT)
_INTO = f"INSERT INTO evaluations ({_COLUMNS})"
_OVER = f"ON CONFLICT (id) DO UPDATE SET {_CHANGED}"
_RECORD = f"{_INTO} VALUES ({', '.join('?' * len(_NAMES))}) {_OVER}"
_BYTES = tuple(_NAMES.index(name) for name in ("args", "value", "error", "logs", "emails", "calls"))
_MEMBERS = ", ".join(
    f"CAST(value ->> {at} AS BLOB)" if at in _BYTES else f"value ->> {at}" for at in range(len(_NAMES))
)
_RECORDS = f"{_INTO} SELECT {_MEMBERS} FROM json_each(?) WHERE true {_OVER}"  # noqa: S608 — our own field names
_LARGE = 8_000
"""Bytes of a row that goes by itself."""
_TELLS_JSON = sqlite3.sqlite_version_info >= (3, 38)
_STATE, _CALLER, _REQUESTER = _NAMES.index("state"), _NAMES.index("caller"), _NAMES.index("requester")
_PROCESS, _CODE, _POLICY = _NAMES.index("process"), _NAMES.index("code"), _NAMES.index("policy")
_STATES = {str(state): state for state in State}

SOME = 500
"""Records forgotten in one transaction."""

INTERRUPTED = b'{"name":"Interrupted","message":"The server stopped before this evaluation ended."}'


@dataclass(frozen=True, slots=True)
class Filter:
    """Which evaluations: all that is given must hold. Times are `started`, from `since` up to but not `until`."""

    val_id: str | None = None
    sources: tuple[str, ...] = ()
    failed: bool | None = None
    since: int | None = None
    until: int | None = None


EVERY = Filter()


def by_id(db: sqlite3.Connection, evaluation_id: str) -> EvaluationRow | None:
    """Find one record."""
    row = db.execute(f"{_SELECT} WHERE id = ?", (evaluation_id,)).fetchone()
    return _row(row) if row else None


def is_of(db: sqlite3.Connection, evaluation_id: str, caller: str) -> bool:
    """Whether there is such a record of this caller's."""
    found = db.execute("SELECT 1 FROM evaluations WHERE id = ? AND caller = ?", (evaluation_id, _folded(caller)))
    return found.fetchone() is not None


def of(
    db: sqlite3.Connection, caller: str | None, which: Filter, limit: int, offset: int = 0, *, whole: bool = False
) -> list[EvaluationRow]:
    """A caller's records, newest first; None is anonymous. Without args, logs, emails and calls unless `whole`."""
    where, values = _conditions(caller, which)
    found = db.execute(
        f"{_SELECT if whole else _BRIEF} WHERE {where} ORDER BY seq DESC LIMIT ? OFFSET ?", (*values, limit, offset)
    )
    return [_row(row) for row in found]


def after(db: sqlite3.Connection, caller: str | None, seq: int) -> list[tuple[int, EvaluationRow]]:
    """A caller's records later than this place in the log, oldest first, each with its place."""
    found = db.execute(
        f"SELECT seq, {_COLUMNS} FROM evaluations WHERE caller IS ? AND seq > ? ORDER BY seq",  # noqa: S608 — ours
        (_folded(caller), seq),
    )
    return [(row[0], _row(row[1:])) for row in found]


def last(db: sqlite3.Connection) -> int:
    """The place of the newest record in the log, 0 in an empty one."""
    seq: int = db.execute("SELECT coalesce(max(seq), 0) FROM evaluations").fetchone()[0]
    return seq


Told = str | list[object]
"""A row as JSON, or as its values."""


def told(row: EvaluationRow, process: str, weight: int = 0) -> Told:
    """Tell a row of about `weight` bytes, for `record`: as JSON, unless it is large, or SQLite would read something else from that.

    It would of NUL, half characters and bytes that are no text.
    """
    values = _listed(row, process)
    if weight > _LARGE or not _TELLS_JSON:
        return values
    try:
        text = orjson.dumps([one.decode() if isinstance(one, bytes) else one for one in values]).decode()
    except (UnicodeDecodeError, orjson.JSONEncodeError):
        return values
    return values if r"\u0000" in text and _holds_nul(values) else text


def record(db: sqlite3.Connection, rows: Iterable[Told]) -> None:
    """Write the start or the end of some rows, in their order.

    As many as are JSON one after another are one statement: SQLite lets go of the interpreter for each statement and each row, and to
    get it back from a busy loop takes longer than to write.
    """
    for is_json, some in groupby(rows, _is_json):
        if is_json:
            db.execute(_RECORDS, (f"[{','.join(map(str, some))}]",))
        else:
            db.executemany(_RECORD, some)


def _is_json(row: Told) -> bool:
    return isinstance(row, str)


def _holds_nul(values: Sequence[object]) -> bool:
    """Whether there is a NUL, and not only talk of one."""
    return any("\0" in one if isinstance(one, str) else isinstance(one, bytes) and b"\0" in one for one in values)


def _listed(row: EvaluationRow, process: str) -> list[object]:
    values = list(_values(row))
    # Plain text: what is a kind of it, as a name of an enumeration is, takes sqlite3 as long as half of the row.
    values[_POLICY], values[_STATE], values[_PROCESS] = str(row.policy), str(row.state), process
    if row.caller is not None:
        values[_CALLER] = row.caller.casefold()
    if row.requester is not None:
        values[_REQUESTER] = row.requester.casefold()
    if row.code is not None:
        values[_CODE] = well_formed(row.code)
    return values


def running_processes(db: sqlite3.Connection) -> list[str]:
    """The processes that have evaluations which did not end."""
    found = db.execute("SELECT DISTINCT process FROM evaluations WHERE state = 'running'")
    return [process or "" for (process,) in found]


def interrupt(db: sqlite3.Connection, process: str) -> int:
    """Say of a dead process's evaluations that they were interrupted; return how many."""
    changed = db.execute(
        "UPDATE evaluations SET state = ?, error = ? WHERE state = 'running' AND coalesce(process, '') = ?",
        (State.INTERRUPTED, INTERRUPTED, process),
    )
    return changed.rowcount


def forget(db: sqlite3.Connection, before: int) -> int:
    """Forget some records of evaluations that started before, so that other writes get their turn; return how many."""
    some = "SELECT seq FROM evaluations WHERE started < ? AND state <> 'running' LIMIT ?"
    return db.execute(f"DELETE FROM evaluations WHERE seq IN ({some})", (before, SOME)).rowcount  # noqa: S608 — ours


def forget_beyond(db: sqlite3.Connection, caller: str | None, most: int) -> int:
    """Forget some of a caller's oldest records beyond the newest `most`; return how many."""
    last = "SELECT seq FROM evaluations WHERE caller IS ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2"
    some = f"SELECT seq FROM evaluations WHERE caller IS ?1 AND seq <= ({last}) AND state <> 'running' ORDER BY seq LIMIT ?3"  # noqa: S608 — ours
    return db.execute(f"DELETE FROM evaluations WHERE seq IN ({some})", (_folded(caller), most, SOME)).rowcount  # noqa: S608 — ours


def _conditions(caller: str | None, which: Filter) -> tuple[str, tuple[object, ...]]:
    """Build the WHERE of a filter: fixed texts, values beside them."""
    parts: list[tuple[str, tuple[object, ...]]] = [("caller IS ?", (_folded(caller),))]
    if which.val_id is not None:
        parts.append(("val_id = ?", (which.val_id,)))
    if which.sources:
        parts.append((f"source IN ({', '.join('?' * len(which.sources))})", which.sources))
    if which.failed is not None:
        parts.append((f"state {'' if which.failed else 'NOT '}IN ('failed', 'interrupted')", ()))
    if which.since is not None:
        parts.append(("started >= ?", (which.since,)))
    if which.until is not None:
        parts.append(("started < ?", (which.until,)))
    return " AND ".join(text for text, _ in parts), tuple(value for _, values in parts for value in values)


def _folded(caller: str | None) -> str | None:
    return None if caller is None else caller.casefold()


def _row(values: tuple[object, ...]) -> EvaluationRow:
    listed = list(values)
    listed[_STATE] = _STATES[str(listed[_STATE])]
    return EvaluationRow(*listed)  # type: ignore[arg-type] # in the order of the fields, by _COLUMNS
