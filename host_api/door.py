"""A door: where the answer that a val makes itself goes, and where the body of its request comes from.

This file does not know HTTP, nor who is behind the door.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


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


class Door(Protocol):
    """One answer on its way out: `whole`, or `begin`, then any number of `write`, then `end`. Each at most once, but write."""

    def whole(self, head: Head, body: bytes) -> None:
        """Take an answer whose body is there."""

    async def begin(self, head: Head) -> None:
        """Send the head now."""

    async def write(self, piece: bytes) -> None:
        """Send some of the body, and wait for room."""

    def end(self) -> None:
        """Say that the body is complete."""

    async def read(self) -> bytes | None:
        """Return more of the request's body; None at its end. Raise TooLarge, BadInput."""


@dataclass(frozen=True, slots=True)
class Served:
    """A request for a val to answer: a JSON object as the runtime's `serve` reads it, and the body as far as it is there already."""

    request: bytes
    body: bytes | None
    door: Door
