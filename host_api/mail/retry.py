"""When a message is tried again, and when no more. Everything about the times; nothing about what is tried."""

from __future__ import annotations

MINUTE_MS = 60_000
FIRST_MS = MINUTE_MS
LONGEST_MS = 240 * MINUTE_MS
MOST_AGE_MS = 3 * 24 * 60 * MINUTE_MS
MOST_ATTEMPTS = 30
SPREAD = 0.25
"""A wait is this part shorter or longer, by chance: a server that comes back is not asked for everything at once."""


def next_try(created: int, attempts: int, now: int, chance: float) -> int | None:
    """Return when to try again after `attempts` tries, or None: enough. Milliseconds; `chance` is from 0 to 1."""
    wait = min(FIRST_MS << min(attempts - 1, MOST_ATTEMPTS), LONGEST_MS)
    due = now + int(wait * (1 - SPREAD + 2 * SPREAD * chance))
    return None if attempts >= MOST_ATTEMPTS or due > created + MOST_AGE_MS else due
