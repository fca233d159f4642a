"""What is evaluated, and what came of it, as whoever asked is told.

This file does not know how anything is run.
"""

from __future__ import annotations

from typing import NamedTuple, Self

from host_api.door import Head, Tray
from host_api.evaluating.recorded import Finished
from kernel.errors import ErrorInfo

NO_VAL = "There is no such val."


# Named tuples, here and where a request is handed on: a frozen dataclass takes three times as long to make.
class Entry(NamedTuple):
    """What is run: code that was sent, or a val as (owner, name, version or None). Exactly one."""

    code: str | None = None
    val: tuple[str, str, int | None] | None = None


class Outcome(NamedTuple):
    """What an evaluation came to. `json` is bare JSON; `owned` says whether the requester may read the record.

    `answer` is what the val answered itself, where nobody else was at the door.
    """

    evaluation: str
    caller: str | None
    json: bytes
    type: str
    error: ErrorInfo | None
    owned: bool
    answer: tuple[Head, bytes] | None = None

    @classmethod
    def of(cls, finished: Finished, tray: Tray | None, *, owned: bool) -> Self:
        """Tell what a run came to, and what lies on the tray."""
        row, error = finished.row, finished.error
        json = b"null" if finished.json is None else finished.json
        answer = None if tray is None or tray.head is None else (tray.head, bytes(tray.body))
        return cls(row.id, row.caller, json, finished.type, error, owned, answer)
