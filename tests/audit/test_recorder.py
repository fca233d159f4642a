"""The record of host calls: one by one to a limit, refusals and effects always, a debug line for each."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from host_api.audit.recorder import Recorder
from kernel.capability import Node, Seen
from kernel.principals import Authority


def node(number: int, **changed: Any) -> Node:  # noqa: ANN401 - any field
    fields: dict[str, Any] = {"capability": "val", "op": "read", "target": "@b.x"} | changed
    return Node(number, None, "@a", Authority.OWN, **fields)


def record(limit: int, nodes: list[Node]) -> Recorder:
    recorder = Recorder(limit, "id", "@a")
    for each in nodes:
        recorder.open(each)
        recorder.close(each)
    return recorder


def test_calls_are_kept_one_by_one_up_to_the_limit_and_counted_past_it() -> None:
    calls = record(2, [node(number) for number in range(1, 6)]).calls()
    assert [call.get("id") for call in calls] == [1, 2, None]
    assert calls[-1] == {"author": "@a", "capability": "val", "target": "@b.x", "verdict": "granted", "count": 3}


@pytest.mark.parametrize(
    "changed", [{"effect": True}, {"seen": Seen.NOOP}, {"seen": Seen.UNAVAILABLE}, {"seen": Seen.ERROR, "row": 2}]
)
def test_effects_and_refusals_are_kept_past_the_limit(changed: dict[str, Any]) -> None:
    assert [call["id"] for call in record(0, [node(1, **changed)]).calls()] == [1]


def test_a_mistake_is_counted_past_the_limit() -> None:
    assert record(0, [node(1, seen=Seen.ERROR)]).calls()[0]["count"] == 1


def test_what_is_not_to_be_recorded_is_not() -> None:
    assert record(9, [node(1, recorded=False)]).calls() == []


def test_the_tree_is_in_the_order_in_which_calls_began() -> None:
    recorder = Recorder(9)
    for each in (node(2), node(1)):
        recorder.close(each)
    assert [call["id"] for call in recorder.calls()] == [1, 2]


def test_a_grant_is_kept_at_once_with_its_uses_so_far() -> None:
    recorder = Recorder(9)
    grant = node(1, capability="grant", op="function", giver="@a", to="@b")
    recorder.open(grant)
    grant.uses = 3
    (shown,) = recorder.calls()
    assert (shown["from"], shown["to"], shown["uses"]) == ("@a", "@b", 3)
    assert "verdict" not in shown


def test_each_host_call_is_a_debug_line_that_tells_no_value() -> None:
    with capture_logs() as lines:
        record(9, [node(1, seen=Seen.REFUSED, row=5)])
    (line,) = lines
    assert line.pop("us") >= 0
    assert line == {
        "event": "host call",
        "log_level": "debug",
        "evaluation": "id",
        "caller": "@a",
        "author": "@a",
        "capability": "val",
        "op": "read",
        "verdict": "refused",
        "row": 5,
    }
