"""What a val may ask for: parsed once, refused where it could mean something else to somebody on its way.

This file does not know who asks, nor whether the host may be reached.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from yarl import URL

from host_api.net.failures import FetchFailed

LONGEST_URL = 16_000
MOST_HEADERS, LONGEST_HEADERS = 256, 64 * 1024
AGENT = "Valgate"
ENCODINGS = "gzip, deflate"

Headers = tuple[tuple[str, str], ...]

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}", re.ASCII)
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_URL = re.compile(r"https?://[\x21-\x7e]+", re.ASCII)

OURS = frozenset(
    [
        "connection",
        "content-length",
        "expect",
        "host",
        "http2-settings",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-valgate-chain",
    ]
)
"""Headers that say how a message is carried, and our own: a val's are left out silently, as the platform does."""
OUR_PREFIX = "proxy-"
PRIVATE = frozenset(("authorization", "cookie"))
"""Headers for one origin only; `proxy-authorization` is never a val's to set."""
OF_THE_BODY = frozenset(("content-encoding", "content-language", "content-location", "content-type"))


class Redirect(StrEnum):
    """What is done about an answer that points elsewhere."""

    FOLLOW = "follow"
    ERROR = "error"
    MANUAL = "manual"


class Upload(StrEnum):
    """Where a request's body is: whole in the request, or written in pieces that are gathered first, or sent as they come."""

    WHOLE = "whole"
    GATHERED = "gathered"
    STREAMED = "streamed"


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `body` None: there is none, or it is still to be written."""

    method: str
    url: URL
    headers: Headers
    body: bytes | None
    upload: Upload
    redirect: Redirect

    @classmethod
    def parse(cls, method: str, url: str, headers: str, body: bytes | None, upload: str, redirect: str) -> Self:
        """Refuse what is no request. `headers` is a JSON array: name, value, name, value and so on."""
        if upload not in set(Upload) or redirect not in set(Redirect):
            raise FetchFailed("there is no such way to send a body, or to take a redirect")
        method = read_method(method)
        parsed = cls(method, read_url(url), read_headers(headers), body, Upload(upload), Redirect(redirect))
        if method in {"GET", "HEAD"} and (body is not None or parsed.upload is not Upload.WHOLE):
            raise FetchFailed(f"a {method} request has no body")
        return parsed

    @property
    def shown(self) -> str:
        """Return how a record names it."""
        return f"{self.method} {self.url}"


def read_method(text: str) -> str:
    """Insist on a method that a fetch may use."""
    method = text.upper()
    if not _TOKEN.fullmatch(method) or method in {"CONNECT", "TRACE", "TRACK"}:
        raise FetchFailed("this method is not for fetch")
    return method


def read_url(text: str) -> URL:
    """Read an address in the form that the platform's URL gives it, and leave out the fragment, which is never sent."""
    text = text.partition("#")[0]
    if len(text) > LONGEST_URL:
        raise FetchFailed(f"an address has {LONGEST_URL} characters at most")
    if not _URL.fullmatch(text):
        raise FetchFailed("only http and https addresses, in plain ASCII, are fetched")
    try:
        return plain(URL(text, encoded=True))
    except ValueError:
        raise FetchFailed("this is not an address") from None


def plain(url: URL) -> URL:
    """Insist on an address with a host and without a password."""
    if url.raw_user is not None or url.raw_password is not None:
        raise FetchFailed("an address with a user or password is not fetched; send an Authorization header")
    if url.scheme not in {"http", "https"} or not url.raw_host or url.port is None:
        raise FetchFailed("only http and https addresses are fetched")
    return url


def read_headers(text: str) -> Headers:
    """Insist on names and values that stay one header each; leave out those that are not a val's to set."""
    try:
        flat = json.loads(text) if len(text) <= LONGEST_HEADERS else None
    except (ValueError, RecursionError):
        flat = None
    if not isinstance(flat, list) or len(flat) > 2 * MOST_HEADERS or len(flat) % 2:
        raise FetchFailed(f"a request has {MOST_HEADERS} headers of {LONGEST_HEADERS} characters in all at most")
    pairs = tuple(_header(name, value) for name, value in zip(flat[::2], flat[1::2], strict=True))
    return tuple((name, value) for name, value in pairs if name not in OURS and not name.startswith(OUR_PREFIX))


def _header(name: object, value: object) -> tuple[str, str]:
    if not isinstance(name, str) or not _TOKEN.fullmatch(name):
        raise FetchFailed("this is not a header's name")
    if not isinstance(value, str) or not _VALUE.fullmatch(value):
        raise FetchFailed("this is not a header's value: it has a line break or another character that does not belong")
    return name.lower(), value.strip(" \t")


def completed(headers: Headers) -> Headers:
    """Add what every request says of itself, where the val does not."""
    given = {name for name, _ in headers}
    usual = (("accept", "*/*"), ("accept-encoding", ENCODINGS), ("user-agent", AGENT))
    return headers + tuple((name, value) for name, value in usual if name not in given)


def without(headers: Headers, names: frozenset[str]) -> Headers:
    """Return the headers but for these."""
    return tuple((name, value) for name, value in headers if name not in names)
