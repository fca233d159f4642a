"""One setting: how its text is read, refused and shown.

This file does not know which settings there are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_network

from host_api.mail.address import is_address
from host_api.net.addresses import Allowance
from kernel.errors import BadSetting
from kernel.policy import Policy

PREFIX = "VALGATE_"

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
_BYTES = re.compile(r"([0-9]{1,15})\s*([A-Za-z]*)", re.ASCII)
_DOMAIN = re.compile(
    r"(?=.{1,190}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(:[0-9]{1,5})?"
)


class _Wrong(Exception):
    """The text is not what the setting takes."""


@dataclass(frozen=True, slots=True)
class Knob:
    """One setting: `takes` says what may be written; `limit` whether it is a field of Limits.

    `secret` is one whose text is not repeated in an error.
    """

    name: str
    read: Callable[[str], object]
    takes: str
    help: str
    limit: bool = False
    show: Callable[[object], str] = str
    secret: bool = False

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
            shown = "what it holds" if self.secret else repr(text[:60])
            raise BadSetting(f"{self.variable} takes {self.takes}, not {shown}.") from None


def bytes_text(value: object) -> str:
    """Write a size in the largest unit that leaves a whole number, decimal units first."""
    number = int(str(value))
    for unit, factor in _SHOWN:
        if number and number % factor == 0:
            return f"{number // factor} {unit}"
    return str(number)


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
    number = float(text.rstrip("s "))
    if not 0 < number <= most:
        raise _Wrong
    return number


def _within(number: int, least: int, most: int) -> int:
    if not least <= number <= most:
        raise _Wrong
    return number


def _read_switch(text: str) -> bool:
    if text.lower() not in {"on", "off"}:
        raise _Wrong
    return text.lower() == "on"


def read_policy(text: str) -> Policy:
    """Read which column of the table is served."""
    # The other columns exist to be compared, never to be served.
    if text.lower() not in {Policy.RESTRICTED, Policy.STRICT}:
        raise _Wrong
    return Policy(text.lower())


def read_domain(text: str) -> str:
    """Read a domain, with a port or without."""
    if not _DOMAIN.fullmatch(text.lower()):
        raise _Wrong
    return text.lower()


def read_mail_domain(text: str) -> str:
    """Read a domain without a port."""
    domain = read_domain(text)
    if ":" in domain:
        raise _Wrong
    return domain


def read_address(text: str) -> str:
    """Read a mail address of plain letters."""
    if not (is_address(text) and text.isascii()):
        raise _Wrong
    return text


def read_hosts(text: str) -> tuple[str, ...]:
    """Read what may be fetched from; raise ValueError."""
    hosts = _parts(text)
    for host in hosts:
        Allowance.parse(host)
    return hosts


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part for part in (one.strip() for one in text.split(",")) if part)


def read_networks(text: str) -> tuple[str, ...]:
    """Read addresses and networks; raise ValueError."""
    return tuple(str(ip_network(one, strict=False)) for one in _parts(text))


def read_names(text: str) -> tuple[str, ...]:
    """Read names, each with a port or without."""
    return tuple(read_domain(one) for one in _parts(text))


def _show_switch(value: object) -> str:
    return "on" if value else "off"


def show_hosts(value: object) -> str:
    """Write several, with commas between."""
    return ",".join(str(one) for one in value) if isinstance(value, tuple) else ""


def show_secret(value: object) -> str:
    """Say no more than that it is set."""
    return "" if value is None else "(set)"


def show_maybe(value: object) -> str:
    """Write a text, or nothing."""
    return "" if value is None else str(value)


def _show_seconds(value: object) -> str:
    return f"{value:g} s"


def size(name: str, help_: str, *, least: int = 1, most: int = 2**40, limit: bool = False) -> Knob:
    """Make a setting of a size in bytes."""
    takes = f"a size from {bytes_text(least)} to {bytes_text(most)}, such as 500000, 512 KiB or 2 MB"
    return Knob(name, partial(_read_bytes, least=least, most=most), takes, help_, limit, bytes_text)


def count(name: str, help_: str, *, least: int = 0, most: int = 10**9, limit: bool = False) -> Knob:
    """Make a setting of a whole number."""
    return Knob(
        name, partial(_read_count, least=least, most=most), f"a whole number from {least} to {most}", help_, limit
    )


def seconds(name: str, help_: str, most: float, *, limit: bool = True) -> Knob:
    """Make a setting of a time."""
    takes = f"seconds, more than 0 and at most {most:g}, such as 0.5"
    return Knob(name, partial(_read_seconds, most=most), takes, help_, limit, show=_show_seconds)


def switch(name: str, help_: str) -> Knob:
    """Make a setting that is on or off."""
    return Knob(name, _read_switch, "on or off", help_, show=_show_switch)
