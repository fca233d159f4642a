"""A server whose rooms are timed: `python -m bench.tracing FILE serve …` is `valgate serve …` with clocks at its boundaries.

Clocks are put around functions of this process, and product code is never changed for it. One request at a time, or the times
mean nothing: what is open is one stack. When the server stops, FILE has a JSON object of each request's microseconds by room.
A span's own time is its time without what other spans took within it, so that the rooms of a request add up to all of it.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.boundaries import BETWEEN, BOUNDARIES, FIRST, LAST, Boundary
from host_api.cli import main as valgate


@dataclass(slots=True)
class Span:
    """A room that is open: since when, and how much of that others took."""

    boundary: Boundary
    began: float
    others: float = 0.0


class Trace:
    """What is open, what the request has cost so far, and what those before it did."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.requests: list[dict[str, float]] = []
        self._open: list[Span] = []
        self._costs: defaultdict[str, float] = defaultdict(float)

    def enter(self, boundary: Boundary) -> Span | None:
        """Open a room; None inside one that is taken as a whole, and outside of any request."""
        if boundary.name == FIRST and not self._open:
            self._costs.clear()
            self._open.append(Span(Boundary(BETWEEN, ""), perf_counter()))
        if not self._open or self._open[-1].boundary.whole:
            return None
        span = Span(boundary, perf_counter())
        self._open.append(span)
        return span

    def leave(self, span: Span) -> None:
        """Close a room; with the last one the request is over."""
        if span not in self._open:
            return
        while self._pop() is not span:
            """What was still open within it is closed with it."""
        if span.boundary.name == LAST:
            while self._open:
                self._pop()
            self.requests.append({room: seconds * 1e6 for room, seconds in self._costs.items()})

    def _pop(self) -> Span:
        span = self._open.pop()
        took = perf_counter() - span.began
        self._costs[span.boundary.room] += took - span.others
        if self._open:
            self._open[-1].others += took
        return span


def timed(trace: Trace, boundary: Boundary) -> bool:
    """Put a clock around what a boundary names; False when there is nothing of that name."""
    module, _, path = boundary.name.partition(":")
    owner, _, name = path.rpartition(".")
    try:
        holder: Any = importlib.import_module(module)
        holder = getattr(holder, owner) if owner else holder
        original = getattr(holder, name)
    except (ImportError, AttributeError):
        return False
    setattr(holder, name, (_later if asyncio.iscoroutinefunction(original) else _now)(trace, boundary, original))
    return True


def _now(trace: Trace, boundary: Boundary, original: Any) -> Any:  # noqa: ANN401 - any function
    @functools.wraps(original)
    def around(*args: Any, **named: Any) -> Any:  # noqa: ANN401
        span = trace.enter(boundary)
        try:
            return original(*args, **named)
        finally:
            if span is not None:
                trace.leave(span)

    return around


def _later(trace: Trace, boundary: Boundary, original: Any) -> Any:  # noqa: ANN401 - any coroutine function
    @functools.wraps(original)
    async def around(*args: Any, **named: Any) -> Any:  # noqa: ANN401
        span = trace.enter(boundary)
        try:
            return await original(*args, **named)
        finally:
            if span is not None:
                trace.leave(span)

    return around


def main(file: Path, words: Sequence[str]) -> int:
    """Serve; write what was seen at the end."""
    trace = Trace()
    gone = [boundary.name for boundary in BOUNDARIES if not timed(trace, boundary)]
    try:
        return valgate(words)
    finally:
        file.write_text(json.dumps({"requests": trace.requests, "gone": gone}))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
