"""What the engine's code may do to itself: nothing. An instance serves one guest after another, and only memory is wiped.

WebAssembly can change three things beside memory: globals, which the kernel looks at itself (kernel/image.py), tables, and segments
that are dropped. A C compiler writes none of the last two; `insist_still` reads every instruction to be sure.
Source: the binary format of WebAssembly 2.0, chapter 5.4.
"""

from __future__ import annotations

from collections.abc import Callable

CODE = 10
BULK = 0xFC
BULK_KEEPS = {**dict.fromkeys(range(8), ""), 10: "bb", 11: "b"}
"""Of the instructions behind 0xFC those that change nothing but memory: conversions, memory.copy and memory.fill."""


class Changing(ValueError):
    """The code changes more than memory, or is not understood."""


def _forms() -> dict[int, str]:
    """Return what follows each instruction: numbers (n), bytes (b), four or eight bytes (4, 8), a list (l)."""
    forms = dict.fromkeys((0x00, 0x01, 0x05, 0x0B, 0x0F, 0x1A, 0x1B, 0xD1, *range(0x45, 0xC5)), "")
    numbered = (0x02, 0x03, 0x04, 0x0C, 0x0D, 0x10, 0x12, *range(0x20, 0x26), 0x41, 0x42, 0xD0, 0xD2)
    forms |= dict.fromkeys(numbered, "n")
    forms |= dict.fromkeys((0x11, 0x13, *range(0x28, 0x3F)), "nn")
    return forms | {0x0E: "ln", 0x1C: "l", 0x3F: "b", 0x40: "b", 0x43: "4", 0x44: "8"}


_FORMS = _forms()


def insist_still(module: bytes) -> None:
    """Raise Changing if any instruction of this module writes a table or drops a segment, or is none that is known."""
    at = 8
    while at < len(module):
        kind = module[at]
        size, at = _number(module, at + 1)
        if kind == CODE:
            _functions(module, at)
        at += size


def _functions(module: bytes, at: int) -> None:
    count, at = _number(module, at)
    for _ in range(count):
        size, at = _number(module, at)
        end = at + size
        groups, at = _number(module, at)
        for _ in range(groups):
            at = _number(module, at)[1] + 1
        while at < end:
            at = _instruction(module, at)
        at = end


def _instruction(module: bytes, at: int) -> int:
    code = module[at]
    form = _FORMS.get(code)
    at += 1
    if code == BULK:
        code, at = _number(module, at)
        form = BULK_KEEPS.get(code)
    if form is None:
        raise Changing(f"the engine has an instruction, {code:#x}, that may change more than its memory")
    for kind in form:
        at = _SKIPS[kind](module, at)
    return at


def _number(module: bytes, at: int) -> tuple[int, int]:
    """Read a number of any length, as unsigned; return it and where it ends."""
    result = shift = 0
    while True:
        byte, at = module[at], at + 1
        result |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:  # noqa: PLR2004 - the last byte of a number
            return result, at


def _list(module: bytes, at: int) -> int:
    count, at = _number(module, at)
    for _ in range(count):
        at = _number(module, at)[1]
    return at


_SKIPS: dict[str, Callable[[bytes, int], int]] = {
    "n": lambda module, at: _number(module, at)[1],
    "b": lambda _, at: at + 1,
    "4": lambda _, at: at + 4,
    "8": lambda _, at: at + 8,
    "l": _list,
}
