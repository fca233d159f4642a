"""What our edits of the engine do by a shorter way (guests/engine/quickjs.ed) comes to what the language says, also just beside it."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from tests.semantics.live import World
from tests.web.table import Cases

CASES: Cases = {
    "minus zero stays": (
        "[Object.is(JSON.parse('-0'), -0), Object.is(JSON.parse('-0.0'), -0), 1 / JSON.parse('0')]",
        [True, True, None],
    ),
    "the largest small integer, and one more": (
        "JSON.parse('[2147483647,2147483648,-2147483647,-2147483648,-2147483649]')",
        [2147483647, 2147483648, -2147483647, -2147483648, -2147483649],
    ),
    "numbers are the ones that the language reads": (
        (
            "['0.1','0.30000000000000004','123456789012.345','9007199254740993','1e23','5e-324','1.7976931348623157e308','1e400',"
            "'-12.5e-3','0.000001','999999999999999','99999999999999.9'].filter((text) => !Object.is(JSON.parse(text), Number(text)))"
        ),
        [],
    ),
    "numbers that are none": (
        "['01','-','+1','1.','.5','1e','1e+','--1','0x1','1_0','Infinity','-a'].map((text) => thrown(() => JSON.parse(text)))",
        ["SyntaxError"] * 12,
    ),
    "the last of two members counts, in the first one's place": (
        'Object.entries(JSON.parse(\'{"a":1,"b":2,"a":3}\'))',
        [["a", 3], ["b", 2]],
    ),
    "indices come first, and other names in their order": (
        'Object.keys(JSON.parse(\'{"b":0,"10":0,"a":0,"2":0,"01":0,"4294967295":0,"":0}\'))',
        ["2", "10", "b", "a", "01", "4294967295", ""],
    ),
    "__proto__ is a member": (
        'const it = JSON.parse(\'{"__proto__":{"x":1}}\'); return [Object.keys(it), it.x === undefined, Object.getPrototypeOf(it) === Object.prototype]',
        [["__proto__"], True, True],
    ),
    "a setter of everybody's is not called": (
        (
            "let called = 0; Object.defineProperty(Object.prototype, 'name', { set() { called++ }, configurable: true });"
            " const it = JSON.parse('{\"name\":1}'); delete Object.prototype.name; return [called, it.name]"
        ),
        [0, 1],
    ),
    "a name in any spelling is the same name": (
        'Object.keys(JSON.parse(\'{"caf\\\\u00e9":1,"café":2,"\\\\u0061":3,"a":4}\'))',
        ["café", "a"],
    ),
    "names that are cut off": (
        (
            "['{','{\"','{\"a','{\"a\"','{\"length\"','{\"length\":','{\"length\":1','{\"length\":1,','{\"length\":1,\"','{ \"length\" 1}','{length:1}','{\"a\":1,}',"
            "'\"\\u0001\"','{\"a\\nb\":1}'].map((text) => thrown(() => JSON.parse(text)))"
        ),
        ["SyntaxError"] * 14,
    ),
    "where it went wrong is said": (
        "const said = []; for (const text of ['{\"length\" 1}', '[1 2]', '{\"length\":1 \"name\":2}']) try { JSON.parse(text) } catch (e) { said.push(e.message) } return said",
        [
            "Expected ':' after property name in JSON at position 10 (line 1 column 11)",
            "Expected ',' or ']' after array element in JSON at position 3 (line 1 column 4)",
            "Expected ',' or '}' after property value in JSON at position 12 (line 1 column 13)",
        ],
    ),
    "a reviver sees each value, and its source": (
        'const seen = []; JSON.parse(\'{"length":[1.50,"x"]}\', (key, value, { source }) => { seen.push([key, source]); return value }); return seen',
        [["0", "1.50"], ["1", '"x"'], ["length", None], ["", None]],
    ),
    "what is quoted": (
        r"""JSON.stringify("\0\x01\b\t\n\v\f\r\x0e\x1f \"\\/\x7f\x80é\u2028\ud800\u{1f600}")""",
        '"\\u0000\\u0001\\b\\t\\n\\u000b\\f\\r\\u000e\\u001f \\"\\\\/\x7f\x80é\u2028\\ud800\U0001f600"',
    ),
    "what is quoted, of 8 bits": (
        r"""JSON.stringify({ "\0\x01\b\t\n\v\f\r\x0e\x1f \"\\/\x7f\x80\xff": "\0\x01\b\t\n\v\f\r\x0e\x1f \"\\/\x7f\x80\xff" })""",
        (
            '{"'
            '\\u0000\\u0001\\b\\t\\n\\u000b\\f\\r\\u000e\\u001f \\"\\\\/\x7f\x80\xff":"'
            '\\u0000\\u0001\\b\\t\\n\\u000b\\f\\r\\u000e\\u001f \\"\\\\/\x7f\x80\xff"}'
        ),
    ),
    "integers, other numbers and what is no number": (
        "JSON.stringify([0, -0, -2147483648, 2147483647, 1.5, NaN, -Infinity, 1e21])",
        "[0,0,-2147483648,2147483647,1.5,null,null,1e+21]",
    ),
    "toJSON and a replacer are shown the index as a text": (
        (
            "const seen = []; const it = { toJSON(key) { seen.push(key); return 1 } }; JSON.stringify([2, it, [it]]);"
            " JSON.stringify([7], (key, value) => { seen.push(key); return value }); BigInt.prototype.toJSON = (key) => { seen.push(key); return 5 };"
            " const big = JSON.stringify([1n]); delete BigInt.prototype.toJSON; return [seen, big]"
        ),
        [["1", "0", "", "0", "0"], "[5]"],
    ),
    "with room between": (
        "JSON.stringify({ a: [1, 'x'], é: {} }, null, 1)",
        '{\n "a": [\n  1,\n  "x"\n ],\n "é": {}\n}',
    ),
    "equals stay in their order": (
        (
            "Array.from({ length: 1000 }, (_, i) => ({ key: i * 7919 % 10, i })).sort((a, b) => a.key - b.key)"
            ".every((it, i, all) => !i || all[i - 1].key < it.key || (all[i - 1].key === it.key && all[i - 1].i < it.i))"
        ),
        True,
    ),
    "holes and undefined go last, and are not compared": (
        (
            "const it = [3, undefined, , 1, undefined, 2]; let bad = 0; it.sort((a, b) => { if (a === undefined || b === undefined) bad++; return a - b });"
            " return [bad, it.slice(0, 3), it.length, 4 in it, 5 in it]"
        ),
        [0, [1, 2, 3], 6, True, False],
    ),
    "a comparison that says anything loses nothing": (
        (
            "let n = 1; const it = Array.from({ length: 500 }, (_, i) => i); it.sort(() => (n = n * 48271 % 2147483647) % 3 - 1);"
            " return [it.length, new Set(it).size, it.reduce((a, b) => a + b)]"
        ),
        [500, 500, 124750],
    ),
    "a comparison that throws leaves it as it was": (
        (
            "const it = Array.from({ length: 100 }, (_, i) => 100 - i); let n = 0;"
            " return [thrown(() => it.sort((a, b) => { if (++n > 50) throw new RangeError('no'); return a - b })), n, it[0], it[99]]"
        ),
        ["RangeError", 51, 100, 1],
    ),
    "a comparison that changes what is sorted": (
        "const it = Array.from({ length: 100 }, (_, i) => 100 - i); it.sort((a, b) => { it.length = 0; return a - b }); return [it.length, it[0], it[99]]",
        [100, 1, 100],
    ),
    "what is sorted needs one comparison for each": (
        "let n = 0; Array.from({ length: 1024 }, (_, i) => i).sort((a, b) => { n++; return a - b }); return n",
        1023,
    ),
    "by text, without a comparison": ("[10, 9, 1, 'b', 'a', null].sort()", [1, 10, 9, "a", "b", None]),
    "case of ASCII and of what is beside it": (
        "['az@[`{AZ09', 'straße', 'İ', 'ΣΑΣ', '\\xb5\\xff', ''].map((it) => [it.toUpperCase(), it.toLowerCase()])",
        [
            ["AZ@[`{AZ09", "az@[`{az09"],
            ["STRASSE", "straße"],
            ["İ", "i̇"],
            ["ΣΑΣ", "σας"],
            ["\u039c\u0178", "\xb5\xff"],
            ["", ""],
        ],
    ),
    "a text in a text, of 8 and of 16 bits": (
        (
            "const wide = 'aab\\u0100aab', narrow = 'aabaaab\\xff'; return [narrow.indexOf('aaab'), narrow.indexOf('b\\xff'), narrow.indexOf('\\u0100'), wide.indexOf('aab', 1),"
            " wide.lastIndexOf('aab'), wide.includes('b\\u0100a'), narrow.lastIndexOf('aab'), narrow.split('aab'), 'ab'.indexOf('abc'), ''.indexOf('')]"
        ),
        [3, 6, -1, 4, 4, True, 4, ["", "a", "\xff"], -1, 0],
    ),
    "keys of every kind are found again": (
        (
            "const keys = [0, -0, 1, -1, 2 ** 31, 0.5, NaN, Infinity, 5n, 2n ** 70n, '', 'a', '1', true, null, undefined, Symbol.iterator, {}, []];"
            " const it = new Map(keys.map((key, i) => [key, i])); return [it.size, keys.filter((key, i) => it.get(key) !== i && key !== 0), it.get(1.0), it.get('1'), it.has(1n)]"
        ),
        [18, [], 2, 12, False],
    ),
    "thousands of keys, in the order they came": (
        (
            "const it = new Map(); for (let i = 0; i < 5000; i++) it.set(i * 4096, i); for (let i = 0; i < 5000; i += 2) it.delete(i * 4096);"
            " return [it.size, [...it.keys()].every((key, i) => key === (2 * i + 1) * 4096), it.get(4096 * 4999)]"
        ),
        [2500, True, 4999],
    ),
    "room that grows keeps what is in it, and is empty at first": (
        (
            "const it = []; for (let i = 0; i < 200_000; i++) it.push(i); const sum = it.reduce((a, b) => a + b);"
            " return [sum, new Uint8Array(300_000).every((byte) => byte === 0), 'x'.repeat(100_000).concat('y'.repeat(100_000)).length]"
        ),
        [19999900000, True, 200000],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_short_way_comes_to_the_same(answers: dict[str, Any], name: str) -> None:
    assert answers[name] == CASES[name][1]


def made_up(chance: random.Random, depth: int) -> object:
    """Any JSON, with what the short ways look at: escapes, beside ASCII, numbers of every length, names twice."""
    if depth and chance.random() < 0.6:
        count = chance.randrange(6)
        if chance.random() < 0.5:
            return [made_up(chance, depth - 1) for _ in range(count)]
        return {made_up_text(chance): made_up(chance, depth - 1) for _ in range(count)}
    numbers = (
        chance.randrange(-(2**53), 2**53),
        chance.randrange(-300, 300),
        chance.uniform(-1e6, 1e6),
        chance.random() * 10.0 ** chance.randrange(-300, 300),
    )
    return chance.choice((None, True, False, made_up_text(chance), *numbers))


def made_up_text(chance: random.Random) -> str:
    letters = chance.choice(("ab1", 'a"\\\n\t\x00/', "aé\xff\x80", "a\u2028\u0100\U0001f600"))
    return "".join(chance.choices(letters, k=chance.randrange(6)))


async def test_what_is_written_and_read_is_what_it_was(world: World) -> None:
    chance = random.Random(5)  # noqa: S311 - the same each time
    values = [made_up(chance, 4) for _ in range(300)]
    for text in (json.dumps(values), json.dumps(values, ensure_ascii=False, indent=1)):
        code = f"JSON.parse(JSON.stringify(JSON.parse({json.dumps(text)})))"
        assert await world.eval(code) == values
