"""What is evaluated, and what came of it, as whoever asked is told.

This file does not know how anything is run.
"""

from __future__ import annotations

from typing import NamedTuple

from host_api.door import Head
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
