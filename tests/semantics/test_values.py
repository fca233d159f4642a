"""§5: what crosses by copy, kind by kind, both ways and into the store; what never crosses; JSON at the door."""

from __future__ import annotations

import json

import pytest

from host_api.house import Entry
from tests.semantics.live import PRIVATE, World

# name: (an expression, what must be true of `x`, which came back as a copy)
COPIED = {
    "undefined": ("undefined", "x === undefined"),
    "minus zero": ("-0", "Object.is(x, -0)"),
    "not a number": ("NaN", "Number.isNaN(x)"),
    "infinity": ("-Infinity", "x === -Infinity"),
    "a float": ("0.1", "x === 0.1"),
    "a bigint": ("-(2n ** 200n)", "x === -(2n ** 200n)"),
    "a lone surrogate": ("'a\\ud800b'", "x === 'a\\ud800b' && x.length === 3"),
    "a zero character": ("'a\\0b'", "x.length === 3"),
    "an emoji": ("'\\u{1f600}'", "x === '\\u{1f600}'"),
    "boxed": (
        "[new Number(1), new String('s'), new Boolean(false), Object(1n)]",
        "x.every((b) => typeof b === 'object') && x[0] + 1 === 2 && x[1] + '' === 's' && x[2].valueOf() === false",
    ),
    "a date": ("new Date(5)", "x instanceof Date && x.getTime() === 5"),
    "an invalid date": ("new Date(NaN)", "x instanceof Date && Number.isNaN(x.getTime())"),
    "a regexp": (
        "/a+(?<n>b)/giu",
        "x instanceof RegExp && x.source === 'a+(?<n>b)' && x.flags === 'giu' && x.test('AAB')",
    ),
    "a map": (
        "new Map([[{ a: 1 }, new Set([1, 'two'])]])",
        "x instanceof Map && [...x][0][0].a === 1 && [...x][0][1].has('two')",
    ),
    "a sparse array": ("[1, , 3]", "x.length === 3 && !(1 in x)"),
    "an array with properties": ("Object.assign([1], { extra: 2 })", "Array.isArray(x) && x.extra === 2"),
    "a null prototype": (
        "Object.assign(Object.create(null), { a: 1 })",
        "Object.getPrototypeOf(x) === null && x.a === 1",
    ),
    "symbol keys": (
        "({ [Symbol.for('k')]: 1, [Symbol.toStringTag]: 'T' })",
        "x[Symbol.for('k')] === 1 && x[Symbol.toStringTag] === 'T'",
    ),
    "a registered symbol": ("Symbol.for('k')", "x === Symbol.for('k')"),
    "a known symbol": ("Symbol.iterator", "x === Symbol.iterator"),
    "a buffer": ("new Uint8Array([1, 2, 3]).buffer", "x instanceof ArrayBuffer && new Uint8Array(x)[2] === 3"),
    "typed arrays": (
        "[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array].map((T) => new T([1, 2]))",
        "x.length === 9 && x.every((a) => a[1] === 2) && x[8] instanceof Float64Array && x[2] instanceof Uint8ClampedArray",
    ),
    "bigint arrays": ("new BigInt64Array([-1n])", "x instanceof BigInt64Array && x[0] === -1n"),
    "a view": (
        "new DataView(new Uint8Array([0, 1, 2]).buffer, 1)",
        "x instanceof DataView && x.byteLength === 2 && x.getUint8(0) === 1",
    ),
    "views of one buffer": (
        "(() => { const b = new ArrayBuffer(4); return [new Uint8Array(b), new Uint8Array(b, 2)] })()",
        "(x[0][2] = 7, x[1][0] === 7)",
    ),
    "shared references": ("(() => { const o = {}; return [o, o] })()", "x[0] === x[1]"),
    "a cycle": ("(() => { const o = { list: [] }; o.list.push(o); return o })()", "x.list[0] === x"),
    "a cycle through a map": ("(() => { const m = new Map(); m.set(m, m); return m })()", "x.get(x) === x"),
    "a __proto__ key": (
        'JSON.parse(\'{"__proto__": {"polluted": 1}}\')',
        "Object.hasOwn(x, '__proto__') && x.polluted === undefined && Object.getPrototypeOf(x) === Object.prototype",
    ),
    "an error": (
        "Object.assign(new RangeError('m', { cause: { why: 1 } }), { code: 5 })",
        "x instanceof RangeError && x.message === 'm' && x.cause.why === 1 && x.code === 5 && !Object.keys(x).includes('message')",
    ),
    "an aggregate error": (
        "new AggregateError([new Error('a')], 'm')",
        "x instanceof AggregateError && x.errors[0].message === 'a'",
    ),
    "a user's error": (
        "new (class MyError extends TypeError { name = 'MyError'; more = 1 })('m')",
        "x instanceof TypeError && x.name === 'MyError' && x.more === 1",
    ),
    "a long string": ("'é'.repeat(100000)", "x.length === 100000"),
    "key order": ("({ b: 1, a: 2, 1: 3 })", "Object.keys(x).join() === '1,b,a'"),
}


