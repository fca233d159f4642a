"""Which evaluations run in this process, how one is stopped by whom it belongs to, and what is done once one takes a while.

This file does not know what an evaluation is. It must never take for its own a cancellation that somebody else asked for: a client
that left and a server that stops end the task, and not only the evaluation in it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic
from types import TracebackType

LONG = 0.04
"""Seconds after which an evaluation takes a while, and its start goes to the disk.

What ends sooner may wait for company yet: both have 100 ms, the sync included (semantics.md §8).
"""


class Stopped(Exception):
    """Whose evaluation it is has stopped it."""


class Running:
    """One evaluation, in the list while a block runs; raises Stopped, in place of a cancellation, when it was stopped and nothing else was."""

    __slots__ = ("_id", "_underway", "begun", "caller", "long", "task")

    def __init__(self, underway: Underway, evaluation: str, caller: str | None, long: Callable[[], object]) -> None:
        """Take the list, whose it is (a folded name; None is anonymous), and what is done if it takes a while."""
        self._underway, self._id, self.caller = underway, evaluation, caller
        self.long: Callable[[], object] | None = long
        self.task: asyncio.Task[object] | None = None
        self.begun = 0.0

    def takes_long(self) -> None:
        """Say so, unless it has ended by now: its start would be written over its end."""
        if self.long is not None:
            self.long()

    def __enter__(self) -> None:
        self.task = asyncio.current_task()
        if self.task is None:
            raise RuntimeError("an evaluation runs in a task")
        self.begun = monotonic()
        self._underway.by_id[self._id] = self
        self._underway.short.append(self)
        if self._underway.timer is None:
            self._underway.watch()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        by_id, task = self._underway.by_id, self.task
        listed = by_id.get(self._id) is self
        if listed:
            del by_id[self._id]
        self.long = self.task = None
        if (
            kind is not None
            and issubclass(kind, asyncio.CancelledError)
            and not listed
            and not (task and task.uncancel())
        ):
            raise Stopped from None


class Underway:
    """Evaluations by id, each as long as its guests live."""

    def __init__(self) -> None:
        """Begin with none."""
        self.by_id: dict[str, Running] = {}
        self.short: deque[Running] = deque()
        """Those that have not been told that they take long, in the order in which they began; they may have ended."""
        self.timer: asyncio.TimerHandle | None = None

    def of(self, caller: str | None) -> list[str]:
        """Return the ids of a caller's (a folded name; None is anonymous)."""
        return [one for one, running in self.by_id.items() if running.caller == caller]

    def stop(self, evaluation: str, caller: str) -> bool:
        """Stop an evaluation, if it is this caller's and runs; what is stopped already is found no more."""
        running = self.by_id.get(evaluation)
        if running is None or running.caller != caller or running.task is None:
            return False
        del self.by_id[evaluation]
        return running.task.cancel()

    def running(self, evaluation: str, caller: str | None, long: Callable[[], object]) -> Running:
        """Have it in the list while a block runs; `long` is called, once, when it takes a while."""
        return Running(self, evaluation, caller, long)

    def watch(self) -> None:
        """Look for those that take long. One timer looks after all of them: one for each would cost as much as the rest."""
        self.timer = asyncio.get_running_loop().call_later(LONG, self._look)

    def _look(self) -> None:
        """Tell those that have begun LONG ago, and have not ended; and look again when the next one has."""
        loop, self.timer = asyncio.get_running_loop(), None
        while self.short:
            first = self.short[0]
            if first.long is not None:
                early = first.begun + LONG - monotonic()
                if early > 0:
                    self.timer = loop.call_later(early, self._look)
                    return
                loop.call_soon(first.takes_long)
            self.short.popleft()
