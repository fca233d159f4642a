"""Taking secrets out of what an evaluation leaves behind, and cutting what is too long; JSON stays JSON.

Source: semantics.md §8.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote, quote_plus

Row = dict[str, object]

COMPONENT = "!'()*~"
"""What encodeURIComponent leaves as it is, beside what no encoder touches."""
WHOLE = "!#$&'()*+,/:;=?@~"
"""The same of encodeURI."""
QUERY = "!$%&()*+,/:;=?@[\\]^`{|}"
"""The same of a query, and below of a path, as the platform's URL writes them."""
PATH = "!$%&'()*+,/:;=@[\\]|"

SHORTEST = 8
"""Secrets of fewer characters are not looked for: they are words."""
BEGINNING = 56
"""Bytes of a long secret that are looked for by themselves: the engine's messages cut a name at 63 bytes."""


_UNPRINTED = {**{chr(code): f"\\x{code:02X}" for code in (*range(32), *range(127, 160))}, "\\": "\\\\"}
_INSPECTED = str.maketrans(_UNPRINTED | {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"})
_JOINT = r"""['"`] \+\n *['"`]"""
"""What the console writes between two lines of a text that stands in an object."""


def _spellings(value: str) -> Iterator[str]:
    yield value
    for spelt in (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]):
        # A text that is JSON itself stands in JSON; and PHP escapes slashes.
        yield from (spelt, json.dumps(spelt, ensure_ascii=False)[1:-1], spelt.replace("/", "\\/"))
    yield from _inspections(value)
    plain = value.encode("utf-8", "replace")
    yield from (quote(plain, safe) for safe in (COMPONENT, WHOLE, PATH, QUERY))
    yield quote_plus(plain, "*")


def _inspections(text: str) -> tuple[str, str]:
    """Spell a text as the console does within an object: in other quotes, or with its own escaped."""
    spelt = text.translate(_INSPECTED)
    return spelt, spelt.replace("'", "\\'")


def _in_lines(value: str) -> re.Pattern[str] | None:
    """Find a text of several lines as the console writes it within an object: a piece for each line, with a plus between."""
    lines = [line for line in re.split(r"(?<=\n)", value) if line]
    if len(lines) < len(("one", "another")):
        return None
    pieces = (f"(?:{'|'.join(map(re.escape, dict.fromkeys(_inspections(line))))})" for line in lines)
    return re.compile(_JOINT.join(pieces))


class Redactor:
    """Replaces each exact occurrence of a secret that was read, in text, in JSON's spellings of it and in an address's."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        """Take secret values and how the record calls them, as in `@A.key`."""
        self._marks: dict[str, str] = {}
        self._beginnings: dict[str, str] = {}
        self._lines: list[tuple[re.Pattern[str], str]] = []
        for value, name in sorted(secrets.items(), key=lambda item: -len(item[0])):
            if len(value) >= SHORTEST:
                self._look_for(value, f"[secret {name}]")

    def _look_for(self, value: str, mark: str) -> None:
        for spelling in _spellings(value):
            self._marks[spelling] = mark
        if len(value.encode("utf-8", "replace")) > BEGINNING:
            self._beginnings[value.encode("utf-8", "replace")[:BEGINNING].decode("utf-8", "ignore")] = mark
        lines = _in_lines(value)
        if lines is not None:
            self._lines.append((lines, mark))

    def text(self, text: str) -> str:
        """Return the text without secrets."""
        for spelling, mark in self._marks.items():
            text = text.replace(spelling, mark)
        for lines, mark in self._lines:
            text = lines.sub(mark, text)
        for beginning, mark in self._beginnings.items():
            text = text.replace(beginning, mark)
        return text

    def json(self, raw: bytes | None, limit: int) -> bytes | None:
        """Return the JSON without secrets; longer than `limit` bytes, it becomes a string of its beginning."""
        if raw is None:
            return None
        text = self.text(raw.decode("utf-8", "replace"))
        if len(text.encode()) <= limit:
            return text.encode()
        return json.dumps(text[: limit // 2] + "… (cut)").encode()

    def _within(self, value: object) -> object:
        if not self._marks:
            return value
        match value:
            case str():
                return self.text(value)
            case dict():
                return {key: self._within(item) for key, item in value.items()}
            case list():
                return [self._within(item) for item in value]
        return value

    def rows(self, rows: list[Row], limit: int, show: Callable[[Row], Row] = lambda row: row) -> bytes:
        """Return rows, each as it is to be shown, as a JSON array of about `limit` bytes: later ones are only counted."""
        kept: list[str] = []
        size = 0
        for row in map(show, rows):
            # Texts first, since one may be JSON itself; then the line, for what stands in keys.
            line = self.text(json.dumps(self._within(row), ensure_ascii=False))
            size += len(line.encode("utf-8", "replace"))
            if size > limit:
                kept.append(json.dumps({"cut": len(rows) - len(kept)}))
                break
            kept.append(line)
        return f"[{','.join(kept)}]".encode("utf-8", "replace")
