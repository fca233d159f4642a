"""`valgate runs` and `valgate mail`: what was run, and what was sent."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace

from host_api.commands.command import Command, Context, insist_user, json_argument, user_argument
from host_api.commands.show import Raw, columns, iso, plain, raw, to_json, when
from host_api.store import Delivery, EvaluationRow, Mail, Stage, State, Store
from kernel.principals import ANONYMOUS

POLL_SECONDS = 0.2
MOST = 1_000_000
"""Records that are listed at once."""


def _runs(context: Context, args: Namespace) -> int:
    with context.open_store() as store:
        # Those of anonymous callers are the operator's to read, and whoever has the database is that.
        caller = None if args.user.removeprefix("@") == ANONYMOUS else insist_user(store, args.user)
        if args.follow:
            return _follow(context, store, caller, as_json=args.json)
        rows = store.evaluations(caller, limit=args.limit, whole=args.json)
    if args.json:
        context.out(to_json([run_json(one) for one in rows]))
    elif rows:
        head = ("STARTED", "SOURCE", "STATE", "CPU", "ENTRY", "RESULT", "ID")
        context.out(columns([head, *(_run_row(one) for one in rows)]))
    else:
        context.hint("There are no evaluations yet.")
    return 0


def _follow(context: Context, store: Store, caller: str | None, *, as_json: bool) -> int:
    """Print each evaluation when it has ended, until interrupted."""
    tail = _Tail(store, caller)  # whoever is told that we wait may count on it: what is run from then on is printed
    context.hint(f"Waiting for evaluations of @{caller or ANONYMOUS}; Ctrl-C ends.")
    seen = -1
    while True:
        changes = store.changes()
        if changes == seen:
            time.sleep(POLL_SECONDS)
            continue
        seen = changes
        for row in tail.ended():
            context.out(to_json(run_json(row)) if as_json else "  ".join(plain(cell) for cell in _run_row(row)))


class _Tail:
    """What a caller's log has gained since the last look."""

    def __init__(self, store: Store, caller: str | None) -> None:
        """Begin at the end of the log."""
        self._store, self._caller, self._place = store, caller, store.last_place()
        self._running: list[str] = []

    def ended(self) -> list[EvaluationRow]:
        """Return those that have ended since, in the order in which they started."""
        for place, row in self._store.evaluations_after(self._caller, self._place):
            self._place = place
            self._running.append(row.id)
        found = [kept for one in self._running if (kept := self._store.evaluation(one)) is not None]
        self._running = [row.id for row in found if row.state is State.RUNNING]
        return [row for row in found if row.state is not State.RUNNING]


def _runs_arguments(parser: ArgumentParser) -> None:
    user_argument(parser)
    parser.add_argument("--follow", action="store_true", help="print each new one as it ends, until Ctrl-C")
    parser.add_argument("--limit", metavar="N", type=_count, default=20, help="how many, newest first; default 20")
    json_argument(parser)


def _count(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 0 < number <= MOST:
        raise ArgumentTypeError(f"takes a number from 1 to {MOST}, not {text!r}")
    return number


def _entry(row: EvaluationRow) -> str:
    if row.entry_name is None:
        return _short(row.code or "", 40)
    return f"@{row.entry_owner}.{row.entry_name}" + ("" if row.entry_version is None else f"@{row.entry_version}")


def _short(text: str, width: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def _result(row: EvaluationRow) -> str:
    if row.error is None:
        return _short((row.value or b"").decode("utf-8", "replace"), 60)
    try:
        error = json.loads(row.error)
        return _short(f"{error.get('name', 'Error')}: {error.get('message', '')}", 60)
    except (ValueError, AttributeError):
        return "error"


def _run_row(row: EvaluationRow) -> tuple[str, ...]:
    return (when(row.started), row.source, row.state, f"{row.cpu_us / 1000:.1f}ms", _entry(row), _result(row), row.id)


def run_json(row: EvaluationRow) -> dict[str, object]:
    """Describe a record for programs."""
    return {
        "id": row.id,
        "caller": row.caller,
        "requester": row.requester,
        "parent": row.parent,
        "source": row.source,
        "policy": row.policy,
        "entry": None if row.entry_name is None else _entry(row),
        "code": row.code,
        "state": row.state,
        "args": raw(row.args),
        "value": raw(row.value),
        "type": row.value_type,
        "error": raw(row.error),
        "logs": _timed(row.logs),
        "emails": _timed(row.emails),
        "calls": raw(row.calls),
        "runStartAt": iso(row.started),
        "runEndAt": iso(row.ended),
        "cpuMicroseconds": row.cpu_us,
        "peakBytes": row.peak_bytes,
        "effects": row.effects,
    }


def _timed(rows: bytes | None) -> Raw | None:
    """Write the times of rows that the host recorded as all other times are written."""
    if rows is None:
        return None
    told = [row | {"at": iso(row["at"])} if isinstance(row.get("at"), int) else row for row in json.loads(rows)]
    return Raw(json.dumps(told).encode())


def _mail(context: Context, args: Namespace) -> int:
    with context.open_store() as store:
        mails = store.mail(insist_user(store, args.user))
    if args.json:
        context.out(to_json([mail_json(one) for one in mails]))
    elif mails:
        context.out("\n\n".join(_mail_text(one) for one in mails))
    else:
        context.hint(f"The outbox holds nothing for @{args.user.removeprefix('@')}.")
    return 0


def mail_json(mail: Mail) -> dict[str, object]:
    """Describe a message for programs."""
    return {
        "id": mail.id,
        "to": mail.account,
        "address": mail.address,
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
        "replyTo": mail.reply_to,
        "fromVal": mail.from_val,
        "author": mail.author,
        "evaluation": mail.evaluation,
        "createdAt": iso(mail.created_at),
        "delivery": None if mail.delivery is None else _delivery_json(mail.delivery),
    }


def _delivery_json(delivery: Delivery) -> dict[str, object]:
    return {
        "state": delivery.stage,
        "attempts": delivery.attempts,
        "nextAt": iso(delivery.due) if delivery.stage is Stage.WAITING else None,
        "error": delivery.error,
    }


def _delivery_text(delivery: Delivery) -> str:
    tries = f" after {delivery.attempts} {'try' if delivery.attempts == 1 else 'tries'}" if delivery.attempts else ""
    again = f", next at {when(delivery.due)}" if delivery.stage is Stage.WAITING and tries else ""
    why = f": {plain(delivery.error)}" if delivery.error else ""
    return f"Delivery: {delivery.stage}{tries}{again}{why}"


def _mail_text(mail: Mail) -> str:
    head = [f"Date: {when(mail.created_at)}", f"To: @{mail.account} <{mail.address or 'no address'}>"]
    if mail.from_val:
        head.append(f"Sent by: {plain(mail.from_val)} in evaluation {mail.evaluation or '-'}")
    if mail.delivery:
        head.append(_delivery_text(mail.delivery))
    return "\n".join([*head, f"Subject: {plain(mail.subject)}", "", plain(mail.text or mail.html or "", lines=True)])


def _mail_arguments(parser: ArgumentParser) -> None:
    user_argument(parser)
    json_argument(parser)


COMMANDS = (
    Command(
        ("runs",),
        "List an account's evaluations, newest first; `anonymous` has those of nobody.",
        "valgate runs alice --follow",
        _runs,
        _runs_arguments,
    ),
    Command(
        ("mail",),
        "Print what console.email sent to an account, newest first, and how far each message came.",
        "valgate mail alice --json",
        _mail,
        _mail_arguments,
    ),
)
