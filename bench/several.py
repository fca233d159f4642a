"""Two processes against one, as `processes.py` measures them: as the client saw it, and with the client's cores given back."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from bench.figures import Amount, Missing, Row, at_least
from bench.parts import NOT_YET

MODULE, PROCESSES, LEAST = "bench.processes", 2, 1.7


def measure(*, quick: bool) -> Iterator[Row]:
    """One and two, in turns; of each kind the best counts."""
    if find_spec(MODULE) is None:
        yield Missing("two processes against one", NOT_YET)
        return
    module: Any = import_module(MODULE)
    seen = [(count, module.measure(count)) for _ in range(1 if quick else 3) for count in (1, PROCESSES)]
    rates, per_core = ({count: _best(seen, count, what) for count in (1, PROCESSES)} for what in ("rate", "per_core"))
    plain = rates[PROCESSES] / rates[1]
    corrected = PROCESSES * per_core[PROCESSES] / per_core[1]
    note = f"{rates[1]:,.0f} and {rates[PROCESSES]:,.0f} a second, the client on the same cores"
    yield Amount("two processes over one, as seen", plain, "x", note=note)
    demand = at_least("two processes over one", corrected, LEAST)
    note = "by requests a second of the servers' own processor time: what they would do, the client being elsewhere"
    yield Amount("two processes over one, corrected", corrected, "x", (demand,), note)


def _best(seen: list[tuple[int, Any]], count: int, what: str) -> float:
    return max(float(getattr(one, what)) for number, one in seen if number == count)
