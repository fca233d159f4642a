"""How much one evaluation may fetch, as numbers. Not who enforces it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fetching:
    """Fetches in all and at once, bytes of one body each way, and fetches of an anonymous evaluation."""

    most: int = 50
    at_once: int = 6
    body: int = 10 * 1024 * 1024
    anonymous: int = 5
