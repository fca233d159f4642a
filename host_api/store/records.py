"""The records of evaluations on their way to the disk: found meanwhile, and written in groups.

A record whose evaluation had effects, and a start row, go to the writer at once.
Any other waits a moment for company: waking the writer costs more than writing. Nobody has been promised that it is durable.
But whatever else is written goes behind what waits here: a version that a run has made never comes before the run.
This file does not know the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from host_api.store.writer import LAZY_SECONDS, Op, Writer

if TYPE_CHECKING:
    # Slow to load; a command that only reads does without.
    from asyncio import Future, TimerHandle

    from host_api.store.model import EvaluationRow

MOST = 256
"""Records of one group; more are written at once."""


class Records:
    """What has not reached the disk yet; of one process."""

    def __init__(self, writer: Writer, record: Callable[[Sequence[EvaluationRow]], Op[None]]) -> None:
        """Take who writes, and how some rows are written, in their order."""
        self._writer, self._record = writer, record
        writer.ahead = self._hand_over
        self._pending: dict[str, EvaluationRow] = {}
        self._waiting: list[EvaluationRow] = []
        self._done: Future[None] | None = None
        self._timer: TimerHandle | None = None
        self.bytes = 0

    def find(self, evaluation_id: str) -> EvaluationRow | None:
        """Return a record that is on its way."""
        return self._pending.get(evaluation_id)

    @property
    def waiting(self) -> int:
        """How many wait here, which the writer has not heard of."""
        return len(self._waiting)

    def write(self, row: EvaluationRow, *, urgent: bool) -> Future[None]:
        """Hand a row to the writer, behind those that wait here; the future is done when it is durable."""
        self._hand_over()
        self._take(row)
        return self._submit([row], self._future([row]), urgent=urgent)

    def gather(self, row: EvaluationRow) -> Future[None]:
        """Let a row wait for company. The future is the group's."""
        self._take(row)
        done = self._done
        if done is None:
            done = self._done = self._future(self._waiting)
            self._timer = done.get_loop().call_later(LAZY_SECONDS, self._hand_over)
        self._waiting.append(row)
        if len(self._waiting) >= MOST:
            self._hand_over()
        return done

    def _hand_over(self) -> None:
        """Give the writer what waits."""
        if self._done is None:
            return
        if self._timer is not None:
            self._timer.cancel()
        rows, done = self._waiting, self._done
        self._waiting, self._done, self._timer = [], None, None
        self._submit(rows, done, urgent=True)

    def _take(self, row: EvaluationRow) -> None:
        self._pending[row.id] = row
        self.bytes += row.weight

    def _future(self, rows: list[EvaluationRow]) -> Future[None]:
        """Make the future of these rows; what is to be done when it is done is done before anybody else hears of it."""
        done: Future[None] = self._writer.future()
        done.add_done_callback(partial(self._settled, rows))
        return done

    def _submit(self, rows: list[EvaluationRow], done: Future[None], *, urgent: bool) -> Future[None]:
        self._writer.put(self._record(rows), done, urgent=urgent, weight=len(rows))
        return done

    def _settled(self, rows: list[EvaluationRow], done: Future[None]) -> None:
        broken = None if done.cancelled() else done.exception()
        if broken is not None and len(rows) > 1:
            self._apart(rows)
            return
        for row in rows:
            self.bytes -= row.weight
            if self._pending.get(row.id) is row:
                del self._pending[row.id]
        if broken is not None:
            _say(broken)

    def _apart(self, rows: list[EvaluationRow]) -> None:
        """Write each by itself: one that cannot be written takes no other with it."""
        for row in rows:
            self._submit([row], self._future([row]), urgent=True)


def _say(broken: BaseException) -> None:
    """Take a record's failure to be written into the log: mostly nobody waits for it."""
    import structlog  # noqa: PLC0415 — see above

    structlog.get_logger("valgate.store").error("a record was not written", exc_info=broken)
