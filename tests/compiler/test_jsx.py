"""JSX is what it is elsewhere: names, attributes, white space, entities; and which function makes the elements.

What is built in makes `[tag, props]`, or `["classic", tag, props, …children]` where a name that is no function stands in its way.
"""

from __future__ import annotations

import pytest

from host_api.compiler import Compiler
from kernel.errors import SourceError
from tests.compiler.conftest import Evaluate

MINE = "const h = (tag, props, ...kids) => [tag, props, ...kids], Fragment = 'mine'; "

VALUES: list[tuple[str, str, object]] = [
    ("an element", "<p/>", ["p", None]),
    ("attributes", "<p id='a' on {...{b: 1}} data-c={2} e=<i/>/>",
     ["p", {"id": "a", "on": True, "b": 1, "data-c": 2, "e": ["i", None]}]),
    ("one child", "<p>{1}</p>", ["p", {"children": 1}]),
    ("children", "<p a='1'>x{1}<i/></p>", ["p", {"a": "1", "children": ["x", 1, ["i", None]]}]),
    ("a spread child", "<p>{...[1, 2]}</p>", ["p", {"children": [1, 2]}]),
    ("a spread child among others", "<p>0{...[1, 2]}{3}</p>", ["p", {"children": ["0", 1, 2, 3]}]),
    ("a key among the props", "<p {...{key: 1}} key='2'/>", ["p", {"key": "2"}]),
    ("children of both kinds", "<p children='a'>b</p>", ["p", {"children": "b"}]),
    ("a fragment", "<>a<i/></>", ["fragment", {"children": ["a", ["i", None]]}]),
    ("a fragment by name", "<Fragment key='1'><React.Fragment/></Fragment>", ["fragment", {"key": "1", "children": ["fragment", None]}]),
    ("a Fragment of one's own", "function Fragment() {} return <Fragment/>", ["Fragment", None]),
    ("a component", "const A = () => 1; return <A b/>", ["A", {"b": True}]),
    ("a member", "const a = {b: {C() {}}}; return <a.b.C/>", ["C", None]),
    ("a member of this", "return (function () { return <this.C/> }).call({C() {}})", ["C", None]),
    ("a component of an earlier block", "namespace N { export function A() {} } namespace N { export const e = <A/> } return N.e", ["A", None]),
    ("names with colons and dashes", "<svg:a-b x:y='1' c-d='2'/>", ["svg:a-b", {"x:y": "1", "c-d": "2"}]),
    ("a prototype's name", "<a __proto__={1}/>", ["a", {"__proto__": 1}]),
    ("type arguments", "function F() {} return <F<string> a={1 as any}>{2!}</F>", ["F", {"a": 1, "children": 2}]),
    ("white space", "<p>\n  x  y {1}\n  <b/> z\n\n  w\n  {/* no */}\n</p>",
     ["p", {"children": ["x  y ", 1, ["b", None], " z w"]}]),
    ("white space that is meant", "<p> {' '} </p>", ["p", {"children": [" ", " ", " "]}]),
    ("a line's end after an expression", "<p>\n  {1}\n  {2}\n</p>", ["p", {"children": [1, 2]}]),
    ("entities", "<p a='&amp;&quot;&#x41;&no;&'>&lt;&nbsp;&#65;&copy;&no; &amp;amp; &</p>",
     ["p", {"a": '&"A&no;&', "children": "<\u00a0A©&no; &amp; &"}]),
    ("white space by entity", "<p>\n  &#32;a\n</p>", ["p", {"children": " a"}]),
    ("a text's line in an attribute", "<p a='b\n  c'/>", ["p", {"a": "b\n  c"}]),
    ("backslashes are no escapes", "<p a='\\n'>\\n</p>", ["p", {"a": "\\n", "children": "\\n"}]),
    ("at signs are text", "<p a='@me.x'>me@example.com @me.x</p>", ["p", {"a": "@me.x", "children": "me@example.com @me.x"}]),
    ("comments", "<p // one\n a /* two */ = '1' {/* three */ ...{}}>{/* four */}{ // five\n}// six</p>",
     ["p", {"a": "1", "children": "// six"}]),
    ("quotes and operators are text", "<p>it's \"so\" => `x` / * </p>".replace("=> ", ""), ["p", {"children": "it's \"so\" `x` / * "}]),
    ("generic arrows beside it", "const f = <T,>(x: T) => <b>{x}</b>, g = <T extends 1>(x: T) => x; return f(g(1))", ["b", {"children": 1}]),
    ("a comparison beside it", "const a = 1, b = 2; return <p>{a < b && b > a}</p>", ["p", {"children": True}]),
    ("elements in a conditional", "true ? <a/> : <b/>", ["a", None]),
    ("a pragma", "/** @jsx my.make */ const my = {make: (...all) => all, Fragment: 'f'}; return <p a='1'>x<></></p>",
     ["p", {"a": "1"}, "x", ["f", None]]),
    ("pragmas for both", "/** @jsx make @jsxFrag frag */\nconst make = (...all) => all, frag = 'f'; return <><i/></>", ["f", None, ["i", None]]),
    ("h in scope", MINE + "return <p a='1'>x<></></p>", ["p", {"a": "1"}, "x", ["mine", None]]),
    ("h in scope without Fragment", "const h = (...all) => all; return <></>", ["fragment", None]),
    ("h as a parameter", "((h) => <p/>)((...all) => all)", ["p", None]),
    ("an h that is something else", "['a'].map((h) => <li>{h}</li>)", [["classic", "li", None, "a"]]),
    ("an h that is what it makes", "const h = <p/>; return h", ["p", None]),
    ("h in another scope", "{ const h = 1 } function f(h) {} return <p/>", ["p", None]),
    ("React in scope", "const React = {createElement: (...all) => all, Fragment: 'r'}; return <><p/></>", ["r", None, ["p", None]]),
    ("an import source before h", "/** @jsxImportSource npm:preact */\n" + MINE + "return <p/>", ["p", None]),
    ("names that might be taken", "let $ = 1, jsx = 2; return <p>{$ + jsx}</p>", ["p", {"children": 3}]),
]  # fmt: skip

