"""The published table, retyped as text: code in @B's function, called by @A, cell by cell."""

from __future__ import annotations

import pytest

from kernel.policy import Access, Decision, Frame, Policy, Verdict, decide
from kernel.principals import Authority, Principal

A, B = Principal("a"), Principal("b")

PUBLISHED = """
     code              | api             | library         | restricted      | strict
  1  @me.secrets.foo   | @B.secrets.foo  | @A.secrets.foo  | undefined       | undefined
  2  @A.secrets.foo    | Error           | @A.secrets.foo  | undefined       | undefined
  3  @B.secrets.foo    | @B.secrets.foo  | undefined       | undefined       | undefined
  4  @me.privateFoo    | @B.privateFoo   | @A.privateFoo   | undefined       | undefined
  5  @A.privateFoo     | Error           | @A.privateFoo   | undefined       | undefined
  6  @B.privateFoo     | @B.privateFoo   | undefined       | undefined       | undefined
  7  @me.publicFoo     | @B.publicFoo    | @B.publicFoo    | @B.publicFoo    | @B.publicFoo
  8  @A.publicFoo      | @A.publicFoo    | @A.publicFoo    | @A.publicFoo    | @A.publicFoo
  9  @B.publicFoo      | @B.publicFoo    | @B.publicFoo    | @B.publicFoo    | @B.publicFoo
 10  @me.foo = x       | @B.foo = x      | @A.foo = x      | no-op           | no-op
 11  @A.foo = x        | Error           | @A.foo = x      | @A.foo = x      | no-op
 12  @B.foo = x        | @B.foo = x      | no-op           | no-op           | no-op
 13  console.email     | emails B        | emails A        | emails A        | emails A
"""
"""`strict` is ours: restricted, with row 11 a no-op."""

REFUSALS = {"Error": Verdict.ERROR, "undefined": Verdict.UNDEFINED, "no-op": Verdict.NOOP}
NAMED = {"@me": None, "@A": A, "@B": B, "console": None}


def access_of(code: str) -> Access:
    words = {"secrets": Access.SECRET, "private": Access.PRIVATE, "public": Access.PUBLIC, "= x": Access.WRITE}
    return next((access for word, access in words.items() if word in code), Access.EMAIL)


def granted_to(cell: str) -> Principal | None:
    """Whose thing a cell of the text names; None for a refusal."""
    return next(
        (who for who in (A, B) if cell.startswith((f"@{who.name.upper()}.", f"emails {who.name.upper()}"))), None
    )


def cells() -> list[tuple[int, str, str, str]]:
    header, *rows = PUBLISHED.strip().splitlines()
    policies = [word.strip() for word in header.split("|")[1:]]
    found = []
    for row in rows:
        code, *answers = (word.strip() for word in row.split("|"))
        number, code = code.split(maxsplit=1)
        found += [(int(number), code, policy, answer) for policy, answer in zip(policies, answers, strict=True)]
    return found


def test_the_text_has_thirteen_rows_and_four_columns() -> None:
    assert len(cells()) == 13 * 4
    assert [number for number, _, policy, _ in cells() if policy == "api"] == list(range(1, 14))


@pytest.mark.parametrize(("row", "code", "policy", "cell"), cells())
def test_each_cell_is_as_published(row: int, code: str, policy: str, cell: str) -> None:
    frame = Frame(Policy(policy), A, B, Authority.FOREIGN)
    decision = decide(frame, access_of(code), NAMED[code.split(".", maxsplit=1)[0]])
    assert decision.row == row
    assert decision.principal == granted_to(cell)
    if cell in REFUSALS:
        assert decision.verdict is REFUSALS[cell]
    else:
        assert decision.verdict is (Verdict.CALLER if granted_to(cell) == A else Verdict.AUTHOR)


def test_a_decision_of_the_table_is_a_value() -> None:
    frame = Frame(Policy.RESTRICTED, A, B, Authority.FOREIGN)
    assert decide(frame, Access.WRITE, A) == Decision(Verdict.CALLER, A, 11)
