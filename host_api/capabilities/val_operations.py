"""What a guest may ask of `val`: each operation, what must be granted before it is done, and a parser that refuses.

This file does not know how any of it is done: see val.py, which says in its docstring what each is for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from host_api.capabilities import parts
from kernel.capability import Ask
from kernel.policy import Access
from kernel.principals import Principal
from kernel.wire import Value

ANY, NONE = -2, -1
LONGEST_KEY = 200
"""Characters of `@owner.name@version`; the record keeps what was asked for."""


@dataclass(frozen=True, slots=True)
class _Named:
    """What all but one have: a val that is named, and the accesses that are decided before anything is done."""

    owner: Principal | None
    val: str
    accesses: ClassVar[tuple[Access, ...]]

    @property
    def target(self) -> str:
        """As the language writes it."""
        return parts.spell(self.owner, self.val)

    @property
    def asks(self) -> tuple[Ask, ...]:
        """Each access, of whom was named."""
        return tuple((access, self.owner) for access in self.accesses)


READING = (Access.PUBLIC, Access.PRIVATE)
"""Public first; what is not public is private, or not there."""


@dataclass(frozen=True, slots=True)
class Read(_Named):
    """A val's value, at a version (NONE: the newest) unless it is the one that is known already."""

    version: int
    known: int
    name: ClassVar[str] = "read"
    accesses: ClassVar[tuple[Access, ...]] = READING

    @property
    def target(self) -> str:
        """As the language writes it, with its version."""
        return parts.spell(self.owner, self.val) + (f"@{self.version}" if self.version != NONE else "")

    @classmethod
    def parse(cls, values: tuple[Value, ...]) -> Self:
        """Take a reference."""
        owner, name, version, known = parts.shape(values, 4)
        return cls(parts.owner(owner), parts.val_name(name), parts.integer(version), parts.integer(known))


@dataclass(frozen=True, slots=True)
class Write(_Named):
    """A new value: its bytes, its JSON if it has one, its type, and how a person reads it."""

    payload: bytes
    json: str | None
    type: str
    text: str | None
    expected: int
    back: bool = False
    accesses: ClassVar[tuple[Access, ...]] = (Access.WRITE,)

    @property
    def name(self) -> str:
        """Whether a statement wrote it, or the end of the evaluation."""
        return "write back" if self.back else "write"

    @classmethod
    def parse(cls, values: tuple[Value, ...]) -> Self:
        """Take a value."""
        owner, name, payload, text, kind, rendering, expected = parts.shape(values, 7)
        return cls(
            parts.owner(owner),
            parts.val_name(name),
            parts.raw(payload),
            parts.maybe_text(text),
            parts.text(kind)[:20],
            parts.maybe_text(rendering),
            parts.integer(expected),
        )

    @classmethod
    def parse_back(cls, values: tuple[Value, ...]) -> Self:
        """Take a value that changed in place."""
        it = cls.parse(values)
        return cls(it.owner, it.val, it.payload, it.json, it.type, it.text, it.expected, back=True)


@dataclass(frozen=True, slots=True)
class WriteSource(_Named):
    """A function, by the text that the engine has of it."""

    text: str
    expected: int
    name: ClassVar[str] = "write"
    accesses: ClassVar[tuple[Access, ...]] = (Access.WRITE,)

    @classmethod
    def parse(cls, values: tuple[Value, ...]) -> Self:
        """Take a text."""
        owner, name, text, expected = parts.shape(values, 4)
        return cls(parts.owner(owner), parts.val_name(name), parts.text(text), parts.integer(expected))


@dataclass(frozen=True, slots=True)
class Delete(_Named):
    """No val any more."""

    expected: int
    name: ClassVar[str] = "delete"
    accesses: ClassVar[tuple[Access, ...]] = (*READING, Access.WRITE)

    @classmethod
    def parse(cls, values: tuple[Value, ...]) -> Self:
        """Take a reference."""
        owner, name, expected = parts.shape(values, 3)
        return cls(parts.owner(owner), parts.val_name(name), parts.integer(expected))


@dataclass(frozen=True, slots=True)
class ReadToWrite(_Named):
    """A val's value, to be changed and written."""

    known: int
    name: ClassVar[str] = "read to write"
    accesses: ClassVar[tuple[Access, ...]] = (*READING, Access.WRITE)

    @classmethod
    def parse(cls, values: tuple[Value, ...]) -> Self:
        """Take a reference."""
        owner, name, known = parts.shape(values, 3)
        return cls(parts.owner(owner), parts.val_name(name), parts.integer(known))
