"""Taking secrets out of what an evaluation leaves behind, and cutting what is too long; JSON stays JSON.

Source: semantics.md §8.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

import orjson

from host_api.audit.spellings import by_lines, spellings

Row = dict[str, object]

NO_ROWS = b"[]"
SHORTEST = 8
"""Secrets of fewer characters are not looked for: they are words."""
BEGINNING = 56
"""Bytes of a long secret that are looked for by themselves: the engine's messages cut a name at 63 bytes."""


HANDFUL = 32
"""Rows that are written at once where nothing is to be taken out of them; of more, only as many are shown as are kept."""
FEW, SOME = 8, 512
"""Rows that are looked at together, to see which secrets there are in them at all: few first, since not all may be wanted."""
JOINT = " +\n"
"""Stands between two lines as the console shows them."""


class Redactor:
    """Replaces each exact occurrence of a secret that was read, however it is spelled."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        """Take secret values and how the record calls them, as in `@A.key`."""
        self._marks: dict[str, str] = {}
        self._beginnings: dict[str, str] = {}
        self._lines: list[tuple[re.Pattern[str], str]] = []
        self._edge = 0
        self.is_idle = True
        """Whether there is nothing to be looked for."""
        for value, name in sorted(secrets.items(), key=lambda item: -len(item[0])):
            if len(value) >= SHORTEST:
                self._look_for(value, f"[secret {name}]")

    def _look_for(self, value: str, mark: str) -> None:
        self.is_idle = False
        for spelling in spellings(value):
            self._marks[spelling] = mark
            # A secret that is cut through is no longer than this, also with others within it that have become marks.
            self._edge = max(self._edge, len(spelling) * max(1, len(mark) // SHORTEST + 1))
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

    def head(self, text: str, limit: int) -> tuple[str, bool]:
        """Return the beginning of a text without secrets, and whether that is all of it; what is shown of it has `limit` characters.

        Nothing is looked for far behind the limit. A secret that the cut goes through is left out with what is near it.
        """
        reach = limit + self._edge
        if len(text) <= reach:
            return self.text(text), True
        told = self.text(text[:reach])
        return told[: max(0, len(told) - self._edge)], False

    def json(self, raw: bytes | None, limit: int) -> bytes | None:
        """Return the JSON without secrets; longer than `limit` bytes, it becomes a string of its beginning."""
        if raw is None or (self.is_idle and len(raw) <= limit and raw.isascii()):
            return raw
        text, whole = self.head(raw.decode("utf-8", "replace"), limit)
        if whole and len(text.encode()) <= limit:
            return text.encode()
        return json.dumps(text[: limit // 2] + "… (cut)").encode()

    def within(self, value: object) -> object:
        """Return a value without secrets in its texts; not in its keys."""
        if self.is_idle:
            return value
        match value:
            case str():
                return self.text(value)
            case dict():
                return {key: self.within(item) for key, item in value.items()}
            case list():
                return [self.within(item) for item in value]
        return value

    def rows(self, rows: list[Row], limit: int, show: Callable[[Row], Row] = lambda row: row) -> bytes:
        """Return rows, each as it is to be shown, as a JSON array of about `limit` bytes: later ones are only counted."""
        if not rows:
            return NO_ROWS
        if self.is_idle and len(rows) <= HANDFUL and (whole := _whole(map(show, rows), limit)) is not None:
            return whole
        kept: list[str] = []
        size = 0
        for row, redact in self._each(map(show, rows)):
            # Texts first, since one may be JSON itself; then the line, for what stands in keys.
            line = redact.text(json.dumps(redact.within(row), ensure_ascii=False))
            size += len(line.encode("utf-8", "replace"))
            if size > limit:
                kept.append(json.dumps({"cut": len(rows) - len(kept)}))
                break
            kept.append(line)
        return f"[{','.join(kept)}]".encode("utf-8", "replace")

    def _each(self, rows: Iterator[Row]) -> Iterator[tuple[Row, Redactor]]:
        """Give each row with what has to be looked for in it."""
        together = FEW
        while some := list(islice(rows, together)):
            together = min(2 * together, SOME)
            redact = self._for("\n".join((*_texts(some), json.dumps(some, ensure_ascii=False))))
            yield from ((row, redact) for row in some)

    def _for(self, text: str) -> Redactor:
        """Return one that looks only for what there is in this text: there may be many secrets, and many rows."""
        made = Redactor({})
        made._marks = {spelling: mark for spelling, mark in self._marks.items() if spelling in text}
        made._beginnings = {beginning: mark for beginning, mark in self._beginnings.items() if beginning in text}
        made._lines = self._lines if JOINT in text or json.dumps(JOINT)[1:-1] in text else []
        made.is_idle = not (made._marks or made._beginnings or made._lines)
        return made


def _whole(rows: Iterator[Row], limit: int) -> bytes | None:
    """Write all rows as they are; None if that is too much, or not to be written as UTF-8."""
    try:
        written = orjson.dumps(list(rows))
    except orjson.JSONEncodeError:
        return None
    return written if len(written) <= limit else None


def _texts(value: object) -> Iterable[str]:
    """Give every text within."""
    match value:
        case str():
            yield value
        case dict():
            for item in value.values():
                yield from _texts(item)
        case list():
            for item in value:
                yield from _texts(item)
