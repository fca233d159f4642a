"""A message as bytes: what a reader finds in it, and what no val can put there."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_api.capabilities.mail import Send
from host_api.mail.letter import Letter, Unwritable, write
from host_api.store import Mail
from kernel.errors import BadRequest

SENDER = "valgate@vals.example"
NAMES = ["From", "To", "Subject", "Reply-To", "Date", "Message-ID", "Auto-Submitted", "X-Valgate-Evaluation"]
BODY = {"Content-Type", "Content-Transfer-Encoding", "MIME-Version"}


def mail(**parts: Any) -> Mail:  # noqa: ANN401 - each field has its type
    plain: dict[str, Any] = {
        "id": "m-1", "account": "alice", "address": "alice@example.com", "subject": "hello", "text": "the text", "html": None,
        "reply_to": None, "from_val": None, "author": "@alice", "evaluation": "e-1", "created_at": 1_700_000_000_000,
    }  # fmt: skip
    return Mail(**(plain | parts))


def read(letter: Letter) -> EmailMessage:
    parsed = email.message_from_bytes(letter.raw, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def header_names(letter: Letter) -> list[str]:
    """The names of the header lines as they stand on the wire, continuations left out."""
    head = letter.raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return [line.partition(b":")[0].decode() for line in head if line[:1] not in {b" ", b"\t"}]


SUBJECTS = [
    "plain", "ünïcödé ☃ 日本語", "👨‍👩‍👧‍👦 family", "x" * 998, "ä" * 998, "日" * 998, "many short words " * 50, "=?utf-8?q?=0D=0ABcc=3A_x?=",
    "=?utf-8?b?Z290Y2hh?= and more", " leading and trailing ", "a: b", "no\N{NO-BREAK SPACE}break", "", "?=", "tail =?",
]  # fmt: skip


@pytest.mark.parametrize("subject", SUBJECTS, ids=range(len(SUBJECTS)))
def test_a_subject_arrives_as_it_was_written(subject: str) -> None:
    letter = write(mail(subject=subject), SENDER)
    raw = next(value for name, value in email.message_from_bytes(letter.raw).raw_items() if name == "Subject")
    words = email.header.decode_header(raw)
    told = "".join(part if isinstance(part, str) else part.decode(charset or "ascii") for part, charset in words)
    assert told.strip(" ") == subject.strip(" ")
    assert max(map(len, letter.raw.split(b"\r\n"))) <= 998


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_whatever_the_subject_the_headers_are_ours_and_no_more(subject: str) -> None:
    try:
        letter = write(mail(subject=subject), SENDER)
    except Unwritable:
        return
    assert [name for name in header_names(letter) if name not in BODY] == [one for one in NAMES if one != "Reply-To"]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300), st.booleans())
def test_any_text_arrives(text: str, odd: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    text = text + "\0\x1b" if odd else text
    got = read(write(mail(text=text), SENDER)).get_content()
    assert "".join(got.split()) == "".join(text.split())


@given(st.text("\r\n.Ma il:\0", max_size=40))
def test_no_text_ends_the_message_or_a_line_in_a_way_that_servers_disagree_about(text: str) -> None:
    """The attacker writes bare line ends around a dot, which one server on the way takes for the end of the message."""
    raw = write(mail(text=text, html=text), SENDER).raw
    assert raw.count(b"\n") == raw.count(b"\r") == raw.count(b"\r\n")
    assert b"\0" not in raw


HOSTILE = [
    "a@example.com\r\nBcc: evil@example.com", "a@example.com\nX: y", "a@example.com, evil@example.com", "<a@example.com>",
    "a@example.com\x85Bcc: x@example.com", "a b@example.com", "a@", "@example.com", "a@example.com\0", "a(comment)b@example.com",
    '"a b"@example.com', "a@[127.0.0.1]", "a@example.com\N{LINE SEPARATOR}", "a" * 250 + "@example.com", "a@exa\rmple.com",
]  # fmt: skip


@pytest.mark.parametrize("address", HOSTILE)
@pytest.mark.parametrize("field", ["address", "reply_to"])
def test_what_is_not_one_plain_address_is_refused(field: str, address: str) -> None:
    with pytest.raises(Unwritable):
        write(mail(**{field: address}), SENDER)


@pytest.mark.parametrize("field", ["address", "reply_to"])
def test_an_address_that_looks_like_an_encoded_word_is_not_decoded(field: str) -> None:
    """The attacker's address is one word of letters in which the library, folding it, would find a line end and a header."""
    address = "=?utf-8?q?a=0D=0ABcc=3Aevil?=" + ".a" * 80 + "@example.com"
    letter = write(mail(**{field: address}), SENDER)
    assert address.encode() in letter.raw
    assert "Bcc" not in header_names(letter)


