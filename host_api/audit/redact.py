"""Taking secrets out of what an evaluation leaves behind, and cutting what is too long; JSON stays JSON.

Source: semantics.md §8.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from host_api.audit.spellings import by_lines, spellings

Row = dict[str, object]

SHORTEST = 8
"""Secrets of fewer characters are not looked for: they are words."""
BEGINNING = 56
"""Bytes of a long secret that are looked for by themselves: the engine's messages cut a name at 63 bytes."""


class Redactor:
    """Replaces each exact occurrence of a secret that was read, however it is spelled."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        """Take secret values and how the record calls them, as in `@A.key`."""
        self._marks: dict[str, str] = {}
        self._beginnings: dict[str, str] = {}
        self._lines: list[tuple[re.Pattern[str], str]] = []
        for value, name in sorted(secrets.items(), key=lambda item: -len(item[0])):
            if len(value) >= SHORTEST:
                self._look_for(value, f"[secret {name}]")

    def _look_for(self, value: str, mark: str) -> None:
        for spelling in spellings(value):
            self._marks[spelling] = mark
        plain = value.encode("utf-8", "replace")
        if len(plain) > BEGINNING:
            self._beginnings[plain[:BEGINNING].decode("utf-8", "ignore")] = mark
        lines = by_lines(value)
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
