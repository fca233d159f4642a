"""Who is at the other end, and under which address this server was asked: the connection's own, unless a proxy of the operator's says.

What anybody else writes into a forwarding header is not looked at. Of a list the last entry counts that no proxy of ours wrote:
everything before it is the client's own invention.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp.web_request import BaseRequest

Address = IPv4Address | IPv6Address

FORWARDING = (
    "Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-Ip",
    "Via",
    "X-Valgate-Chain",
)
"""Headers that say that somebody else asked first: a proxy, or a val of this server's."""
SITE_BITS = 64
"""Of an IPv6 address this much is a customer's; the rest he makes up as he likes."""
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(:[0-9]{1,5})?", re.ASCII)


class Proxies:
    """The operator's proxies, as networks."""

    def __init__(self, networks: Iterable[str]) -> None:
        """Take them as the setting has them; raise ValueError for what is none."""
        self._networks: tuple[IPv4Network | IPv6Network, ...] = tuple(map(ip_network, networks))

    @property
    def any(self) -> bool:
        """Whether there is one."""
        return bool(self._networks)

    def seen(self, request: BaseRequest) -> BaseRequest:
        """Return the request as its client sent it, if a proxy of ours handed it on; else the request."""
        if not self._networks or not self.trusts(read_address(request.remote)):
            return request
        proto, host = _last(request, "X-Forwarded-Proto").lower(), _last(request, "X-Forwarded-Host")
        return request.clone(
            scheme=proto if proto in {"http", "https"} else request.scheme,
            host=host if _HOST.fullmatch(host) else request.host,
            remote=self._client(request),
        )

    def _client(self, request: BaseRequest) -> str:
        """Return the address nearest to us that is no proxy of ours; the farthest there is, if all of them are."""
        client = request.remote or ""
        said = ",".join(request.headers.getall("X-Forwarded-For", ()))
        for text in reversed(said.split(",")):
            address = read_address(text.strip())
            if address is None:
                break
            client = str(address)
            if not self.trusts(address):
                break
        return client

    def trusts(self, address: Address | None) -> bool:
        """Whether this is a proxy of ours."""
        return address is not None and any(address in network for network in self._networks)


def read_address(text: str | None) -> Address | None:
    """Read an address, without a zone or port; None for what is none. One that is IPv4 within IPv6 is IPv4."""
    try:
        address = ip_address((text or "").partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def site_of(remote: str | None) -> str:
    """Return what is counted as one requester without a token: an IPv4 address, or an IPv6 network of 64 bits."""
    address = read_address(remote)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, SITE_BITS), strict=False))
    return str(address)


def is_direct(request: BaseRequest) -> bool:
    """Whether somebody on this very machine asked, and not on behalf of another."""
    transport = request.transport
    peer = transport.get_extra_info("peername") if transport is not None else None
    address = read_address(str(peer[0])) if isinstance(peer, tuple) else None
    return address is not None and address.is_loopback and not any(name in request.headers for name in FORWARDING)


def _last(request: BaseRequest, name: str) -> str:
    values = request.headers.getall(name, ("",))
    return str(values[-1]).rpartition(",")[2].strip()
