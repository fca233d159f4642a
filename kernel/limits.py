"""The limits of one evaluation, as numbers. Everything about what they are; not about who enforces them.

Source: semantics.md §9. Sizes are bytes, times are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Limits:
    """What one evaluation may use; the defaults are the contract's."""

    cpu: float = 1.0
    wall: float = 60.0
    memory: int = 64 * MIB
    stack: int = 512 * KIB
    guests: int = 32
    call_depth: int = 64
    clone_depth: int = 256
    message: int = MIB
    handles: int = 1000
    writes: int = 1000
    console: int = 256_000
    field: int = 100_000
    calls: int = 10_000
    emails: int = 20
