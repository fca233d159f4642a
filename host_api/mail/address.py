"""Addresses of mail, and single lines: what may stand in a header or a command, and nothing else.

Every text that a val or a stranger had a hand in passes here before it is written into a header.
"""

from __future__ import annotations

import re

LONGEST = 254
"""Characters of an address (RFC 5321, 4.5.3.1.3, without the brackets)."""
MOST_LINE = 998

# A dot-atom on the left (RFC 5322, 3.2.3) with letters beyond ASCII (RFC 6531); no quotes, comments or literals.
_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@([\w-]+(?:\.[\w-]+)*)")


def is_address(text: str) -> bool:
    """Whether this is one plain address, as in alice@example.com."""
    return len(text) <= LONGEST and _ADDRESS.fullmatch(text) is not None


def is_line(text: str) -> bool:
    """Whether a text is one line, whoever reads it: ASCII's controls end one for some, Unicode's separators for others."""
    return len(text) <= MOST_LINE and not any(each < " " or each in "\x7f\x85\u2028\u2029" for each in text)


def for_the_wire(address: str) -> str:
    """Write the domain in ASCII, so that only an unusual left side asks more of a server; raise ValueError."""
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    written = f"{local}@{domain.encode('idna').decode('ascii')}"
    # Some signs become others on the way: one that is a digit with a bracket, say.
    if not is_address(written):
        raise ValueError("the domain is another one in ASCII")
    return written
