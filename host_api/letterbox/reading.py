"""From the bytes of a message to what a val is given: plain addresses, a subject, a text, some HTML.

Whoever wrote the bytes may have meant harm: the parser's work is bounded before it begins, no charset is looked up that
is not in our list, and whatever else goes wrong is `Unreadable`.
Names beside addresses are left out: they are anybody's to choose, and a val that compares `from` compares an address.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.policy import Compat32
from email.utils import getaddresses
from itertools import islice

from host_api.mail.address import is_address
from host_api.mail.letter import EVALUATION

MOST_CONTAINERS = 100
"""Parts that may hold others: the parser nests as deep, and looks at each line once for each that is open."""
MOST_PARTS = 10_000
MOST_WORK = 20_000_000
"""Line ends times containers: about two seconds of the parser's time."""
LONGEST_HEADER = 20_000
"""Characters: what a header's parameters cost grows with the square of its length."""
LONGEST_KIND = 1_000
"""The same of those that say what a part is: there may be one in each part that holds others."""
LONGEST_SUBJECT = 4_000
MOST_ADDRESSES, MOST_FIELDS = 100, 5
"""Of one kind: addresses, and headers that hold them."""
MOST_HOPS = 50

_CONTAINER = re.compile(rb"(?:multipart|message)/", re.IGNORECASE)
_LINE_ENDS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")

# The codecs of text alone: others of the library are slow, or no charsets at all.
_ISO = tuple(f"iso-8859-{number}" for number in (*range(1, 12), *range(13, 17)))
_WINDOWS = tuple(f"{kind}{number}" for kind in ("windows-", "cp") for number in range(1250, 1259))
_UNICODE = ("utf-8", "utf8", "utf-16", "utf-16le", "utf-16be", "utf-32", "utf-7")
_CHINESE = ("big5", "big5-hkscs", "gb2312", "gbk", "gb18030", "cp936")
_OTHERS = (
    "euc-jp",
    "iso-2022-jp",
    "shift-jis",
    "euc-kr",
    "iso-2022-kr",
    "cp949",
    "koi8-r",
    "koi8-u",
    "tis-620",
    "cp874",
)
CHARSETS = frozenset({"ascii", "us-ascii", "macintosh", *_ISO, *_WINDOWS, *_UNICODE, *_CHINESE, *_OTHERS})


class _Bounded(Compat32):
    """Cuts each header before the parser looks at it."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[: LONGEST_KIND if name.lower().startswith("content-") else LONGEST_HEADER]


BOUNDED = _Bounded()


class Unreadable(Exception):
    """The message cannot be read; the sentence says why, in words for an SMTP answer."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as far as vals see it. `sender` is of its header; `automatic`: a machine wrote it, or it has come round too often."""

    sender: str | None
    to: list[str]
    cc: list[str] | None
    bcc: list[str] | None
    subject: str | None
    text: str | None
    html: str | None
    automatic: bool


def read(raw: bytes) -> Incoming:
    """Read a message; raise Unreadable. It may take seconds: not for the event loop."""
    _insist_bounded(raw)
    try:
        return _read(message_from_bytes(raw, policy=BOUNDED))
    except Exception as error:
        # The standard library's parser fails in many ways on what no mail program would write.
        raise Unreadable("not a message that can be read") from error


def _insist_bounded(raw: bytes) -> None:
    """Refuse what would be too much work, by counts that no spelling evades."""
    containers = len(_CONTAINER.findall(raw))
    lines = raw.count(b"\n") + raw.count(b"\r")
    parts = raw.count(b"\n--") + raw.count(b"\r--") if containers else 0
    if containers > MOST_CONTAINERS or parts > MOST_PARTS or lines * (containers + 1) > MOST_WORK:
        raise Unreadable("too many parts, or parts within parts")


