"""Everything about names and frames: who a principal is, what a val may be called, whose code runs for whom.

This file does not know which principals exist.
Source: semantics.md §1, §6.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from kernel.errors import BadInput

MAX_NAME = 48
"""Characters of a principal's or a val's name."""

MAX_VERSION_DIGITS = 9
MOST_KNOWN = 4096
"""Principals and frames that are made once; each is a few hundred bytes."""

ANONYMOUS = "anonymous"
ME = "me"
RESERVED = frozenset({ME, "secrets", ANONYMOUS})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def is_name(text: str) -> bool:
    """Whether this could name a principal or a val (reserved words could not)."""
    return len(text) <= MAX_NAME and _NAME.fullmatch(text) is not None and text.casefold() not in RESERVED


def insist_name(text: str, what: str) -> str:
    """Return the name, or raise BadInput that says what a name is."""
    if is_name(text):
        return text
    if text.casefold() in RESERVED:
        raise BadInput(
            f"{what[:1].upper()}{what[1:]} cannot be called {text!r}: that word is reserved. Choose another."
        )
    raise BadInput(
        f"{text[:60]!r} is not a name for {what}: use letters, digits and _, not starting with a digit, {MAX_NAME} at most."
    )


@dataclass(frozen=True, slots=True)
class Principal:
    """An account as the kernel sees it: a name, folded, since names are case-insensitive."""

    name: str

    def __post_init__(self) -> None:
        """Fold here, once, so that two spellings are one principal everywhere."""
        object.__setattr__(self, "name", self.name.casefold())

    @classmethod
    def parse(cls, text: str) -> Principal:
        """Read `B` or `@B`; raise BadInput."""
        return cls(insist_name(text.removeprefix("@"), "a user"))

    @property
    def anonymous(self) -> bool:
        """Whether this is nobody, who owns nothing."""
        return self.name == ANONYMOUS

    def __str__(self) -> str:
        """Write it as the language does."""
        return f"@{self.name}"


NOBODY = Principal(ANONYMOUS)


@lru_cache(MOST_KNOWN)
def principal_of(name: str) -> Principal:
    """Return whom a name means, made once; nobody is always NOBODY."""
    made = Principal(name)
    return NOBODY if made == NOBODY else made


class Policy(StrEnum):
    """What a call by name to another owner's code means: a column of the table."""

    API = "api"
    LIBRARY = "library"
    RESTRICTED = "restricted"
    STRICT = "strict"


class Authority(StrEnum):
    """Own: the caller's code, reached by no foreign name. Foreign: everything else."""

    OWN = "own"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Frame:
    """Whose code runs, in whose evaluation, with which authority, under which policy."""

    policy: Policy
    caller: Principal
    author: Principal
    authority: Authority
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Reckon the hash once: a frame is looked up at every step of an evaluation."""
        object.__setattr__(self, "_hash", hash((self.policy, self.caller, self.author, self.authority)))

    def __hash__(self) -> int:
        """Return the hash of its four parts."""
        return self._hash


@lru_cache(MOST_KNOWN)
def frame_beside(frame: Frame, author: Principal, authority: Authority) -> Frame:
    """Return the frame of somebody's code in the evaluation of this one, made once."""
    return Frame(frame.policy, frame.caller, author, authority)


@dataclass(frozen=True, slots=True)
class ValName:
    """`@B.foo` or `@B.foo@12`; the val's name keeps its spelling, comparisons are the store's."""

    owner: Principal
    name: str
    version: int | None = None

    @classmethod
    def parse(cls, text: str) -> ValName:
        """Read `B.foo`, `@B.foo` or `@B.foo@12`; raise BadInput that shows the form."""
        owner, dot, rest = text.removeprefix("@").partition(".")
        name, at, version = rest.partition("@")
        if not dot or not name or (at and not _is_version(version)):
            raise BadInput(f"{text[:120]!r} does not name a val: write user.val, as in alice.hello.")
        return cls(Principal.parse(owner), insist_name(name, "a val"), int(version) if at else None)

    def __str__(self) -> str:
        """Write it as the language does."""
        return f"{self.owner}.{self.name}" + ("" if self.version is None else f"@{self.version}")


def _is_version(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MAX_VERSION_DIGITS
