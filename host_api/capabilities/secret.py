"""secret: what its owner keeps from everybody else.

    @me.secrets.key; @A.secrets.key; @me.secrets[name]; Object.keys(@me.secrets); process.env.KEY

Authority: reading the secrets of the principal that the table names (rows 1 to 3).
Op 1 `read(owner, key)`: `Access.SECRET`; op 2 `names(owner)`: the same, and only for own code.
More secrets than an evaluation may read, or more bytes of them, are a LimitError: each is looked for in all that it leaves behind.
A refusal is `undefined`, or in the api column the one PermissionError; a key that does not exist is refused alike.
Who pays: nobody; each read is recorded, and what was read is taken out of everything the evaluation leaves behind.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from host_api.capabilities import parts
from host_api.store import Store
from kernel.capability import NOTHING, Answer, Ask, Call, Operation, Run, Seen, Throw, Values
from kernel.errors import BadRequest
from kernel.policy import Access
from kernel.principals import Authority, Frame, Principal
from kernel.wire import Value

LONGEST_KEY = 200
MOST_READ, MOST_BYTES = 100, 262_144
"""Different secrets that an evaluation may read, and bytes of them."""
READ = "secrets"
"""Where the secrets that a run has read are kept, in its state: value → how the record calls it."""


@dataclass(frozen=True, slots=True)
class Read:
    """One secret's value."""

    owner: Principal | None
    key: str
    name: ClassVar[str] = "read"

    @property
    def target(self) -> str:
        """As the language writes it."""
        return parts.spell(self.owner, f"secrets.{self.key}")

    @property
    def asks(self) -> tuple[Ask, ...]:
        """The secret of whom was named."""
        return ((Access.SECRET, self.owner),)

    @classmethod
    def parse(cls, values: tuple[Value, ...]) -> Self:
        """Refuse an absurd key."""
        owner, key = parts.shape(values, 2)
        if len(parts.text(key)) > LONGEST_KEY:
            raise BadRequest(f"the name of a secret has {LONGEST_KEY} characters at most")
        return cls(parts.owner(owner), parts.text(key))


@dataclass(frozen=True, slots=True)
class Names:
    """Which secrets there are."""

    owner: Principal | None
    name: ClassVar[str] = "names"

    @property
    def target(self) -> str:
        """As the language writes it."""
        return parts.spell(self.owner, "secrets")

    @property
    def asks(self) -> tuple[Ask, ...]:
        """The secrets of whom was named."""
        return ((Access.SECRET, self.owner),)

    @classmethod
    def parse(cls, values: tuple[Value, ...]) -> Self:
        """Take an owner."""
        (owner,) = parts.shape(values, 1)
        return cls(parts.owner(owner))


class Secret:
    """The capability; its power is the store's secrets."""

    name = "secret"
    parsers: Mapping[int, Callable[[tuple[Value, ...]], Operation]] = {1: Read.parse, 2: Names.parse}

    def __init__(self, store: Store) -> None:
        """Take the store."""
        self._store = store

    def grant(self, frame: Frame) -> bool:  # noqa: ARG002 - asking is free, and a refusal is recorded
        """Every guest may ask: what it asks for, and that it was refused, belongs into the record."""
        return True

    async def perform(self, operation: Operation, call: Call) -> Answer:
        """Read as the principal of the decision."""
        match operation:
            case Read():
                return self._read(operation, call)
            case Names():
                return self._names(call)
        raise BadRequest("secret has no such operation")

    def _read(self, read: Read, call: Call) -> Answer:
        (decision,) = call.decisions
        found = None if decision.principal is None else self._store.secret(decision.principal.name, read.key)
        if found is not None and decision.principal is not None:
            self._note(call.run, found, f"{decision.principal}.{read.key}")
            return Answer(Values((found,)), row=decision.row)
        if parts.is_error(decision):
            return Answer(Throw(parts.permission_error(read.target)), Seen.ERROR, decision.row)
        return Answer(NOTHING, parts.refused(call.frame, read.owner), decision.row)

    @staticmethod
    def _note(run: Run, value: str, spelling: str) -> None:
        """Remember a value that is to be taken out of what the run leaves behind; raise LimitError for one too many."""
        known = run.state.setdefault(READ, {})
        if not isinstance(known, dict):
            raise TypeError("a run's secrets are something else")
        if value not in known:
            run.spend("secrets", 1, MOST_READ, "secrets")
            run.spend("bytes of secrets", len(value.encode("utf-8", "replace")), MOST_BYTES, "bytes of secrets")
        known[value] = spelling

    def _names(self, call: Call) -> Answer:
        (decision,) = call.decisions
        own = call.frame.authority is Authority.OWN and decision.principal is not None
        names = self._store.secret_names(decision.principal.name) if own and decision.principal else []
        return Answer(Values((json.dumps(names),)), Seen.GRANTED if own else Seen.UNAVAILABLE, decision.row)
