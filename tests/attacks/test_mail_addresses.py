"""The attacker's plan: an address that is one address until its domain is written in ASCII, and then is two, or has a comment or a space."""

from __future__ import annotations

import pytest

from host_api.mail.address import for_the_wire, is_address


@pytest.mark.parametrize("domain", ["a\u2474.com", "a\ufdfa.com", "\u2488com.org", "x\u249c.example"])
def test_a_sign_that_becomes_a_bracket_a_dot_or_a_space_is_refused(domain: str) -> None:
    address = f"bob@{domain}"
    try:
        written = for_the_wire(address)
    except ValueError:
        return
    assert is_address(written)


def test_there_are_such_signs() -> None:
    assert is_address("bob@a\u2474.com")
    assert "a\u2474.com".encode("idna") == b"a(1).com"
    with pytest.raises(ValueError, match="another one in ASCII"):
        for_the_wire("bob@a\u2474.com")


def test_a_domain_of_other_letters_is_written() -> None:
    assert for_the_wire("bob@b\xfccher.example") == "bob@xn--bcher-kva.example"
