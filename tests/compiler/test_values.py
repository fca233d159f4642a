"""Compiled code does what the source says: each val is run in a small world of its own.

A row: what it shows, the source, the data before (JavaScript, by "owner.name"), the value, and the data after, if it changed.
A value that is a function is shown as `function name`.
"""

from __future__ import annotations

import pytest

from host_api.compiler import Compiler
from tests.compiler.conftest import Evaluate

DATA = """{
  "me.x": 5, "me.n": null, "me.zero": 0, "me.text": "a", "me.list": [1, 2], "me.cfg": {a: {b: [1, 2]}, n: null},
  "b.f": (...a) => "f" + a.join(), "b.id": (a) => a, "b.Cls": class Cls { constructor(x) { this.x = x } },
  "b.tag": (parts, ...values) => parts.raw.join("|") + values, "b.make": () => class Made { y = 2 },
  "b.lib": {base: 10, add(x) { return this.base + x }},
}"""

VALUES: list[tuple[str, str, object]] = [
    ("a number", "1 + 1", 2),
    ("an object, not a block", "{a: 1}", {"a": 1}),
    ("an object with a semicolon", "{a: 1};", {"a": 1}),
    ("an empty object", "{}", {}),
    ("a block, if no object can be read", "{ let a = 1; a }", "undefined"),
    ("a string, not a directive", '"use strict"', "use strict"),
    ("nothing", "", "undefined"),
    ("a comment", "// nothing", "undefined"),
    ("a comment behind an expression", "1 // one", 1),
    ("a nameless function", "function (a) { return a }", "function "),
    ("a nameless class", "class { }", "function "),
    ("an arrow", "(x) => x", "function "),
    ("a function behind which brackets stand", "function foo() { return 1 }\n(2)", "function foo"),
    ("the last declaration", "const a = 1; const b = a + 1", 2),
    ("the last declaration before an expression", "const a = 1; a + 1", 1),
    ("the last of a pattern", "const {a, b: [c = 3]} = {b: []}", 3),
    ("the last expression", "1; 2; if (true) { 3 }", 2),
    ("an expression before others that run", "[0].pop(); for (const x of []) ;", 0),
    ("an early return", "if (true) return 1; 2", 1),
    ("return await", "return await (async () => 4)()", 4),
    ("a top level await", "const a = await Promise.resolve(2); const b = a * 2", 4),
    ("an exported declaration", "export const a = 1; const b = 2", 1),
    ("the last exported declaration", "export const a = 1; export function b() {}; let c", "function b"),
    ("a default export", "export default () => 1; export const b = 2", "function default"),
    ("a default export of a name", "const a = 7; export default a; const b = 8", 7),
    ("a default export of a function", "export default function foo() {} const b = 1", "function foo"),
    ("a default export of a sequence", "export default (1, 2)", 2),
    ("a list of exports", "const a = 1, b = 2, c = 3; export { a, b }", 2),
    ("a default in a list of exports", "const a = 1, b = 2; export { a as default, b }", 1),
    ("an implicit export", "export foo = 3", 3),
    ("an implicit export with a type", "export foo: number = 3; const b = 4", 3),
    ("module.exports", "const a = 1; module.exports = { a }", {"a": 1}),
    ("module.exports alone", "module.exports = 5", 5),
    ("exports.name", "exports.a = 1; exports.b = 2", {"a": 1, "b": 2}),
    ("export =", "export = 6", 6),
    ("labels and ASI", "let i = 0\nouter: for (;;) {\n  i++\n  break outer\n}\n", 1),
    ("a shadowed references object", "let $ = 1, $1 = 2, $_0 = 3; const v = $ + $1 + @me.x", 8),
    ("an escaped references object", "let \\u0024 = 4; const v = $ + @me.x", 9),
    ("HTML-like comments are operators", "let x = 3; const y = x<!--x", False),
    ("a hashbang", "#!/usr/bin/env node\n1", 1),
    ("a script's end in a string", '"</script>"', "</script>"),
    ("a line separator in a string", '"a\u2028b".length', 3),
    ("a line separator ends a statement", "const f = () => { return\u20281 }\nreturn f() // 1\u2028;", "undefined"),
    ("a line separator behind a comment", "let a = 1 // one\u2028a++\u2028const b = a", 2),
    ("strictness", "(function () { return this })()", "undefined"),
    ("read", "@me.x + 1", 6),
    ("read of what is missing", "@me.nothing", "undefined"),
    ("typeof what is missing", "typeof @me.nothing", "undefined"),
    ("call", "@B.f(1, ...[2, 3])", "f1,2,3"),
    ("optional call of what is missing", "@B.none?.(1)", "undefined"),
    ("optional chain", "@me.n?.a.b.c", "undefined"),
    ("construct", "new @B.Cls(1).x", 1),
    ("construct without arguments", "(new @B.Cls).x", "undefined"),
    ("construct what a call returns", "new (@B.make())().y", 2),
    ("tagged template", "@B.tag`a${@me.x}\\n`", "a|\\n5"),
    ("method call", "@B.lib.add(1)", 11),
    ("method call with computed keys", "@me.cfg['a'].b[(0, 'concat')](3)", [1, 2, 3]),
    ("optional method call", "@B.lib?.add(2)", 12),
    ("api", "api(@B.f, 1)", "api(name b.f, 1)"),
    ("a shadowed api", "((api) => api(@B.f))((f) => f(3))", "f3"),
    ("a secret", "@me.secrets.key", "secret me.key"),
    ("a secret at run time", "@me.secrets['k']", "dynamic"),
    ("a division is no regular expression", "@me.x / 5 / 1", 1),
    ("a spread", "[...@me.list, ...@me.text]", [1, 2, "a"]),
    ("a default that refers", "((a = @me.x, {b = a} = {}) => a + b)()", 10),
    ("a generator", "[...(function* () { yield* @me.list; yield @me.x })()]", [1, 2, 5]),
    (
        "a class with fields",
        "new (class extends @B.Cls { y = @me.x; #z = this.y; get z() { return this.#z } })(1).z",
        5,
    ),
    (
        "an enum",
        "enum E { A, B = 5, C, D = 'd', E = B | 2, F = 'x'.length, G }",
        {
            "0": "A",
            "1": "F",
            "2": "G",
            "5": "B",
            "6": "C",
            "7": "E",
            "A": 0,
            "B": 5,
            "C": 6,
            "D": "d",
            "E": 7,
            "F": 1,
            "G": 2,
        },
    ),
    ("an enum in two parts", "enum E { A } enum E { B = A + 7 }", {"0": "A", "7": "B", "A": 0, "B": 7}),
    ("an enum and a shadow", "enum E { A = 1, B = ((A) => A)(3) }", {"1": "A", "3": "B", "A": 1, "B": 3}),
    (
        "a namespace",
        "namespace N { const a = 1; export const b = a + 1; export let c = 1; c = 5; namespace M {} export namespace O { export const d = b } }",
        {"b": 2, "c": 5, "O": {"d": 2}},
    ),
    ("a dotted namespace", "namespace A.B.C { export const x = @me.x }", {"B": {"C": {"x": 5}}}),
    ("a namespace of types", "namespace N { export type A = 1 } 3", 3),
    ("a namespace beside a function", "function f() {} namespace f { export const a = 4 } const r = f.a", 4),
    (
        "parameter properties",
        "class A { constructor(private x = 1, readonly y: number = @me.x, z?: string) {} } const a = new A()",
        {"x": 1, "y": 5},
    ),
    (
        "parameter properties behind super",
        "class B { b = 1 } class A extends B { constructor(public x: number) { super(); this.x++ } } const a = new A(2)",
        {"b": 1, "x": 3},
    ),
    (
        "fields whose types end lines",
        "class A { get: string\nset = 1\nstatic: number;\n['a'] = 2 } const a = new A()",
        {"set": 1, "a": 2},
    ),
    ("a type that would join lines", "let a = 1 as any\n(2)\nconst b = a", 1),
    ("a type behind what is returned", "const f = (): number => { return 7 as\nany }; return f()", 7),
    ("a type that breaks an arrow", "const f = (a): a is\nstring => a; return f(8)", 8),
    ("type arguments that break an arrow", "const f = async <\nT>(a: T) => a; return await f(9)", 9),
    ("overloads", "function f(a: string): void\nfunction f(a: any) { return a }\nreturn f(1)", 1),
    ("a this parameter", "function f(this: Date, a) { return a } return f(1)", 1),
    ("an import alias", "namespace N { export const a = 2 } import b = N.a", 2),
    (
        "an abstract class",
        "abstract class A { abstract f(): void\n['g']() { return 1 } } return new (class extends A {})().g()",
        1,
    ),
    ("an arrow in a conditional", "const b = true, c = 1; return b ? (c) : d => d", 1),
    ("a parenthesis less logical assignment", "const a = 1\n@me.n ??= 2\nreturn a", 1),
]

