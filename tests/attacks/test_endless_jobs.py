"""The attacker's plan: no loop at all: each job makes the next, and the evaluation never rests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attacks.siege import besiege, ended
from tests.semantics.live import Machine

ATTACKS = {
    "microtasks": (
        "cpu_limit memory_limit",
        "{ const f = () => Promise.resolve().then(f); f(); return new Promise(() => {}) }",
    ),
    "await": ("cpu_limit memory_limit", "{ (async () => { for (;;) await null })(); return new Promise(() => {}) }"),
    "a promise storm": (
        "cpu_limit memory_limit",
        "{ const f = () => { Promise.resolve().then(f); Promise.resolve().then(f) }; f(); return new Promise(() => {}) }",
    ),
    "after the answer": ("cpu_limit memory_limit", "{ const f = () => Promise.resolve().then(f); f(); return 1 }"),
    "Promise.all": ("RangeError cpu_limit memory_limit", "{ const f = () => Promise.all([0, 1].map(f)); return f() }"),
    "thenables": ("cpu_limit memory_limit", "{ const t = { then(done) { done(t) } }; return t }"),
    "a rejection storm": ("cpu_limit memory_limit", "{ for (;;) Promise.reject(1) }"),
    "an async generator": (
        "cpu_limit memory_limit",
        "{ async function* g() { for (;;) yield 1 } for await (const x of g()); }",
    ),
    "a promise resolved with itself": (
        "TypeError",
        "{ let done; const p = new Promise((d) => { done = d }); done(p); return p }",
    ),
    "timers": ("cpu_limit memory_limit", "{ const f = () => { setTimeout(f, 0) }; f(); return new Promise(() => {}) }"),
    "a flood of timers": ("cpu_limit memory_limit limit", "{ for (;;) setTimeout(() => {}, 1000) }"),
    "intervals": (
        "cpu_limit memory_limit",
        "{ for (let i = 0; i < 500; i++) setInterval(() => {}, 0); return new Promise(() => {}) }",
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_it_ends_in_its_typed_error(engine_room: Machine, tmp_path: Path, name: str) -> None:
    ends, code = ATTACKS[name]
    assert ended(await besiege(engine_room, tmp_path, code)) in ends.split()
