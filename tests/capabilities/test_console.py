"""console: what it takes, and what the record keeps."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from host_api.capabilities.console import Console, Write
from kernel.errors import BadRequest
from tests.semantics.live import World

CASES: list[tuple[str, str]] = [
    (args, text) for args, text in json.loads((Path(__file__).parent / "console_cases.json").read_text())
]
"""Arguments of console.log, and what Node 20.20.2 makes of them (util.format), without the frames of stacks.

Not among them, since we differ:
- a Map or an Error whose prototype was taken away: Node says what it was, here it is a plain object;
- `%o` of a function: Node's functions have `arguments` and `caller` of their own;
- Map and Set iterators: Node shows what is still to come, which cannot be read here without taking it;
- an error whose name or message was changed after it was made: Node shows the old ones from the stack, here the present ones;
- a Proxy is asked through its traps, Node looks behind them;
- colours: a record is no terminal.
"""
FRAME = re.compile(r"\n +at .*?(?= [{\[]\n|$)", re.MULTILINE)


async def logged(world: World, code: str) -> list[dict[str, Any]]:
    outcome = await world.outcome(f"(() => {{ {code} }})()")
    assert outcome.error is None, outcome.error
    logs: list[dict[str, Any]] = (await world.record(outcome))["logs"]
    return logs


async def messages(world: World, code: str) -> list[str]:
    return [line["message"] for line in await logged(world, code)]


def test_a_line_has_a_level_and_a_text() -> None:
    assert Write.parse(("warn", "careful")) == Write("warn", "careful")


@pytest.mark.parametrize("values", [(), ("log",), ("shout", "x"), ("log", 1), ("log", "x", "y"), (None, "x")])
def test_anything_else_is_refused(values: tuple[str, ...]) -> None:
    with pytest.raises(BadRequest):
        Write.parse(values)


def test_there_is_one_operation() -> None:
    assert list(Console.parsers) == [1]


async def test_a_line_is_kept_with_its_level_and_its_author(world: World) -> None:
    await world.save("B", "export const talk = () => console.warn('%s is %d', 'this', 7, {a: [1]})")
    outcome = await world.outcome("console.log('mine'); @B.talk()")
    logs = (await world.record(outcome))["logs"]
    assert [(line["level"], line["message"], line["author"]) for line in logs] == [
        ("log", "mine", "@a"),
        ("warn", "this is 7 { a: [ 1 ] }", "@b"),
    ]


async def test_what_is_built_on_lines_writes_lines(world: World) -> None:
    code = "console.group('g'); console.count(); console.count(); console.groupEnd(); console.assert(false, 'no'); 1"
    logs = (await world.record(await world.outcome(code)))["logs"]
    assert [line["message"] for line in logs] == ["g", "  default: 1", "  default: 2", "Assertion failed: no"]


async def test_a_console_line_is_no_entry_of_the_tree(world: World) -> None:
    outcome = await world.outcome("console.log(1)")
    assert await world.calls(outcome, "console") == []


async def test_values_print_as_node_prints_them(world: World) -> None:
    differ = []
    for start in range(0, len(CASES), 50):
        some = CASES[start : start + 50]
        lines = await messages(world, "\n".join(f"console.log(...{args});" for args, _ in some))
        differ += [
            (args, text, line) for (args, text), line in zip(some, lines, strict=True) if FRAME.sub("", line) != text
        ]
    assert differ == []
    assert len(CASES) > 200  # the data is there


async def test_an_error_tells_its_name_and_its_frames_once(world: World) -> None:
    (line,) = await messages(world, "console.log(new RangeError('too far', {cause: new Error('a wall')}))")
    assert line.count("RangeError: too far") == 1
    assert re.fullmatch(
        r"RangeError: too far(\n    at .*)+ \{\n  \[cause\]: Error: a wall(\n      at .*)+\n\}", line
    ), line


async def test_a_promise_says_how_it_stands(world: World) -> None:
    code = "console.log(Promise.resolve({a: 1}), new Promise(() => {})); const p = Promise.reject('x'); p.catch(() => 0); console.log([p])"
    assert await messages(world, code) == [
        "Promise { { a: 1 } } Promise { <pending> }",
        "[ Promise { <rejected> 'x' } ]",
    ]


async def test_a_proxy_is_shown_as_it_answers(world: World) -> None:
    code = "console.log(new Proxy({a: 1}, {}), new Proxy([1], {get: (t, k) => (k === '0' ? 2 : t[k])}), new Proxy(class A {}, {}))"
    assert await messages(world, code) == ["{ a: 1 } [ 1 ] [Function: A]"]


async def test_nothing_that_is_printed_throws(world: World) -> None:
    hostile = [
        "new Proxy({}, {ownKeys() { throw 1 }})",
        "new Proxy({}, {getPrototypeOf() { throw 1 }})",
        "new Proxy(() => 1, {get() { throw 1 }})",
        "{get [Symbol.for('nodejs.util.inspect.custom')]() { throw 1 }}",
        "{[Symbol.for('nodejs.util.inspect.custom')]() { throw 1 }}",
        "Proxy.revocable({}, {}).proxy",
    ]
    revoked = "(() => { const r = Proxy.revocable({}, {}); r.revoke(); return r.proxy })()"
    code = f"console.log([{', '.join(hostile[:-1])}, {revoked}]); console.log('%s', {{toString() {{ throw 1 }}}}); console.log('%d', {{valueOf() {{ throw 1 }}}})"
    lines = await messages(world, code)
    assert lines[0].count("[not shown: it throws]") == len(hostile)
    assert lines[1:] == ["{ toString: [Function: toString] }", "{ valueOf: [Function: valueOf] }"]


async def test_a_getter_is_not_run_and_one_that_throws_hides_nothing_else(world: World) -> None:
    code = "const o = {get a() { throw 1 }, b: 2}; console.log(o); console.dir(o, {getters: true})"
    assert await messages(world, code) == ["{ a: [Getter], b: 2 }", "{ a: [Getter: <Inspection threw (1)>], b: 2 }"]


async def test_dir_takes_options(world: World) -> None:
    code = "const deep = {a: {b: {c: {d: 1}}}}; console.dir(deep, {depth: 0}); console.dir(deep, {depth: null}); console.dir([3, 1], {compact: false})"
    assert await messages(world, code) == [
        "{ a: [Object] }",
        "{\n  a: { b: { c: { d: 1 } } }\n}",
        "[\n  3,\n  1\n]",
    ]


async def test_another_owners_things_look_like_what_they_are(world: World) -> None:
    await world.save(
        "B", "export class Foo { constructor() { this.a = 1; this.me = this } #p = 2; get g() { return 1 } }"
    )
    await world.save("B", "export class Bar extends @B.Foo { static s = 1 }")
    await world.save("B", "export const make = () => new @B.Foo()")
    await world.save(
        "B",
        "export const many = () => Object.assign(new @B.Foo(), Object.fromEntries(Array.from({length: 500}, (_, i) => ['k' + i, i])))",
    )
    await world.save(
        "B",
        "export const bad = () => new (class Bad { z = 1; get [Symbol.toStringTag]() { throw 1 } [Symbol.for('nodejs.util.inspect.custom')]() { return 'EVIL' } })",
    )
    lines = await messages(
        world,
        "console.log(@B.make(), {in: @B.make()}, @B.bad()); console.log([@B.Foo, @B.Bar, @B.make]); console.log(@B.many())",
    )
    assert (
        lines[0]
        == "<ref *1> Foo { a: 1, me: [Circular *1] } { in: <ref *1> Foo { a: 1, me: [Circular *1] } } Bad { z: 1 }"
    )
    assert lines[1] == "[ [class Foo], [class Bar extends Foo] { s: 1 }, [Function: make] ]"
    assert lines[2].startswith("<ref *1> Foo {\n  a: 1,\n")
    assert lines[2].endswith("k97: 97,\n  ... 402 more\n}")


async def test_a_web_of_another_owners_objects_is_looked_at_so_often_and_no_more(world: World) -> None:
    tree = "const mk = (d) => { const n = new N(); if (d) for (let i = 0; i < 90; i++) n['k' + i] = mk(d - 1); return n }; return mk(2)"
    await world.save("B", f"export const web = () => {{ class N {{}}; {tree} }}")
    (line,) = await messages(world, "console.log(@B.web())")
    assert "more" in line
    assert line.count("k") < 1200


async def test_tables_are_drawn(world: World) -> None:
    lines = await messages(
        world,
        "console.table([{a: 1, b: 'x'}, {a: 2, c: [1]}]); console.table(new Map([['k', 1]])); console.table([[1, 2], 3], ['1']); console.table(5)",
    )
    assert lines == [
        (
            "┌─────────┬───┬─────┬───────┐\n│ (index) │ a │  b  │   c   │\n├─────────┼───┼─────┼───────┤\n"
            "│    0    │ 1 │ 'x' │       │\n│    1    │ 2 │     │ [ 1 ] │\n└─────────┴───┴─────┴───────┘"
        ),
        (
            "┌───────────────────┬─────┬────────┐\n│ (iteration index) │ Key │ Values │\n├───────────────────┼─────┼────────┤\n"
            "│         0         │ 'k' │   1    │\n└───────────────────┴─────┴────────┘"
        ),
        (
            "┌─────────┬───┬────────┐\n│ (index) │ 1 │ Values │\n├─────────┼───┼────────┤\n"
            "│    0    │ 2 │        │\n│    1    │   │   3    │\n└─────────┴───┴────────┘"
        ),
        "5",
    ]


async def test_counters_and_timers_speak_as_nodes_do(world: World) -> None:
    lines = await logged(
        world,
        "console.count('x'); console.countReset('x'); console.count('x'); console.countReset('y');"
        "console.time('t'); console.timeLog('t', {a: 1}); console.timeEnd('t'); console.timeEnd('t'); console.assert(0, '%s!', 'no'); console.assert(0, {a: 1})",
    )
    assert [line["level"] for line in lines] == ["log", "log", "warn", "log", "log", "warn", "error", "error"]
    text = [re.sub(r"[\d.]+m?s\b", "TIME", line["message"]) for line in lines]
    assert text == [
        "x: 1",
        "x: 1",
        "Warning: Count for 'y' does not exist",
        "t: TIME { a: 1 }",
        "t: TIME",
        "Warning: No such label 't' for console.timeEnd()",
        "Assertion failed: no!",
        "Assertion failed { a: 1 }",
    ]


async def test_groups_indent_every_line(world: World) -> None:
    code = "console.group('a'); console.groupCollapsed('b'); console.log('x\\ny'); console.groupEnd(); console.info('z'); console.groupEnd(); console.log('out')"
    assert await messages(world, code) == ["a", "  b", "    x\n    y", "  z", "out"]


async def test_a_trace_shows_the_vals_frames_and_none_of_ours(world: World) -> None:
    (line,) = await logged(world, "function f() { console.trace('%s', 'here') }; f()")
    assert line["level"] == "error"
    assert re.fullmatch(r"Trace: here\n    at f \(.*\)(\n    at .*)+", line["message"]), line
    assert "runtime" not in line["message"]


async def test_the_webs_classes_look_as_people_know_them(world: World) -> None:
    things = {
        "new URL('http://a.b/c?d=1#e').searchParams": "URLSearchParams { 'd' => '1' }",
        "new Headers({a: 'b', 'x-y': 'z'})": "Headers { a: 'b', 'x-y': 'z' }",
        "new Blob(['abc'])": "Blob { size: 3, type: '' }",
        "new File(['a'], 'n.txt', {lastModified: 1})": "File { size: 1, type: '', name: 'n.txt', lastModified: 1 }",
        "new FormData()": "FormData {}",
        "new AbortController()": "AbortController { signal: AbortSignal { aborted: false } }",
        "new ReadableStream()": "ReadableStream { locked: false }",
        "[URL, Map, class A {}]": "[ [class URL], [Function: Map], [class A] ]",
        "Buffer.from('hi')": "<Buffer 68 69>",
    }
    assert await messages(world, "".join(f"console.log({code});" for code in things)) == list(things.values())
    url, response = await messages(world, "console.log(new URL('http://a.b')); console.log(new Response('x'))")
    assert url.startswith("URL {\n  href: 'http://a.b/',\n  origin: 'http://a.b',\n")
    assert response.startswith("Response {\n  status: 200,\n")
    assert "_" not in response