def arguments(incoming: Incoming, sender: str, recipient: str) -> bytes:
    """Write what the val is called with, as a JSON array of one: the envelope fills in what the header leaves out."""
    named = [one.casefold() for one in (*incoming.to, *(incoming.cc or ()), *(incoming.bcc or ()))]
    blind = incoming.bcc if recipient.casefold() in named else [*(incoming.bcc or ()), recipient]
    fields = {
        "from": incoming.sender or sender,
        "to": incoming.to,
        "cc": incoming.cc,
        "bcc": blind,
        "subject": incoming.subject,
        "text": incoming.text,
        "html": incoming.html,
    }
    given = {name: value for name, value in fields.items() if value is not None}
    return json.dumps([given], ensure_ascii=False).encode("utf-8", "replace")


def _read(message: Message) -> Incoming:
    headers: dict[str, list[str]] = {}
    for name, value in message.raw_items():
        headers.setdefault(name.lower(), []).append(str(value))
    text, html = _bodies(message)
    froms = _addresses(headers.get("from", []))
    return Incoming(
        froms[0] if froms else None,
        _addresses(headers.get("to", [])),
        _addresses(headers["cc"]) if "cc" in headers else None,
        _addresses(headers["bcc"]) if "bcc" in headers else None,
        _subject(headers["subject"][0]) if "subject" in headers else None,
        text,
        html,
        _is_automatic(headers),
    )


def _is_automatic(headers: dict[str, list[str]]) -> bool:
    """Whether an answer could go round for ever (RFC 3834); what vals send says so twice."""
    told = [value.partition(";")[0].strip().lower() for value in headers.get("auto-submitted", [])]
    sent_by_us = EVALUATION.lower() in headers
    return sent_by_us or any(one != "no" for one in told) or len(headers.get("received", [])) > MOST_HOPS


def _plain(value: str) -> str:
    """Return a header as one line: bytes beyond ASCII are UTF-8 (RFC 6532), and no line end is left."""
    text = value.encode("ascii", "surrogateescape").decode("utf-8", "replace") if not value.isascii() else value
    return _LINE_ENDS.sub(" ", text.replace("\r\n", "")).strip()


def _addresses(values: list[str]) -> list[str]:
    lines = [_plain(value) for value in values[:MOST_FIELDS]]
    found = dict.fromkeys(address for _, address in getaddresses(lines) if is_address(address))
    # As it was written: the library leaves out what it cannot place, and would make one address of two.
    return [one for one in islice(found, MOST_ADDRESSES) if any(one in line for line in lines)]


def _subject(value: str) -> str:
    line = _plain(value)[:LONGEST_SUBJECT]
    try:
        parts = decode_header(line)
    except HeaderParseError:
        return line
    # Decoded once more into one line: an encoded word may hold a line end.
    return _LINE_ENDS.sub(" ", "".join(_decoded_word(part, charset) for part, charset in parts)).strip()


def _decoded_word(part: bytes | str, charset: str | None) -> str:
    if isinstance(part, str):
        return part
    # The library gives what stands between encoded words in an encoding of its own.
    return part.decode("raw-unicode-escape") if charset is None else _decoded(part, charset)


def _decoded(raw: bytes, charset: str | None) -> str:
    name = (charset or "utf-8").lower().replace("_", "-")
    return raw.decode(name if name in CHARSETS else "utf-8", "replace")


def _bodies(message: Message) -> tuple[str | None, str | None]:
    """Return the first text and the first HTML that are no attachments."""
    found: dict[str, str] = {}
    for part in _leaves(message):
        kind = part.get_content_type()
        if kind in {"text/plain", "text/html"} and kind not in found and part.get_content_disposition() != "attachment":
            found[kind] = _body(part)
    return found.get("text/plain"), found.get("text/html")


def _leaves(message: Message) -> Iterator[Message]:
    """Walk what is shown of a message: not what is within a message that it holds."""
    left: list[Message] = [message]
    while left:
        part = left.pop()
        children = part.get_payload() if part.get_content_maintype() == "multipart" else None
        if isinstance(children, list):
            left.extend(child for child in reversed(children) if isinstance(child, Message))
        else:
            yield part


def _body(part: Message) -> str:
    raw = part.get_payload(decode=True)
    text = _decoded(raw, part.get_content_charset()) if isinstance(raw, bytes) else ""
    return text.replace("\r\n", "\n")
