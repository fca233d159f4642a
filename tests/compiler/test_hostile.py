"""Sources that mean harm: the compiler answers each, and nothing leaves its function."""

from __future__ import annotations

import pytest

from host_api.compiler import Compiler
from kernel.errors import SourceError

DEEP = 20_000


@pytest.mark.parametrize(
    "source",
    [
        "(" * DEEP + "1" + ")" * DEEP,
        "[" * DEEP + "]" * DEEP,
        "{" * DEEP + "}" * DEEP,
        "{a:" * DEEP + "1" + "}" * DEEP,
        "f(" * DEEP + ")" * DEEP,
        "!" * DEEP + "1",
        "() => " * DEEP + "1",
        "`${" * DEEP + "1" + "}`" * DEEP,
        "<a>" * DEEP + "</a>" * DEEP,
        "x ? (y) : " * DEEP + "1",
        "let a: " + "A<" * DEEP + "1" + ">" * DEEP,
        "if (a) b; else " * DEEP + "c",
        "@me.a[" * DEEP + "1" + "]" * DEEP,
        "@me.a = " * DEEP + "1",
    ],
    ids=lambda source: source[:12],
)
async def test_what_is_nested_too_deeply_is_told_so(compiler: Compiler, source: str) -> None:
    with pytest.raises(SourceError, match="The code is nested too deeply") as caught:
        await compiler.compile(source)
    assert caught.value.line == 1
    assert 1 <= caught.value.column <= len(source) + 1


HONEST = [
    ("f((a: number): void => { if (a) { return [", "]}})", 40),
    ("f(async function () { await g(", ")})", 100),
    ("[", "]", 200),
    ('{"a": ', "}", 200),
    ("<a>{b && ", "}</a>", 100),
]


@pytest.mark.parametrize(("before", "after", "depth"), HONEST)
async def test_honest_nesting_compiles(compiler: Compiler, before: str, after: str, depth: int) -> None:
    await compiler.compile(before * depth + "1" + after * depth)


@pytest.mark.parametrize(
    "source",
    [
        "}); globalThis.evil = 1; (function(){",
        "}); globalThis.evil = 1; (function($){",
        ")}); globalThis.evil = 1; (function($){return (",
        "1\n)}); globalThis.evil = 1; (function($){return (\n1",
        "return 1})(), (function($){",
        "/*", "*/", "`", "//\\\n}", "<!--\n}); (function(){", "-->\n}); (function(){",
        "let a: { b: 1 }}); (function(){ ", "type A = `${`}); (function(){`}`; }",
        "enum A { '}); evil(); (function(){' }}", "class A { x: { }}; }",
        "<a>}); evil(); (function(){</a>", "/[/]}); evil(); (function(){/",
    ],
)  # fmt: skip
async def test_nothing_closes_the_wrapper(compiler: Compiler, source: str) -> None:
    with pytest.raises(SourceError):
        await compiler.compile(source)


@pytest.mark.parametrize(
    "source", ["let $ = 1", "$", "(($) => $.get(0))(@me.x)", "\\u0024.get(0)", "class $ {}", "<$/>", "$: ;"]
)
async def test_a_name_of_the_source_is_never_the_references_object(compiler: Compiler, source: str) -> None:
    unit = await compiler.compile(source)
    assert unit.code.startswith('(function($1){"use strict";')


async def test_256_kilobytes_compile(compiler: Compiler) -> None:
    line = (
        "export const handler = async (req: Request) => Response.json({ user: await @B.find(req.url), at: @me.n++ });\n"
    )
    source = "".join(line.replace("handler", f"h{number}") for number in range(256_000 // len(line)))
    unit = await compiler.compile(source)
    assert len(unit.references) == 2 * source.count("\n")
    assert unit.references[-1].line == source.count("\n")


async def test_what_takes_alternatives_does_not_take_forever(compiler: Compiler) -> None:
    for source in ["(a = " * 12 + "1" + ") => 1" * 12, "f<A<" * 12 + "1", "a < b > (" * 12 + "1" + ")" * 12]:
        await compiler.compile(source)
