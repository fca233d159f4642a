"""The attacker's plan: more frames than a stack holds, in the engine's own C code, so that the process goes down with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attacks.siege import besiege, ended
from tests.semantics.live import Machine

ATTACKS = {
    "a function": ("RangeError cpu_limit", "{ const f = () => f(); f() }"),
    "caught again and again": ("cpu_limit RangeError", "{ const f = () => { try { f() } catch { f() } }; f() }"),
    "a getter": ("RangeError cpu_limit", "{ const o = { get x() { return this.x } }; o.x }"),
    "toString": ("RangeError cpu_limit", "{ const o = { toString() { return '' + this } }; '' + o }"),
    "sort": ("RangeError cpu_limit", "{ const f = () => [2, 1].sort(f); f() }"),
    "replace": ("RangeError cpu_limit", "{ const f = () => 'a'.replace(/a/, f); f() }"),
    "JSON.parse": ("SyntaxError RangeError cpu_limit", "JSON.parse('['.repeat(100000))"),
    "JSON.parse of what is closed": (
        "RangeError SyntaxError cpu_limit",
        "JSON.parse('['.repeat(100000) + ']'.repeat(100000))",
    ),
    "JSON.parse of objects": (
        "RangeError SyntaxError cpu_limit",
        "JSON.parse('{\"a\":'.repeat(50000) + '1' + '}'.repeat(50000))",
    ),
    "JSON.stringify": (
        "RangeError cpu_limit",
        "{ let x = []; for (let i = 0; i < 50000; i++) x = [x]; return JSON.stringify(x).length }",
    ),
    "the answer": (
        "RangeError TypeError cpu_limit",
        "{ let x = []; for (let i = 0; i < 50000; i++) x = [x]; return x }",
    ),
    "toJSON": ("RangeError cpu_limit", "{ const f = () => JSON.stringify({ toJSON: f }); f() }"),
    "flat": (
        "RangeError value cpu_limit",
        "{ let x = []; for (let i = 0; i < 50000; i++) x = [x]; return x.flat(Infinity) }",
    ),
    "a deep proxy": (
        "RangeError value cpu_limit",
        "{ let p = {}; for (let i = 0; i < 50000; i++) p = new Proxy(p, {}); return p.x }",
    ),
    "a deep proxy of a function": (
        "RangeError cpu_limit",
        "{ let p = () => 1; for (let i = 0; i < 50000; i++) p = new Proxy(p, {}); return p() }",
    ),
    "instanceof a deep proxy": (
        "RangeError value cpu_limit",
        "{ let p = {}; for (let i = 0; i < 50000; i++) p = new Proxy(p, {}); return p instanceof Object }",
    ),
    "isArray of a deep proxy": (
        "RangeError value InternalError cpu_limit",
        "{ let p = []; for (let i = 0; i < 50000; i++) p = new Proxy(p, {}); return Array.isArray(p) }",
    ),
    "bind chains": (
        "RangeError memory_limit cpu_limit",
        "{ let f = () => 1; for (let i = 0; i < 50000; i++) f = f.bind(null); return f() }",
    ),
    "bind chains of classes": (
        "RangeError value memory_limit cpu_limit",
        "{ let f = class {}; for (let i = 0; i < 50000; i++) f = f.bind(null); return typeof new f() }",
    ),
    "a long prototype chain": (
        "value RangeError cpu_limit",
        "{ let o = {}; for (let i = 0; i < 50000; i++) o = Object.create(o); return o.none === undefined }",
    ),
    "generators": ("RangeError cpu_limit", "{ function* g() { yield* g() } g().next() }"),
    "deep source": (
        "RangeError SyntaxError InternalError cpu_limit",
        "eval('('.repeat(50000) + '1' + ')'.repeat(50000))",
    ),
    "deep blocks": ("RangeError SyntaxError InternalError cpu_limit", "eval('{'.repeat(50000) + '}'.repeat(50000))"),
    "a long sum": ("value RangeError SyntaxError InternalError cpu_limit", "eval('1' + '+1'.repeat(50000))"),
    "a deep array literal": (
        "RangeError SyntaxError InternalError cpu_limit",
        "eval('['.repeat(50000) + ']'.repeat(50000))",
    ),
    "freeing a long list": (
        "value",
        "{ let list = null; for (let i = 0; i < 100000; i++) list = { list }; list = null; return 1 }",
    ),
    "freeing long closures": (
        "value",
        "{ let f = null; for (let i = 0; i < 50000; i++) { const g = f; f = () => g } f = null; return 1 }",
    ),
    "keeping what is deep": (
        "limit cpu_limit",
        "{ let x = {}; for (let i = 0; i < 50000; i++) x = { x }; @me.deep = x }",
    ),
    "showing what is deep": (
        "value",
        "{ let x = {}; for (let i = 0; i < 20000; i++) x = { x }; console.log(x); return 1 }",
    ),
    "showing a cycle": ("value", "{ const m = new Map(); m.set(m, m); console.log(m, [m]); return 1 }"),
    "a long chain of causes": (
        "Error cpu_limit",
        "{ let e = new Error('0'); for (let i = 0; i < 20000; i++) e = new Error('x', { cause: e }); throw e }",
    ),
    "an error that shows itself": (
        "Error RangeError cpu_limit",
        "{ const e = new Error('x'); Object.defineProperty(e, 'message', { get() { return '' + e } }); throw e }",
    ),
    "Symbol.toPrimitive": ("RangeError cpu_limit", "{ const o = { [Symbol.toPrimitive]() { return o + 1 } }; o + 1 }"),
    "hasInstance": (
        "RangeError cpu_limit",
        "{ class K { static [Symbol.hasInstance](x) { return x instanceof K } } ({}) instanceof K }",
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_it_ends_in_its_typed_error(engine_room: Machine, tmp_path: Path, name: str) -> None:
    ends, code = ATTACKS[name]
    assert ended(await besiege(engine_room, tmp_path, code)) in ends.split()
