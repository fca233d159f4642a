"""The attacker's plan: a regular expression that backtracks for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attacks.siege import besiege, ended
from tests.semantics.live import Machine

ATTACKS = {
    "nested": ("cpu_limit", "/^(a+)+$/.test('a'.repeat(40) + 'b')"),
    "alternation": ("cpu_limit", "/^(a|a)*$/.test('a'.repeat(40) + 'b')"),
    "a backreference": ("cpu_limit value", "/^(.*)\\1+$/.test('ab'.repeat(20000) + 'c')"),
    "lookahead": ("cpu_limit", "/^(?=(a+)+b)c/.test('a'.repeat(50))"),
    "replace": ("cpu_limit", "'a'.repeat(50000).replace(/a*a*a*b/g, '')"),
    "split": ("cpu_limit value", "'a'.repeat(40).split(/(a*)*b/)"),
    "deep groups": ("SyntaxError RangeError InternalError", "new RegExp('('.repeat(20000) + ')'.repeat(20000))"),
    "giant counters": ("cpu_limit SyntaxError value", "/(?:a{1,1000}){1,1000}b/.test('a'.repeat(5000))"),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_it_ends_in_its_typed_error(engine_room: Machine, tmp_path: Path, name: str) -> None:
    ends, code = ATTACKS[name]
    assert ended(await besiege(engine_room, tmp_path, code)) in ends.split()
