"""The attacker's plan: keep everything, until the machine has no memory left."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attacks.siege import besiege, ended
from tests.semantics.live import Machine

ATTACKS = {
    "typed arrays": ("memory_limit", "{ const a = []; for (;;) a.push(new Uint8Array(2 ** 20)) }"),
    "typed arrays and catching": (
        "memory_limit cpu_limit",
        "{ const a = []; for (;;) { try { a.push(new Float64Array(2 ** 16)) } catch {} } }",
    ),
    "one giant buffer": ("memory_limit RangeError", "new ArrayBuffer(2 ** 31)"),
    "a resizable buffer": (
        "memory_limit RangeError TypeError",
        "{ const b = new ArrayBuffer(8, { maxByteLength: 2 ** 31 }); b.resize(2 ** 30); return b.byteLength }",
    ),
    "small objects": ("memory_limit cpu_limit", "{ const a = []; for (;;) a.push({}) }"),
    "a map": ("memory_limit cpu_limit", "{ const m = new Map(); for (let i = 0; ; i++) m.set(i, i) }"),
    "keys": ("memory_limit cpu_limit", "{ const o = {}; for (let i = 0; ; i++) o['k' + i] = i }"),
    "symbols": ("memory_limit cpu_limit", "{ const a = []; for (;;) a.push(Symbol('x'.repeat(100))) }"),
    "closures": ("memory_limit cpu_limit", "{ let f = () => 0; for (;;) { const g = f; f = () => g } }"),
    "a giant array": ("memory_limit cpu_limit RangeError", "{ const a = new Array(2 ** 31); a.fill(1); return 1 }"),
    "a sparse index": ("value", "{ const a = []; a[2 ** 31] = 1; return a.length }"),
    "functions made of text": (
        "memory_limit cpu_limit",
        "{ const a = []; for (;;) a.push(Function('return ' + a.length)) }",
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_it_ends_in_its_typed_error(engine_room: Machine, tmp_path: Path, name: str) -> None:
    ends, code = ATTACKS[name]
    assert ended(await besiege(engine_room, tmp_path, code)) in ends.split()
