"""What of a val's answer goes out, and where: on the control origin nothing that a browser could take for the operator's own.

Everything about the fields of an answer that a val made. This file knows no route and no house.
Source: http-api.md, "Running code".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from aiohttp import web
from multidict import CIMultiDict

from host_api.door import Head
from host_api.http import answers

CONNECTION = frozenset(
    (
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"),
        *("transfer-encoding", "upgrade", "content-length", "alt-svc", "x-evaluation-id", "x-valgate-chain"),
    )
)
"""Fields of the connection, or of ours: no val's to set, or to read of a request."""

_PROXYS = frozenset(
    {
        "x-accel-redirect",
        "x-sendfile",
        "x-sendfile2",
        "x-lighttpd-send-file",
        "x-lighttpd-send-tempfile",
        "x-reproxy-url",
    }
)
"""What a proxy before this server would take for an order to send a file or a page of its own."""
_EVERYBODYS = frozenset({"clear-site-data"}) | _PROXYS
"""What a browser would do to more than one host, and a proxy to all."""
_ORIGINS = frozenset(
    (
        *("set-cookie", "set-cookie2", "service-worker-allowed", "refresh", "link", "content-security-policy"),
        *("strict-transport-security", "public-key-pins", "expect-ct", "nel", "report-to", "reporting-endpoints"),
        *("accept-ch", "critical-ch", "origin-agent-cluster", "set-login"),
    )
)
"""What would speak for the whole origin, which is not the val's on the control origin: by NEL all that is asked of it is told elsewhere."""
_PARTS = "multipart/x-mixed-replace"
"""A body whose parts have fields of their own, and of some browsers cookies."""
_DOMAIN = re.compile(r";\s*domain\s*(=[^;]*)?(?=;|$)", re.IGNORECASE)


Dress = Callable[[web.StreamResponse], None]
"""Puts on what every answer of an origin carries."""


def control(head: Head) -> CIMultiDict[str]:
    """Return the fields that may go out on the control origin."""
    kept = _without(head.fields, CONNECTION | _EVERYBODYS | _ORIGINS)
    fields = CIMultiDict(kept)
    fields.popall("Access-Control-Allow-Credentials", None)
    if any(_PARTS in value.lower() for value in fields.getall("Content-Type", ())):
        fields["Content-Type"] = "application/octet-stream"
    return fields


def own_host(head: Head) -> CIMultiDict[str]:
    """Return the fields that may go out on a val's own host: a cookie is that host's alone."""
    kept = _without(head.fields, CONNECTION | _EVERYBODYS)
    return CIMultiDict((name, _hosts_own(value) if name.lower() == "set-cookie" else value) for name, value in kept)


def dress_control(response: web.StreamResponse) -> None:
    """Put on what an answer of running code carries on the control origin."""
    answers.dress(response, runs_code=True)


def dress_host(response: web.StreamResponse) -> None:
    """Put on what a val's own host answers with, where the val says nothing else."""
    for name, value in {"Server": "valgate", "Access-Control-Allow-Origin": "*"}.items():
        response.headers.setdefault(name, value)


def _without(fields: Iterable[tuple[str, str]], dropped: frozenset[str]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in fields if name.lower() not in dropped]


def _hosts_own(cookie: str) -> str:
    # Also what a browser would read as the attribute: `Domain` without a value, twice, with spaces.
    return _DOMAIN.sub("", cookie)
