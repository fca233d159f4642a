"""The record of one evaluation: what is kept with the run while it lasts, and how the record is completed at its end.

This file does not know who sent the request, nor over what, nor how it was run.
"""

from __future__ import annotations

import asyncio
import traceback
from dataclasses import dataclass, replace

import structlog

from host_api import logs
from host_api.audit.recorder import Recorder
from host_api.audit.redact import NO_ROWS, Row
from host_api.capabilities.console import LOGS
from host_api.capabilities.effects import BEFORE, DURABLY
from host_api.capabilities.mail import EMAILS
from host_api.capabilities.secret import READ
from host_api.evaluating.beginning import Beginning
from host_api.evaluating.teller import NOTHING, Teller, error_json
from host_api.evaluating.underway import Underway
from host_api.settings import Settings
from host_api.store import EvaluationRow, State, Store
from host_api.store.clock import now_ms
from kernel.capability import Capability, Run
from kernel.errors import ErrorInfo, HostError, HostFailure, ValgateError
from kernel.evaluation import Evaluation, Kernel
from kernel.principals import Frame
from kernel.wire import Value

log = structlog.get_logger("valgate.evaluation")

TYPES = frozenset(
    {"undefined", "null", "boolean", "number", "bigint", "string", "symbol", "object", "array", "function"}
)
Texts = tuple[str | None, bytes | None, bytes | None, bytes | None, bytes, bytes, bytes]
"""Of a record: code, args, value, error, logs, emails and calls."""
MANY = 500
"""Calls whose tree is written in a moment."""
MANY_SECRETS = 10
"""Secrets that are looked for in a moment."""
CANCELLED = ErrorInfo(
    503, "cancelled", "Cancelled", "the evaluation was cancelled: who asked has left, or the server stops"
)
STOPPED = replace(CANCELLED, status=422, message="the evaluation was cancelled by whom it belongs to")


@dataclass(frozen=True, slots=True)
class Shared:
    """What all runs of a house have in common: the kernel and the store, what may be granted, and the list they stand in."""

    settings: Settings
    store: Store
    kernel: Kernel
    capabilities: tuple[Capability, ...]
    underway: Underway


class Recorded:
    """One run with its record, which `complete` completes, once; and what it came to.

    That is the runtime's `values`, the value as `json` (if it has any) and its `type`; or the `error`, as its reader is told.
    """

    __slots__ = (
        "_caller",
        "_recorder",
        "_settings",
        "_store",
        "_teller",
        "begin",
        "error",
        "json",
        "row",
        "run",
        "type",
        "values",
    )

    def __init__(self, shared: Shared, frame: Frame, row: EvaluationRow) -> None:
        """Prepare the run of a frame; `row` is its record so far."""
        self._settings, self._store, self.row, self._caller = shared.settings, shared.store, row, frame.caller
        limits = shared.settings.limits
        self._recorder = Recorder(limits.calls, row.id, f"@{frame.caller.name}")
        self.run = run = Run(row.id, limits, self._recorder)
        beginning = Beginning(shared.store, row, limits.field)
        self.begin = run.state[BEFORE] = beginning.queue
        run.state[DURABLY] = beginning.durably
        self._teller: Teller | None = None  # most have nothing to tell
        self.values: tuple[Value, ...] = ()
        self.json: bytes | None = None
        self.type = "undefined"
        self.error: ErrorInfo | None = CANCELLED

    @property
    def _told(self) -> Teller:
        if self._teller is None:
            self._teller = Teller(self.run, self._caller)
        return self._teller

    def came_to(self, values: tuple[Value, ...], evaluation: Evaluation) -> None:
        """Take what the runtime finished with: a value as JSON, if it has any, and its type; or what it threw."""
        threw = evaluation.complaints or (values and values[0] == 1)
        self.values, self.error = values, self._told.judge(values, evaluation) if threw else None
        if self.error is None:
            json, told = (*values, None, None, None)[1:3]
            self.json = json.encode("utf-8", "replace") if isinstance(json, str) else None
            self.type = told if isinstance(told, str) and told in TYPES else "undefined"

    def failed(self, failure: ValgateError, evaluation: Evaluation) -> None:
        """Take what ended the run."""
        if isinstance(failure, HostError):
            evaluation.failures.append(failure if isinstance(failure, HostFailure) else HostFailure())
        self.error = self._told.told(failure.info())

    def stopped(self) -> None:
        """Take that whose evaluation it is has stopped it."""
        self.error = STOPPED

    @property
    def is_much(self) -> bool:
        """Whether writing the record takes more than a moment, or may: `texts` looks closer."""
        return READ in self.run.state or len(self._recorder.nodes) >= MANY

    async def texts(self, cancelled: int) -> Texts:
        """Do as `texts_now`, but much work beside the loop, which serves others."""
        if len(self._recorder.nodes) < MANY and self._told.secrets < MANY_SECRETS:
            return self.texts_now(cancelled)
        try:
            return await asyncio.to_thread(self.texts_now, cancelled)
        except asyncio.CancelledError:
            # Once more, while this run was being cancelled: the record is written all the same.
            return self.texts_now(cancelled)

    def texts_now(self, cancelled: int) -> Texts:
        """Return the texts of the record, without secrets; nothing is changed, so that it may be done anywhere."""
        row, state = self.row, self.run.state
        redact, limit = self._told.redactor() if READ in state else NOTHING, self._settings.limits.field
        calls = self._recorder.calls() if self._recorder.nodes or self._recorder.counted else []
        if cancelled:
            calls.append({"cancelled": cancelled})
        return (
            None if row.code is None else redact.text(row.code),
            redact.json(row.args, limit),
            redact.json(self.json, limit),
            None if self.error is None else error_json(self.error),
            redact.rows(_rows(state[LOGS]), limit * 3, self._told.line) if LOGS in state else NO_ROWS,
            redact.rows(_rows(state[EMAILS]), limit * 10) if EMAILS in state else NO_ROWS,
            redact.rows(calls, self._settings.tree) if calls else NO_ROWS,
        )

    def complete(self, evaluation: Evaluation, texts: Texts) -> asyncio.Future[None]:
        """Fill in the rest of the record, say its line, and queue it; the future is done when it is durable."""
        row, usage, recorder = self.row, evaluation.usage, self._recorder
        row.code, row.args, row.value, row.error, row.logs, row.emails, row.calls = texts
        row.cpu_us, row.peak_bytes, row.effects = int(usage.cpu * 1e6), usage.peak, recorder.effects
        error, row.ended = self.error, now_ms()
        row.value_type, row.state = (self.type, State.DONE) if error is None else (None, State.FAILED)
        # One canonical line; what broke in the host goes beside it, to the operator alone.
        logs.say(
            {
                "evaluation": row.id,
                "caller": recorder.caller,
                "source": row.source,
                "state": str(row.state),
                "code": error.code if error else None,
                "cpu_us": row.cpu_us,
                "peak_kib": usage.peak >> 10,
                "guests": usage.guests,
                "calls": len(recorder.nodes),
                "effects": recorder.effects,
                "ms": row.ended - row.started,
                "event": "evaluation",
            }
        )
        for failure in evaluation.failures:
            told = "".join(traceback.format_exception(failure.__cause__ or failure))
            log.error("host failure", evaluation=row.id, exception=self._told.redactor().text(told))
        return self._store.finish_evaluation(row)


def _rows(value: object) -> list[Row]:
    return value if isinstance(value, list) else []
