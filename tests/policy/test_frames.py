"""What the published table leaves open: own code, third principals, an author who is the caller, nobody."""

from __future__ import annotations

import pytest

from kernel.policy import Access, Decision, Frame, Policy, Verdict, decide
from kernel.principals import NOBODY, Authority, Principal

A, B, C = Principal("a"), Principal("b"), Principal("c")
POLICIES = list(Policy)
UNDEFINED, NOOP = Decision(Verdict.UNDEFINED, None, None), Decision(Verdict.NOOP, None, None)


def own(policy: Policy = Policy.RESTRICTED, caller: Principal = A) -> Frame:
    return Frame(policy, caller, caller, Authority.OWN)


def foreign(policy: Policy, caller: Principal = A, author: Principal = B) -> Frame:
    return Frame(policy, caller, author, Authority.FOREIGN)


# -- own code ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("access", list(Access))
def test_own_code_has_its_owners_things_under_every_policy(policy: Policy, access: Access) -> None:
    assert decide(own(policy), access, None) == Decision(Verdict.CALLER, A, None)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("access", [Access.SECRET, Access.PRIVATE, Access.PUBLIC, Access.WRITE])
def test_own_code_may_write_its_owners_name(policy: Policy, access: Access) -> None:
    assert decide(own(policy), access, A) == Decision(Verdict.CALLER, A, None)


@pytest.mark.parametrize("policy", POLICIES)
def test_own_code_reads_what_others_made_public_and_nothing_else(policy: Policy) -> None:
    assert decide(own(policy), Access.PUBLIC, B) == Decision(Verdict.NAMED, B, None)
    assert decide(own(policy), Access.PRIVATE, B) == UNDEFINED
    assert decide(own(policy), Access.SECRET, B) == UNDEFINED
    assert decide(own(policy), Access.WRITE, B) == NOOP


# -- a third principal ------------------------------------------------------------------------------


def test_a_third_principals_things_are_an_error_in_the_api_column() -> None:
    for access in (Access.SECRET, Access.PRIVATE, Access.WRITE):
        assert decide(foreign(Policy.API), access, C) == Decision(Verdict.ERROR, None, None)


@pytest.mark.parametrize("policy", [Policy.LIBRARY, Policy.RESTRICTED, Policy.STRICT])
def test_a_third_principals_things_are_as_the_authors_elsewhere(policy: Policy) -> None:
    assert decide(foreign(policy), Access.SECRET, C) == UNDEFINED
    assert decide(foreign(policy), Access.PRIVATE, C) == UNDEFINED
    assert decide(foreign(policy), Access.WRITE, C) == NOOP


@pytest.mark.parametrize("policy", POLICIES)
def test_what_a_third_principal_made_public_is_read(policy: Policy) -> None:
    assert decide(foreign(policy), Access.PUBLIC, C) == Decision(Verdict.NAMED, C, None)


# -- the author is the caller, in a foreign frame: B named @A.lib --------------------------------------


SIX = [
    (Access.SECRET, None, 1),
    (Access.SECRET, A, 2),
    (Access.PRIVATE, None, 4),
    (Access.PRIVATE, A, 5),
    (Access.WRITE, None, 10),
    (Access.WRITE, A, 11),
]


@pytest.mark.parametrize(("access", "owner", "row"), SIX)
def test_a_callers_own_code_named_by_others_has_errors_in_all_six_api_rows(
    access: Access, owner: Principal | None, row: int
) -> None:
    assert decide(foreign(Policy.API, A, A), access, owner) == Decision(Verdict.ERROR, None, row)


@pytest.mark.parametrize(("access", "owner", "row"), SIX)
def test_a_callers_own_code_named_by_others_is_still_foreign(access: Access, owner: Principal | None, row: int) -> None:
    """B's code names @A.getClient(), which reads @me.secrets: the authority follows the reference, not the name."""
    decision = decide(foreign(Policy.RESTRICTED, A, A), access, owner)
    assert decision.row == row
    assert (decision.principal == A) == (row == 11)


def test_a_callers_own_code_named_by_others_reads_what_is_public_and_mails_the_caller() -> None:
    for policy in POLICIES:
        assert decide(foreign(policy, A, A), Access.PUBLIC, None).principal == A
        assert decide(foreign(policy, A, A), Access.PUBLIC, A).principal == A
        assert decide(foreign(policy, A, A), Access.EMAIL, None).principal == A


# -- strict -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("access", list(Access))
@pytest.mark.parametrize("owner", [None, A, B, C])
def test_strict_is_restricted_but_for_row_11(access: Access, owner: Principal | None) -> None:
    strict, restricted = (decide(foreign(policy), access, owner) for policy in (Policy.STRICT, Policy.RESTRICTED))
    if restricted.row == 11:
        assert strict == Decision(Verdict.NOOP, None, 11)
    else:
        assert strict == restricted


# -- nobody -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", POLICIES)
def test_an_anonymous_caller_owns_nothing(policy: Policy) -> None:
    for frame in (own(policy, NOBODY), foreign(policy, NOBODY, B), foreign(policy, NOBODY, NOBODY)):
        for access in (Access.SECRET, Access.PRIVATE, Access.WRITE):
            for owner in (None, NOBODY, A):
                decision = decide(frame, access, owner)
                assert decision.principal in ({None, B} if policy is Policy.API else {None})
                assert decision.verdict in (Verdict.UNDEFINED, Verdict.NOOP, Verdict.ERROR, Verdict.AUTHOR)


def test_an_anonymous_caller_reads_what_is_public_also_through_others_code() -> None:
    assert decide(own(caller=NOBODY), Access.PUBLIC, B) == Decision(Verdict.NAMED, B, None)
    assert decide(foreign(Policy.RESTRICTED, NOBODY), Access.PUBLIC, None) == Decision(Verdict.AUTHOR, B, 7)


def test_mail_of_an_anonymous_evaluation_is_nobodys() -> None:
    """The verdict is a grant to nobody: the mail capability reaches no address, and the record says so."""
    assert decide(own(caller=NOBODY), Access.EMAIL, None) == Decision(Verdict.CALLER, NOBODY, None)
    assert decide(foreign(Policy.RESTRICTED, NOBODY), Access.EMAIL, None) == Decision(Verdict.CALLER, NOBODY, 13)


def test_a_write_for_nobody_is_a_no_op_and_a_read_is_undefined() -> None:
    assert decide(foreign(Policy.RESTRICTED, NOBODY), Access.WRITE, NOBODY) == Decision(Verdict.NOOP, None, 11)
    assert decide(foreign(Policy.LIBRARY, NOBODY), Access.SECRET, None) == Decision(Verdict.UNDEFINED, None, 1)
