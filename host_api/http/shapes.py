"""The field names of the world: User, BaseVal, FullVal, BaseRun, FullRun, exactly as clients expect them.

A field without a value is absent; `bio`, `profileImageUrl`, `error` and `readme` are null.
To others than the owner a val says what it is, and nothing of how it came about.
Source: http-api.md, "Vals and evaluations".
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from host_api.http import json_text
from host_api.http.answers import iso
from host_api.http.who import Requester
from host_api.store import Store
from host_api.store.model import Account, EvaluationRow, Kind, Privacy, Token, Val, Version
from kernel.errors import BadInput

Json = dict[str, Any]


def user(account: Account) -> Json:
    """Show an account."""
    return {**author(account.id, account.name), "bio": None, "profileImageUrl": None}


def author(account_id: str, name: str) -> Json:
    """Show whose something is."""
    return {"id": account_id, "username": f"@{name}"}


def base_val(val: Val, requester: Requester) -> Json:
    """Show a val in a list."""
    shown: Json = {
        "id": val.id,
        "author": author(val.owner_id, val.owner),
        "name": val.name,
        "code": val.code,
        "public": val.privacy is Privacy.PUBLIC,
        "privacy": val.privacy.value,
        "version": val.version,
    }
    return shown | _times(val.run_start, val.run_end) if requester.owns(val.owner_id) else shown


def full_val(val: Val, requester: Requester, store: Store) -> Json:
    """Show a val by itself."""
    own = requester.owns(val.owner_id)
    shown = (
        base_val(val, requester)
        | {
            "logs": _logs(val, store) if own else [],
            "error": val.error if own else None,
            "readme": val.readme,
            "likeCount": 0,
            "referenceCount": store.reference_count(val, requester.id),
        }
        | _fork(val, requester, store)
    )
    interval = store.interval(val.id) if own else None
    if interval is not None:
        shown["schedule"] = orjson.Fragment(interval.schedule)
    return shown | {"output": _output(val.type, val.json)} if own or val.kind is Kind.DATA else shown


def _fork(val: Val, requester: Requester, store: Store) -> Json:
    """Show what a val was made of, to those who may see that; an unlisted one is for those to tell who know of it."""
    if val.forked is None:
        return {}
    source, number = store.val_by_id(val.forked[0]), val.forked[1]
    if source is None or not requester.sees(source, number):
        return {}
    knows = requester.owns(val.owner_id) or requester.owns(source.owner_id)
    if source.privacy is not Privacy.PUBLIC and not knows:
        return {}
    return {"forkedFrom": {"id": source.id, "version": number}}


def version(line: Version, val: Val, requester: Requester) -> Json:
    """Show one line of a val's history; `valID` and the times are what editors of 2023 read there."""
    shown: Json = {"valID": line.val_id, "version": line.version, "code": line.code, "error": None}
    if requester.owns(val.owner_id):
        times = _times(line.run_start, line.run_end)
        return shown | {"error": line.error, "createdAt": iso(line.created_at)} | times
    return shown


def base_run(row: EvaluationRow, caller: Account, store: Store) -> Json:
    """Show an evaluation in a list; only its caller ever sees one, and who called for it only if that was the same."""
    known = row.parent is not None and store.is_evaluation_of(row.parent, caller.name)
    shown: Json = {
        "id": row.id,
        "error": _raw(row.error, "null"),
        "author": author(caller.id, caller.name),
        **_times(row.started, row.ended),
    }
    entry = {"name": row.entry_name, "version": row.entry_version, "parentId": row.parent if known else None}
    return shown | {name: value for name, value in entry.items() if value is not None}


def full_run(row: EvaluationRow, caller: Account, store: Store) -> Json:
    """Show an evaluation whole, with its tree of calls."""
    shown = base_run(row, caller, store) | {
        "emails": _rows(row.emails),
        "logs": _rows(row.logs),
        "args": _raw(row.args, "[]"),
        "calls": _raw(row.calls, "[]"),
    }
    return shown if row.value is None else shown | {"returnValue": _raw(row.value, "null")}


def token(held: Token) -> Json:
    """Show what a token is good for; its text is nowhere."""
    shown: Json = {
        "id": held.id,
        "name": held.name,
        "scopes": sorted(scope.value for scope in held.scopes),
        "createdAt": iso(held.created_at),
    }
    times = {"expiresAt": held.expires_at, "lastUsedAt": held.last_used_at}
    return shown | {name: iso(at) for name, at in times.items() if at is not None}


def _output(kind: str, value: bytes | None) -> Json:
    """Show a stored value: what is not JSON (undefined, a function) has a type and no value."""
    shown: Json = {"type": kind}
    return shown if value is None or kind == "undefined" else shown | {"value": _raw(value, "null")}


def _times(start: int | None, end: int | None) -> Json:
    times = {"runStartAt": start, "runEndAt": end}
    return {name: iso(at) for name, at in times.items() if at is not None}


def _logs(val: Val, store: Store) -> list[Json]:
    """Show what the run that wrote this version said, if it was its owner's: records have no other reader."""
    row = store.evaluation(val.evaluation) if val.evaluation else None
    return _rows(row.logs) if row is not None and row.caller == val.owner.casefold() else []


def _rows(recorded: bytes | None) -> list[Json]:
    """Show rows that the host recorded; there a time is a number of milliseconds, as everywhere inside."""
    rows = json.loads(recorded or b"[]")
    return [row | {"at": iso(row["at"])} if isinstance(row.get("at"), int) else row for row in rows]


def _raw(value: bytes | None, otherwise: str) -> orjson.Fragment:
    """Put JSON that a guest wrote into an answer, byte for byte: if it is JSON, and so can say nothing outside itself."""
    try:
        return orjson.Fragment(json_text.parse(value or b"").raw)
    except BadInput:
        return orjson.Fragment(otherwise)
