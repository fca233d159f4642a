"""From the bytes of a message to what a val is given, whoever wrote the bytes."""

from __future__ import annotations

import json
from email import message_from_bytes
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_api.letterbox.reading import (
    BOUNDED,
    CHARSETS,
    LONGEST_KIND,
    MOST_PARTS,
    Unreadable,
    arguments,
    read,
)

TO = "alice.inbox@vals.example"


def given_to_a_val(raw: bytes | EmailMessage, sender: str = "env@example.com", recipient: str = TO) -> dict[str, Any]:
    """The argument that the val gets."""
    (argument,) = json.loads(
        arguments(read(raw.as_bytes() if isinstance(raw, EmailMessage) else raw), sender, recipient)
    )
    assert isinstance(argument, dict)
    return argument


def test_a_message_is_plain_addresses_a_subject_and_its_two_bodies() -> None:
    message = EmailMessage()
    message["From"] = '"Bob, who writes" <bob@example.com>'
    message["To"] = f"Inbox <{TO}>, carol@example.com"
    message["Cc"] = "dave@example.com"
    message["Subject"] = "Grüße ☃"
    message.set_content("a text: ä\n")
    message.add_alternative("<b>ä</b>\n", subtype="html")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="a.pdf")
    assert given_to_a_val(message) == {
        "from": "bob@example.com",
        "to": [TO, "carol@example.com"],
        "cc": ["dave@example.com"],
        "subject": "Grüße ☃",
        "text": "a text: ä\n",
        "html": "<b>ä</b>\n",
    }


def test_what_a_message_does_not_have_is_undefined() -> None:
    assert given_to_a_val(b"\r\n") == {"from": "env@example.com", "to": [], "bcc": [TO], "text": ""}


def test_whom_no_header_names_got_a_blind_copy() -> None:
    assert given_to_a_val(b"To: x@example.com\r\nBcc: y@example.com\r\n\r\n")["bcc"] == ["y@example.com", TO]
    assert "bcc" not in given_to_a_val(f"To: {TO.upper()}\r\n\r\n".encode())


def test_a_display_name_that_is_an_address_is_not_the_sender() -> None:
    """The attacker's name is the address that the val trusts."""
    assert given_to_a_val(b'From: "boss@corp.example" <evil@example.com>\r\n\r\n')["from"] == "evil@example.com"


@pytest.mark.parametrize(
    "header",
    [
        b"From: =?utf-8?q?a=0D=0ABcc=3A?= <a@example.com\r\n evil>",
        b"From: <a@exam\0ple.com>",
        b"From: " + b"(" * 5000,
        b"From: " + b'"' * 5000,
        b"From: " + b"<" * 5000,
        b"From:",
        b"From: \xff\xfe@\xff",
    ],
)
def test_a_sender_that_is_no_plain_address_is_that_of_the_envelope(header: bytes) -> None:
    try:
        assert given_to_a_val(header + b"\r\n\r\nx")["from"] == "env@example.com"
    except Unreadable:
        return


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        (b"=?utf-8?q?a=0D=0ABcc=3A_x?=", "a Bcc: x"),
        (b"=?utf-8?b?w6TDtg==?= and =?iso-8859-1?q?=FC?=", "äö and ü"),
        ("ä raw".encode(), "ä raw"),
        (b"\xff", "\N{REPLACEMENT CHARACTER}"),
        (b"folded\r\n over\r\n\tlines", "folded over lines"),
        (b"=?no-such-charset?q?x?=", "x"),
        (b"=?idna?q?xn--x?=", "xn--x"),
        (b"=?utf-8?b?====?=", None),
        (b"=?utf-8?q?=E2=80=A8a?=", "a"),
    ],
)
def test_a_subject_is_one_line_whatever_it_holds(header: bytes, subject: str | None) -> None:
    found = given_to_a_val(b"Subject: " + header + b"\r\n\r\nx")["subject"]
    assert subject is None or found == subject
    assert found.splitlines() in ([], [found])


@pytest.mark.parametrize(
    ("head", "body", "text"),
    [
        (b"text/plain; charset=iso-8859-1", b"\xe4", "ä"),
        (b"text/plain; charset=windows-1252", b"\x80", "€"),
        (b"text/plain; charset=Shift_JIS", b"\x93\xfa", "日"),
        (b"text/plain; charset=no-such", b"\xc3\xa4", "ä"),
        (b"text/plain; charset=utf-8", b"\xff", "\N{REPLACEMENT CHARACTER}"),
        (b"text/plain; charset=zlib", b"x", "x"),
        (b"text/plain; charset=unicode_escape", b"\\u0041", "\\u0041"),
        (b"text/plain; charset*=utf-8''%FF%FE", b"x", "x"),
        (b"text/plain; charset=\xff", b"x", "x"),
        (b"text/plain", b"a\r\nb", "a\nb"),
        (b"nonsense", b"x", "x"),
    ],
)
def test_a_text_is_read_by_its_charset_and_never_by_another_codec(head: bytes, body: bytes, text: str) -> None:
    assert given_to_a_val(b"Content-Type: " + head + b"\r\n\r\n" + body)["text"] == text


def test_every_charset_of_the_list_is_one() -> None:
    assert all(isinstance(b"a".decode(name, "replace"), str) for name in CHARSETS)


