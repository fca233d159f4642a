"""What a case is: a val as somebody wrote it, what is asked of it, and what must come back."""

from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Ask:
    """One request to a val; `path` begins with a slash and is what the val sees."""

    path: str = "/"
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True)
class Told:
    """What must come back.

    `body` is the whole of it, a pattern that it matches from end to end, or None: whatever. A header is its value, a
    pattern, or None: absent. `on_hosts` are headers that the control origin takes away.
    """

    status: int = 200
    body: bytes | str | re.Pattern[str] | None = None
    headers: dict[str, str | re.Pattern[str] | None] = field(default_factory=dict)
    on_hosts: dict[str, str | re.Pattern[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """A val, and its exchanges in order."""

    kind: str
    code: str
    exchanges: tuple[tuple[Ask, Told], ...]
    hosts_only: bool = False
    """What reads cookies or the host can be shown there alone."""


def like(pattern: str) -> re.Pattern[str]:
    """A pattern of a whole text."""
    return re.compile(pattern, re.DOTALL)
