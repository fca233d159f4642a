"""A process's place among those that serve together, and its part of what they have together.

This file does not know what is shared out.
"""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """One of `of` processes, counted from 0."""

    number: int = 0
    of: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the process that does what one is enough for."""
        return self.number == 0

    def part(self, whole: int, least: int = 1) -> int:
        """Return this process's part: parts differ by one at most, add up to the whole, and are never less than `least`."""
        return max(least, whole // self.of + (self.number < whole % self.of))


ALONE = Place()


def cores() -> int:
    """How many cores this process may use."""
    # macOS cannot say it.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
