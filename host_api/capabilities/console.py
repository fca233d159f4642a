"""console: what a val says.

    console.log("hello", {a: 1})      // also info, warn, error, debug, and what is built on them

Authority: none; a line goes into the record of the evaluation, which only its caller reads, under the name of the author.
Op 1 `write(level, text)`: no access. A refusal is a LimitError, when an evaluation has said more than its limit.
Who pays: the evaluation, by bytes of text; an empty line counts as one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from host_api.capabilities import parts
from host_api.store.clock import now_ms
from kernel.capability import NOTHING, Answer, Ask, Call, Operation
from kernel.errors import BadRequest
from kernel.principals import Frame
from kernel.wire import Value

LEVELS = frozenset({"log", "info", "warn", "error", "debug"})
LOGS = "logs"
"""Where the lines of a run are kept, in its state: a list of dicts as FullRun shows them."""


@dataclass(frozen=True, slots=True)
class Write:
    """One line."""

    level: str
    text: str
    name: ClassVar[str] = "write"
    asks: ClassVar[tuple[Ask, ...]] = ()

    @property
    def target(self) -> str:
        """The level."""
        return self.level

    @classmethod
    def parse(cls, values: tuple[Value, ...]) -> Self:
        """Refuse an unknown level."""
        level, text = parts.shape(values, 2)
        if level not in LEVELS:
            raise BadRequest("console has no such level")
        return cls(parts.text(level), parts.text(text))


class Console:
    """The capability."""

    name = "console"
    parsers: Mapping[int, Callable[[tuple[Value, ...]], Operation]] = {1: Write.parse}

    def grant(self, frame: Frame) -> bool:  # noqa: ARG002 - everybody may speak
        """Every guest may speak."""
        return True

    async def perform(self, operation: Operation, call: Call) -> Answer:
        """Keep the line with the run."""
        if not isinstance(operation, Write):
            raise BadRequest("console has no such operation")
        limit = call.run.limits.console
        call.run.spend("console", max(len(operation.text.encode()), 1), limit, "bytes of console")
        lines = call.run.state.setdefault(LOGS, [])
        if isinstance(lines, list):
            author = str(call.frame.author)
            lines.append({"level": operation.level, "message": operation.text, "author": author, "at": now_ms()})
        return Answer(NOTHING, recorded=False)
