"""One place among the processes of a server: who serves there, who is to follow, and when the next one is started."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from host_api.processes.backoff import Backoff
from host_api.processes.worker import Worker


@dataclass(slots=True)
class Slot:
    """A place. `following` is who replaces the worker in a reload; `due` is on the monotonic clock, None: nobody is to be started."""

    number: int
    worker: Worker | None = None
    following: Worker | None = None
    backoff: Backoff = field(default_factory=Backoff)
    due: float | None = None

    @property
    def serving(self) -> Worker | None:
        """Who takes connections here, if anybody does."""
        return self.worker if self.worker is not None and self.worker.serves else None

    def start_in(self, seconds: float) -> None:
        """Have one started here after some time."""
        self.due = time.monotonic() + seconds

    def is_due(self) -> bool:
        """Whether one is to be started here now."""
        return self.due is not None and self.due <= time.monotonic()

    def follow(self) -> Worker | None:
        """Let who is to follow take over; return whose place it was."""
        old, self.worker, self.following, self.backoff = self.worker, self.following, None, Backoff()
        return old
