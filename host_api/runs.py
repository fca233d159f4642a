"""One evaluation, from its frame to its record: what `House.evaluate` and `House.save` share.

This file does not know who sent the request, nor over what.
"""

from __future__ import annotations

import asyncio
import json
import traceback
import uuid
from dataclasses import dataclass, replace

import structlog

from host_api.audit.recorder import Recorder
from host_api.audit.redact import Redactor, Row
from host_api.capabilities import endings
from host_api.capabilities.console import LOGS
from host_api.capabilities.effects import BEFORE, DURABLY
from host_api.capabilities.mail import EMAILS
from host_api.capabilities.secret import READ
from host_api.sources import Sources
from host_api.store import EvaluationRow, State, Store
from host_api.store.clock import now_ms
from host_api.underway import Stopped, Underway
from kernel.capability import Capability, Run
from kernel.errors import ErrorInfo, HostError, HostFailure, Thrown, ValgateError
from kernel.evaluation import Entry, Evaluation, Kernel
from kernel.limits import Limits
from kernel.principals import Frame
from kernel.wire import Value

log = structlog.get_logger("valgate.evaluation")

LAZY = 0.1
"""Seconds after which a run without effects gets its start row."""
TYPES = frozenset(
    {"undefined", "null", "boolean", "number", "bigint", "string", "symbol", "object", "array", "function"}
)
MOST_NAME = 200
"""Characters of an error's name."""
MANY = 500
"""Calls whose tree is written in a moment."""
MANY_SECRETS = 10
"""Secrets that are looked for in a moment."""
CANCELLED = ErrorInfo(503, "cancelled", "Cancelled", "the evaluation was cancelled")
STOPPED = replace(CANCELLED, status=422, message="the evaluation was cancelled by whom it belongs to")


@dataclass(slots=True)
class Finished:
    """What a run came to: the runtime's values, or the error as its reader is told."""

    values: tuple[Value, ...]
    error: ErrorInfo | None
    row: EvaluationRow


