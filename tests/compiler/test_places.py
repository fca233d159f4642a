"""A line of the source stays that line, and each place of the code leads back to its place in the source."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_api.compiler import Compiler, Unit
from host_api.compiler.places import Lines
from kernel.errors import SourceError
from tests.compiler.test_references import TABLE
from tests.compiler.test_values import VALUES, WRITES

SOURCES = [row[1] for row in TABLE] + [row[1] for row in VALUES] + [row[1] for row in WRITES]
LINE_END = re.compile(r"\r\n|\n|\r")


def engine_place(unit: Unit, offset: int) -> tuple[int, int]:
    """The place that the engine gives for an offset of the code: its line less one, its column in UTF-8 bytes."""
    line, _ = Lines(unit.code).place(offset)
    before = LINE_END.split(unit.code[:offset])[-1]
    return line - 1, len(before.encode("utf-8", "surrogatepass")) + 1


ENDS = ["\r", "1\r", "1 //\r", "@me\r//\n.x", "f(<a>\r{/**/}\n</a>)", "a as\r//\nT\r//\n", "\n\r", "\r\n"]


@pytest.mark.parametrize("source", SOURCES + ENDS)
async def test_lines_stay(compiler: Compiler, source: str) -> None:
    unit = await compiler.compile(source)
    assert len(LINE_END.findall(unit.code)) == len(LINE_END.findall(source)) + 2


MARKED = [
    "@me.x; MARK; @me.y = MARK; @me.z ??= @B.f(MARK)\n  MARK",
    "const a: Map<string, number> = MARK as any, b = MARK as\nany, c = MARK!",
    "enum E { A = MARK, B = (MARK) }\nnamespace N { export const a = MARK }",
    "<a b={MARK}>\n text {MARK} <b c='1' d={MARK}/>\n</a>",
    "@me.a\n  .b[MARK]\n  .c(MARK,\n MARK)",
    "'é😀日本' + MARK; `é${@me.x} ${MARK}`; // é\n/* é */ MARK",
    "function f<T>(this: X, a: T, b?: string): asserts a is T { MARK } MARK",
    "class A<T> extends B<T> implements C { private x: T = MARK; constructor(public a = MARK) { super(MARK); MARK } }",
    "const f = async <\nT>(a): Promise<\nT> => MARK; MARK",
    "delete @me.a[MARK]; ++@me.a[MARK].b; [@me.x, @me.y[MARK]] = MARK; for (@me.x of MARK) MARK",
    "new @B.C(MARK); new @B.ns.C(MARK); @B.t`a${MARK}`; api(@B.f, MARK); import(MARK); MARK",
    "@me.secrets.k + MARK + @me.secrets[MARK]; export default MARK",
    "1;\r\n@me.x + MARK\r@me.y + MARK",
    "@me\r//\n.x /* */ + MARK; [\r@me.x\n, MARK] = MARK; <a>\r{/**/}\n{MARK}</a>;\r",
]


@pytest.mark.parametrize("text", MARKED)
async def test_places_lead_back(compiler: Compiler, text: str) -> None:
    numbers = iter(range(1000))
    source = re.sub("MARK", lambda _: f"mark{next(numbers)}_", text)
    unit = await compiler.compile(source)
    for mark in re.findall(r"mark\d+_", source):
        place = engine_place(unit, unit.code.index(mark))
        assert unit.locate(*place) == Lines(source).place(source.index(mark)), mark


async def test_a_place_in_what_stands_for_a_reference_is_the_references(compiler: Compiler) -> None:
    unit = await compiler.compile("1;\n   @me.cfg.a[k] = @B.f(2)")
    for text, column in [("$.deepSet", 4), ("deepSet", 4), ("$.fn", 19), ("fn", 19)]:
        assert unit.locate(*engine_place(unit, unit.code.index(text))) == (2, column)


async def test_a_place_in_the_wrappers_end_is_the_sources_end(compiler: Compiler) -> None:
    unit = await compiler.compile("const x = 1;\nx = 2")
    assert unit.locate(*engine_place(unit, unit.code.index("return x"))) == (2, 6)


async def test_a_place_that_is_not_in_the_code_is_answered_as_it_is(compiler: Compiler) -> None:
    unit = await compiler.compile("1")
    assert unit.locate(70, 7) == (70, 7)
    assert unit.locate(-70, 7) == (-70, 7)


FRAGMENTS = st.sampled_from(
    ["@me.x", "@B.f", "@B.f@1", "@me.secrets.k", "@", "@me", ".", "a", " = ", "(", ")", "{", "}", "[", "]", "\n", ";", "`",
     "${", "'", '"', "/", "<", ">", "</", "/>", "<div>", "</div>", ": T", "as any", "?.", "??=", "++", "async ", "await ",
     "function ", "=>", "class ", "enum ", "const ", "export ", "default ", "return ", "//", "/*", "*/", "\\u0061", "1",
     "...", ",", "\u2028", "é", "😀", "\ud800", "$", "for (", " of ", "new ", "delete ", "#x", "!", "type ", "\r", "<!--", "-->"]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=40), st.lists(FRAGMENTS, max_size=14).map("".join))


def insist_inside(lines: list[str], line: int, column: int) -> None:
    assert 1 <= line <= len(lines)
    assert 1 <= column <= len(lines[line - 1].encode("utf-16-le", "surrogatepass")) // 2 + 1


@given(source=TEXTS)
async def test_any_text_compiles_or_is_told_where_not(compiler: Compiler, source: str) -> None:
    lines = LINE_END.split(source)
    try:
        unit = await compiler.compile(source)
    except SourceError as error:
        insist_inside(lines, error.line, error.column)
        return
    assert len(LINE_END.findall(unit.code)) == len(lines) + 1
    for reference in unit.references:
        offset = Lines(source).offset(reference.line, reference.column)
        assert source[offset] == "@"