WRITES: list[tuple[str, str, object, dict[str, object]]] = [
    ("set", "@me.x = 1", 1, {"me.x": 1}),
    ("set to a function", "@me.y = (@me.x = 2) + 1", 3, {"me.x": 2, "me.y": 3}),
    ("update", "@me.x **= 2", 25, {"me.x": 25}),
    ("update of a text", "@me.text += `b${@me.x}`", "ab5", {"me.text": "ab5"}),
    ("or, taken", "@me.zero ||= 3", 3, {"me.zero": 3}),
    ("or, not taken", "@me.x ||= @B.none()", 5, {}),
    ("and, taken", "@me.x &&= 3", 3, {"me.x": 3}),
    ("nullish, taken", "(@me.n ??= 3) + 1", 4, {"me.n": 3}),
    ("nullish, not taken", "@me.zero ??= @B.none()", 0, {}),
    ("step", "@me.x++ + @me.x", 11, {"me.x": 6}),
    ("step before", "--@me.x", 4, {"me.x": 4}),
    ("delete", "delete @me.x", True, {"me.x": ...}),
    ("deep set", "@me.cfg.a.b[1 + 1] = 3", 3, {"me.cfg": {"a": {"b": [1, 2, 3]}, "n": None}}),
    ("deep update", "@me.cfg['a'].b[0] <<= 4", 16, {"me.cfg": {"a": {"b": [16, 2]}, "n": None}}),
    ("deep nullish", "@me.cfg.n ??= @me.x", 5, {"me.cfg": {"a": {"b": [1, 2]}, "n": 5}}),
    ("deep nullish, not taken, keys once", "let i = 0; @me.cfg.a.b[i++] ??= 9; return i", 1, {}),
    ("deep step", "@me.cfg.a.b[0]++", 1, {"me.cfg": {"a": {"b": [2, 2]}, "n": None}}),
    ("deep delete", "delete @me.cfg.a", True, {"me.cfg": {"n": None}}),
    ("array pattern", "[@me.x, @me.cfg.n, ...@me.y] = [1, 2, 3, 4]", [1, 2, 3, 4],
     {"me.x": 1, "me.cfg": {"a": {"b": [1, 2]}, "n": 2}, "me.y": [3, 4]}),
    ("object pattern", "({a: @me.x = 7, [@me.text + 'b']: @me.y, ...@me.z} = {ab: 1, c: 2}); return 0", 0,
     {"me.x": 7, "me.y": 1, "me.z": {"c": 2}}),
    ("for of", "for (@me.x of [1, 2]) @me.zero += @me.x", "undefined", {"me.x": 2, "me.zero": 3}),
    ("for in", "for (@me.cfg.n in {k: 1}) ;", "undefined", {"me.cfg": {"a": {"b": [1, 2]}, "n": "k"}}),
    ("a method that changes", "@me.list.push(3, ...@me.list)", 5, {"me.list": [1, 2, 3, 1, 2]}),
    ("operands from left to right", "const log = []; const k = (x) => (log.push(x), x); @me.cfg[k('a')][k('b')] = k(3); return log.join('')", "ab3",
     {"me.cfg": {"a": {"b": 3}, "n": None}}),
    ("a write in a type's clothes", "(@me.x as any)! = 3", 3, {"me.x": 3}),
]  # fmt: skip


