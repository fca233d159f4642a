"""What a route is: declared as data, so that a test can walk all of them.

This file knows no route, only what each must say of itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web

from host_api.house import House
from host_api.http.who import Requester
from host_api.store.model import Scope


class Access(StrEnum):
    """Whom a route answers at all; what it shows to whom is its handler's."""

    OPEN = "open"
    """Anybody, and a token is not looked at: for operators' probes."""
    ANYONE = "anyone"
    """Anonymous too; a token that is sent must be valid and have the scope."""
    ACCOUNT = "account"
    """Only with a token."""


class Writes(StrEnum):
    """What a route changes by itself; what a val changes is the kernel's business."""

    NOTHING = "nothing"
    VAL = "val"
    SECRET = "secret"  # noqa: S105 - the word, not one
    TOKEN = "token"  # noqa: S105
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Call:
    """One request on its way through a handler."""

    house: House
    request: web.Request
    requester: Requester

    def path(self, name: str) -> str:
        """Return a part of the path, percent-decoded."""
        return self.request.match_info[name]


Handler = Callable[[Call], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path. `scope` is what a token needs, None that any valid one will do."""

    method: str
    path: str
    handler: Handler
    access: Access
    scope: Scope | None
    writes: Writes = Writes.NOTHING
    runs_code: bool = False
