"""Blob, File and FormData, by the File API, and by the XHR standard for forms."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.table import Cases

CASES: Cases = {
    "of parts": ("const b = new Blob(['é', bytes(1, 2), bytes(3).buffer, new DataView(bytes(4, 5).buffer, 1), new Blob(['x']), 7, null]); return [b.size, [...await b.bytes()]]", [12, [195, 169, 1, 2, 3, 5, 120, 55, 110, 117, 108, 108]]),
    "what it is without anything": ("const b = new Blob(); return [b.size, b.type, await b.text(), String(b), new Blob(undefined).size]", [0, "", "", "[object Blob]", 0]),
    "types": ("['A/B', 'a\\u00e9', 'text/plain;charset=UTF-8', undefined, null, 1].map((type) => new Blob([], { type }).type)", ["a/b", "", "text/plain;charset=utf-8", "", "null", "1"]),
    "parts that are none": ("[null, 1, 'abc', {}, () => 1].map((p) => thrown(() => new Blob(p))).concat(thrown(() => new Blob([], 1)), thrown(() => new Blob([], { endings: 'x' })))", ["TypeError"] * 7),
    "parts are converted first, then options, in order": (
        "const seen = []; new Blob([{ toString: () => (seen.push('part'), 'x') }], { get type() { seen.push('type') }, get endings() { seen.push('endings') } }); return seen",
        ["part", "endings", "type"],
    ),
    "each is looked at once": (
        "const seen = []; const look = (what, value) => ({ toString: () => (seen.push(what), value) }); new Blob({ get [Symbol.iterator]() { seen.push('iterator'); return [][Symbol.iterator] }, length: 0 }, { endings: look('endings', 'native'), type: look('type', '') }); return seen",
        ["iterator", "endings", "type"],
    ),
    "any iterable object is a list": ("[await new Blob(new Set(['a', 'b'])).text(), await new Blob(new String('cd')).text(), await new Blob(bytes(1, 2)).text()]", ["ab", "cd", "12"]),
    "line endings": ("await new Blob(['a\\r\\nb\\rc\\n'], { endings: 'native' }).text()", "a\nb\nc\n"),
    "slices": ("const b = new Blob(['abcdef'], { type: 'x/y' }); return [await Promise.all([b.slice(1, 3), b.slice(-2), b.slice(2, -2), b.slice(4, 2), b.slice(0, 99), b.slice(), b.slice(NaN), b.slice(undefined, 2)].map((s) => s.text())), b.slice().type, b.slice(0, 1, 'A/Z').type]", [["bc", "ef", "cd", "", "abcdef", "abcdef", "abcdef", "ab"], "", "a/z"]),
    "reading": ("const b = new Blob(['\\ufeffab']); const a = await b.arrayBuffer(); new Uint8Array(a)[0] = 0; return [a.byteLength, await b.text(), await chunks(b.stream()), a !== await b.arrayBuffer()]", [5, "ab", [[239, 187, 191, 97, 98]], True]),
    "what is changed later is not seen": ("const x = bytes(97); const b = new Blob([x]); x[0] = 98; return await b.text()", "a"),
    "a file": ("const f = new File(['ab'], 'n/a.txt', { type: 'T/x', lastModified: 5.7 }); return [f.name, f.type, f.lastModified, f.size, await f.text(), f instanceof Blob, String(f), f.slice(0, 1) instanceof File, f.webkitRelativePath]", ["n/a.txt", "t/x", 5, 2, "ab", True, "[object File]", False, ""]),
    "a file is of now": ("Math.abs(new File([], 'a').lastModified - Date.now()) < 5000", True),
    "files that are none": ("[thrown(() => new File()), thrown(() => new File([])), thrown(() => new File('a', 'b')), thrown(() => new File(null, 'b'))]", ["TypeError"] * 4),
    "subclasses": ("class Mine extends File { get x() { return this.name + this.size } }; return [new Mine(['ab'], 'n').x, Object.getPrototypeOf(File) === Blob, Blob.length, File.length]", ["n2", True, 0, 2]),
    "strangers are refused": ("[thrown(() => Object.create(Blob.prototype).size), thrown(() => Object.create(File.prototype).name), thrown(() => Object.getOwnPropertyDescriptor(File.prototype, 'name').get.call(new Blob())), await rejected(() => Blob.prototype.text.call({}))]", ["TypeError"] * 4),
    # forms
    "entries": ("const f = new FormData(); f.append('a', 1); f.append('b', '2'); f.append('a', 'é\\ud800'); return [[...f], f.get('a'), f.get('x'), f.getAll('a'), f.getAll('x'), f.has('b'), f.has('x')]", [[["a", "1"], ["b", "2"], ["a", "é\ufffd"]], "1", None, ["1", "é\ufffd"], [], True, False]),
    "set and delete": ("const f = new FormData(); for (const [k, v] of ['a1', 'b2', 'a3', 'c4']) f.append(k, v); f.set('a', 'x'); f.set('n', 'y'); f.delete('b'); return [...f]", [["a", "x"], ["c", "4"], ["n", "y"]]),
    "a blob becomes a file": ("const f = new FormData(); const file = new File(['x'], 'n', { lastModified: 3 }); f.append('a', new Blob(['ab'], { type: 'x/y' })); f.append('b', new Blob(), 'name'); f.append('c', file); f.append('d', file, 'other'); const [a, b, c, d] = [...f.values()]; return [a instanceof File, a.name, a.type, await a.text(), b.name, c === file, d.name, d.lastModified]", [True, "blob", "x/y", "ab", "name", True, "other", 3]),
    "only blobs have names": ("const f = new FormData(); return [thrown(() => f.append('a', 'b', 'c')), thrown(() => f.set('a', 'b', 'c')), thrown(() => f.append('a')), thrown(() => f.get())]", ["TypeError"] * 4),
    "iterating": ("const f = new FormData(); f.append('a', '1'); f.append('b', '2'); const seen = []; f.forEach((v, k, all) => seen.push(v, k, all === f)); return [[...f.keys()], [...f.values()], seen, String(f), f[Symbol.iterator] === f.entries, String(f.keys())]", [["a", "b"], ["1", "2"], ["1", "a", True, "2", "b", True], "[object FormData]", True, "[object FormData Iterator]"]),
    "no form elements here": ("[thrown(() => new FormData({})), [...new FormData(undefined)]]", ["TypeError", []]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_blobs_and_forms_are_as_the_standards_have_them(answers: dict[str, Any], name: str) -> None:
    assert answers[name] == CASES[name][1]