class Recorded:
    """One run with its record: `go` does all, once."""

    def __init__(
        self,
        kernel: Kernel,
        store: Store,
        capabilities: tuple[Capability, ...],
        limits: Limits,
        frame: Frame,
        row: EvaluationRow,
        underway: Underway,
        tree: int,
    ) -> None:
        """Prepare a run of `frame`; `row` is its record so far, `tree` how many bytes of calls that keeps."""
        self._kernel, self._store, self._capabilities, self._limits = kernel, store, capabilities, limits
        self._frame, self._row, self._underway, self._most = frame, row, underway, tree
        self._recorder = Recorder(limits.calls, row.id, str(frame.caller))
        self._started: asyncio.Future[None] | None = None
        self._looked_for, self._redact = 0, Redactor({})
        self.run = Run(row.id, limits, self._recorder)
        self.run.state[BEFORE] = self._start
        self.run.state[DURABLY] = self._durably_begin

    @property
    def row(self) -> EvaluationRow:
        """The record as it stands."""
        return self._row

    def _start(self) -> asyncio.Future[None]:
        """Queue the start row, once: before the first effect, or after a while. The future is done when it is durable."""
        if self._started is None:
            self._started = self._store.start_evaluation(self._opening())
            self._started.add_done_callback(_seen)
        return self._started

    def _opening(self) -> EvaluationRow:
        """Return the start row: nobody knows yet which secrets will be read, so it has none of the caller's."""
        row = self._row
        if row.caller is None or (row.args is None and row.code is None):
            return row
        secrets = self._store.few_secrets(row.caller)
        if secrets is None:
            return replace(row, args=None, code=None)
        redact = Redactor({value: f"@{row.caller}.{name}" for value, name in secrets.items()})
        code = None if row.code is None else redact.text(row.code)
        return replace(row, args=redact.json(row.args, self._limits.field), code=code)

    async def _durably_begin(self) -> None:
        """Have the start row on the disk; what is there already costs nothing."""
        started = self._start()
        if not started.done():
            await self._store.flush()
        await asyncio.shield(started)

    async def go(self, entry: Entry, source: str) -> Finished:
        """Run it, write its record, and wait for that if there were effects."""
        evaluation = Evaluation(self._kernel, self._frame, self.run, self._capabilities, source)
        timer = asyncio.get_running_loop().call_later(LAZY, self._start)
        values: tuple[Value, ...] = ()
        error: ErrorInfo | None = CANCELLED
        try:
            with self._underway.running(self._row.id, self._row.caller):
                values = await evaluation.run(entry)
            error = self._judge(values, evaluation)
        except Stopped:
            error = STOPPED
        except ValgateError as failed:
            if isinstance(failed, HostError):
                evaluation.failures.append(failed if isinstance(failed, HostFailure) else HostFailure())
            error = self._told(failed.info())
        finally:
            timer.cancel()
            endings.end(self.run)
            row = self._record(evaluation, values, error, await self._left_behind(evaluation, values, error))
            done = keep_record(self._store, row)
        if row.effects:
            await asyncio.shield(done)
        return Finished(values, error, row)

    def _judge(self, values: tuple[Value, ...], evaluation: Evaluation) -> ErrorInfo | None:
        """The runtime says what it threw; a rejection nobody handled fails a run that else went well."""
        if values and values[0] == 1:
            _, name, message, stack = (*values, "", "", "")[:4]
            return self._told(_thrown(Thrown(str(name), str(message), str(stack)), evaluation))
        if evaluation.complaints:
            return self._told(_thrown(_complaint(evaluation.complaints[0]), evaluation))
        return None

    def _told(self, info: ErrorInfo) -> ErrorInfo:
        sources, reader, redact = Sources.of(self.run), self._frame.caller, self._redactor()
        stack, place = sources.translate(info.stack, reader)
        limit = self._limits.field // 2
        told = replace(
            info,
            name=redact.head(_clean(info.name), MOST_NAME)[0][:MOST_NAME],
            message=_cut(*redact.head(sources.unmask(_clean(info.message), reader), limit), limit),
            stack=_cut(*redact.head(_clean(stack), limit), limit),
        )
        if place is None or told.val is not None:
            return told
        return replace(told, val=place[0], line=place[1], column=place[2])

    def _redactor(self) -> Redactor:
        read = self.run.state.get(READ)
        if isinstance(read, dict) and len(read) != self._looked_for:
            self._looked_for, self._redact = len(read), Redactor(read)
        return self._redact

    async def _left_behind(
        self, evaluation: Evaluation, values: tuple[Value, ...], error: ErrorInfo | None
    ) -> dict[str, bytes | str | None]:
        """Return what the record keeps of the run, without secrets; what is much work is done beside the loop, which serves others."""

        def write() -> dict[str, bytes | str | None]:
            redact, limit, row, state = self._redactor(), self._limits.field, self._row, self.run.state
            return {
                "args": redact.json(row.args, limit),
                "code": None if row.code is None else redact.text(row.code),
                "value": redact.json(_value(values) if error is None else None, limit),
                "logs": redact.rows(_rows(state.get(LOGS)), limit * 3, self._unmasked),
                "emails": redact.rows(_rows(state.get(EMAILS)), limit * 10),
                "calls": redact.rows(self._calls(evaluation), self._most),
            }

        read = self.run.state.get(READ)
        if len(self._recorder.nodes) < MANY and (not isinstance(read, dict) or len(read) < MANY_SECRETS):
            return write()
        try:
            return await asyncio.to_thread(write)
        except (
            asyncio.CancelledError
        ):  # once more, while this run was being cancelled: the record is written all the same
            return write()

    def _calls(self, evaluation: Evaluation) -> list[Row]:
        cancelled = evaluation.usage.cancelled
        return self._recorder.calls() + ([{"cancelled": cancelled}] if cancelled else [])

    def _record(
        self,
        evaluation: Evaluation,
        values: tuple[Value, ...],
        error: ErrorInfo | None,
        kept: dict[str, bytes | str | None],
    ) -> EvaluationRow:
        usage = evaluation.usage
        row = replace(
            self._row,
            **kept,  # type: ignore[arg-type] # each as its field has it
            value_type=type_of(values) if error is None else None,
            error=None if error is None else _error_json(error),
            ended=now_ms(),
            cpu_us=int(usage.cpu * 1e6),
            peak_bytes=usage.peak,
            effects=self._recorder.effects,
            state=State.DONE if error is None else State.FAILED,
        )
        self._row = row
        self._say(evaluation, row, error)
        return row

    def _unmasked(self, line: Row) -> Row:
        message = Sources.of(self.run).retell(_clean(str(line["message"])), self._frame.caller)
        return line | {"message": message}

    def _say(self, evaluation: Evaluation, row: EvaluationRow, error: ErrorInfo | None) -> None:
        """One canonical line; what broke in the host goes beside it, to the operator alone."""
        frame = self._frame
        log.info(
            "evaluation",
            evaluation=row.id,
            caller=str(frame.caller),
            source=row.source,
            state=row.state.value,
            code=error.code if error else None,
            cpu_us=row.cpu_us,
            peak_kib=row.peak_bytes >> 10,
            guests=evaluation.usage.guests,
            calls=len(self._recorder.nodes),
            effects=row.effects,
            ms=(row.ended or 0) - row.started,
        )
        for failure in evaluation.failures:
            told = "".join(traceback.format_exception(failure.__cause__ or failure))
            log.error("host failure", evaluation=row.id, exception=self._redactor().text(told))


