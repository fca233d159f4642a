"""Names of vals' hosts: `{user}-{val}.<vals domain>`, `v-{id}` where that is too long, and `express` or `web` before the domain.

Everything about which host is whose; nothing about what is answered there.
Source: http-api.md, "Vals hosts".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from aiohttp import web

from host_api.door import Manner
from host_api.store import Store, Val
from kernel.principals import is_name

LONGEST_LABEL = 63
LAST_PORT = 65_535
_ID = re.compile(r"v-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_HOST = re.compile(r"(?P<name>[^:\[\]]+?)\.?(?::(?P<port>[0-9]{0,5}))?")
_FORCED = {"express": Manner.EXPRESS, "web": Manner.WEB}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which val a host is of, as its label says, and how that is to be served."""

    label: str
    manner: Manner


@lru_cache(maxsize=256)
def asked_of(host: str, domain: str) -> Asked | None:
    """Read a Host header; None for the control origin. A domain with a port means names, whatever the port."""
    folded, name = host.casefold(), domain.partition(":")[0]
    match = _HOST.fullmatch(folded) if f".{name}" in folded else None
    if match is None:
        return None
    label, dot, rest = match["name"].partition(".")
    if not dot:
        return None
    if rest == name:
        return Asked(label, Manner.SERVE)
    kind, _, parent = rest.partition(".")
    if parent == name and kind in _FORCED:
        return Asked(label, _FORCED[kind])
    return Asked("", Manner.SERVE) if rest.endswith(f".{name}") else None


def val_of(store: Store, label: str) -> Val | None:
    """Find the val of a label."""
    if (found := _ID.fullmatch(label)) is not None:
        return store.val_by_id(found[1])
    owner, dash, name = label.partition("-")
    return store.val(owner, name) if dash and is_name(owner) and is_name(name) else None


def host_of(val: Val, domain: str, port: str, manner: Manner = Manner.SERVE) -> str:
    """Write a val's host, with the port of the request unless the domain has its own."""
    label = f"{val.owner}-{val.name}".casefold()
    if len(label) > LONGEST_LABEL:
        label = f"v-{val.id}"
    kind = "" if manner is Manner.SERVE else f".{manner}"
    name, colon, own = domain.partition(":")
    return f"{label}{kind}.{name}" + (f":{own}" if colon else port)


def scheme_and_port(request: web.Request) -> tuple[str, str]:
    """Return a request's scheme, and the port of its Host header with the colon, or nothing."""
    match = _HOST.fullmatch(request.headers.get("Host", ""))
    port = int((match["port"] if match else None) or 0)
    return request.scheme, f":{port}" if 0 < port <= LAST_PORT else ""