@pytest.mark.parametrize(("source", "value"), [pytest.param(*row[1:], id=row[0]) for row in VALUES])
async def test_values(evaluate: Evaluate, source: str, value: object) -> None:
    assert (await evaluate(source, DATA)).value == value


@pytest.mark.parametrize(("source", "value", "changes"), [pytest.param(*row[1:], id=row[0]) for row in WRITES])
async def test_writes(evaluate: Evaluate, source: str, value: object, changes: dict[str, object]) -> None:
    before = (await evaluate("0", DATA)).data
    seen = await evaluate(source, DATA)
    expected = {key: item for key, item in (before | changes).items() if item is not ...}
    assert (seen.value, seen.data) == (value, expected)


@pytest.mark.parametrize(
    ("source", "operations"),
    [
        ("@me.x = @me.x + 1", ["get", "set"]),
        ("@me.x += @me.x", ["get", "update +"]),
        ("@me.cfg.n ??= @me.x", ["get", "deepUpdate ??"]),
        ("[@me.x] = @me.list", ["get", "slot"]),
        ("@me.list.push(@me.x)", ["get", "method"]),
        ("@me.cfg.a.b", ["get"]),
        ("@B.f(@me.x)", ["fn", "get"]),
        ("new @B.Cls(@me.x)", ["ctor", "get"]),
        ("@me.x || @B.f()", ["get"]),
    ],
)
async def test_a_use_is_one_operation_after_its_operands(
    evaluate: Evaluate, source: str, operations: list[str]
) -> None:
    assert (await evaluate(source, DATA)).log == operations


