"""What has happened since the start, counted in plain numbers: cheap enough to be counted always.

Labels come from fixed sets: no path, val, name or message of anybody's is ever one.
This file does not know who reads the counts, nor in which form.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper ends in seconds; what takes longer is counted beyond them."""
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
SOURCES = frozenset(("api", "ui", "cli", "interval", "email"))
OTHER = "other"


class Shed(StrEnum):
    """Why something was refused or broken off to keep the rest going."""

    CONNECTIONS = "connections"
    REQUESTS = "requests"
    BODIES = "bodies"
    EVALUATIONS = "evaluations"
    CONCURRENCY = "concurrency"
    RATE = "rate"
    BACKLOG = "backlog"
    STOPPING = "stopping"
    SLOW_HEAD = "slow head"
    SLOW_READER = "slow reader"
    UNREAD = "unread"
    LARGE_HEAD = "large head"
    PIPELINE = "pipeline"


@dataclass(slots=True)
class Durations:
    """How many took how long: a count for each of BUCKETS and one beyond, and the sum in seconds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    sum: float = 0.0


@dataclass(slots=True)
class Tally:
    """All counts of one house and of who serves it."""

    requests: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    """By route pattern, method and status."""
    durations: dict[str, Durations] = field(default_factory=dict)
    """By route pattern."""
    evaluations: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By source and state, when they end."""
    cpu: float = 0.0
    """Processor seconds of evaluations that have ended."""
    shed: Counter[Shed] = field(default_factory=Counter)

    def request(self, pattern: str | None, method: str, status: int, seconds: float) -> None:
        """Count an answered request; `pattern` None is an address that no route has."""
        pattern = pattern or OTHER
        self.requests[pattern, method if method in METHODS else OTHER, status] += 1
        known = self.durations.get(pattern)
        if known is None:
            known = self.durations[pattern] = Durations()
        known.counts[bisect_left(BUCKETS, seconds)] += 1
        known.sum += seconds

    def evaluation(self, source: str, state: str, cpu: float) -> None:
        """Count an evaluation that has ended, with its processor seconds."""
        self.evaluations[source if source in SOURCES else OTHER, state] += 1
        self.cpu += cpu
