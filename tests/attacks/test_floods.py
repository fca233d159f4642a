"""The attacker's plan: say so much, so often, that the host drowns in what it must keep."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attacks.siege import besiege, ended
from tests.semantics.live import Machine

ATTACKS = {
    "console": ("limit", "for (;;) console.log('x'.repeat(1000))"),
    "console and catching": ("cpu_limit", "for (;;) { try { console.log('x'.repeat(1000)) } catch {} }"),
    "empty lines": ("cpu_limit limit", "for (;;) console.log('')"),
    "one giant line": ("limit", "console.log('x'.repeat(2 ** 22))"),
    "groups": (
        "limit cpu_limit memory_limit",
        "{ for (let i = 0; i < 5000; i++) console.group(); console.log('x\\n'.repeat(5000)) }",
    ),
    "showing much": (
        "limit cpu_limit",
        "{ const o = Object.fromEntries(Array.from({ length: 20000 }, (_, i) => ['k' + i, { i }])); for (;;) console.log(o) }",
    ),
    "host calls": ("cpu_limit", "for (;;) @B.none"),
    "refusals": ("cpu_limit", "for (;;) @B.none = 1"),
    "secrets": ("cpu_limit", "for (let i = 0; ; i++) @me.secrets['k' + i]"),
    "mail": ("limit", "for (;;) console.email('x')"),
    "writes and catching": ("cpu_limit wall_limit", "for (;;) { try { @me.n = 1 } catch {} }"),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_it_ends_in_its_typed_error(engine_room: Machine, tmp_path: Path, name: str) -> None:
    ends, code = ATTACKS[name]
    assert ended(await besiege(engine_room, tmp_path, code)) in ends.split()
