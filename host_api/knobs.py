"""The table of settings: for each its name, how it is read and shown, and what it is.

A new setting is a field of Settings (or of kernel.limits.Limits) and a line here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_network
from pathlib import Path

from host_api.mail.address import is_address
from host_api.mail.server import TAKES, Server
from host_api.net.addresses import Allowance
from kernel.errors import BadSetting
from kernel.policy import Policy

PREFIX = "VALGATE_"
ENVIRONMENT = frozenset({"VALGATE_DEBUG"})
"""Variables that are for the program's makers, and no settings."""

_UNITS = {
    "": 1,
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
}
_SHOWN = (("GB", 10**9), ("MB", 10**6), ("KB", 10**3), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))
_SECRET = frozenset({"KEY", "SMTP_URL"})
"""Settings whose text is not repeated in an error."""
_BYTES = re.compile(r"([0-9]{1,15})\s*([A-Za-z]*)", re.ASCII)
_DOMAIN = re.compile(
    r"(?=.{1,190}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(:[0-9]{1,5})?"
)


class _Wrong(Exception):
    """The text is not what the setting takes."""


@dataclass(frozen=True, slots=True)
class Knob:
    """One setting: `takes` says what may be written; `limit` whether it is a field of Limits."""

    name: str
    read: Callable[[str], object]
    takes: str
    help: str
    limit: bool = False
    show: Callable[[object], str] = str

    @property
    def variable(self) -> str:
        """The environment's name for it."""
        return PREFIX + self.name

    @property
    def attribute(self) -> str:
        """The field's name for it."""
        return self.name.lower()

    def parse(self, text: str) -> object:
        """Read what the operator wrote; raise BadSetting."""
        try:
            return self.read(text.strip())
        except (_Wrong, ValueError):
            shown = "what it holds" if self.name in _SECRET else repr(text[:60])
            raise BadSetting(f"{self.variable} takes {self.takes}, not {shown}.") from None


def bytes_text(value: object) -> str:
    """Write a size in the largest unit that leaves a whole number, decimal units first."""
    size = int(str(value))
    for unit, factor in _SHOWN:
        if size and size % factor == 0:
            return f"{size // factor} {unit}"
    return str(size)


def _read_bytes(text: str, least: int, most: int) -> int:
    found = _BYTES.fullmatch(text)
    factor = _UNITS.get(found[2].lower()) if found else None
    if found is None or factor is None:
        raise _Wrong
    return _within(int(found[1]) * factor, least, most)


def _read_count(text: str, least: int, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,15}", text, re.ASCII):
        raise _Wrong
    return _within(int(text), least, most)


def _read_seconds(text: str, most: float) -> float:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?\s*s?", text, re.ASCII):
        raise _Wrong
    seconds = float(text.rstrip("s "))
    if not 0 < seconds <= most:
        raise _Wrong
    return seconds


def _within(number: int, least: int, most: int) -> int:
    if not least <= number <= most:
        raise _Wrong
    return number


def _read_switch(text: str) -> bool:
    if text.lower() not in {"on", "off"}:
        raise _Wrong
    return text.lower() == "on"


def _read_policy(text: str) -> Policy:
    # The other columns exist to be compared, never to be served.
    if text.lower() not in {Policy.RESTRICTED, Policy.STRICT}:
        raise _Wrong
    return Policy(text.lower())


def _read_domain(text: str) -> str:
    if not _DOMAIN.fullmatch(text.lower()):
        raise _Wrong
    return text.lower()


def _read_mail_domain(text: str) -> str:
    domain = _read_domain(text)
    if ":" in domain:
        raise _Wrong
    return domain


def _read_address(text: str) -> str:
    if not (is_address(text) and text.isascii()):
        raise _Wrong
    return text


def _read_hosts(text: str) -> tuple[str, ...]:
    hosts = _parts(text)
    for host in hosts:
        Allowance.parse(host)
    return hosts


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part for part in (one.strip() for one in text.split(",")) if part)


def _read_networks(text: str) -> tuple[str, ...]:
    return tuple(str(ip_network(one, strict=False)) for one in _parts(text))


