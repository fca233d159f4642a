"""Lines and columns of JavaScript text: LF, CR LF or CR end a line; columns are 1-based UTF-16 units.

This file does not know what the text is.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache

_LINE_END = re.compile(r"\r\n|\n|\r")
_BMP = 0xFFFF


def utf16(text: str) -> int:
    """How many UTF-16 units a text has."""
    return len(text) + sum(1 for character in text if ord(character) > _BMP)


class Lines:
    """A text by its lines; offsets are of the Python string."""

    def __init__(self, text: str) -> None:
        """Find the line ends once."""
        self._text = text
        self._ends = [match.span() for match in _LINE_END.finditer(text)]
        self._starts = [0, *(end for _, end in self._ends)]

    def line(self, number: int) -> str | None:
        """The text of a line, without its end; None if there is no such line."""
        if not 1 <= number <= len(self._starts):
            return None
        end = self._ends[number - 1][0] if number <= len(self._ends) else len(self._text)
        return self._text[self._starts[number - 1] : end]

    def place(self, offset: int) -> tuple[int, int]:
        """The line and column of an offset."""
        number = bisect_right(self._starts, offset)
        return number, utf16(self._text[self._starts[number - 1] : offset]) + 1

    def offset(self, line: int, column: int) -> int:
        """The offset of a place; one outside the text is moved to its nearest end."""
        if line > len(self._starts):
            return len(self._text)
        start = self._starts[line - 1]
        units = column - 1
        for index in range(start, len(self._text)):
            if units <= 0:
                return index
            units -= 2 if ord(self._text[index]) > _BMP else 1
        return len(self._text)


@lru_cache(maxsize=16)
def lines_of(text: str) -> Lines:
    """The lines of a text; a stack asks for those of one text again and again."""
    return Lines(text)
