"""The attacker's plan: one operation and no loop: the engine itself computes for minutes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attacks.siege import besiege, ended
from tests.semantics.live import Machine

ATTACKS = {
    "a power": ("RangeError memory_limit cpu_limit", "2n ** (2n ** 40n)"),
    "a tower": ("RangeError memory_limit cpu_limit", "{ let x = 3n; for (;;) x **= 3n }"),
    "squares": ("RangeError memory_limit cpu_limit", "{ let x = 3n ** 100000n; for (;;) x = x * x }"),
    "text of a giant": ("cpu_limit", "(7n ** 300000n).toString()"),
    "a giant of text": ("cpu_limit", "BigInt('9'.repeat(300000))"),
    "division": ("cpu_limit", "{ const a = 7n ** 60000n, b = 3n ** 50000n; for (;;) a / b }"),
    "a shift": ("RangeError memory_limit", "1n << (2n ** 31n)"),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_it_ends_in_its_typed_error(engine_room: Machine, tmp_path: Path, name: str) -> None:
    ends, code = ATTACKS[name]
    assert ended(await besiege(engine_room, tmp_path, code)) in ends.split()