@pytest.mark.parametrize("name", COPIED)
async def test_it_crosses_both_ways_is_kept_as_data_and_is_read_by_others(world: World, name: str) -> None:
    code, holds = COPIED[name]
    await world.save("B", f"export const look = (x) => [{holds}, x]")
    crossing = f"{{ const v = {code}; const [there, x] = @B.look(v); @me.kept = v; return [there, {holds}, typeof v === 'object' && x === v] }}"
    assert await world.eval(crossing) == [True, True, False]
    assert (await world.save("B", f"export const it = {code}")).kind == "data"
    assert await world.eval(f"[@me.kept, @B.it].map((x) => {holds})") == [True, True]


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("{ items: [1, 2, 3, Symbol('unique')] }", "args[0].items[3]"),
        ("new WeakMap()", "args[0]"),
        ("[{ deep: new WeakRef({}) }]", "args[0][0].deep"),
        ("{ a: new WeakSet() }", "args[0].a"),
    ],
)
async def test_what_does_not_cross_is_a_data_clone_error_that_names_the_path(
    world: World, code: str, path: str
) -> None:
    await world.save("B", "export const id = (x) => x")
    error = await world.error(f"@B.id({code})")
    assert (error.status, error.name) == (422, "DataCloneError")
    assert path in error.message
    assert await world.eval(f"{{ try {{ @B.id({code}) }} catch (e) {{ return e.name }} }}") == "DataCloneError"


async def test_unique_symbol_keys_stay_at_home(world: World) -> None:
    await world.save("B", "export const keys = (x) => Reflect.ownKeys(x).map(String)")
    assert await world.eval("@B.keys({ [Symbol('mine')]: 1, a: 2 })") == ["a"]


async def test_getters_run_once_at_the_sender_and_only_values_cross(world: World) -> None:
    await world.save(
        "B", "export const twice = (o) => [o.x, o.x, Object.getOwnPropertyDescriptor(o, 'x').get === undefined]"
    )
    assert await world.eval("{ let n = 0; const seen = @B.twice({ get x() { return ++n } }); return [seen, n] }") == [
        [1, 1, True],
        1,
    ]


async def test_this_of_a_method_on_a_copied_object_is_a_copy(world: World) -> None:
    await world.save("B", "export const call = (o) => { o.n = 10; return [o.get(), o.n] }")
    assert await world.eval("{ const o = { n: 1, get() { return this.n } }; return [@B.call(o), o.n] }") == [
        [10, 10],
        1,
    ]


async def test_what_is_changed_in_a_copy_is_not_changed_at_home(world: World) -> None:
    await world.save("B", "export const change = (list) => { list.push(4); list[0] = 'x'; return list }")
    assert await world.eval("{ const mine = [1, 2, 3]; return [@B.change(mine), mine] }") == [["x", 2, 3, 4], [1, 2, 3]]


async def test_intrinsics_are_ones_own(world: World) -> None:
    await world.save("B", "export const is = (f, what) => f === ({ Object, Promise, Array, Map, parseInt })[what]")
    code = "Object.entries({ Object, Promise, Array, Map, parseInt }).map(([k, v]) => @B.is(v, k))"
    assert await world.eval(code) == [True] * 5


@pytest.mark.parametrize("thing", ["Function", "eval", "globalThis", "Math", "Object.prototype", "Reflect.get"])
async def test_built_ins_that_make_code_or_could_be_changed_do_not_cross(world: World, thing: str) -> None:
    await world.save("B", "export const take = (thing) => 1")
    error = await world.error(f"@B.take({thing})")
    assert (error.name, error.message) == ("DataCloneError", "a built-in cannot be sent: args[0]")


# -- JSON at the door -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        ("undefined", "null", "undefined"),
        ("() => undefined", "null", "undefined"),
        ("[undefined, () => 1, NaN]", "[null,null,null]", "array"),
        ("({ a: undefined, b: 1 })", '{"b":1}', "object"),
        ("new Date(0)", '"1970-01-01T00:00:00.000Z"', "object"),
        ("'\\ud800'", '"\\ud800"', "string"),
        ("new Map([[1, 2]])", "{}", "object"),
        ("({ toJSON() { return 5 } })", "5", "object"),
        ("null", "null", "null"),
        ("true", "true", "boolean"),
        ("({ b: 1, a: 1.0 })", '{"b":1,"a":1}', "object"),
        ("Promise.resolve([Promise.resolve(1), { p: Promise.resolve(2) }])", '[1,{"p":2}]', "array"),
    ],
)
async def test_the_answer_is_json_by_stringifys_rules(world: World, code: str, text: str, kind: str) -> None:
    outcome = await world.outcome(f"({code})" if not code.startswith("() =>") else f"({code})()")
    assert outcome.error is None
    assert (outcome.json.decode(), outcome.type) == (text, kind)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("10n", "bigint"),
        ("({ a: [1, { b: 2n }] })", "value.a[1].b"),
        ("(() => { const o = { x: {} }; o.x.y = o; return o })()", "value.x.y"),
    ],
)
async def test_what_json_cannot_say_is_an_error_that_names_the_path(world: World, code: str, words: str) -> None:
    error = await world.error(code)
    assert error.name == "TypeError"
    assert words in error.message


async def test_arguments_arrive_as_json_was_written(world: World) -> None:
    await world.save(
        "B",
        "export const show = (...a) => [a.length, Object.keys(a[0] ?? {}), a[1], Object.hasOwn(a[0] ?? {}, '__proto__')]",
    )
    entry = b'[{"z":1,"a":2,"__proto__":3},"\\ud800"]'

    outcome = await world.house.evaluate(
        requester=None, source="api", entry=Entry(val=("B", "show", None)), args=entry, as_author=True
    )
    assert outcome.error is None
    assert json.loads(outcome.json) == [2, ["z", "a", "__proto__"], "\ud800", True]


async def test_a_data_val_that_has_no_json_fails_when_it_is_run(world: World) -> None:
    await world.save("B", "export const big = 10n")
    outcome = await world.run("B.big")
    assert outcome.error is not None
    assert "bigint" in outcome.error.message


async def test_privates_of_a_kind_stay_private(world: World) -> None:
    await world.save("B", "new Date(7)", PRIVATE, "when")
    assert await world.eval("typeof @B.when") == "undefined"
