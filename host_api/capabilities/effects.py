"""An evaluation's start reaches the disk's log before its first effect.

This file does not know what an effect is, nor how a start is written.
"""

from __future__ import annotations

from kernel.capability import Run
from kernel.errors import HostFailure

BEFORE = "before_effect"
"""Where a run keeps what must happen before its first effect, in its state: a function that is safe to call again."""
DURABLY = "durably_begun"
"""Where a run keeps how to wait until its start row is durable, in its state: a function without arguments, to be awaited."""


def before_effect(run: Run) -> None:
    """Queue the start row, before the effect is queued."""
    first = run.state.get(BEFORE)
    if callable(first):
        first()


async def durably_begun(run: Run) -> None:
    """Wait until the start row is on the disk: an effect outside the database cannot be queued behind it. Raise HostFailure."""
    begin = run.state.get(DURABLY)
    if callable(begin):
        try:
            await begin()
        except Exception as broken:
            raise HostFailure from broken
