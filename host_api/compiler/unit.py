"""What a compiled val is: code, the names it refers to, and the way back to its source.

This file does not know how code is compiled, nor who may read what.
Source: semantics.md §6, guests/compiler/README.md.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum

from host_api.compiler.places import Lines, lines_of, utf16
from kernel.principals import ME
from kernel.wire import Value

_PREFIX = re.compile(r"(?:async\b\s*)?(?:\*\s*)?(?:(?:get|set)\b\s*)?\[?\s*")
_IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


class Use(StrEnum):
    """What a val does with a name."""

    READ = "read"
    CALL = "call"
    CONSTRUCT = "construct"
    WRITE = "write"
    NAME = "name"
    SECRET = "secret"  # noqa: S105 - the name of a use


class Form(StrEnum):
    """What a val's source is, seen as a whole."""

    EXPRESSION = "expression"
    DECLARATIONS = "declarations"
    STATEMENTS = "statements"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Reference:
    """`@owner.name` or `@owner.name@version` at a place of the source.

    `owner` is folded, and may be `me`; `name` is as written: for `Use.SECRET` the key, or None if it is only known
    at run time. Line and column are 1-based, columns in UTF-16 units.
    """

    owner: str
    name: str | None
    version: int | None
    use: Use
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A place of the code and the place of the source it stands for; `along` if what follows runs in step."""

    line: int
    column: int
    source_line: int
    source_column: int
    along: bool


@dataclass(frozen=True, slots=True)
class Method:
    """Where a method is named in the code; a name that is computed or private is None."""

    line: int
    column: int
    name: str | None


@dataclass(frozen=True, slots=True)
class Unit:
    """A compiled val.

    `code` is one JavaScript expression, a function of the references object that returns the val's value.
    Its second line is the source's first, so an engine told to count lines from -1 gives the val's own.
    """

    code: str
    form: Form
    name: str | None
    asynchronous: bool
    references: tuple[Reference, ...]
    mapping: tuple[Mark, ...]
    methods: tuple[Method, ...]
    source: str

    def parts(self, label: str) -> tuple[Value, ...]:
        """Return what the runtime takes to load it: its label, code, references as JSON, and whether it waits at its top level."""
        keys = ("owner", "name", "version")
        listed = json.dumps([{key: getattr(reference, key) for key in keys} for reference in self.references])
        return label, self.code, listed, self.asynchronous

    def locate(self, line: int, column: int) -> tuple[int, int]:
        """Turn a place that the engine gives into a place of the source, 1-based, column in UTF-16 units.

        The engine's line is the val's own (the code's less one); its column is counted in UTF-8 bytes.
        A place outside the code is answered as it is; one behind the source, where the wrapper ends, as the source's end.
        """
        text = lines_of(self.code).line(line + 1)
        if text is None:
            return line, column
        source = lines_of(self.source)
        if line > 0 and source.line(line) is None:
            return source.place(len(self.source))
        before = text.encode("utf-8", "surrogatepass")[: max(column - 1, 0)].decode("utf-8", "ignore")
        return self._origin(line, utf16(before) + 1)

    def named(self, owner: str) -> frozenset[tuple[str, str]]:
        """Which vals it names, as (owner, name), folded; `@me` is this owner. A secret is no val."""
        found = (reference for reference in self.references if reference.use is not Use.SECRET and reference.name)
        return frozenset(
            (owner.casefold() if one.owner == ME else one.owner, (one.name or "").casefold()) for one in found
        )

    def slice(self, text: str) -> str | None:
        """The source of a function of this val, given the text that the engine has of it.

        None if the text is not in the code, or is that of a method that no expression could be made of.
        A method comes back as an expression that yields it.
        """
        code = lines_of(self.code)
        start = self.code.find(text, code.offset(2, 1)) if text else -1
        if start < 0:
            return None
        first, last = self._body_place(code, start), self._body_place(code, start + len(text) - 1)
        source = lines_of(self.source)
        found = self.source[source.offset(*self._origin(*first)) : source.offset(*self._after(*last))]
        prefix = _PREFIX.match(self.code, start)
        key = self._body_place(code, prefix.end() if prefix else start)
        for method in self.methods:
            if (method.line, method.column) == key:
                return _as_expression(found, method.name)
        return found

    def _body_place(self, code: Lines, offset: int) -> tuple[int, int]:
        line, column = code.place(offset)
        return line - 1, column

    def _origin(self, line: int, column: int) -> tuple[int, int]:
        """Where a place of the body comes from: by the last mark before it on its line."""
        best = None
        for mark in self.mapping:
            if (mark.line, mark.column) > (line, column):
                break
            best = mark if mark.line == line else None
        if best is None:
            return line, column
        return best.source_line, best.source_column + (column - best.column if best.along else 0)

    def _after(self, line: int, column: int) -> tuple[int, int]:
        """Where the source goes on after a character of the body: behind what that character stands for."""
        source_line, source_column = self._origin(line, column)
        last = next((mark for mark in reversed(self.mapping) if (mark.line, mark.column) <= (line, column)), None)
        if last is None or last.along or last.line != line:
            return source_line, source_column + 1
        later = (
            (mark.source_line, mark.source_column)
            for mark in self.mapping
            if (mark.line, mark.column) > (line, column)
            and (mark.source_line, mark.source_column) > (source_line, source_column)
        )
        return next(later, (source_line, source_column))


def _as_expression(method: str, name: str | None) -> str | None:
    if name is None:
        return None
    return f"({{ {method} }})" + (f".{name}" if _IDENTIFIER.fullmatch(name) else f"[{json.dumps(name)}]")