def test_a_message_within_a_message_is_not_its_text() -> None:
    inner = EmailMessage()
    inner.set_content("inner")
    message = EmailMessage()
    message.set_content("outer")
    message.add_attachment(inner)
    assert given_to_a_val(message)["text"].strip() == "outer"
    assert "text" not in given_to_a_val(b"Content-Type: message/rfc822\r\n\r\n" + inner.as_bytes())


def test_an_attached_text_is_not_the_text() -> None:
    message = EmailMessage()
    message.add_attachment("notes", filename="notes.txt")
    assert "text" not in given_to_a_val(message)


def nested(depth: int, lines: int = 1) -> bytes:
    opened = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(depth))
    return (opened + "\r\nx" * lines).encode()


def test_parts_within_parts_are_bounded() -> None:
    read(nested(100))
    with pytest.raises(Unreadable, match="parts"):
        read(nested(101))
    with pytest.raises(Unreadable, match="parts"):
        read(b"Content-Type: message/rfc822\r\n\r\n" * 101)


def test_a_message_that_is_dear_to_parse_is_refused_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The attacker opens a hundred parts and then writes a million lines, each of which is compared a hundred times."""
    called: list[bytes] = []
    monkeypatch.setattr("host_api.letterbox.reading.message_from_bytes", called.append)
    with pytest.raises(Unreadable):
        read(nested(100, 100_000))
    assert called == []


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: " + b"=?" * 500_000,
        b"Subject: " + b"=?utf-8?q?x?= " * 60_000,
        b"To: " + b"a@b.example, " * 60_000,
        b"To: " + b"(" * 900_000,
        b"To: " + b"a:" * 400_000,
        b"X: y\r\n" * 150_000,
        b"Content-Type: text/plain; " + b"a*0=b; " * 100_000,
        b"Content-Type: text/plain; " + b"charset=" * 100_000,
        b"Content-Type: text/plain;" + b'"\\' * 400_000,
        b"Content-Disposition: " + b";" * 900_000,
        b"Content-Transfer-Encoding: base64\r\n\r\n" + b"=" * 900_000,
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=" * 900_000,
        b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 666 x\r\n" + b"M" * 900_000,
    ],
    ids=range(13),
)
def test_a_long_header_or_body_is_read_or_refused(raw: bytes) -> None:
    try:
        given_to_a_val(raw + b"\r\n\r\nx")
    except Unreadable:
        return


def test_headers_are_cut_before_anything_is_looked_for_in_them() -> None:
    """The attacker's Content-Type has a hundred thousand parameters, each of which costs a copy of the rest."""
    raw = b"Content-Type: text/plain; " + b"a*0=b; " * 100_000 + b"\r\n\r\nx"
    ((_, kept),) = message_from_bytes(raw, policy=BOUNDED).raw_items()
    assert len(kept) == LONGEST_KIND


def test_many_empty_parts_are_refused() -> None:
    """The attacker writes half a million boundaries: each is an object of the parser's, a thousand bytes large."""
    part = b"\r\n--b"
    head = b"Content-Type: multipart/mixed; boundary=b\r\n"
    read(head + part * MOST_PARTS)
    for each in (part, b"\r--b", b"\n--b"):
        with pytest.raises(Unreadable, match="parts"):
            read(head + each * (MOST_PARTS + 1))
    read(part * (MOST_PARTS + 1))


@pytest.mark.parametrize(
    ("header", "automatic"),
    [
        ("Auto-Submitted: no", False),
        ("Auto-Submitted: NO ; x=y", False),
        ("Auto-Submitted: auto-replied", True),
        ("Auto-Submitted: no\r\nAuto-Submitted: auto-generated", True),
        ("x-valgate-evaluation: e-1", True),
        ("\r\n".join(["Received: from x"] * 50), False),
        ("\r\n".join(["Received: from x"] * 51), True),
        ("Subject: x", False),
    ],
)
def test_what_a_machine_sent_is_known(header: str, automatic: bool) -> None:  # noqa: FBT001 - a column of the table
    assert read(f"{header}\r\n\r\n".encode()).automatic is automatic


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_unreadable(raw: bytes) -> None:
    try:
        given_to_a_val(raw)
    except Unreadable:
        return


NAMES = st.sampled_from(
    [b"From", b"To", b"Cc", b"Bcc", b"Subject", b"Content-Type", b"Content-Transfer-Encoding", b"Content-Disposition"]
)
VALUES = st.sampled_from(
    [b"multipart/mixed", b"; boundary=b", b"text/html", b"; charset=", b"utf-7", b"=?utf-8?b?", b"?=", b"base64", b"<a@b.c>", b",", b":", b";", b'"', b"(", b"\xff", b"message/rfc822", b"\r\n ", b"quoted-printable", b"x-uue", b"*0*="]
)  # fmt: skip


@given(
    st.lists(st.tuples(NAMES, st.lists(VALUES, max_size=6)), max_size=6), st.lists(st.sampled_from([b"--b\r\n", b"--b--", b"\r\n", b"=\xff", b"begin 1 x\r\n"]))
)  # fmt: skip
def test_messages_that_are_nearly_right_are_read_or_unreadable(
    headers: list[tuple[bytes, list[bytes]]], body: list[bytes]
) -> None:
    head = b"".join(name + b": " + b"".join(values) + b"\r\n" for name, values in headers)
    try:
        given_to_a_val(head + b"\r\n" + b"".join(body))
    except Unreadable:
        return
