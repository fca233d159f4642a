"""What a val throws says where: whose val, which version, the line and column of the source its author wrote.

Columns are 1-based and count UTF-16 units. Frames of several guests stand in the order of the calls.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.semantics.live import PRIVATE, PUBLIC, Machine, World, open_world

pytestmark = pytest.mark.asyncio(loop_scope="module")

VALS: list[tuple[str, str]] = [
    ("boom", "export const boom = (x) => {\n  const y: number = 1;\n  throw new TypeError('boom') }"),
    ("call", "export const call = (f) => {\n  return f(2) }"),
    ("later", "export const later = async (x) => {\n  await null;\n  throw new Error('later') }"),
    ("getter", "export const getter = { f() {}, get x() {\n  throw new Error('got') } }"),
    ("lazy", "export class lazy { get x() {\n  throw new Error('lazy') } }"),
    ("Cls", "export class Cls { constructor(x) {\n  if (x) throw new RangeError('ctor') }\n  m() { throw new Error('method') } }"),
    ("top", "export const top = () => 1;\nif (@B.flag) throw new Error('top')"),
    ("markup", "enum E { A, B = 2 }\nnamespace N {\n  export const f = () => { throw new Error('ns') } }\nexport const markup = () => <p>{E.B}\n  {N.f()}</p>"),
    ("cause", "export const cause = () => {\n  try { null.x } catch (e) {\n    throw new Error('outer', { cause: e }) } }"),
    ("emoji", "export const emoji = () => { const s = '😀é日'; throw new Error('x') }"),
    ("text", "export const text = () => {\n  throw 'text' }"),
    ("flag", "1"),
]  # fmt: skip

ROWS: list[tuple[str, str, list[str]]] = [
    ("a function", "@B.boom(1)", ["boom @b.boom@0:3:13", "eval:1:1"]),
    ("a callback", "1;\n  @B.call((x) => {\n    throw new Error('cb') })", ["eval:3:15", "call @b.call@0:2:", "eval:2:3"]),
    ("a function that was handed over", "const f = () => @B.boom(1);\nreturn @B.call(f)",
     ["boom @b.boom@0:3:13", "f eval:1:17", "call @b.call@0:2:", "eval:2:"]),
    ("there and back twice", "const f = () => @B.call(() => { throw new Error('x') });\n@B.call(f)",
     ["eval:1:43", "call @b.call@0:2:", "f eval:1:17", "call @b.call@0:2:", "eval:2:"]),
    ("an async function", "await @B.later(1)", ["later @b.later@0:3:13"]),
    ("a callback of a promise", "await Promise.resolve(1).then(\n  () => { throw new Error('then') })", ["eval:2:21"]),
    ("a rejection that nobody waits for", "Promise.reject(new Error('unhandled')); 1", ["eval:1:20"]),
    ("a timer", "await new Promise((_, no) => setTimeout(() => no(new Error('timer')), 1))", ["eval:1:54"]),
    ("a getter that is read while it crosses", "const o = @B.getter;\n o.x", ["get x @b.getter@0:2:13", "eval:1:"]),
    ("a getter of a handle", "const C = @B.lazy, o = new C();\n  o.x", ["get x @b.lazy@0:2:13", "eval:2:"]),
    ("a constructor", "1;\n new @B.Cls(1)", ["Cls @b.Cls@0:2:20", "eval:2:"]),
    ("a method of a handle", "const C = @B.Cls; const c = new C();\n c.m()", ["m @b.Cls@0:3:19", "eval:2:"]),
    ("a top level", "1;\n@B.top()", ["@b.top@0:2:24", "eval:2:1"]),
    ("what the compiler moved", "@B.markup()", ["f @b.markup@0:3:38", "markup @b.markup@0:5:", "eval:1:1"]),
    ("a component of one's own", "const X = () => {\n  throw new Error('x') };\nreturn <p>\n  <X/></p>", ["X eval:2:13", "call native"]),
    ("wide characters before it", "@B.emoji()", ["emoji @b.emoji@0:1:58", "eval:1:1"]),
    ("TypeScript before it", "enum E { A }\nconst x = (1 as any)!, y = <b>{x}</b>; x.a.b", ["eval:2:"]),
    ("a text", "1;\n throw 'text'", ["eval:2:8"]),
    ("an object", "const f = () => {\n  throw { code: 1 } };\nf()", ["f eval:2:9", "eval:3:"]),
    ("null", "throw null", ["eval:1:7"]),
    ("undefined", "throw undefined", ["eval:1:7"]),
    ("what is thrown again", "try {\n  throw 1\n} catch (e) { throw e }", ["eval:2:9"]),
    ("the last of a sequence", "throw 1, 2", ["eval:1:7"]),
    ("a built-in", "1;\n  JSON.parse('{')", ["parse native", "eval:2:8"]),
    ("what is not a function", "1;\n @B.none()", ["eval:2:2"]),
    ("what is not there", "1;\n  nothing", ["eval:2:3"]),
]  # fmt: skip
FRAME = re.compile(r"    at (?:<anonymous> \()?(.*?)\)?")


def frames(stack: str) -> list[str]:
    found = [FRAME.fullmatch(line) for line in stack.splitlines() if line.startswith("    at ")]
    return [match[1].replace(" (", " ") for match in found if match]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def furnished(engine_room: Machine, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    folder: Path = tmp_path_factory.mktemp("errors")
    async with open_world(engine_room, folder) as world:
        for name, code in VALS:
            await world.save("B", code, PUBLIC, name)
        yield world


@pytest.mark.parametrize(("code", "places"), [pytest.param(*row[1:], id=row[0]) for row in ROWS])
async def test_a_stack_is_of_the_sources(furnished: World, code: str, places: list[str]) -> None:
    error = await furnished.error(code)
    seen = frames(error.stack)
    assert len(seen) == len(places), error.stack
    for shown, expected in zip(seen, places, strict=True):
        assert shown == expected or (expected.endswith(":") and shown.startswith(expected)), error.stack


async def test_the_first_place_is_told_apart_and_stands_in_the_record(furnished: World) -> None:
    outcome = await furnished.outcome("@B.boom(1)")
    error = (await furnished.record(outcome))["error"]
    assert (error["name"], error["message"]) == ("TypeError", "boom")
    assert (error["val"], error["line"], error["column"]) == ("@b.boom@0", 3, 13)
    assert frames(error["stack"]) == ["boom @b.boom@0:3:13", "eval:1:1"]


async def test_the_console_shows_the_same_places(furnished: World) -> None:
    code = """try { @B.markup() } catch (e) {
  console.error(e);
  console.log([e]);
  console.log('it was', e.stack) }"""
    logs = (await furnished.record(await furnished.outcome(code)))["logs"]
    assert len(logs) == 3
    for line in logs:
        assert "(@b.markup@0:3:38)" in line["message"], line
        assert "(eval:1:7)" in line["message"]
        assert "valgate:" not in line["message"]


async def test_causes_are_told_with_their_places(furnished: World) -> None:
    error = await furnished.error("@B.cause()")
    first, second, cause, place = error.stack.splitlines()
    assert (first[:27], second) == ("    at cause (@b.cause@0:3:", "    at <anonymous> (eval:1:1)")
    assert (cause, place[:27]) == (
        "[cause]: TypeError: cannot read property 'x' of null",
        "    at cause (@b.cause@0:2:",
    )
    error = await furnished.error("throw new AggregateError([new Error('a'), 'b'], 'both')")
    assert [line for line in error.stack.splitlines() if line[0] == "["] == [
        "[errors[0]]: Error: a",
        "[errors[1]]: 'b'",
    ]
    error = await furnished.error("const e = new Error('x'); e.cause = e; throw e")
    assert error.stack.count("[cause]") == 1


async def test_a_place_in_a_private_val_is_its_owners_to_see(furnished: World) -> None:
    await furnished.save("B", "export const hidden = () => {\n  throw new Error('hidden') }", PRIVATE)
    await furnished.save("B", "export const shown = () => @me.hidden()")
    code = "export const given = (f) => { try { f() } catch (e) { console.error(e); return e.stack } }"
    await furnished.save("A", code, PRIVATE)
    own = await furnished.outcome("@me.given(() => @B.boom())")
    logs = (await furnished.record(own))["logs"]
    assert "(@a.given@0:1:" in logs[0]["message"].lower()
    error = await furnished.error("@me.shown()", by="B")
    assert frames(error.stack)[:2] == ["hidden @b.hidden@0:2:13", "shown @b.shown@0:1:28"]


async def test_what_is_no_error_keeps_its_words_across_owners(furnished: World) -> None:
    error = await furnished.error("@B.text()")
    assert (error.name, error.message) == ("Error", "text")
