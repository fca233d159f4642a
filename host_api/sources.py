"""The code that one evaluation loads: which val a label in a stack means, and whose words a function's text is.

Guests know private vals by a label that tells nothing: a stack that crosses to another owner shows `@B (private 2)`.
This file does not know who may run what.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from host_api.compiler import Unit
from kernel.capability import Run
from kernel.principals import Principal

SOURCES = "sources"
"""Where a run keeps its sources, in its state: those that its first guest is born with, until somebody asks for them."""
ENTRY = "eval"
"""The label of code that was sent and not saved."""
INTERNAL = "valgate:"
MOST_STACK, LONGEST_LINE = 100_000, 2_000
"""Characters: a val may have written its stack itself, and reading it costs the host, not the val."""
NATIVE = "    at <input>:"
"""A place in a text that was parsed as JSON, which the message has already."""
_OWN_FRAME = re.compile(r"^ {4,}at .*\(?valgate:")
_FRAME = re.compile(
    r"^(?P<indent> {4,}at )(?:(?P<function>.*) \()?(?P<label>@?[^()\n]*?(?: \(private \d+\))?):(?P<line>\d+):(?P<column>\d+)\)?"
    r"(?P<rest>(?: \{)?)$"
)


def key_of(owner: Principal, name: str, version: int) -> str:
    """Return what names a version of a val inside one evaluation."""
    return f"@{owner.name}.{name}@{version}"


@dataclass(frozen=True, slots=True)
class Source:
    """A unit with its place: `name` as its owner reads it, `masked` whether others must not."""

    label: str
    owner: Principal
    name: str
    unit: Unit
    masked: bool
    own: bool


@dataclass(slots=True)
class Sources:
    """Every unit of one evaluation, by label."""

    by_label: dict[str, Source] = field(default_factory=dict)

    @classmethod
    def of(cls, run: Run) -> Sources:
        """Return those of a run; most end before anybody asks."""
        kept = run.state.get(SOURCES)
        if not isinstance(kept, cls):
            kept = run.state[SOURCES] = cls(dict(kept) if isinstance(kept, dict) else {})
        return kept

    def add(self, owner: Principal, name: str, unit: Unit, *, private: bool, own: bool) -> Source:
        """Keep a unit under a label of its own."""
        label = f"{owner} (private {len(self.by_label) + 1})" if private else name
        source = self.by_label[label] = Source(label, owner, name, unit, private, own)
        return source

    def slice(self, text: str) -> str | None:
        """Return the original source of a function of own code, given the engine's text of it."""
        found = (source.unit.slice(text) for source in self.by_label.values() if source.own)
        return next((one for one in found if one), None)

    def translate(self, stack: str, reader: Principal) -> tuple[str, tuple[str, int, int] | None]:
        """Rewrite a stack for its reader, in the vals' own lines and columns; also its first place, if there is one."""
        first: tuple[str, int, int] | None = None
        lines: list[str] = []
        for line in stack[:MOST_STACK].splitlines():
            told, place = self._retold(line, reader)
            first = first or place
            if place or (INTERNAL not in told and not told.startswith(NATIVE)):
                lines.append(told)
        return "\n".join(lines), first

    def retell(self, text: str, reader: Principal) -> str:
        """Rewrite the frames of stacks in a text that a val wrote, such as a line of its console."""
        if " at " not in text or len(text) > MOST_STACK:
            return self.unmask(text, reader)
        lines = (
            self._retold(line, reader)[0] for line in text.split("\n") if not _OWN_FRAME.match(line[:LONGEST_LINE])
        )
        return self.unmask("\n".join(lines), reader)

    def _retold(self, line: str, reader: Principal) -> tuple[str, tuple[str, int, int] | None]:
        """Return a line with the place of a frame in its val; and that place, unless it is none or the reader's to know."""
        match = _FRAME.match(line) if len(line) <= LONGEST_LINE else None
        source = self.by_label.get(match["label"]) if match else None
        if match is None or source is None:
            return line, None
        if source.masked and source.owner != reader:
            return f"{match['indent']}{source.owner} (private){match['rest']}", None
        # Line 0 is the compiler's opening: the engine's place for what the val's first token stands in.
        at = int(match["line"]), int(match["column"])
        line_number, column = source.unit.locate(*at) if at[0] else (1, 1)
        where = f"{source.name}:{line_number}:{column}"
        shown = f"{match['function']} ({where})" if match["function"] else f"<anonymous> ({where})"
        return f"{match['indent']}{shown}{match['rest']}", (source.name, line_number, column)

    def unmask(self, text: str, reader: Principal) -> str:
        """Give private labels of the reader's own their names."""
        for source in self.by_label.values():
            if source.masked and source.owner == reader:
                text = text.replace(source.label, source.name)
        return text
