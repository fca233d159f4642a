"""What a house has under way: evaluations, in all and of each caller, however they were asked for; and what has happened in it.

HTTP, mail, intervals and `api()` all meet the same bounds. A child counts for its own caller while its parent counts too, and one
too many is refused and never waits: so no chain of evaluations can stand in its own way.
"""

from __future__ import annotations

from host_api.load.bound import Bound
from host_api.load.garbage import FEW, Garbage
from host_api.load.tally import Shed, Tally
from host_api.store import EvaluationRow, State, Store
from kernel.errors import Overloaded, TooMany

EVALUATIONS = "evaluations"
MOST_BYTES = 256 * 1024 * 1024
"""Bytes of records that may wait for the disk: one may be many megabytes."""


class Load:
    """The bounds of one house, and its counts."""

    def __init__(self, store: Store, *, evaluations: int, concurrency: int, backlog: int) -> None:
        """Take the store whose backlog counts; the most evaluations, of one caller too (0: no bound), and writes that wait."""
        self._store, self._backlog = store, backlog
        self.evaluations = Bound(EVALUATIONS, evaluations, each=concurrency)
        self.tally = Tally()
        self._garbage = Garbage()

    def insist_backlog(self) -> None:
        """Raise Overloaded when what was done waits too long for the disk: what has not begun can wait elsewhere."""
        if self._store.is_behind(self._backlog, MOST_BYTES):
            self.tally.shed[Shed.BACKLOG] += 1
            raise Overloaded("This server has more to write than its disk takes. Try again in a moment.")

    def begins(self, caller: str | None) -> None:
        """Count an evaluation of this caller (None: anonymous), which needs its `ends`; raise Overloaded or TooMany."""
        self.insist_backlog()
        try:
            self.evaluations.enter(caller)
        except (Overloaded, TooMany) as refusal:
            self.tally.shed[Shed.CONCURRENCY if isinstance(refusal, TooMany) else Shed.EVALUATIONS] += 1
            raise
        if self.evaluations.used > self._garbage.most:
            self._garbage.begun(self.evaluations.used)

    def ends(self, row: EvaluationRow, *, begun: bool = True) -> None:
        """Count what became of an evaluation, if it came to run; and one less, if it had its `begins`."""
        if begun:
            self.evaluations.give(row.caller)
        if self._garbage.most > FEW:
            self._garbage.ended(self.evaluations.used)
        if row.state is not State.RUNNING:
            self.tally.evaluation(row.source, str(row.state), row.cpu_us / 1e6)
