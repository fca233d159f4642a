"""Timing by room: what a request costs is what its rooms cost, and nothing is counted twice."""

from __future__ import annotations

import asyncio
import sys
from types import ModuleType

import pytest

from bench.boundaries import BETWEEN, BOUNDARIES, FIRST, LAST, Boundary
from bench.tracing import Trace, timed

ENTRANCE, EXIT = Boundary("in", FIRST), Boundary("out", LAST)


def request(trace: Trace, *rooms: Boundary) -> dict[str, float]:
    """One request through these rooms, each within the one before."""
    entrance = trace.enter(ENTRANCE)
    assert entrance
    trace.leave(entrance)
    spans = [trace.enter(room) for room in rooms]
    for span in reversed(spans):
        if span:
            trace.leave(span)
    out = trace.enter(EXIT)
    assert out
    trace.leave(out)
    return trace.requests[-1]


def test_a_request_has_a_time_for_each_room_it_came_through() -> None:
    costs = request(Trace(), Boundary("guard", "g"), Boundary("guest", "r"))
    assert set(costs) == {"in", "guard", "guest", "out", BETWEEN}
    assert min(costs.values()) >= 0


def test_what_a_whole_room_calls_is_not_counted_by_itself() -> None:
    assert "step" not in request(Trace(), Boundary("birth", "b", whole=True), Boundary("step", "s"))


def test_outside_of_a_request_nothing_is_timed() -> None:
    assert Trace().enter(Boundary("guest", "r")) is None


def test_one_request_does_not_pay_for_another() -> None:
    trace = Trace()
    request(trace, Boundary("guard", "g"))
    assert "guard" not in request(trace)


@pytest.mark.parametrize("boundary", BOUNDARIES, ids=lambda boundary: boundary.name)
def test_each_boundary_of_the_table_is_in_the_house(boundary: Boundary, monkeypatch: pytest.MonkeyPatch) -> None:
    module, _, path = boundary.name.partition(":")
    __import__(module)
    holder: object = sys.modules[module]
    for name in path.split("."):
        holder = getattr(holder, name)
    assert callable(holder)


def test_a_boundary_that_is_gone_is_told_and_breaks_nothing() -> None:
    assert not timed(Trace(), Boundary("x", "bench.boundaries:Nothing.of_this_name"))
    assert not timed(Trace(), Boundary("x", "bench.no_such_module:name"))


def test_functions_and_coroutines_are_timed_and_give_what_they_gave(monkeypatch: pytest.MonkeyPatch) -> None:
    async def later(x: int) -> int:
        return x + 1

    module = ModuleType("timed_here")
    vars(module).update(now=lambda x: x + 1, later=later)
    monkeypatch.setitem(sys.modules, "timed_here", module)
    trace = Trace()
    for name in ("now", "later"):
        assert timed(trace, Boundary(name, f"timed_here:{name}"))
    entrance = trace.enter(ENTRANCE)
    assert entrance
    assert vars(module)["now"](1) == 2
    assert asyncio.run(vars(module)["later"](1)) == 2
    out = trace.enter(EXIT)
    assert out
    trace.leave(out)
    assert {"now", "later"} <= set(trace.requests[0])
