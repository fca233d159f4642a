"""Our changes to a fetched source, kept as an ed script: our lines and where they go, none of the source's own.

The script names the hash of the one source that its line numbers are of; another source is refused, not guessed at.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

COMMAND = re.compile(r"(\d+)(?:,(\d+))?([acd])")
HASH = re.compile(r"^# sha256 ([0-9a-f]{64})$", re.MULTILINE)


class EditError(Exception):
    """The script is not one, or not of this source; the message says what to do."""


def edited(source: bytes, script: str) -> bytes:
    """Return the source with the script's commands done, last place first; raise EditError."""
    wanted = HASH.search(script)
    if wanted is None or hashlib.sha256(source).hexdigest() != wanted[1]:
        raise EditError(
            "the edits are of another source than the one that was fetched: make them anew (guests/engine/README.md)"
        )
    lines = source.decode().splitlines(keepends=True)
    rest = iter(script.splitlines(keepends=True))
    last = len(lines) + 1
    for line in rest:
        if line.startswith("#") or not line.strip():
            continue
        first = _do(line.strip(), rest, lines, last)
        last = first
    return "".join(lines).encode()


def _do(command: str, rest: Iterator[str], lines: list[str], before: int) -> int:
    """Do one command to the lines, which are as fetched up to `before`; return its first line."""
    parsed = COMMAND.fullmatch(command)
    if parsed is None:
        raise EditError(f"not a command of the edits: {command!r}")
    first, end = int(parsed[1]), int(parsed[2] or parsed[1])
    if not 0 < first <= end < before:
        raise EditError(f"{command} is out of order: the edits go from the last line to the first")
    text = [] if parsed[3] == "d" else _text(rest)
    begin = first if parsed[3] == "a" else first - 1
    lines[begin:end] = text
    return first


def _text(rest: Iterator[str]) -> list[str]:
    """Take the lines up to the point that ends them."""
    text: list[str] = []
    for line in rest:
        if line == ".\n":
            return text
        text.append(line)
    raise EditError("a text of the edits has no end: a line of one point")
