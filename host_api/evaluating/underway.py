"""Which evaluations run in this process, and how one is stopped by whom it belongs to.

This file does not know what an evaluation is. It must never take for its own a cancellation that somebody else asked for: a client
that left and a server that stops end the task, and not only the evaluation in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


class Stopped(Exception):
    """Whose evaluation it is has stopped it."""


@dataclass(frozen=True, slots=True)
class _Running:
    caller: str | None
    task: asyncio.Task[object]


@dataclass(slots=True)
class Underway:
    """Evaluations by id, each as long as its guests live."""

    _running: dict[str, _Running] = field(default_factory=dict)

    def of(self, caller: str | None) -> list[str]:
        """Return the ids of a caller's (a folded name; None is anonymous)."""
        return [one for one, running in self._running.items() if running.caller == caller]

    def stop(self, evaluation: str, caller: str) -> bool:
        """Stop an evaluation, if it is this caller's and runs; what is stopped already is found no more."""
        running = self._running.get(evaluation)
        if running is None or running.caller != caller:
            return False
        del self._running[evaluation]
        return running.task.cancel()

    @contextmanager
    def running(self, evaluation: str, caller: str | None) -> Iterator[None]:
        """Have it in the list meanwhile; raise Stopped, in place of a cancellation, when it was stopped and nothing else was."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("an evaluation runs in a task")
        mine = self._running[evaluation] = _Running(caller, task)
        try:
            yield
        except asyncio.CancelledError:
            if self._running.get(evaluation) is mine or task.uncancel():
                raise
            raise Stopped from None
        finally:
            self._running.pop(evaluation, None)