def type_of(values: tuple[Value, ...]) -> str:
    """Return the type that the runtime gave of its value, if it is one of JavaScript's."""
    told = values[2] if len(values) > len(("status", "json")) else None
    return told if isinstance(told, str) and told in TYPES else "undefined"


def _thrown(thrown: Thrown, evaluation: Evaluation) -> ErrorInfo:
    """Describe what a val let go; a failure of the host stays one, also when it went through a val."""
    info = thrown.info()
    if evaluation.failures and thrown.name == HostFailure.guest_name:
        return replace(info, status=HostFailure.status, code=HostFailure.code)
    return info


def keep_record(store: Store, row: EvaluationRow) -> asyncio.Future[None]:
    """Queue the end of a run; what becomes of that is logged, and may be awaited."""
    done = store.finish_evaluation(row)
    done.add_done_callback(_seen)
    return done


def _complaint(text: str) -> Thrown:
    """Read what a guest says was thrown and not caught: a val may have had its hand in how that is written."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        return Thrown("Error", "what was thrown cannot be read")
    return Thrown(*(str(told.get(name, "")) for name in ("name", "message", "stack")))


def new_id() -> str:
    """Return a fresh evaluation id."""
    return str(uuid.uuid4())


def _seen(done: asyncio.Future[None]) -> None:
    """Take a record's failure to be written into the log, not into a lost future."""
    if not done.cancelled() and (broken := done.exception()) is not None:
        log.error("a record was not written", exc_info=broken)


def _cut(text: str, whole: bool, limit: int) -> str:  # noqa: FBT001 - as Redactor.head gives them
    return text if whole and len(text) <= limit else text[:limit] + "… (cut)"


def _clean(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _value(values: tuple[Value, ...]) -> bytes | None:
    """Return the runtime's value as JSON, if it has one."""
    text = values[1] if len(values) > 1 else None
    return text.encode("utf-8", "replace") if isinstance(text, str) else None


def _rows(value: object) -> list[Row]:
    return value if isinstance(value, list) else []


def _error_json(error: ErrorInfo) -> bytes:
    fields = {
        name: getattr(error, name) for name in ("name", "message", "stack", "code", "status", "val", "line", "column")
    }
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()
