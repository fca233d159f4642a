"""What an evaluation has left open is closed when it ends, however it ends.

This file does not know what is open.
"""

from __future__ import annotations

from collections.abc import Callable

from kernel.capability import Run

AT_END = "at_end"
"""Where a run keeps what must be closed, in its state."""


def at_end(run: Run, close: Callable[[], None]) -> None:
    """Have this called when the evaluation has ended; it must neither wait nor raise."""
    closers = run.state.setdefault(AT_END, [])
    if isinstance(closers, list):
        closers.append(close)


def end(run: Run) -> None:
    """Close what was opened, the last first."""
    closers = run.state.pop(AT_END, [])
    if isinstance(closers, list):
        for close in reversed(closers):
            close()
