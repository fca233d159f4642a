"""Which addresses a val may reach: the public internet, and what an operator allows beside it.

Everything about the rules is here, as data. This file does not know how an address was spelled, looked up or connected to:
it judges addresses, and the connector asks it about each one that a connection really goes to.
Source: semantics.md §10; IANA's special-purpose registries (RFC 6890 and its successors).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

REFUSED_V4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network, unspecified
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carriers' own; a cloud's metadata too
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud's metadata behind a public number
        "169.254.0.0/16",  # link-local, and the usual metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; a cloud's metadata too
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays to 6to4
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # measurements
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
PUBLIC_V6 = IPv6Network("2000::/3")
"""All that is given out. Outside: loopback, unspecified, unique-local, link-local, multicast, IPv4-compatible, reserved."""
REFUSED_V6 = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: any IPv4 address stands in one
        "3fff::/20",  # documentation
    )
)
MAPPED = IPv6Network("::ffff:0:0/96")
TRANSLATED = IPv6Network("64:ff9b::/96")
"""NAT64: how a host with IPv6 alone reaches IPv4; judged by the address inside."""

FORBIDDEN_PORTS = frozenset(
    map(
        int,
        [
            "0",
            "1",
            "7",
            "9",
            "11",
            "13",
            "15",
            "17",
            "19",
            "20",
            "21",
            "22",
            "23",
            "25",
            "37",
            "42",
            "43",
            "53",
            "69",
            "77",
            "79",
            "87",
            "95",
            "101",
            "102",
            "103",
            "104",
            "109",
            "110",
            "111",
            "113",
            "115",
            "117",
            "119",
            "123",
            "135",
            "137",
            "139",
            "143",
            "161",
            "179",
            "389",
            "427",
            "465",
            "512",
            "513",
            "514",
            "515",
            "526",
            "530",
            "531",
            "532",
            "540",
            "548",
            "554",
            "556",
            "563",
            "587",
            "601",
            "636",
            "989",
            "990",
            "993",
            "995",
            "1719",
            "1720",
            "1723",
            "2049",
            "3659",
            "4045",
            "4190",
            "5060",
            "5061",
            "6000",
            "6566",
            "6665",
            "6666",
            "6667",
            "6668",
            "6669",
            "6679",
            "6697",
            "10080",
        ],
    )
)
"""Ports of services that could take a request for something else; the Fetch standard's list."""

_NAME = re.compile(r"(\*\.)?[a-z0-9_][a-z0-9_-]{0,62}(\.[a-z0-9_][a-z0-9_-]{0,62})*\.?", re.ASCII)
_PORT = re.compile(r"\[(?P<inside>[^\]]*)\](?::(?P<v6>[0-9]{1,5}))?|(?P<host>[^:]*):(?P<port>[0-9]{1,5})", re.ASCII)
LAST_PORT = 65535


def read_address(text: str) -> Address | None:
    """Read an address in its usual form; None for a name and for any other spelling."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Whether an address is on the public internet. Unknown means no."""
    inside = _inside(address)
    if isinstance(inside, IPv4Address):
        return not any(inside in block for block in REFUSED_V4)
    if inside.scope_id is not None:
        return False
    return inside in PUBLIC_V6 and not any(inside in block for block in REFUSED_V6)


def _inside(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one only wraps, else the address itself."""
    if isinstance(address, IPv6Address) and (address in MAPPED or address in TRANSLATED):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


@dataclass(frozen=True, slots=True)
class Allowance:
    """One entry of an operator's list: a name or a network, and a port or every port.

    `name`, `*.name` (every name below it), `address`, `network/bits`; with `:port` behind, IPv6 then in brackets.
    A name allows what is asked for by this name, wherever it leads; an address, what really leads there, by any name.
    """

    name: str
    network: Network | None
    port: int | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read one entry; raise ValueError."""
        host, port = _split(text.strip().lower())
        if port is not None and not 0 < port <= LAST_PORT:
            raise ValueError("no such port")
        if "/" in host or read_address(host) is not None:
            return cls("", ip_network(host, strict=False), port)
        if not _NAME.fullmatch(host):
            raise ValueError("neither a name nor an address")
        return cls(host.rstrip("."), None, port)

    def covers(self, host: str, port: int, address: Address | None) -> bool:
        """Whether it is meant: the name that was asked for, or the address that this leads to, if that is known."""
        if self.port is not None and self.port != port:
            return False
        if self.network is not None:
            return address is not None and (address in self.network or _inside(address) in self.network)
        name = host.lower().rstrip(".")
        return name.endswith(self.name[1:]) if self.name.startswith("*.") else name == self.name


def _split(text: str) -> tuple[str, int | None]:
    found = _PORT.fullmatch(text)
    if found is None:
        return text, None
    port = found["v6"] or found["port"]
    host = found["inside"] if found["host"] is None else found["host"]
    return host, None if port is None else int(port)


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be reached. `own_ports` are those at which this server itself may be reached by its public address."""

    allowed: tuple[Allowance, ...] = ()
    own_ports: frozenset[int] = frozenset((80, 443))

    @classmethod
    def parse(cls, entries: tuple[str, ...], own_port: int) -> Self:
        """Read an operator's list; raise ValueError."""
        return cls(tuple(map(Allowance.parse, entries)), frozenset((80, 443, own_port)))

    def allows(self, host: str, port: int, address: Address | None) -> bool:
        """Whether the operator allows it."""
        return any(entry.covers(host, port, address) for entry in self.allowed)

    def permits(self, host: str, port: int, address: Address) -> bool:
        """Whether a connection for `host` may go to this address."""
        return (is_public(address) and port not in FORBIDDEN_PORTS) or self.allows(host, port, address)

    def permits_self(self, host: str, port: int, address: Address) -> bool:
        """Whether a connection may go to this very machine: past its firewall, other services would be open to vals."""
        return port in self.own_ports or self.allows(host, port, address)
