"""The engine's code writes nothing but its memory: an instruction that would is found, wherever it stands."""

from __future__ import annotations

import pytest
import wasmtime

from guests.build import ENGINE
from guests.instructions import Changing, insist_still

PARTS = (
    '(memory 1) (table $t 4 4 funcref) (elem $e func $f) (data $d "x") (func $f (export "f") (param i32) (result i32)'
)
PLAIN = [
    "(local.get 0)",
    "(i32.add (i32.const -1000000) (local.get 0))",
    "(block $a (block $b (br_table $a $b $a (local.get 0)))) (i32.const 1)",
    "(drop (f64.const 1)) (drop (f32.const 1)) (drop (i64.const -9007199254740993)) (i32.const 0x7f)",
    "(memory.fill (i32.const 0) (i32.const 1) (i32.const 2)) (memory.copy (i32.const 0) (i32.const 1) (i32.const 2)) (memory.size)",
    "(i32.trunc_sat_f64_s (f64.load offset=300 (i32.const 8)))",
    "(i32.extend8_s (select (i32.const 1) (i32.const 2) (local.get 0)))",
    "(select (result i32) (i32.const 1) (i32.const 2) (memory.grow (i32.const 1)))",
    "(call_indirect $t (param i32) (result i32) (i32.const 0x26) (i32.const 1))",
    "(drop (table.get $t (i32.const 0x26))) (i32.const 38)",
]
CHANGING = {
    "table.set": "(table.set $t (i32.const 0) (ref.func $f)) (i32.const 1)",
    "table.copy": "(table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 1)) (i32.const 1)",
    "table.init": "(table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1)) (i32.const 1)",
    "table.fill": "(table.fill $t (i32.const 0) (ref.null func) (i32.const 1)) (i32.const 1)",
    "table.grow": "(table.grow $t (ref.null func) (i32.const 1))",
    "elem.drop": "(elem.drop $e) (i32.const 1)",
    "data.drop": "(data.drop $d) (i32.const 1)",
    "memory.init": "(memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)) (i32.const 1)",
    "what is not known": "(drop (v128.const i32x4 1 2 3 4)) (i32.const 1)",
}


def module(body: str) -> bytes:
    return bytes(wasmtime.wat2wasm(f"(module {PARTS} (local i64 f64 i32) {body}))"))


def test_the_engine_that_was_built_changes_nothing_but_memory() -> None:
    insist_still(ENGINE.read_bytes())


@pytest.mark.parametrize("body", PLAIN)
def test_code_that_writes_memory_alone_is_taken(body: str) -> None:
    insist_still(module(body))


@pytest.mark.parametrize("body", CHANGING.values(), ids=CHANGING)
@pytest.mark.parametrize("before", PLAIN)
def test_code_that_changes_more_is_refused_wherever_it_stands(before: str, body: str) -> None:
    with pytest.raises(Changing, match="may change more than its memory"):
        insist_still(module(f"(drop (block (result i32) {before})) {body}"))