@pytest.mark.parametrize(
    "subject", ["a\nBcc: x@example.com", "a\rb", "a\0b", "a\x85b", "a\N{LINE SEPARATOR}b", "x" * 999]
)
def test_a_subject_of_more_than_one_line_is_refused_here_too(subject: str) -> None:
    with pytest.raises(Unwritable):
        write(mail(subject=subject), SENDER)
    with pytest.raises(BadRequest):
        Send.parse((subject, "t", None, None))


@given(st.text(max_size=40), st.one_of(st.none(), st.text(max_size=40)))
def test_what_the_capability_takes_for_a_subject_can_be_written(subject: str, reply_to: str | None) -> None:
    try:
        Send.parse((subject, "t", None, None))
    except BadRequest:
        return
    kept = subject.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert write(mail(subject=kept), SENDER)


def test_a_vals_name_or_an_evaluation_with_a_line_end_is_refused() -> None:
    for field in ("from_val", "evaluation"):
        with pytest.raises(Unwritable):
            write(mail(**{field: "@b.x\r\nBcc: evil@example.com"}), SENDER)


def test_foreign_code_is_named_in_a_header_and_where_it_is_read_first() -> None:
    letter = write(mail(from_val="@b.notify@3", text="pay here", html="<!-- pay here"), SENDER)
    message = read(letter)
    text, html = (part.get_content() for part in message.iter_parts())
    assert message["X-Valgate-Val"] == "@b.notify@3"
    assert text.startswith("[Sent by @b.notify@3 in evaluation e-1.]\r\n")
    assert html.index("Sent by @b.notify@3 in evaluation e-1.") < html.index("<!--")


def test_a_name_is_escaped_in_html() -> None:
    html = read(write(mail(from_val="<script>&", text=None, html="x"), SENDER)).get_content()
    assert "&lt;script&gt;&amp;" in html
    assert "<script>" not in html


def test_own_mail_says_nothing_of_it() -> None:
    message = read(write(mail(html="<b>x</b>"), SENDER))
    assert message["X-Valgate-Val"] is None
    assert [part.get_content().strip() for part in message.iter_parts()] == ["the text", "<b>x</b>"]


@pytest.mark.parametrize(
    ("text", "html", "kind"),
    [
        ("t", None, "text/plain"),
        (None, "h", "text/html"),
        ("t", "h", "multipart/alternative"),
        (None, None, "text/plain"),
    ],
)
def test_a_message_has_the_parts_that_it_was_given(text: str | None, html: str | None, kind: str) -> None:
    assert read(write(mail(text=text, html=html), SENDER)).get_content_type() == kind


def test_a_domain_beyond_ascii_is_written_in_ascii_and_a_left_side_asks_for_smtputf8() -> None:
    assert write(mail(address="alice@bücher.example"), SENDER).recipient == "alice@xn--bcher-kva.example"
    letter = write(mail(address="älice@bücher.example"), SENDER)
    assert (letter.recipient, letter.utf8) == ("älice@xn--bcher-kva.example", True)
    assert "To: älice@xn--bcher-kva.example\r\n".encode() in letter.raw
    with pytest.raises(Unwritable):
        write(mail(address=f"a@{'ü' * 70}.example"), SENDER)
