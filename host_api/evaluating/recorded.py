"""One evaluation, from its frame to its record.

This file does not know who sent the request, nor over what.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import structlog

from host_api import logs
from host_api.audit.recorder import Recorder
from host_api.audit.redact import NO_ROWS, Row
from host_api.capabilities import endings
from host_api.capabilities.console import LOGS
from host_api.capabilities.effects import BEFORE, DURABLY
from host_api.capabilities.mail import EMAILS
from host_api.evaluating.beginning import Beginning
from host_api.evaluating.teller import Teller, error_json
from host_api.evaluating.underway import Stopped, Underway
from host_api.settings import Settings
from host_api.store import EvaluationRow, State, Store
from host_api.store.clock import now_ms
from kernel.capability import Capability, Run
from kernel.errors import ErrorInfo, HostError, HostFailure, ValgateError
from kernel.evaluation import Entry, Evaluation, Kernel, Usage
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


@dataclass(slots=True)
class Finished:
    """What a run came to: the runtime's values, the value as JSON (if it has any) and its type, or the error as its reader is told."""

    values: tuple[Value, ...]
    json: bytes | None
    type: str
    error: ErrorInfo | None
    row: EvaluationRow


@dataclass(frozen=True, slots=True)
class Shared:
    """What all runs of a house have in common: the kernel and the store, what may be granted, and the list they stand in."""

    settings: Settings
    store: Store
    kernel: Kernel
    capabilities: tuple[Capability, ...]
    underway: Underway


class Recorded:
    """One run with its record: `go` does all, once."""

    def __init__(self, shared: Shared, frame: Frame, row: EvaluationRow) -> None:
        """Prepare a run of `frame`; `row` is its record so far."""
        limits = shared.settings.limits
        self._shared, self._frame, self._row, self._limits = shared, frame, row, limits
        self._recorder = Recorder(limits.calls, row.id, str(frame.caller))
        self.run = Run(row.id, limits, self._recorder)
        self._teller = Teller(self.run, frame.caller)
        self._beginning = Beginning(shared.store, row, limits.field)
        self.run.state[BEFORE] = self._beginning.queue
        self.run.state[DURABLY] = self._beginning.durably

    async def go(self, entry: Entry, source: str) -> Finished:
        """Run it, complete its record, and wait until that is durable if there were effects."""
        shared, row = self._shared, self._row
        evaluation = Evaluation(shared.kernel, self._frame, self.run, shared.capabilities, source)
        finished = Finished((), None, "undefined", CANCELLED, row)
        try:
            with shared.underway.running(row.id, row.caller, self._beginning.queue):
                values = await evaluation.run(entry)
            finished.values, finished.error = values, self._teller.judge(values, evaluation)
        except Stopped:
            finished.error = STOPPED
        except ValgateError as failed:
            if isinstance(failed, HostError):
                evaluation.failures.append(failed if isinstance(failed, HostFailure) else HostFailure())
            finished.error = self._teller.told(failed.info())
        finally:
            endings.end(self.run)
            if finished.error is None:
                finished.json, finished.type = _json_of(finished.values), type_of(finished.values)
            left = partial(self._left_behind, finished, evaluation.usage.cancelled)
            self._complete(finished, evaluation.usage, await _beside(left) if self._is_much() else left())
            self._say(finished, evaluation)
            done = shared.store.finish_evaluation(row)
        if row.effects:
            await asyncio.shield(done)
        return finished

    def _is_much(self) -> bool:
        """Whether writing the record takes more than a moment."""
        return len(self._recorder.nodes) >= MANY or self._teller.secrets >= MANY_SECRETS

    def _left_behind(self, finished: Finished, cancelled: int) -> Texts:
        """Return the texts of the record, without secrets; nothing is changed, so that it may be done anywhere."""
        redact, limit, row, state = self._teller.redactor(), self._limits.field, self._row, self.run.state
        calls = self._calls(cancelled) if self._recorder.nodes or self._recorder.counted or cancelled else []
        return (
            None if row.code is None else redact.text(row.code),
            redact.json(row.args, limit),
            redact.json(finished.json, limit),
            None if finished.error is None else error_json(finished.error),
            redact.rows(_rows(state[LOGS]), limit * 3, self._teller.line) if LOGS in state else NO_ROWS,
            redact.rows(_rows(state[EMAILS]), limit * 10) if EMAILS in state else NO_ROWS,
            redact.rows(calls, self._shared.settings.tree) if calls else NO_ROWS,
        )

    def _complete(self, finished: Finished, usage: Usage, texts: Texts) -> None:
        """Fill in the rest of the record."""
        row, well = self._row, finished.error is None
        row.code, row.args, row.value, row.error, row.logs, row.emails, row.calls = texts
        row.cpu_us, row.peak_bytes, row.effects = int(usage.cpu * 1e6), usage.peak, self._recorder.effects
        row.value_type, row.state = (finished.type, State.DONE) if well else (None, State.FAILED)
        row.ended = now_ms()

    def _calls(self, cancelled: int) -> list[Row]:
        return self._recorder.calls() + ([{"cancelled": cancelled}] if cancelled else [])

    def _say(self, finished: Finished, evaluation: Evaluation) -> None:
        """One canonical line; what broke in the host goes beside it, to the operator alone."""
        row, error = self._row, finished.error
        logs.say(
            {
                "evaluation": row.id,
                "caller": f"@{self._frame.caller.name}",
                "source": row.source,
                "state": str(row.state),
                "code": error.code if error else None,
                "cpu_us": row.cpu_us,
                "peak_kib": row.peak_bytes >> 10,
                "guests": evaluation.usage.guests,
                "calls": len(self._recorder.nodes),
                "effects": row.effects,
                "ms": (row.ended or 0) - row.started,
                "event": "evaluation",
            }
        )
        for failure in evaluation.failures:
            told = "".join(traceback.format_exception(failure.__cause__ or failure))
            log.error("host failure", evaluation=row.id, exception=self._teller.redactor().text(told))


async def _beside(write: Callable[[], Texts]) -> Texts:
    """Do what is much work beside the loop, which serves others."""
    try:
        return await asyncio.to_thread(write)
    except asyncio.CancelledError:
        # Once more, while this run was being cancelled: the record is written all the same.
        return write()


def type_of(values: tuple[Value, ...]) -> str:
    """Return the type that the runtime gave of its value, if it is one of JavaScript's."""
    told = values[2] if len(values) > len(("status", "json")) else None
    return told if isinstance(told, str) and told in TYPES else "undefined"


def _json_of(values: tuple[Value, ...]) -> bytes | None:
    told = values[1] if len(values) > 1 else None
    return told.encode("utf-8", "replace") if isinstance(told, str) else None


def _rows(value: object) -> list[Row]:
    return value if isinstance(value, list) else []
