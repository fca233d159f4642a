"""The published table, as data, and the one function that reads it.

Everything about who may touch what is here. This file does not know what a val is, where it is kept or how it is reached.
Source: semantics.md §2; "Restricted Library Mode", 4 May 2023. Unknown means refuse.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kernel.principals import NOBODY, Authority, Frame, Policy, Principal

__all__ = ["Access", "Decision", "Frame", "Policy", "Verdict", "decide"]


class Access(StrEnum):
    """What is asked for. PRIVATE is also the answer for what does not exist."""

    SECRET = "secret"  # noqa: S105 - a word of the table
    PRIVATE = "private"
    PUBLIC = "public"
    WRITE = "write"
    EMAIL = "email"


class Relation(StrEnum):
    """Whose thing the code named, seen from the frame."""

    ME = "me"
    CALLER = "caller"
    AUTHOR = "author"
    THIRD = "third"


class Verdict(StrEnum):
    """What a cell says: whose thing it is, or how the refusal looks to the code."""

    CALLER = "caller"
    AUTHOR = "author"
    NAMED = "named"
    UNDEFINED = "undefined"
    NOOP = "no-op"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict, the principal it grants (None: refused) and the table's row (None: not in the table)."""

    verdict: Verdict
    principal: Principal | None
    row: int | None


A, B, N, U, O, E = Verdict  # noqa: E741
COLUMNS = (Policy.API, Policy.LIBRARY, Policy.RESTRICTED, Policy.STRICT)
TABLE: dict[tuple[Access, Relation], tuple[int | None, Verdict, Verdict, Verdict, Verdict, Verdict]] = {
    #                                 row api lib res strict, own authority
    (Access.SECRET, Relation.ME): (1, B, A, U, U, A),
    (Access.SECRET, Relation.CALLER): (2, E, A, U, U, A),
    (Access.SECRET, Relation.AUTHOR): (3, B, U, U, U, U),
    (Access.PRIVATE, Relation.ME): (4, B, A, U, U, A),
    (Access.PRIVATE, Relation.CALLER): (5, E, A, U, U, A),
    (Access.PRIVATE, Relation.AUTHOR): (6, B, U, U, U, U),
    (Access.PUBLIC, Relation.ME): (7, B, B, B, B, A),
    (Access.PUBLIC, Relation.CALLER): (8, A, A, A, A, A),
    (Access.PUBLIC, Relation.AUTHOR): (9, B, B, B, B, N),
    (Access.WRITE, Relation.ME): (10, B, A, O, O, A),
    (Access.WRITE, Relation.CALLER): (11, E, A, A, O, A),
    (Access.WRITE, Relation.AUTHOR): (12, B, O, O, O, O),
    (Access.EMAIL, Relation.ME): (13, B, A, A, A, A),
    # A third principal's things: ours, not the table's.
    (Access.SECRET, Relation.THIRD): (None, E, U, U, U, U),
    (Access.PRIVATE, Relation.THIRD): (None, E, U, U, U, U),
    (Access.PUBLIC, Relation.THIRD): (None, N, N, N, N, N),
    (Access.WRITE, Relation.THIRD): (None, E, O, O, O, O),
}


def relate(frame: Frame, owner: Principal | None) -> Relation:
    """Say whose thing `owner` names; None is `@me`. Who is both author and caller counts as the caller."""
    known = {None: Relation.ME, frame.author: Relation.AUTHOR, frame.caller: Relation.CALLER}
    return known.get(owner, Relation.THIRD)


def decide(frame: Frame, access: Access, owner: Principal | None) -> Decision:
    """Look up the cell for this frame, what is asked for, and the owner named (None: `@me`). Own code is in no row."""
    row, *cells, own = TABLE.get((access, relate(frame, owner)), (None, U, U, U, U, U))
    verdict = cells[COLUMNS.index(frame.policy)]
    if frame.policy is Policy.API and frame.author == frame.caller and access not in (Access.PUBLIC, Access.EMAIL):
        verdict = Verdict.ERROR  # the caller's code reached by a foreign name: authority follows the reference
    if frame.authority is Authority.OWN:
        row, verdict = None, own
    principal = {A: frame.caller, B: frame.author, N: owner}.get(verdict)
    if principal == NOBODY and access is not Access.EMAIL:  # nobody owns nothing
        return Decision(O if access is Access.WRITE else U, None, row)
    return Decision(verdict, principal, row)
