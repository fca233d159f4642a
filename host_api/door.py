"""A door: where the answer that a val makes itself goes, and where the body of its request comes from.

This file does not know HTTP, nor who is behind the door.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from kernel.errors import LimitError, Refusal

DOOR = "door"
"""Where a run keeps its door, in its state."""


class Manner(StrEnum):
    """How the value of an entry is used: called with arguments, or given a request."""

    RUN = "run"
    SAVE = "save"
    INTERVAL = "interval"
    EXPRESS = "express"
    WEB = "web"
    SERVE = "serve"
    """Express for a function of two or more parameters, else web."""


@dataclass(frozen=True, slots=True)
class Head:
    """What comes before a body: a status, its reason (may be empty), and fields in the order in which they are sent."""

    status: int
    reason: str
    fields: tuple[tuple[str, str], ...]


class Left(Refusal):
    """Nobody waits for the answer any more."""

    code = "left"
    guest_name = "TypeError"

    def __init__(self) -> None:
        """There is one sentence."""
        super().__init__("whoever asked has left, and nobody reads this answer")


class Door(Protocol):
    """One answer on its way out: `whole`, or `begin`, then any number of `write`, then `end`. Each at most once, but write."""

    def opens(self, evaluation: str | None) -> None:
        """Take the evaluation's id, if it is the requester's own to read."""

    def whole(self, head: Head, body: bytes) -> None:
        """Take an answer whose body is there."""

    async def begin(self, head: Head, length: int | None) -> None:
        """Send the head now; `length` are the bytes of the body, if that is known. Raise ConnectionError."""

    async def write(self, piece: bytes) -> None:
        """Send some of the body, and wait for room. Raise ConnectionError."""

    def end(self) -> None:
        """Say that the body is complete."""

    async def read(self) -> bytes | None:
        """Return more of the request's body; None at its end. Raise TooLarge, BadInput."""


class Served(NamedTuple):
    """A request for a val to answer: a JSON object as the runtime's `serve` reads it, and the body as far as it is there already.

    `request` is None where a val is run with arguments, and may answer with a Response all the same.
    """

    door: Door
    request: bytes | None = None
    body: bytes | None = None


class Tray:
    """A door where nobody waits: what a val answers is laid on it, up to a limit in bytes."""

    def __init__(self, limit: int) -> None:
        """Make an empty one."""
        self._limit = limit
        self.head: Head | None = None
        self.body = bytearray()

    def opens(self, evaluation: str | None) -> None:
        """The outcome says it."""

    def whole(self, head: Head, body: bytes) -> None:
        """Keep all of it."""
        self.head = head
        self._take(body)

    async def begin(self, head: Head, length: int | None) -> None:
        """Keep the head."""
        del length
        self.head = head

    async def write(self, piece: bytes) -> None:
        """Keep a piece."""
        self._take(piece)

    def end(self) -> None:
        """Nothing is left to do."""

    async def read(self) -> bytes | None:
        """There is no request."""
        return None

    def _take(self, piece: bytes) -> None:
        if len(self.body) + len(piece) > self._limit:
            raise LimitError(f"an answer that nobody streams has {self._limit} bytes at most")
        self.body += piece
