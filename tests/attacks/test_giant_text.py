"""The attacker's plan: make a few bytes of code into gigabytes of text."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attacks.siege import besiege, ended
from tests.semantics.live import Machine

ATTACKS = {
    "a billion holes as text": ("cpu_limit memory_limit InternalError RangeError", "new Array(1e9) + ''"),
    "repeat": ("memory_limit RangeError InternalError cpu_limit", "'x'.repeat(2 ** 30)"),
    "repeat below the longest": ("memory_limit RangeError InternalError cpu_limit", "'x'.repeat(2 ** 29)"),
    "doubling": ("memory_limit RangeError InternalError cpu_limit", "{ let s = 'ab'; for (;;) s += s }"),
    "doubling and looking": (
        "memory_limit RangeError InternalError cpu_limit",
        "{ let s = 'ab'; for (;;) { s += s; s.charCodeAt(5) } }",
    ),
    "doubling and catching": (
        "memory_limit cpu_limit",
        "{ let s = 'ab'; for (;;) { try { s += s; s[3] } catch { s = 'ab' } } }",
    ),
    "padding": ("memory_limit RangeError InternalError cpu_limit", "'x'.padStart(2 ** 29, 'abc')"),
    "replacing": (
        "memory_limit cpu_limit InternalError RangeError",
        "{ let s = 'x'.repeat(1000); for (;;) s = s.replaceAll('x', 'xx') }",
    ),
    "joining": ("memory_limit cpu_limit InternalError RangeError", "new Array(2 ** 24).join('xxxxxxxx')"),
    "templates": ("memory_limit RangeError InternalError cpu_limit", "{ let s = 'x'; for (;;) s = `${s}${s}${s}` }"),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_it_ends_in_its_typed_error(engine_room: Machine, tmp_path: Path, name: str) -> None:
    ends, code = ATTACKS[name]
    assert ended(await besiege(engine_room, tmp_path, code)) in ends.split()
