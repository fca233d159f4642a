"""Every reference of a val is found, with its use and its place, and nothing else is taken for one.

A row: what it shows, the source, and the references as `@owner.name use line:column`.
"""

from __future__ import annotations

import pytest

from host_api.compiler import Compiler, Reference

TABLE: list[tuple[str, str, list[str]]] = [
    ("a read", "@me.x", ["@me.x read 1:1"]),
    ("a read of another's val", "@Alice.Some_Val2 + 1", ["@alice.Some_Val2 read 1:1"]),
    ("a member of a val", "@B.config.url", ["@b.config read 1:1"]),
    ("a computed member", "@B.config[@me.key]", ["@b.config read 1:1", "@me.key read 1:11"]),
    ("double quotes", '"@me.x"', []),
    ("single quotes", "'@me.x \\' @me.y'", []),
    ("an e-mail address", '"alice@bar.com" + @me.x', ["@me.x read 1:19"]),
    ("a template's text", "`@me.x`", []),
    ("a template's expression", "`a@b.c ${@me.x} @me.y ${`${@B.z}`}`", ["@me.x read 1:10", "@b.z read 1:28"]),
    (
        "nested templates",
        "`${[1].map((x) => `${@me.a} @me.b ${`@me.c ${@me.d}`}`)}`",
        ["@me.a read 1:22", "@me.d read 1:46"],
    ),
    ("a tagged template", "@B.tag`x ${@me.y} @me.z`", ["@b.tag call 1:1", "@me.y read 1:12"]),
    ("a member as a tag", "@B.lib.tag`x`", ["@b.lib read 1:1"]),
    ("a line comment", "1 // @me.x\n+ @me.y", ["@me.y read 2:3"]),
    ("a block comment", "/* @me.x */ @me.y /* @me.z\n*/ + @me.w", ["@me.y read 1:13", "@me.w read 2:6"]),
    ("a regular expression", "/@me.x/.test(@me.y)", ["@me.y read 1:14"]),
    ("a class in a regular expression", "/[/@me.x]/.test(@me.y)", ["@me.y read 1:17"]),
    ("a division", "@me.a / @me.b / 2", ["@me.a read 1:1", "@me.b read 1:9"]),
    ("a regular expression after a division", "1 / /@me.x/g.exec(@me.y)", ["@me.y read 1:19"]),
    ("a regular expression after a block", "if (@me.a) {} /@me.b/.test(@me.c)", ["@me.a read 1:5", "@me.c read 1:28"]),
    ("a division after a call", "@B.f() / @me.x /2", ["@b.f call 1:1", "@me.x read 1:10"]),
    ("JSX text", "<p>@me.x mail@me.y {@me.z}</p>", ["@me.z read 1:21"]),
    ("JSX attributes", '<a b="@me.x" c={@me.y} {...@me.z}>{/* @me.w */}</a>', ["@me.y read 1:17", "@me.z read 1:28"]),
    (
        "JSX in JSX",
        "<A><B c={<i>{@me.x}</i>}/>{@me.list.map((x) => <li>@me.y {x}</li>)}</A>",
        ["@me.x read 1:14", "@me.list read 1:28"],
    ),
    ("a generic arrow beside JSX", "const f = <T,>(x: T) => <b>{@me.x}</b>", ["@me.x read 1:29"]),
    ("an optional member", "@B.config?.url", ["@b.config read 1:1"]),
    ("an optional call", "@B.f?.(@me.x)", ["@b.f call 1:1", "@me.x read 1:8"]),
    ("an optional chain", "@me.a?.b.c?.[@me.d]?.(@me.e).f", ["@me.a read 1:1", "@me.d read 1:14", "@me.e read 1:23"]),
    ("an optional method call", "@me.list?.push(1)", ["@me.list read 1:1"]),
    ("a call", "@B.f(1, @me.x)", ["@b.f call 1:1", "@me.x read 1:9"]),
    ("a call of a call", "@B.f(1)(2)", ["@b.f call 1:1"]),
    ("a call in brackets", "(@B.f)(1)", ["@b.f call 1:2"]),
    ("a call with type arguments", "@B.f<string, Map<string, number>>(1)", ["@b.f call 1:1"]),
    ("a construction", "new @B.Cls(@me.x)", ["@b.Cls construct 1:5", "@me.x read 1:12"]),
    ("a construction without arguments", "new @B.Cls", ["@b.Cls construct 1:5"]),
    ("a construction of a member", "new @B.ns.Cls(1)", ["@b.ns read 1:5"]),
    ("a construction of what a call returns", "new (@B.make())(1)", ["@b.make call 1:6"]),
    ("typeof", "typeof @B.x === 'function'", ["@b.x read 1:8"]),
    ("void and not", "void @me.x, !@me.y, -@me.z", ["@me.x read 1:6", "@me.y read 1:14", "@me.z read 1:22"]),
    (
        "a spread",
        "[...@me.a, ...@B.b()]; f(...@me.c); ({...@me.d})",
        ["@me.a read 1:5", "@b.b call 1:15", "@me.c read 1:29", "@me.d read 1:42"],
    ),
    ("an assignment", "@me.x = @B.y", ["@me.x write 1:1", "@b.y read 1:9"]),
    (
        "a compound assignment",
        "@me.x += 1; @me.y **= 2; @me.z >>>= @me.x",
        ["@me.x write 1:1", "@me.y write 1:13", "@me.z write 1:26", "@me.x read 1:37"],
    ),
    (
        "a logical assignment",
        "@me.x ??= @me.a; @me.y ||= 1; @me.z &&= 2",
        ["@me.x write 1:1", "@me.a read 1:11", "@me.y write 1:18", "@me.z write 1:31"],
    ),
    ("an increment", "@me.x++; --@me.y", ["@me.x write 1:1", "@me.y write 1:12"]),
    (
        "a deep assignment",
        "@me.cfg.items[@me.i].name = @me.v",
        ["@me.cfg write 1:1", "@me.i read 1:15", "@me.v read 1:29"],
    ),
    ("a deep compound assignment", "@me.cfg['a b'][0] *= 2", ["@me.cfg write 1:1"]),
    ("a deep logical assignment", "@me.cfg[k()].x ??= @me.y", ["@me.cfg write 1:1", "@me.y read 1:20"]),
    ("a deep increment", "++@me.count[@me.day]", ["@me.count write 1:3", "@me.day read 1:13"]),
    ("delete", "delete @me.x", ["@me.x write 1:8"]),
    ("a deep delete", "delete @me.cfg[@me.k]", ["@me.cfg write 1:8", "@me.k read 1:16"]),
    (
        "an array pattern",
        "[@me.a, @me.b.c, ...@me.d] = @B.e",
        ["@me.a write 1:2", "@me.b write 1:9", "@me.d write 1:21", "@b.e read 1:30"],
    ),
    (
        "an object pattern",
        "({a: @me.a, [@me.k]: @me.b[0] = @me.c, ...@me.d} = @B.e)",
        [
            "@me.a write 1:6",
            "@me.k read 1:14",
            "@me.b write 1:22",
            "@me.c read 1:33",
            "@me.d write 1:43",
            "@b.e read 1:52",
        ],
    ),
    (
        "a pattern that swaps",
        "[@me.a, @me.b] = [@me.b, @me.a]",
        ["@me.a write 1:2", "@me.b write 1:9", "@me.b read 1:19", "@me.a read 1:26"],
    ),
    (
        "a declaring pattern",
        "const {a = @me.a, [@me.k]: b} = @me.o",
        ["@me.a read 1:12", "@me.k read 1:20", "@me.o read 1:33"],
    ),
    (
        "a for-of target",
        "for (@me.x of @me.list) @B.f(@me.x)",
        ["@me.x write 1:6", "@me.list read 1:15", "@b.f call 1:25", "@me.x read 1:30"],
    ),
    ("a deep for-in target", "for (@me.o.k in @me.o) ;", ["@me.o write 1:6", "@me.o read 1:17"]),
    ("a for-of declaration", "for (const x of @me.list) x", ["@me.list read 1:17"]),
    ("for await", "for await (const x of @B.stream()) @me.n += x", ["@b.stream call 1:23", "@me.n write 1:36"]),
    ("a method call", "@me.list.push(@me.x, ...@me.y)", ["@me.list read 1:1", "@me.x read 1:15", "@me.y read 1:25"]),
    ("a deep method call", "@me.a.b[@me.k].c(1)", ["@me.a read 1:1", "@me.k read 1:9"]),
    (
        "a method of what a method returns",
        "@me.list.filter((x) => x > @me.min).map(String)",
        ["@me.list read 1:1", "@me.min read 1:28"],
    ),
    ("a method of what a call returns", "@B.f().then(@me.g)", ["@b.f call 1:1", "@me.g read 1:13"]),
    ("the name for api", "api(@B.f, @me.x)", ["@b.f name 1:5", "@me.x read 1:11"]),
    ("the name for api, in brackets, optional", "api?.((@B.f), @B.g)", ["@b.f name 1:8", "@b.g read 1:15"]),
    ("a member for api", "api(@B.f.g)", ["@b.f read 1:5"]),
    ("a shadowed api", "function f(api) { return api(@B.f) }", ["@b.f read 1:30"]),
    ("an api declared later", "api(@B.f); { api(@B.g) } var api", ["@b.f read 1:5", "@b.g read 1:18"]),
    ("an api declared in a block beside", "{ let api = 1 } api(@B.f)", ["@b.f name 1:21"]),
    ("an api imported as a type", "import type { api } from 'x'; api(@B.f)", ["@b.f name 1:35"]),
    ("an api caught", "try {} catch ({ api }) { api(@B.f) } api(@B.g)", ["@b.f read 1:30", "@b.g name 1:42"]),
    ("a method named api", "x.api(@B.f)", ["@b.f read 1:7"]),
    ("a secret", "@me.secrets.KEY + @B.Secrets.other", ["@me.KEY secret 1:1", "@b.other secret 1:19"]),
    ("a secret's member", "@me.secrets.key.length", ["@me.key secret 1:1"]),
    (
        "secrets at run time",
        "@me.secrets[k]; @me.secrets; Object.keys(@me.secrets)",
        ["@me.[dynamic] secret 1:1", "@me.[dynamic] secret 1:17", "@me.[dynamic] secret 1:42"],
    ),
    ("a pinned version", "@B.foo@12 + @B.foo@0.bar", ["@b.foo@12 read 1:1", "@b.foo@0 read 1:13"]),
    ("a pinned call", "@B.f@3(1)", ["@b.f@3 call 1:1"]),
    ("white space in a reference", "@me\n  .x + @me . y // c\n/* d */ . z", ["@me.x read 1:1", "@me.y read 2:8"]),
    ("labels", "me: for (;;) { @me.x; continue me }", ["@me.x read 1:16"]),
    (
        "semicolons left out",
        "@me.x\n@me.y\n(@me.z)\n++@me.w",
        ["@me.x read 1:1", "@me.y call 2:1", "@me.z read 3:2", "@me.w write 4:3"],
    ),
    (
        "a getter",
        "({ get x() { return @me.x }, set x(v) { @me.x = v }, '@me.y': 1, [@me.k]() {} })",
        ["@me.x read 1:21", "@me.x write 1:41", "@me.k read 1:67"],
    ),
    ("an async arrow", "const f = async (a = @me.a) => await @B.f(a)", ["@me.a read 1:22", "@b.f call 1:38"]),
    ("an arrow's body", "() => @me.x = () => ({ a: @me.y })", ["@me.x write 1:7", "@me.y read 1:27"]),
    ("a generator", "function* g() { yield @me.x; const y = yield* @B.g() }", ["@me.x read 1:23", "@b.g call 1:47"]),
    (
        "class fields",
        "class A extends @B.Base { x = @me.x; static y = @B.y; #z = @me.z; get z() { return this.#z } static { @me.w } [@me.k] = 1 }",
        [
            "@b.Base read 1:17",
            "@me.x read 1:31",
            "@b.y read 1:49",
            "@me.z read 1:60",
            "@me.w read 1:103",
            "@me.k read 1:112",
        ],
    ),
    (
        "a private name",
        "class A { #p; f() { @me.o.#p = @me.v; return #p in @me.o } }",
        ["@me.o read 1:21", "@me.v read 1:32", "@me.o read 1:52"],
    ),
    (
        "default parameters",
        "function f(a = @me.a, {b = @B.b(a)} = {}, [c] = @me.c) {}",
        ["@me.a read 1:16", "@b.b call 1:28", "@me.c read 1:49"],
    ),
    (
        "as and satisfies",
        "(@me.x as any).y = @B.z as unknown as string satisfies Foo",
        ["@me.x write 1:2", "@b.z read 1:20"],
    ),
    ("a non-null assertion", "@me.x!.y!++; @B.f!(1)", ["@me.x write 1:1", "@b.f call 1:14"]),
    ("types that look alike", "type A = { me: 'x@me.x' }; let y: A = @me.y", ["@me.y read 1:39"]),
    ("an enum", "enum E { A = 1, B = @me.x, C = A | B }", ["@me.x read 1:21"]),
    (
        "a namespace",
        "namespace N { export const a = @me.x; export function f() { return @B.f(a) } }",
        ["@me.x read 1:32", "@b.f call 1:68"],
    ),
    ("a parameter property", "class A { constructor(private x = @me.x) {} }", ["@me.x read 1:35"]),
    (
        "a conditional",
        "@me.a ? @me.b : (@me.c, @me.d)",
        ["@me.a read 1:1", "@me.b read 1:9", "@me.c read 1:18", "@me.d read 1:25"],
    ),
    (
        "comparison that looks like JSX",
        "@me.a < @me.b && @me.c > @me.d",
        ["@me.a read 1:1", "@me.b read 1:9", "@me.c read 1:18", "@me.d read 1:26"],
    ),
    ("comparison that looks like types", "f(@me.a < b, c > @me.d)", ["@me.a read 1:3", "@me.d read 1:18"]),
    ("a default export", "export default @B.f(@me.x)", ["@b.f call 1:16", "@me.x read 1:21"]),
    ("an implicit export", "export foo = @me.x", ["@me.x read 1:14"]),
    ("module.exports", "module.exports = { a: @me.x }", ["@me.x read 1:23"]),
    (
        "return at the top",
        "if (@me.x) return @me.y; return await @B.f()",
        ["@me.x read 1:5", "@me.y read 1:19", "@b.f call 1:39"],
    ),
    ("a dynamic import", "await import(@me.x)", ["@me.x read 1:14"]),
    ("unicode around", "'é😀' + @me.x + `日本${@me.y}`", ["@me.x read 1:9", "@me.y read 1:22"]),
    (
        "a switch",
        "switch (@me.x) { case @me.y: @B.f(); default: @me.z = 1 }",
        ["@me.x read 1:9", "@me.y read 1:23", "@b.f call 1:30", "@me.z write 1:47"],
    ),
    ("throw and in", "if ('a' in @me.x) throw @B.error", ["@me.x read 1:12", "@b.error read 1:25"]),
    (
        "a long name",
        "@me.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ["@me.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa read 1:1"],
    ),
    (
        "keywords as names",
        "@me.class + @me.default.new + @B.delete()",
        ["@me.class read 1:1", "@me.default read 1:13", "@b.delete call 1:31"],
    ),
    ("a carriage return", "1;\r\n@me.x;\r@me.y", ["@me.x read 2:1", "@me.y read 3:1"]),
]


def shown(reference: Reference) -> str:
    pin = "" if reference.version is None else f"@{reference.version}"
    name = "[dynamic]" if reference.name is None else reference.name
    return f"@{reference.owner}.{name}{pin} {reference.use} {reference.line}:{reference.column}"


@pytest.mark.parametrize(("source", "expected"), [pytest.param(*row[1:], id=row[0]) for row in TABLE])
async def test_references(compiler: Compiler, source: str, expected: list[str]) -> None:
    unit = await compiler.compile(source)
    assert [shown(each) for each in unit.references] == expected
