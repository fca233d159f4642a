"""What a route is: declared as data, which routes, reads, describes (openapi.py), and which a test can walk.

This file knows no route, only what each must say of itself.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from aiohttp import web

from host_api.house import House
from host_api.http.declared import Body, Field, Reply
from host_api.http.gate import Gate
from host_api.http.schemas import Json
from host_api.http.who import Requester
from host_api.store.model import Scope


class Access(StrEnum):
    """Whom a route answers at all; what it shows to whom is its handler's."""

    OPEN = "open"
    """Anybody, and a token is not looked at: for operators' probes."""
    ANYONE = "anyone"
    """Anonymous too; a token that is sent must be valid and have the scope."""
    VISITOR = "visitor"
    """As ANYONE, but an Authorization that is none of ours is the val's, and passes."""
    ACCOUNT = "account"
    """Only with a token."""


class Writes(StrEnum):
    """What a route changes by itself; what a val changes is the kernel's business."""

    NOTHING = "nothing"
    VAL = "val"
    SECRET = "secret"  # noqa: S105 - the word, not one
    TOKEN = "token"  # noqa: S105
    RUN = "run"


class Call(NamedTuple):
    """One request on its way through a handler."""

    house: House
    gate: Gate
    request: web.Request
    requester: Requester

    def path(self, name: str) -> str:
        """Return a part of the path, percent-decoded."""
        return self.request.match_info[name]


Handler = Callable[[Call], Awaitable[web.StreamResponse]]


OPTIONAL_REST = "(/.*)?"
"""The pattern of what may follow a path, or not."""

ANY_STATUS = 0
"""In place of a status: whichever no other answer has."""

ANY_METHOD = "*"
"""For a route that takes whatever method a client thinks of."""

_PART = re.compile(r"\{(?P<name>\w+)(?::(?P<pattern>[^{}]*(?:\{[^{}]*\}[^{}]*)*))?\}")

DONE: Mapping[int, Reply] = {204: Reply("It is done.")}
WHATEVER: Mapping[int, Reply] = {200: Reply("What there is to say.", {}, "*/*")}
"""For a route that says nothing of its answers."""
VAL_MADE: Mapping[int, Reply] = {ANY_STATUS: Reply("What the val answered, with the status it chose.", {}, "*/*")}
"""For a route whose answers vals make."""


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path. `scope` is what a token needs, None that any valid one will do.

    `parts` describes the path's parts, `query` and `body` what is read of a request, `answers` what is said when all is well.
    What refusals there may be follows from the rest (openapi.py), but for `refuses`, which names the others.
    `tag` is the chapter it stands in; without one, its handler's file.
    """

    method: str
    path: str
    handler: Handler
    access: Access
    scope: Scope | None
    writes: Writes = Writes.NOTHING
    runs_code: bool = False
    parts: Mapping[str, Json] = field(default_factory=dict)
    query: tuple[Field[object], ...] = ()
    body: Body | None = None
    answers: Mapping[int, Reply] | None = None
    refuses: tuple[int, ...] = ()
    tag: str | None = None

    @property
    def replies(self) -> Mapping[int, Reply]:
        """What is said when all is well."""
        return self.answers if self.answers is not None else VAL_MADE if self.runs_code else WHATEVER

    @property
    def summary(self) -> str:
        """What it does: the first line of its handler's docstring."""
        return (self.handler.__doc__ or "").strip().partition("\n")[0]

    @property
    def pattern(self) -> str:
        """The path as the router takes it: a rest may have line ends in it, as code has."""
        return self.path.replace(".*", "(?s:.*)")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the path's parts."""
        return tuple(found["name"] for found in _PART.finditer(self.path))

    @property
    def addresses(self) -> tuple[str, ...]:
        """The path as `/a/{b}`; a rest that may be empty, `{rest:(/.*)?}`, is two addresses, without it and with it."""
        plain = _PART.sub(lambda found: f"{{{found['name']}}}", self.path)
        last = [*_PART.finditer(self.path)][-1:]
        if not last or last[0]["pattern"] != OPTIONAL_REST:
            return (plain,)
        rest = f"{{{last[0]['name']}}}"
        return plain.removesuffix(rest), f"{plain.removesuffix(rest)}/{rest}"