SOURCES = [
    "preact", "react", "npm:preact", "npm:react@18", "npm:preact@10.19.2/compat", "https://esm.sh/preact", "https://esm.sh/react@18.2.0",
    "https://esm.sh/preact@10.13.2?target=es2022", "https://esm.sh/v128/react@18.2.0", "https://cdn.skypack.dev/preact",
    "https://unpkg.com/preact", "https://esm.sh/stable/react@18.2.0", "hono/jsx", "npm:hono@3/jsx", "https://esm.sh/hono@3.9.2/jsx",
    "https://deno.land/x/hono@v3.9.2/jsx", "https://deno.land/x/hono/middleware/jsx", "jsr:@hono/hono/jsx", "https://esm.sh/preact/",
]  # fmt: skip

ERRORS: list[tuple[str, str, str, int, int]] = [
    ("another import source", "/**\n * @jsxImportSource https://esm.sh/solid-js */ <p/>",
     "JSX of 'https://esm.sh/solid-js' is not supported: preact, react and hono/jsx mean the Preact that is built in", 2, 4),
    ("a package that only sounds alike", "/** @jsxImportSource npm:preact-x */ <p/>",
     "JSX of 'npm:preact-x' is not supported: preact, react and hono/jsx mean the Preact that is built in", 1, 5),
    ("hono without jsx", "/** @jsxImportSource hono */ <p/>",
     "JSX of 'hono' is not supported: preact, react and hono/jsx mean the Preact that is built in", 1, 5),
    ("a pragma that is no name", "/** @jsx h() */ <p/>", "'h()' is not the name of a function", 1, 5),
    ("an element that is not closed", "const a = 1;\nreturn <p>{a}", "<p> is not closed. If it is a type, write it behind the value: x as T", 2, 8),
    ("a text that is not closed", "<p>a", "<p> is not closed. If it is a type, write it behind the value: x as T", 1, 1),
    ("a cast", "const a = <string>b;", "<string> is not closed. If it is a type, write it behind the value: x as T", 1, 11),
    ("a cast of an object", "return <any>{ a: 1 }", "<any> is not closed. If it is a type, write it behind the value: x as T", 1, 8),
    ("a cast in a block", "if (a) { b = <const>'d' }", "<const> is not closed. If it is a type, write it behind the value: x as T", 1, 14),
    ("a cast beside JSX", "const a = <p/>;\nconst b = <string>a;", "<string> is not closed. If it is a type, write it behind the value: x as T", 2, 11),
    ("a cast beside a generic arrow", "const f = <T>(x: T) => <T>x;", "<T> is not closed. If it is a type, write it behind the value: x as T", 1, 24),
    ("another closing tag", "<a>\n<b></a>", "Expected corresponding JSX closing tag for <b>", 2, 4),
    ("a brace in the text", "<a>}</a>", 'Unexpected token `}`. Did you mean `&rbrace;` or `{"}"}`?', 1, 4),
    ("two elements", "<a/><b/>", "Adjacent JSX elements must be wrapped in an enclosing tag", 1, 5),
    ("an empty attribute", "<a b={}/>", "JSX attributes must only be assigned a non-empty expression", 1, 6),
]  # fmt: skip


@pytest.mark.parametrize(("source", "value"), [pytest.param(*row[1:], id=row[0]) for row in VALUES])
async def test_jsx(evaluate: Evaluate, source: str, value: object) -> None:
    assert (await evaluate(source, "{}")).value == value


@pytest.mark.parametrize("name", SOURCES)
async def test_preact_and_its_relatives_are_built_in(evaluate: Evaluate, name: str) -> None:
    assert (await evaluate(f"/** @jsxImportSource {name} */\n<p/>", "{}")).value == ["p", None]


@pytest.mark.parametrize(("source", "message", "line", "column"), [pytest.param(*row[1:], id=row[0]) for row in ERRORS])
async def test_errors(compiler: Compiler, source: str, message: str, line: int, column: int) -> None:
    with pytest.raises(SourceError) as caught:
        await compiler.compile(source)
    assert (str(caught.value), caught.value.line, caught.value.column) == (message, line, column)
