"""The parts of the bench by name, in the order in which they are measured.

A part's module is loaded when it is measured: help is there at once, and a part that somebody has not written yet is said to be so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from bench.figures import Missing, Row

NOT_YET = "not there yet"


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its name, what it measures, and the module's function that does it."""

    name: str
    what: str
    module: str
    function: str = "measure"

    def measure(self, *, quick: bool) -> Iterator[Row]:
        """Measure it, row by row."""
        module = import_module(self.module) if find_spec(self.module) else None
        function: Callable[..., Iterable[Row]] | None = getattr(module, self.function, None)
        if function is None:
            yield Missing(self.what, NOT_YET)
            return
        yield from function(quick=quick)


PARTS = (
    Part("client", "what the load generator can do at most", "bench.ceiling"),
    Part("ready", "from the start of a server that was built before to its first answer", "bench.starting"),
    Part("run", "POST /v1/run of (x) => x + 1, with 1, 16 and 32 connections", "bench.serving", "run"),
    Part("eval", "POST /v1/eval of the same code", "bench.serving", "evaluate"),
    Part("cross", "POST /v1/run of a val that calls another owner's", "bench.serving", "cross"),
    Part("data", "POST /v1/run of a data val", "bench.serving", "data"),
    Part("deps", "a val with 500 KB of dependencies beside an empty one", "bench.dependencies"),
    Part("inside", "the kernel's own costs, in one process and without HTTP", "bench.inside"),
    Part("many", "ten thousand calls and reads in one evaluation", "bench.many"),
    Part("memory", "memory of a guest that is born, and of one that was called", "bench.memory"),
    Part("parked", "5,000 evaluations that wait for a slow fetch at once", "bench.parked"),
    Part("spin", "evaluations that spin for their whole budget, beside normal requests", "bench.spinning"),
    Part("rooms", "what costs what: microseconds from request to answer, by room of the house", "bench.rooms"),
    Part("processes", "two processes against one", "bench.several"),
    Part("micro", "the JavaScript micro-suite, beside native quickjs-ng", "bench.micro.comparing"),
)
