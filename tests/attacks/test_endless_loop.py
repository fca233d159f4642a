"""The attacker's plan: never give the processor back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attacks.siege import besiege, ended
from tests.semantics.live import Machine

ATTACKS = {
    "while": ("cpu_limit", "while (true) {}"),
    "for": ("cpu_limit", "for (;;);"),
    "in finally": ("cpu_limit", "{ try { throw 1 } finally { for (;;); } }"),
    "a label": ("cpu_limit", "{ a: for (;;) { continue a } }"),
    "catching": ("cpu_limit", "for (;;) { try { throw 1 } catch {} }"),
    "a getter": ("cpu_limit", "({ get x() { for (;;); } }).x"),
    "in a job": ("cpu_limit", "Promise.resolve().then(() => { for (;;); })"),
    "while the answer is written": ("cpu_limit", "({ toJSON() { for (;;); } })"),
    "an iterator": ("cpu_limit", "[...(function* () { for (;;); })()]"),
    "eval": ("cpu_limit", "eval('for (;;);')"),
    "filling arrays": ("cpu_limit", "{ for (;;) new Array(10000).fill(0) }"),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_it_ends_in_its_typed_error(engine_room: Machine, tmp_path: Path, name: str) -> None:
    ends, code = ATTACKS[name]
    assert ended(await besiege(engine_room, tmp_path, code)) in ends.split()
