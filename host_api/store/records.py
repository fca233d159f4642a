"""The records of evaluations on their way to the disk: found meanwhile, and written in groups.

A record whose evaluation had effects, and a start row, go to the writer at once.
Any other waits a moment for company: waking the writer costs more than writing. Nobody has been promised that it is durable.
But whatever else is written goes behind what waits here: a version that a run has made never comes before the run.
This file does not know the tables.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from host_api.store.writer import Writer

if TYPE_CHECKING:
    # Slow to load; a command that only reads does without.
    from asyncio import Future, TimerHandle
    from collections.abc import Callable, Iterable
    from sqlite3 import Connection

    from host_api.store.evaluations import Told
    from host_api.store.model import EvaluationRow

    Tell = Callable[[EvaluationRow, int], Told]
    Record = Callable[[Connection, Iterable[Told]], None]

GATHER_SECONDS = 0.05
"""The longest that a record waits for company."""

MOST = 512
"""Records of one group; more are written at once."""


@dataclass(slots=True)
class _Group:
    """Records that are written together, and about how many bytes they have."""

    rows: list[EvaluationRow] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    weight: int = 0


class Records:
    """What has not reached the disk yet; of one process."""

    def __init__(self, writer: Writer, tell: Tell, record: Record) -> None:
        """Take who writes, how a row of so many bytes is told, and how some that were are written in their order."""
        self._writer, self._tell, self._record = writer, tell, record
        writer.ahead = self._hand_over
        self._pending: dict[str, EvaluationRow] = {}
        self._group = _Group()
        self.gathered = self._group.rows
        """Those that wait here, which the writer has not heard of."""
        self._done: Future[None] | None = None
        self._timer: TimerHandle | None = None
        self.bytes = 0

    def find(self, evaluation_id: str) -> EvaluationRow | None:
        """Return a record that is on its way."""
        return self._pending.get(evaluation_id)

    def write(self, row: EvaluationRow, *, urgent: bool) -> Future[None]:
        """Hand a row to the writer, behind those that wait here; the future is done when it is durable."""
        self._hand_over()
        group = _Group()
        self._take(row, group)
        return self._submit(group, self._future(group), urgent=urgent)

    def gather(self, row: EvaluationRow) -> Future[None]:
        """Let a row wait for company. The future is the group's."""
        group, done = self._group, self._done
        self._take(row, group)
        if done is None:
            done = self._done = self._future(group)
            self._timer = done.get_loop().call_later(GATHER_SECONDS, self._hand_over)
        if len(group.rows) >= MOST:
            self._hand_over()
        return done

    def _hand_over(self) -> None:
        """Give the writer what waits."""
        if self._done is None:
            return
        if self._timer is not None:
            self._timer.cancel()
        group, done = self._group, self._done
        self._group, self._done, self._timer = _Group(), None, None
        self.gathered = self._group.rows
        self._submit(group, done, urgent=True)

    def _take(self, row: EvaluationRow, group: _Group) -> None:
        weight = row.weight
        self._pending[row.id] = row
        group.rows.append(row)
        group.told.append(self._tell(row, weight))  # now, and not all at once later: that would keep others waiting
        group.weight += weight
        self.bytes += weight

    def _future(self, group: _Group) -> Future[None]:
        """Make the future of these rows; what is to be done when it is done is done before anybody else hears of it."""
        done: Future[None] = self._writer.future()
        done.add_done_callback(partial(self._settled, group))
        return done

    def _submit(self, group: _Group, done: Future[None], *, urgent: bool) -> Future[None]:
        self._writer.put(lambda db: self._record(db, group.told), done, urgent=urgent, weight=len(group.rows))
        return done

    def _settled(self, group: _Group, done: Future[None]) -> None:
        broken = None if done.cancelled() else done.exception()
        self.bytes -= group.weight
        if broken is not None and len(group.rows) > 1:
            self._apart(group.rows)
            return
        for row in group.rows:
            if self._pending.get(row.id) is row:
                del self._pending[row.id]
        if broken is not None:
            _say(broken)

    def _apart(self, rows: list[EvaluationRow]) -> None:
        """Write each by itself: one that cannot be written takes no other with it."""
        for row in rows:
            alone = _Group()
            self._take(row, alone)
            self._submit(alone, self._future(alone), urgent=True)


def _say(broken: BaseException) -> None:
    """Take a record's failure to be written into the log: mostly nobody waits for it."""
    import structlog  # noqa: PLC0415 — see above

    structlog.get_logger("valgate.store").error("a record was not written", exc_info=broken)
