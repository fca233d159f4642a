"""What does not parse is told with its line and column, in words that help."""

from __future__ import annotations

import pytest

from host_api.compiler import Compiler
from kernel.errors import SourceError

ERRORS: list[tuple[str, str, str, int, int]] = [
    ("an end that comes early", "const a = (1", "Unexpected end of the code", 1, 13),
    ("a word too many", "const a = 1\nconst b = 2 3", "Unexpected token '3'", 2, 13),
    ("a mistake in an object", "{a: 1, b: }", "Unexpected token '}'", 1, 11),
    ("an open string", "1;\n  'abc", "Unterminated string constant", 2, 3),
    ("an open template", "`abc", "Unterminated template", 1, 2),
    ("an open comment", "1 /* 2", "Unterminated comment", 1, 3),
    ("a broken regular expression", "/(/", "Invalid regular expression: /(/: Unterminated group", 1, 2),
    ("an early end of the wrapper", "}); evil(); (function(){", "Unexpected token '}'", 1, 1),
    ("an early end of the wrapper's brackets", ")}); evil(); (function($){return (", "Unexpected token ')'", 1, 1),
    ("a name twice", "let a;\nlet a", "Identifier 'a' has already been declared", 2, 5),
    ("with", "with (a) {}", "'with' in strict mode", 1, 1),
    ("an octal number", "010", "Invalid number", 1, 1),
    ("an octal escape", "'\\01'", "Octal literal in strict mode", 1, 2),
    ("delete of a name", "delete a", "Deleting local variable in strict mode", 1, 1),
    ("a reserved word", "let yield", "The keyword 'yield' is reserved", 1, 5),
    ("arguments at the top", "1\narguments", "'arguments' exists only in functions", 2, 1),
    ("arguments in an arrow", "() => arguments", "'arguments' exists only in functions", 1, 7),
    ("super at the top", "super.x", "'super' keyword outside a method", 1, 1),
    ("new.target at the top", "new.target", "'new.target' can only be used in functions and class static block", 1, 1),
    ("await in a function", "function f() { await x }", "Cannot use keyword 'await' outside an async function", 1, 16),
    ("a label that is not", "break a", "Unsyntactic break", 1, 1),
    ("an import", "import x from 'npm:x'", "Imports are not supported yet: 'npm:x'", 1, 1),
    ("an import for effect", "1;\nimport 'npm:x'", "Imports are not supported yet: 'npm:x'", 2, 1),
    ("an export from elsewhere", "export * from 'y'", "Imports are not supported yet: 'y'", 1, 1),
    ("require in an import", "import x = require('z')", "Imports are not supported yet: 'z'", 1, 12),
    ("import.meta", "import.meta.url", "import.meta is not supported", 1, 1),
    ("a decorator", "@dec class A {}", "Decorators are not supported. A val is written @user.name", 1, 1),
    ("a decorator with a member", "@a.b class A {}", "Decorators are not supported. A val is written @user.name", 1, 1),
    ("a decorator of a method", "class A {\n  @a.b() m() {} }", "Decorators are not supported. A val is written @user.name", 2, 3),
    ("a decorator of an expression", "x = @dec class {}", "Decorators are not supported. A val is written @user.name", 1, 5),
    ("a call before a class", "@a.b()\nclass A {}", "Decorators are not supported. A val is written @user.name. If this is a call, end it with a semicolon", 1, 1),
    ("a name alone", "@user", "Decorators are not supported. A val is written @user.name", 1, 1),
    ("nothing behind @", "1 + @", "A val is written @user.name", 1, 5),
    ("a number behind @", "@1.x", "A val is written @user.name", 1, 1),
    ("a reserved user", "@anonymous.x", "'anonymous' is reserved: nothing can have that name", 1, 2),
    ("secrets as a user", "@secrets.x", "'secrets' is reserved: nothing can have that name", 1, 2),
    ("a reserved val", "@B.me", "'me' is reserved: nothing can have that name", 1, 4),
    ("a name that is none", "@me.été", "'été' is not a name: letters, digits and _, not starting with a digit, 48 at most", 1, 5),
    ("a dollar in a name", "@me.a$", "'a$' is not a name: letters, digits and _, not starting with a digit, 48 at most", 1, 5),
    ("a name too long", "@me." + "a" * 49, f"'{'a' * 48}' is not a name: letters, digits and _, not starting with a digit, 48 at most", 1, 5),
    ("a version that is none", "@B.f@x", "A version is a number: @user.name@12", 1, 5),
    ("a version and more", "@B.f@1x", "A version is a number: @user.name@12", 1, 5),
    ("a version apart", "@B.f @1", "A val is written @user.name", 1, 6),
    ("a version of secrets", "@me.secrets@1.x", "Secrets have no versions", 1, 12),
    ("a write to a pin", "1;\n@B.f@12 = 1", "@B.f@12 is pinned: a version cannot be written", 2, 1),
    ("a deep write to a pin", "@B.f@12.a++", "@B.f@12 is pinned: a version cannot be written", 1, 1),
    ("a pattern with a pin", "[@B.f@12] = x", "@B.f@12 is pinned: a version cannot be written", 1, 2),
    ("a write to a secret", "@me.secrets.k = 1", "Secrets are read-only: set them with the secrets API or `valgate secret set`", 1, 1),
    ("delete of a secret", "delete @me.secrets.k", "Secrets are read-only: set them with the secrets API or `valgate secret set`", 1, 8),
    ("a write to secrets", "@me.secrets = {}", "Secrets are read-only: set them with the secrets API or `valgate secret set`", 1, 1),
    ("a write to a call", "@B.f() = 1", "Assigning to rvalue", 1, 1),
    ("a write to an optional chain", "@me.a?.b = 1", "Optional chaining cannot appear in left-hand side", 1, 1),
    ("a step of a call", "@B.f()++", "Assigning to rvalue", 1, 1),
    ("a declaration", "const @me.x = 1", "@me.x cannot be declared: write @me.x = …", 1, 7),
    ("a parameter", "(a, @me.x) => 1", "Binding member expression", 1, 5),
    ("a shorthand property", "({ @me.x })", "Unexpected token '@me.x'", 1, 4),
    ("a property's name", "({ @me.x: 1 })", "Unexpected token '@me.x'", 1, 4),
    ("a JSX element", "<@me.X/>", "@me.X cannot name an element: write const Component = @me.X, then <Component/>", 1, 2),
    ("a type", "let a: @me.x", "A val is a value: it cannot stand in a type", 1, 8),
    ("typeof in a type", "let a: typeof @me.x", "A val is a value: it cannot stand in a type", 1, 15),
    ("a cast", "x as @me.y", "A val is a value: it cannot stand in a type", 1, 6),
    ("an accessor field", "class A { accessor x = 1 }", "'accessor' fields are not supported", 1, 11),
    ("a JSX element that is not closed", "<a>\n<b></a>", "Expected corresponding JSX closing tag for <b>", 2, 4),
    ("a fragment that is not closed", "<>a</b>", "Expected corresponding JSX closing tag for <>", 1, 4),
    ("an enum member without a value", "enum E { A = 'a', B }", "The enum member 'B' must have a value", 1, 19),
    ("super too deep for parameter properties", "class A extends B { constructor(private x) { f(super()) } }",
     "super() must be a statement of its own before parameter properties", 1, 44),
    ("a place behind wide characters", "'😀é' +", "Unexpected end of the code", 1, 8),
    ("a place behind a carriage return", "1;\r2;\r\n3 4", "Unexpected token '4'", 3, 3),
]  # fmt: skip


@pytest.mark.parametrize(("source", "message", "line", "column"), [pytest.param(*row[1:], id=row[0]) for row in ERRORS])
async def test_errors(compiler: Compiler, source: str, message: str, line: int, column: int) -> None:
    with pytest.raises(SourceError) as caught:
        await compiler.compile(source)
    assert (str(caught.value), caught.value.line, caught.value.column) == (message, line, column)