def _read_names(text: str) -> tuple[str, ...]:
    return tuple(_read_domain(one) for one in _parts(text))


def _show_switch(value: object) -> str:
    return "on" if value else "off"


def _show_hosts(value: object) -> str:
    return ",".join(str(one) for one in value) if isinstance(value, tuple) else ""


def _show_secret(value: object) -> str:
    return "" if value is None else "(set)"


def _show_maybe(value: object) -> str:
    return "" if value is None else str(value)


def _show_seconds(value: object) -> str:
    return f"{value:g} s"


def _bytes(name: str, help_: str, *, least: int = 1, most: int = 2**40, limit: bool = False) -> Knob:
    takes = f"a size from {bytes_text(least)} to {bytes_text(most)}, such as 500000, 512 KiB or 2 MB"
    return Knob(name, partial(_read_bytes, least=least, most=most), takes, help_, limit, bytes_text)


def _count(name: str, help_: str, *, least: int = 0, most: int = 10**9, limit: bool = False) -> Knob:
    return Knob(
        name, partial(_read_count, least=least, most=most), f"a whole number from {least} to {most}", help_, limit
    )


def _seconds(name: str, help_: str, most: float, *, limit: bool = True) -> Knob:
    takes = f"seconds, more than 0 and at most {most:g}, such as 0.5"
    return Knob(name, partial(_read_seconds, most=most), takes, help_, limit, show=_show_seconds)


_MIB = 2**20