@pytest.mark.parametrize(
    ("source", "form", "name", "asynchronous"),
    [
        ("(x) => x", "expression", None, False),
        ("{a: 1}", "expression", None, False),
        ("await @B.f()", "expression", None, True),
        ("async () => await 1", "expression", None, False),
        ("function () {}", "expression", None, False),
        ("module.exports = foo", "expression", "foo", False),
        ("function foo() {}", "declarations", "foo", False),
        ("async function foo() {}", "declarations", "foo", False),
        ("class Foo {}", "declarations", "Foo", False),
        ("export const a = 1; const b = 2", "declarations", "a", False),
        ("export foo = 1", "declarations", "foo", False),
        ("export default () => 1", "declarations", None, False),
        ("export default function foo() {}", "declarations", "foo", False),
        ("let a; export { a as b }", "declarations", "b", False),
        ("interface A {} const b = 1; type C = A", "declarations", "b", False),
        ("enum E { A }", "declarations", "E", False),
        ("1; 2", "statements", None, False),
        ("const f = async () => { await 1 }; 2", "declarations", "f", False),
        ("for await (const x of y) ;", "statements", None, True),
        ("if (a) await b", "statements", None, True),
        ("return 1", "statements", None, False),
        ("class A { async f() { await 1 } }", "declarations", "A", False),
        ("", "empty", None, False),
        ("// nothing", "empty", None, False),
        ("interface A {}", "empty", None, False),
        (";;", "empty", None, False),
    ],
)
async def test_forms(compiler: Compiler, source: str, form: str, name: str | None, *, asynchronous: bool) -> None:
    unit = await compiler.compile(source)
    assert (unit.form, unit.name, unit.asynchronous) == (form, name, asynchronous)
