"""An evaluation's start reaches the disk's log before its first effect.

This file does not know what an effect is, nor how a start is written.
"""

from __future__ import annotations

from kernel.capability import Run

BEFORE = "before_effect"
"""Where a run keeps what must happen before its first effect, in its state: a function that is safe to call again."""


def before_effect(run: Run) -> None:
    """Queue the start row, before the effect is queued."""
    first = run.state.get(BEFORE)
    if callable(first):
        first()
