"""Where mail is handed over, as the operator wrote it: `smtp://user:password@host:587?starttls=always`.

Everything about how a mail server is named; nothing about how one is spoken to. Its password never shows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

TAKES = (
    "smtp://user:password@host:587 or smtps://host:465; "
    "?starttls=always (the default with a password), auto (the default without) or never"
)


class StartTls(StrEnum):
    """Whether a plain connection is made a secret one: if not, it is closed; if the server can; or not at all."""

    ALWAYS = "always"
    AUTO = "auto"
    NEVER = "never"


PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Server:
    """One mail server. `tls`: secret from the first byte, and then `starttls` is NEVER."""

    host: str
    port: int
    tls: bool
    starttls: StartTls
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an address; raise ValueError, whose text may hold a password and is for nobody."""
        url = urlsplit(text)
        tls = url.scheme == "smtps"
        _insist_plain(text, url)
        user, password = _decoded(url.username), _decoded(url.password)
        return cls(
            url.hostname or "",
            url.port or PORTS[url.scheme],
            tls,
            _starttls(url.query, tls=tls, secret=password is not None),
            user,
            password,
        )

    def __str__(self) -> str:
        """Write it as the operator did, without the password."""
        who = "" if self.user is None else f"{self.user}:***@"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'smtps' if self.tls else 'smtp'}://{who}{host}:{self.port}" + (
            "" if self.tls else f"?starttls={self.starttls}"
        )

    def clean(self, text: str) -> str:
        """Take the password out of a text that a server may have made of it."""
        return text.replace(self.password, "***") if self.password else text


def _insist_plain(text: str, url: SplitResult) -> None:
    if url.scheme not in PORTS or not url.hostname or url.path not in {"", "/"} or url.fragment:
        raise ValueError("not the address of a mail server")
    if not all(each.isprintable() and each != " " for each in text + unquote(text)):
        raise ValueError("not one word")
    if (url.username is None) != (url.password is None) or url.username == "":
        raise ValueError("a user has a password")


def _decoded(part: str | None) -> str | None:
    return None if part is None else unquote(part, errors="strict")


def _starttls(query: str, *, tls: bool, secret: bool) -> StartTls:
    options = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    if not options.keys() <= ({"starttls"} if not tls else set()):
        raise ValueError("no such option")
    if tls:
        return StartTls.NEVER
    # With a password, somebody between who hides that the server can is given nothing.
    return StartTls(options.get("starttls", StartTls.ALWAYS if secret else StartTls.AUTO))
