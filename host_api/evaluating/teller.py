"""Telling what went wrong, and what was printed: in the vals' own places, without secrets or others' private names, cut.

This file does not know where it is told.
"""

from __future__ import annotations

import json
from dataclasses import replace

from host_api.audit.redact import Redactor, Row
from host_api.capabilities.secret import READ
from host_api.sources import Sources
from kernel.capability import Run
from kernel.errors import ErrorInfo, HostFailure, Thrown
from kernel.evaluation import Evaluation
from kernel.principals import Principal
from kernel.wire import Value

NOTHING = Redactor({})
MOST_NAME = 200
"""Characters of an error's name."""


class Teller:
    """What the reader of one run's record is told."""

    __slots__ = ("_looked_for", "_reader", "_redact", "_run")

    def __init__(self, run: Run, reader: Principal) -> None:
        """Take the run, and whose record it is."""
        self._run, self._reader = run, reader
        self._looked_for, self._redact = 0, NOTHING

    def judge(self, values: tuple[Value, ...], evaluation: Evaluation) -> ErrorInfo | None:
        """The runtime says what it threw; a rejection nobody handled fails a run that else went well."""
        if values and values[0] == 1:
            _, name, message, stack = (*values, "", "", "")[:4]
            return self.told(_thrown(Thrown(str(name), str(message), str(stack)), evaluation))
        if evaluation.complaints:
            return self.told(_thrown(_complaint(evaluation.complaints[0]), evaluation))
        return None

    def told(self, info: ErrorInfo) -> ErrorInfo:
        """Tell an error, with the first place in a val that its stack shows."""
        sources, redact = Sources.of(self._run), self.redactor()
        stack, place = sources.translate(info.stack, self._reader)
        limit = self._run.limits.field // 2
        told = replace(
            info,
            name=redact.head(_clean(info.name), MOST_NAME)[0][:MOST_NAME],
            message=_cut(*redact.head(sources.unmask(_clean(info.message), self._reader), limit), limit),
            stack=_cut(*redact.head(_clean(stack), limit), limit),
        )
        if place is None or told.val is not None:
            return told
        return replace(told, val=place[0], line=place[1], column=place[2])

    def line(self, printed: Row) -> Row:
        """Tell a line of the console's."""
        message = Sources.of(self._run).retell(_clean(str(printed["message"])), self._reader)
        return printed | {"message": message}

    @property
    def secrets(self) -> int:
        """How many secrets were read so far."""
        read = self._run.state.get(READ)
        return len(read) if isinstance(read, dict) else 0

    def redactor(self) -> Redactor:
        """Return what takes out every secret that was read so far."""
        read = self._run.state.get(READ)
        if isinstance(read, dict) and len(read) != self._looked_for:
            self._looked_for, self._redact = len(read), Redactor(read)
        return self._redact


def error_json(error: ErrorInfo) -> bytes:
    """Write an error as a record keeps it."""
    fields = {
        name: getattr(error, name) for name in ("name", "message", "stack", "code", "status", "val", "line", "column")
    }
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()


def _thrown(thrown: Thrown, evaluation: Evaluation) -> ErrorInfo:
    """Describe what a val let go; a failure of the host stays one, also when it went through a val."""
    info = thrown.info()
    if evaluation.failures and thrown.name == HostFailure.guest_name:
        return replace(info, status=HostFailure.status, code=HostFailure.code)
    return info


def _complaint(text: str) -> Thrown:
    """Read what a guest says was thrown and not caught: a val may have had its hand in how that is written."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        return Thrown("Error", "what was thrown cannot be read")
    return Thrown(*(str(told.get(name, "")) for name in ("name", "message", "stack")))


def _cut(text: str, whole: bool, limit: int) -> str:  # noqa: FBT001 - as Redactor.head gives them
    return text if whole and len(text) <= limit else text[:limit] + "… (cut)"


def _clean(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
