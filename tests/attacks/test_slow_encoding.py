"""The attacker's plan: code that runs while the host believes that it only copies."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attacks.siege import besiege, ended
from tests.semantics.live import Machine

ATTACKS = {
    "a getter that never ends": ("cpu_limit", "{ @me.x = { get a() { for (;;); } } }"),
    "a getter that grows what is copied": (
        "value limit cpu_limit",
        "{ const o = []; const grow = () => ({ get a() { o.push(grow()); return 1 } }); o.push(grow()); @me.x = o; return 1 }",
    ),
    "a proxy with endless keys": ("cpu_limit clone", "{ @me.x = [new Proxy({}, { ownKeys() { for (;;); } })] }"),
    "a getter that writes itself": (
        "RangeError limit cpu_limit",
        "{ const o = { get a() { @me.y = o; return 1 } }; @me.x = o }",
    ),
    "a giant length": ("limit cpu_limit", "{ const a = []; a.length = 2 ** 32 - 1; @me.x = a }"),
    "much of one text": ("limit", "{ let x = 'x'.repeat(1000); @me.x = Array.from({ length: 2000 }, () => x) }"),
    "shared a billion times": (
        "cpu_limit memory_limit value limit",
        "{ let x = ['x'.repeat(100)]; for (let i = 0; i < 60; i++) x = [x, x]; @me.x = x; return 1 }",
    ),
    "an answer shared a billion times": (
        "cpu_limit memory_limit InternalError RangeError",
        "{ let x = ['x'.repeat(100)]; for (let i = 0; i < 60; i++) x = [x, x]; return x }",
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_it_ends_in_its_typed_error(engine_room: Machine, tmp_path: Path, name: str) -> None:
    ends, code = ATTACKS[name]
    assert ended(await besiege(engine_room, tmp_path, code)) in ends.split()
