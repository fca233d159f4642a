"""A message as it goes over the wire.

Headers are written by us and never read back: the standard library, asked to fold a header it was given as text, decodes
what looks like an encoded word in it, and a line end hidden in one would come out as a line end.
What foreign code sent says so where it is seen first: what stands after a val's HTML may be swallowed by it.
"""

from __future__ import annotations

import email.policy
import html
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from email.message import EmailMessage
from email.utils import format_datetime

from host_api.mail.address import for_the_wire, is_address, is_line
from host_api.store import Mail

EVALUATION, VAL = "X-Valgate-Evaluation", "X-Valgate-Val"
PLAIN_SUBJECT = 200
"""Characters of a subject that is written as it is, if it is ASCII."""
SHOWN = "display:block!important;visibility:visible!important;color:#333!important;background:#fff!important"

# cte_type: what is not ASCII is encoded, so that no server need be asked whether it takes eight bits.
POLICY = email.policy.SMTP.clone(refold_source="none", cte_type="7bit")


class Unwritable(ValueError):
    """The message cannot be written so that it means what it should; the sentence says which part."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message ready to be handed over; `utf8` if an address asks for SMTPUTF8."""

    sender: str
    recipient: str
    raw: bytes
    utf8: bool


def write(mail: Mail, sender: str) -> Letter:
    """Write a message of the outbox; raise Unwritable."""
    recipient = _address(mail.address or "", "the account's address")
    reply_to = None if mail.reply_to is None else _address(mail.reply_to, "replyTo")
    utf8 = not (sender + recipient + (reply_to or "")).isascii()
    message = EmailMessage(policy=POLICY.clone(utf8=utf8))
    for name, value in _headers(mail, sender, recipient, reply_to).items():
        message.set_raw(name, value)
    _fill(message, mail)
    return Letter(sender, recipient, message.as_bytes(), utf8)


def message_id(mail: Mail, sender: str) -> str:
    """Return the id that a message has at each try."""
    return f"<{mail.id}@{sender.rpartition('@')[2]}>"


def _headers(mail: Mail, sender: str, recipient: str, reply_to: str | None) -> dict[str, str]:
    headers = {
        "From": sender,
        "To": recipient,
        "Subject": _subject(mail.subject),
        "Reply-To": reply_to,
        "Date": format_datetime(datetime.fromtimestamp(mail.created_at // 1000, UTC)),
        "Message-ID": message_id(mail, sender),
        # RFC 3834: no machine is to answer this, and mail-in takes nothing that a machine sent.
        "Auto-Submitted": "auto-generated",
        EVALUATION: _line(mail.evaluation, "the evaluation"),
        VAL: _line(mail.from_val, "the val's name"),
    }
    return {name: value for name, value in headers.items() if value is not None}


def _address(text: str, what: str) -> str:
    if not is_address(text):
        raise Unwritable(f"{what} cannot stand in a mail: it must be one address, as in alice@example.com")
    try:
        return for_the_wire(text)
    except ValueError:
        raise Unwritable(f"{what} has a domain that cannot be written") from None


def _line(text: str | None, what: str) -> str | None:
    if text is not None and not (is_line(text) and text.isascii()):
        raise Unwritable(f"{what} cannot stand in a mail's header")
    return text


def _subject(subject: str) -> str:
    if not is_line(subject):
        raise Unwritable("the subject is not one line")
    if subject.isascii() and len(subject) <= PLAIN_SUBJECT and "=?" not in subject:
        return subject
    return Header(subject, "utf-8", header_name="Subject").encode()


def _fill(message: EmailMessage, mail: Mail) -> None:
    """Write the body: text, or HTML, or both of which a reader shows one."""
    notice = f"Sent by {mail.from_val} in evaluation {mail.evaluation}." if mail.from_val else None
    if mail.text is not None or mail.html is None:
        text = mail.text or ""
        _set(message, f"[{notice}]\n\n{text}" if notice else text, "plain")
    if mail.html is None:
        return
    told = f'<p style="{SHOWN}">{html.escape(notice)}</p>\n{mail.html}' if notice else mail.html
    if mail.text is None:
        _set(message, told, "html")
    else:
        message.add_alternative(told, subtype="html", cte=_encoding(told))


def _set(message: EmailMessage, text: str, subtype: str) -> None:
    message.set_content(text, subtype=subtype, cte=_encoding(text))


def _encoding(text: str) -> str | None:
    """Choose for texts that plain lines cannot carry; of the others the library knows which is shortest."""
    odd = any(each < " " and each not in "\t\r\n" for each in text)
    return "base64" if odd or not text.isascii() else None
