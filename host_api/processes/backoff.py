"""When a process that ended is started again: at once the first time, then later and later; who lived a while begins anew.

Everything about the times, in seconds; nothing about processes.
"""

from __future__ import annotations

FIRST, LONGEST = 0.5, 30.0
STEADY = 20.0
"""How long one must live so that its end is taken for an accident."""


class Backoff:
    """The ends of one process and those that were started in its place."""

    def __init__(self) -> None:
        """Begin without an end."""
        self._ends = 0

    def after(self, lived: float) -> float:
        """Count an end after so many seconds of life; return how long to wait."""
        self._ends = 1 if lived >= STEADY else self._ends + 1
        return 0.0 if self._ends == 1 else min(LONGEST, FIRST * 2.0 ** min(self._ends - 2, 10))