KNOBS: tuple[Knob, ...] = (
    Knob("DB", str, "sqlite:///relative.db, sqlite:////absolute.db or a path", "the database"),
    Knob(
        "KEY_FILE",
        lambda text: Path(text).expanduser(),
        "a file's name",
        "the file of the key that seals secrets; made beside the database at the first start",
        show=_show_maybe,
    ),
    Knob(
        "KEY",
        str,
        "32 bytes as 64 hexadecimal digits or in base64",
        "that key itself, instead of a file",
        show=_show_secret,
    ),
    Knob("HOST", str, "an address", "the address to listen at"),
    _count("PORT", "the port to listen at; 0 is any free one", most=65535),
    Knob("VALS_DOMAIN", _read_domain, "a domain, such as vals.example.org", "vals answer at user-val.<this domain>"),
    Knob("POLICY", _read_policy, "restricted or strict", "what naming another owner's val means"),
    Knob(
        "ANONYMOUS_EVAL",
        _read_switch,
        "on or off",
        "whether those without a token may evaluate code",
        show=_show_switch,
    ),
    Knob(
        "FETCH_ALLOW",
        _read_hosts,
        "names, addresses or networks with commas between, each with a port or without, such as localhost:8080, *.corp.example, 10.0.0.0/8 or [fd00::1]:443",
        "what vals may fetch from though it is not on the public internet: a name allows what is asked for by that name, an address what really leads there",
        show=_show_hosts,
    ),
    Knob(
        "SMTP_URL",
        Server.parse,
        TAKES,
        "the mail server that takes what console.email sends; without one it stays in the outbox",
        show=_show_maybe,
    ),
    Knob(
        "MAIL_FROM",
        _read_address,
        "an address, as in valgate@example.org",
        "the sender of that mail; default valgate@ the mail domain",
        show=_show_maybe,
    ),
    Knob(
        "MAIL_DOMAIN",
        _read_mail_domain,
        "a domain, such as mail.example.org",
        "mail-in takes mail to user.val@<this domain>; default the vals domain",
        show=_show_maybe,
    ),
    _seconds("CPU", "processor time of an evaluation", most=3600),
    _seconds("WALL", "how long an evaluation may take", most=86_400),
    _bytes("MEMORY", "memory of a guest; the runtime takes 19 MiB of it", least=32 * _MIB, most=2**32, limit=True),
    _bytes("STACK", "stack of a guest", least=2**14, most=64 * _MIB, limit=True),
    _count("GUESTS", "guests of an evaluation", least=1, limit=True),
    _count("CALL_DEPTH", "calls within calls across owners", limit=True),
    _count(
        "API_CHAIN",
        "how deep evaluations may call one another by api(); all that a chain calls share the processor time of so many",
    ),
    _count("CALLS", "host calls of an evaluation that are recorded one by one; more are counted", limit=True),
    _count("CLONE_DEPTH", "depth of a value that crosses between guests", least=1, most=100_000, limit=True),
    _bytes("MESSAGE", "a message between guests, and a stored value", least=1024, most=2**30, limit=True),
    _count("HANDLES", "live handles of a guest", limit=True),
    _count("WRITES", "writes of an evaluation", limit=True),
    _bytes("CONSOLE", "console output of an evaluation", least=0, limit=True),
    _bytes("FIELD", "a recorded field; longer ones are cut", least=64, limit=True),
    _count("EMAILS", "messages an evaluation may send", limit=True),
    _count("EMAILS_PER_MINUTE", "messages a minute to a principal"),
    _count("FETCHES", "fetches of an evaluation"),
    _count("FETCHES_AT_ONCE", "fetches of an evaluation that run at once", least=1),
    _bytes("FETCH_BODY", "a fetched body, decoded", least=0),
    _count("ANONYMOUS_FETCHES", "fetches of an anonymous evaluation"),
    _count("INTERVALS", "vals of a principal that run on a schedule"),
    _count("INTERVALS_AT_ONCE", "such runs at once; half of them may be one owner's", least=1, most=1000),
    _seconds("SHORTEST_INTERVAL", "the least time between two such runs of a val", most=86_400, limit=False),
    _count("CONNECTIONS", "connections that are open at once; more are answered 503", least=1),
    _count("REQUESTS", "requests under way at once; more are answered 503, but for health probes", least=1),
    _bytes("BODIES", "bodies of requests that are held at once, all together"),
    _bytes("UNREAD", "bytes of answers that wait for their readers; beyond, who has waited longest is cut off"),
    _count("EVALUATIONS", "evaluations under way at once; more are answered 503", least=1),
    _count("CONCURRENCY", "evaluations under way at once of one caller; more are answered 429; 0 is no limit"),
    _count(
        "RATE",
        "requests a minute of an account, or of an address without a token; more are answered 429; 0 is no limit",
    ),
    _count("GUESTS_ALIVE", "guests of all evaluations that are alive at once", least=1),
    _count(
        "FETCH_CONNECTIONS",
        "connections of fetches in use at once; one caller has at most three times what is free",
        least=1,
    ),
    _count("BACKLOG", "writes that may wait for the disk before new evaluations are answered 503", least=1),
    _seconds("DRAIN", "how long what runs may go on once the server is asked to stop", most=3600, limit=False),
    Knob(
        "PROXIES",
        _read_networks,
        "addresses or networks with commas between, such as 10.0.0.5, 192.168.0.0/16 or ::1",
        "the proxies before this server: their X-Forwarded-For, -Proto and -Host are believed",
        show=_show_hosts,
    ),
    Knob(
        "PUBLIC_HOSTS",
        _read_names,
        "names with commas between, each with a port or without, such as vals.example.org",
        "further names under which this server is reached, as through a proxy",
        show=_show_hosts,
    ),
    Knob(
        "METRICS",
        _read_switch,
        "on or off",
        "whether anybody may read /metrics; off is only who asks from this machine, directly",
        show=_show_switch,
    ),
    _bytes("BODY", "a request's body"),
    _bytes("URL", "a request's address", least=256),
    _bytes("CODE", "a val's source"),
    _bytes("STORAGE", "what a principal may keep in all"),
    _count("VERSIONS", "versions a principal may keep", least=1),
    _count("RETENTION_DAYS", "days that the records of evaluations are kept", least=1, most=36_500),
    _count("RECORDS", "records kept of one caller's evaluations; then the oldest are forgotten", least=1),
    _bytes("TREE", "the recorded calls of an evaluation; later ones are only counted", least=1024),
)
"""All of them, in the order in which they are listed."""
