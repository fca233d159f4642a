"""How results are printed: aligned columns for people, JSON for programs.

What a val wrote may hold terminal escapes; people see them spelled out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime


class Raw(bytes):
    """JSON that a guest wrote, to be passed on as it is."""

    __slots__ = ()


def raw(text: bytes | None) -> Raw | None:
    """Mark JSON to be passed on; None stays null."""
    return None if text is None else Raw(text)


def to_json(value: object) -> str:
    """Write JSON on one line, with Raw parts spliced in unread."""
    if isinstance(value, Raw):
        return value.decode("utf-8")
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(str(key))}: {to_json(one)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(to_json(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def iso(time: int | None) -> str | None:
    """Write milliseconds since 1970 as ISO 8601 in Z."""
    if time is None:
        return None
    return datetime.fromtimestamp(time / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def when(time: int | None) -> str:
    """Write a time for people; - for none."""
    return "-" if time is None else datetime.fromtimestamp(time / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def plain(text: str, *, lines: bool = False) -> str:
    """Spell out what a terminal would act upon; `lines` keeps line ends and tabs."""
    kept = "\n\t" if lines else ""
    return "".join(one if one.isprintable() or one in kept else one.encode("unicode_escape").decode() for one in text)


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Align rows of cells; the last column takes what it needs."""
    cells = [[plain(cell) for cell in row] for row in rows]
    widths = [max(len(row[place]) for row in cells) for place in range(len(cells[0]))] if cells else []
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )
