"""What holds in every frame, for every access and every name: hypothesis looks for a counterexample."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kernel import policy
from kernel.policy import Access, Frame, Policy, Verdict, decide
from kernel.principals import NOBODY, Authority, Principal

PRINCIPALS = st.sampled_from([Principal(name) for name in ("a", "b", "c", "d")] + [NOBODY])
FRAMES = st.builds(Frame, st.sampled_from(Policy), PRINCIPALS, PRINCIPALS, st.sampled_from(Authority))
FOREIGN = FRAMES.filter(lambda frame: frame.authority is Authority.FOREIGN)
ACCESSES = st.sampled_from(Access)
OWNERS = st.none() | PRINCIPALS
GRANTS = {Verdict.CALLER, Verdict.AUTHOR, Verdict.NAMED}
HIDDEN = {Access.SECRET, Access.PRIVATE, Access.WRITE}


@given(FRAMES, ACCESSES, OWNERS)
def test_every_question_has_an_answer_and_a_refusal_names_nobody(
    frame: Frame, access: Access, owner: Principal | None
) -> None:
    decision = decide(frame, access, owner)
    assert (decision.principal is not None) == (decision.verdict in GRANTS)
    assert decision.row is None or 1 <= decision.row <= 13


@given(FOREIGN, ACCESSES, OWNERS)
def test_restricted_and_strict_never_yield_a_secret_or_a_private_value(
    frame: Frame, access: Access, owner: Principal | None
) -> None:
    if frame.policy in (Policy.RESTRICTED, Policy.STRICT) and access in (Access.SECRET, Access.PRIVATE):
        assert decide(frame, access, owner).principal is None


@given(FOREIGN, OWNERS)
def test_restricted_writes_in_row_11_only_and_only_to_the_caller(frame: Frame, owner: Principal | None) -> None:
    decision = decide(frame, Access.WRITE, owner)
    if frame.policy is Policy.RESTRICTED and decision.principal is not None:
        assert (decision.row, decision.principal, owner) == (11, frame.caller, frame.caller)
    if frame.policy is Policy.STRICT:
        assert decision.principal is None


@given(FRAMES, ACCESSES.filter(HIDDEN.__contains__), OWNERS)
def test_no_policy_reaches_what_a_third_principal_hides(frame: Frame, access: Access, owner: Principal | None) -> None:
    assert decide(frame, access, owner).principal in {None, frame.caller, frame.author}
    if owner not in (None, frame.caller, frame.author):
        assert decide(frame, access, owner).principal is None


@given(FRAMES, ACCESSES.filter(HIDDEN.__contains__), OWNERS)
def test_who_is_granted_is_who_was_named(frame: Frame, access: Access, owner: Principal | None) -> None:
    granted = decide(frame, access, owner).principal
    if granted is not None and owner is not None:
        assert granted == owner


@given(FRAMES, ACCESSES, OWNERS)
def test_nobody_owns_nothing(frame: Frame, access: Access, owner: Principal | None) -> None:
    if access is not Access.EMAIL:
        assert decide(frame, access, owner).principal != NOBODY


@given(FRAMES, ACCESSES, OWNERS)
def test_only_the_api_column_throws(frame: Frame, access: Access, owner: Principal | None) -> None:
    if decide(frame, access, owner).verdict is Verdict.ERROR:
        assert frame.policy is Policy.API
        assert frame.authority is Authority.FOREIGN


@given(FRAMES)
def test_what_the_table_does_not_know_is_refused(frame: Frame) -> None:
    """Mail is nobody's by name: no row says so, and no row means refuse."""
    stranger = Principal("stranger")
    assert (Access.EMAIL, policy.relate(frame, stranger)) not in policy.TABLE
    assert decide(frame, Access.EMAIL, stranger) == policy.Decision(Verdict.UNDEFINED, None, None)


@given(FRAMES, OWNERS)
def test_an_access_that_has_no_row_is_refused(frame: Frame, owner: Principal | None) -> None:
    decision = decide(frame, "launch", owner)  # type: ignore[arg-type]
    assert decision.principal is None
