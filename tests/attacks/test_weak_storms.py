"""The attacker's plan: work that the collector does, which no budget sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attacks.siege import besiege, ended
from tests.semantics.live import Machine

ATTACKS = {
    "finalizers": (
        "cpu_limit",
        "{ const r = new FinalizationRegistry(() => { for (let i = 0; i < 10; i++) r.register({}, 1) }); r.register({}, 1); for (;;) ({}) }",
    ),
    "weak references": ("cpu_limit memory_limit", "{ const a = []; for (;;) a.push(new WeakRef({})) }"),
    "a weak map": (
        "cpu_limit memory_limit",
        "{ const w = new WeakMap(); let k = {}; for (;;) { const n = {}; w.set(n, k); k = n } }",
    ),
    "cycles": ("cpu_limit memory_limit", "for (;;) { const a = {}, b = { a }; a.b = b }"),
    "many finalizers at the end": (
        "value cpu_limit",
        "{ const r = new FinalizationRegistry(() => { for (;;); }); for (let i = 0; i < 1000; i++) r.register({}, i); return 1 }",
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_it_ends_in_its_typed_error(engine_room: Machine, tmp_path: Path, name: str) -> None:
    ends, code = ATTACKS[name]
    assert ended(await besiege(engine_room, tmp_path, code)) in ends.split()
