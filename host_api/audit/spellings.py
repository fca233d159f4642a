"""How a text is spelled where it may stand: as itself, in JSON, in addresses and forms, and as the console shows it.

Everything about spellings; nothing about what is done with them.
A long text costs a few milliseconds and no more: tables are walked in C, and a pattern is made of few lines only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from string import ascii_letters, digits

UNRESERVED = ascii_letters + digits + "-._"
MOST_LINES, LONGEST_LINES = 200, 20_000
"""Lines, and characters of them, of a text that is looked for line by line: keys as people have them are shorter."""
MOST_ALIKE = 8
"""How often its first line may come in it: each is where a search begins anew, and goes as far as the text does."""


def _escapes(kept: str) -> dict[int, str]:
    """Percent-encoding of bytes, seen as Latin-1, but for what is kept."""
    return {code: chr(code) if chr(code) in UNRESERVED + kept else f"%{code:02X}" for code in range(256)}


_ADDRESSES = (
    _escapes("~"),  # RFC 3986
    _escapes("~!'()*"),  # encodeURIComponent
    _escapes("~!#$&'()*+,/:;=?@"),  # encodeURI
    _escapes("~!$%&'()*+,/:;=@[\\]|"),  # a path, as the platform's URL writes it
    _escapes("~!$%&()*+,/:;=?@[\\]^`{|}"),  # a query
    _escapes("*") | {ord(" "): "+"},  # a form
)
_UNPRINTED = {code: f"\\x{code:02X}" for code in (*range(32), *range(127, 160))}
_NAMED = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", "\\": "\\\\"}
_SHOWN = _UNPRINTED | {ord(character): escape for character, escape in _NAMED.items()}
_JOINT = r"""['"`] \+\n *['"`]"""
"""What the console writes between two lines of a text that stands in an object."""


def spellings(text: str) -> Iterator[str]:
    """Spell a text in every way but by lines; the same one may come twice."""
    yield text
    for spelt in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
        # A text that is JSON itself stands in JSON; and PHP escapes slashes.
        yield from (spelt, json.dumps(spelt, ensure_ascii=False)[1:-1], spelt.replace("/", "\\/"))
    yield from _shown(text)
    plain = text.encode("utf-8", "replace").decode("latin-1")
    yield from (plain.translate(table) for table in _ADDRESSES)


def by_lines(text: str) -> re.Pattern[str] | None:
    """Find a text of several lines as the console shows it within an object: a piece for each line, with a plus between."""
    lines = [line for line in re.split(r"(?<=\n)", text[: LONGEST_LINES + 1]) if line]
    if not 1 < len(lines) <= MOST_LINES or len(text) > LONGEST_LINES:
        return None
    if lines.count(lines[0]) > MOST_ALIKE:
        return None
    pieces = (f"(?:{'|'.join(map(re.escape, dict.fromkeys(_shown(line))))})" for line in lines)
    return re.compile(_JOINT.join(pieces))


def _shown(text: str) -> tuple[str, str]:
    """Spell a text as the console does within an object: in other quotes, or with its own escaped."""
    spelt = text.translate(_SHOWN)
    return spelt, spelt.replace("'", "\\'")
