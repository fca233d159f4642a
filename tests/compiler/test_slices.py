"""A function of a val can be given back as it was written: types, references and comments included."""

from __future__ import annotations

import pytest

from host_api.compiler import Compiler

SLICES = [
    ("const f = (x: number): number => x + @me.y; f", "(x        )         => x + $.get(0)", "(x: number): number => x + @me.y"),
    ("@me.f = () => @B.g(1)", "() => $.fn(1)(1)", "() => @B.g(1)"),
    ("@me.f = () => @B.g", "() => $.get(1)", "() => @B.g"),
    ("@me.f = () => @B\n.g", "() => $.get(1)", "() => @B\n.g"),
    ("@me.a.b = function g(a?: T) { @me.n++ /* 😀 */ }", "function g(a    ) { $.step(1, 1, false); /* 😀 */ }",
     "function g(a?: T) { @me.n++ /* 😀 */ }"),
    ("<a b={() => @me.x}/>", "() => $.get(0)", "() => @me.x"),
    ("<a>{() => 1}</a>", "() => 1", "() => 1"),
    ("f(class A<T> { x: T })", "class A    { x   ; }", "class A<T> { x: T }"),
    ("@me.f = async (a) => {\n  return a as T\n}", "async (a) => {\n  return a     ;\n}", "async (a) => {\n  return a as T\n}"),
    ("@me.f = { g(a: T) { return a } }.g", "g(a   ) { return a }", "({ g(a: T) { return a } }).g"),
    ("@me.f = { async *'a b'() {} }['a b']", "async *'a b'() {}", '({ async *\'a b\'() {} })["a b"]'),
    ("class A { static async g() {} }", "async g() {}", "({ async g() {} }).g"),
    ("class A { private g(): void {} }", "g()       {}", "({ g(): void {} }).g"),
    ("({ [k]() {} })", "[k]() {}", None),
    ("({ get a() {} })", "get a() {}", None),
    ("class A { #a() {} }", "#a() {}", None),
    ("(x) => x", "(y) => y", None),
    ("(x) => x", "", None),
    ("(x) => x", "use strict", None),
]  # fmt: skip


@pytest.mark.parametrize(("source", "text", "expected"), SLICES)
async def test_slices(compiler: Compiler, source: str, text: str, expected: str | None) -> None:
    unit = await compiler.compile(source)
    assert expected is None or text in unit.code
    assert unit.slice(text) == expected
