"""The record of one evaluation's host calls: one by one up to a limit, then counted; refusals and effects always one by one.

Source: semantics.md §8. This file does not know what is done with a record.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter

import structlog

from host_api import logs
from kernel.capability import Node, Seen

log = structlog.get_logger("valgate.host_call")


@dataclass(slots=True)
class Recorder:
    """Nodes in the order they began. `limit` is how many are kept one by one."""

    limit: int
    evaluation: str = ""
    caller: str = ""
    nodes: list[Node] = field(default_factory=list)
    counted: dict[tuple[str, str, str, str], int] = field(default_factory=dict)
    effects: int = 0
    began: float = 0.0
    told: bool | None = None
    """Whether the operator asks for debug; looked up once, at the first call."""

    def open(self, node: Node) -> None:
        """Take a node that has just begun: a grant is kept at once, a host call when its verdict is known."""
        if self.told is None:
            self.told = logs.asks_for_debug()
        if self.told:
            self.began = perf_counter()
        if node.capability == "grant":
            self._keep(node)

    def close(self, node: Node) -> None:
        """Take the verdict of a host call; one line for the operator who asks for debug."""
        if self.told:
            self._say(node)
        if not node.recorded:
            return
        self.effects += node.effect
        self._keep(node)

    def _say(self, node: Node) -> None:
        log.debug(
            "host call",
            evaluation=self.evaluation,
            caller=self.caller,
            author=node.author,
            capability=node.capability,
            op=node.op,
            verdict=str(node.seen),
            row=node.row,
            us=int((perf_counter() - self.began) * 1e6),
        )

    def _keep(self, node: Node) -> None:
        if len(self.nodes) < self.limit or node.effect or _is_refusal(node):
            self.nodes.append(node)
            return
        key = node.author, node.capability, node.target, node.seen
        self.counted[key] = self.counted.get(key, 0) + 1

    def calls(self) -> list[dict[str, object]]:
        """Return the tree as FullRun shows it: flat, each node naming its parent."""
        if not (self.nodes or self.counted):
            return []
        shown = [_shown(node) for node in sorted(self.nodes, key=lambda node: node.id)]
        names = ("author", "capability", "target", "verdict")
        return shown + [dict(zip(names, key, strict=True)) | {"count": count} for key, count in self.counted.items()]


def _is_refusal(node: Node) -> bool:
    """Whether the table refused it; a mistake or a limit is an error without a row, and may be counted."""
    return node.seen not in (Seen.GRANTED, Seen.ERROR) or (node.seen == Seen.ERROR and node.row is not None)


def _shown(node: Node) -> dict[str, object]:
    shown: dict[str, object] = {
        "id": node.id,
        "parent": node.parent,
        "author": node.author,
        "authority": str(node.authority),
        "capability": node.capability,
        "op": node.op,
        "target": node.target,
    }
    if node.capability == "grant":
        return shown | {"from": node.giver, "to": node.to, "uses": node.uses}
    shown |= {"verdict": str(node.seen), "row": node.row, "effect": node.effect}
    return shown if node.answer is None else shown | {"answer": node.answer}
