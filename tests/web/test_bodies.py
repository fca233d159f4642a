"""What bodies are made of, and how they are read, by the Fetch standard."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.table import Cases

CASES: Cases = {
    "of a string": (
        "const r = new Response('é\\ud800'); return [await r.text(), r.headers.get('content-type')]",
        ["é\ufffd", "text/plain;charset=UTF-8"],
    ),
    "of bytes": (
        "const b = bytes(1, 2, 3); const r = new Response(b.subarray(1)); b[1] = 9; return [[...await r.bytes()], r.headers.get('content-type')]",
        [[2, 3], None],
    ),
    "of a buffer, a view": (
        "[...await new Response(bytes(97, 98).buffer).bytes()].concat(...await new Response(new DataView(bytes(99, 100).buffer, 1)).bytes(), ...await new Response(new Uint16Array([1])).bytes())",
        [97, 98, 100, 1, 0],
    ),
    "of a Blob": (
        "const r = new Response(new Blob(['ab'], { type: 'A/B' })); return [await r.text(), r.headers.get('content-type'), new Response(new Blob(['x'])).headers.get('content-type')]",
        ["ab", "a/b", None],
    ),
    "of search parameters": (
        "const r = new Response(new URLSearchParams({ a: '1 2' })); return [await r.text(), r.headers.get('content-type')]",
        ["a=1+2", "application/x-www-form-urlencoded;charset=UTF-8"],
    ),
    "of a form": (
        "const f = new FormData(); f.append('a', '1'); const r = new Response(f); const type = r.headers.get('content-type'); const [, b] = /^multipart\\/form-data; boundary=(.+)$/.exec(type); return (await r.text()) === `--${b}\\r\\nContent-Disposition: form-data; name=\"a\"\\r\\n\\r\\n1\\r\\n--${b}--\\r\\n`",
        True,
    ),
    "of a stream": (
        "const r = new Response(streamed('a', 'bc')); return [await r.text(), r.headers.get('content-type')]",
        ["abc", None],
    ),
    "of anything else": (
        "await Promise.all([{}, 5, true, [1, 2], undefined, { toString: () => 'x' }].map((x) => new Response(x).text()))",
        ["[object Object]", "5", "true", "1,2", "", "x"],
    ),
    "as an ArrayBuffer": (
        "const a = await new Response('ab').arrayBuffer(); return [a instanceof ArrayBuffer, a.byteLength]",
        [True, 2],
    ),
    "as a Blob with the header's type": (
        "const of = async (type) => (await new Response('x', { headers: type === null ? {} : { 'content-type': type } }).blob()).type; return [await of('Text/HTML; Charset=x'), await of('bad'), await of('a/b; c=\"d e\"'), await of(null)]",
        ["text/html;charset=x", "", 'a/b;c="d e"', "text/plain;charset=UTF-8"],
    ),
    "as JSON": (
        "[await new Response('{\"a\":1}').json(), await rejected(() => new Response('{').json()), await rejected(() => new Response().json())]",
        [{"a": 1}, "SyntaxError", "SyntaxError"],
    ),
    "a mark at the start goes": (
        "[await new Response('\\ufeffa').text(), await new Response(bytes(0xef, 0xbb, 0xbf, 0x31)).json(), await new Response(bytes(0xff)).text()]",
        ["a", 1, "\ufffd"],
    ),
    "a form that was sent": (
        "const f = new FormData(); f.append('a', 'x\\ny'); f.append('a', 'é'); f.append('q\"\\n', new File(['\\r\\n--b'], 'n\"é.txt', { type: 'text/html' })); const g = await new Response(f).formData(); const file = [...g.values()][2]; return [[...g.keys()], g.getAll('a'), file.name, file.type, await file.text(), file instanceof File]",
        [["a", "a", 'q"\r\n'], ["x\r\ny", "é"], 'n"é.txt', "text/html", "\r\n--b", True],
    ),
    "a form by hand": (
        "const text = 'preamble\\r\\n--X\\r\\nContent-Disposition: form-data; name=\"a\"\\r\\n\\r\\n\\r\\n--X\\r\\ncontent-type: image/png\\r\\nCONTENT-DISPOSITION: form-data; name=b; filename=\"\"\\r\\n\\r\\nPNG\\r\\n--X--\\r\\nepilogue'; const g = await new Response(text, { headers: { 'content-type': 'multipart/form-data; boundary=X' } }).formData(); return [g.get('a'), g.get('b').name, g.get('b').type, await g.get('b').text()]",
        ["", "", "image/png", "PNG"],
    ),
    "an urlencoded form": (
        "[...await new Response('a=1&b=%C3%A9+x', { headers: { 'content-type': 'application/x-www-form-urlencoded' } }).formData()]",
        [["a", "1"], ["b", "é x"]],
    ),
    "forms that are none": (
        "await Promise.all([['x', 'multipart/form-data'], ['x', 'multipart/form-data; boundary=X'], ['--X\\r\\n', 'multipart/form-data; boundary=X'], ['--X\\r\\nfoo: bar\\r\\n\\r\\n1\\r\\n--X--', 'multipart/form-data; boundary=X'], ['a=1', 'text/plain'], [null, 'multipart/form-data; boundary=X']].map(([b, t]) => rejected(() => new Response(b, { headers: { 'content-type': t } }).formData())))",
        ["TypeError"] * 6,
    ),
    "once only": (
        "const r = new Response('x'); const first = r.text(); return [r.bodyUsed, await first, await rejected(() => r.text()), await rejected(() => r.json()), await rejected(() => r.formData())]",
        [True, "x", "TypeError", "TypeError", "TypeError"],
    ),
    "nothing can be read again and again": (
        "const r = new Response(null); return [await r.text(), await r.text(), (await r.arrayBuffer()).byteLength, (await r.blob()).size, r.bodyUsed]",
        ["", "", 0, 0, False],
    ),
    "a locked one is not read": (
        "const r = new Response('x'); const reader = r.body.getReader(); const locked = [r.bodyUsed, await rejected(() => r.text())]; reader.releaseLock(); return [locked, await r.text()]",
        [[False, "TypeError"], "x"],
    ),
    "the stream is the same, and bytes": (
        "const r = new Response('ab'); const s = r.body; const { value } = await s.getReader({ mode: 'byob' }).read(new Uint8Array(8)); return [s === r.body, [...value], r.bodyUsed]",
        [True, [97, 98], True],
    ),
    "reading by the stream uses it": (
        "const r = new Response('ab'); return [await chunks(r.body), r.bodyUsed, await rejected(() => r.text())]",
        [[[97, 98]], True, "TypeError"],
    ),
    "after text the stream is locked": (
        "const r = new Response('ab'); await r.text(); return [r.body.locked, thrown(() => r.body.getReader()), r.bodyUsed]",
        [True, "TypeError", True],
    ),
    "cancelling uses it": (
        "const r = new Response('ab'); await r.body.cancel(); return [r.bodyUsed, await rejected(() => r.text())]",
        [True, "TypeError"],
    ),
    "an empty body has a stream": (
        "[await chunks(new Response('').body), await chunks(new Response(bytes()).body)]",
        [[], []],
    ),
    "a stream in use is no body": (
        "const s = streamed('a'); const reader = s.getReader(); const locked = thrown(() => new Response(s)); await reader.read(); reader.releaseLock(); return [locked, thrown(() => new Response(s))]",
        ["TypeError", "TypeError"],
    ),
    "a stream of what is no bytes": (
        "[await rejected(() => new Response(new ReadableStream({ start(c) { c.enqueue('text'); c.close() } })).text()), await rejected(() => new Response(new ReadableStream({ start(c) { c.enqueue(new Uint16Array(1)); c.close() } })).bytes())]",
        ["TypeError", "TypeError"],
    ),
    "a stream that fails": (
        "await rejected(() => new Response(new ReadableStream({ pull(c) { c.error(new RangeError('no')) } })).text())",
        "RangeError",
    ),
    "the given stream is the body": ("const s = streamed('a'); return new Response(s).body === s", True),
    "a large one": (
        "const b = new Uint8Array(3 << 20).fill(97); const t = await new Response(b).text(); return t.length",
        3 << 20,
    ),
    "many chunks": (
        "let n = 0; const s = new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(1000).fill(98)); if (++n === 200) c.close() } }); return (await new Response(s).text()).length",
        200_000,
    ),
    "bytes read are one's own": (
        "const r = new Response('ab'); const c = r.clone(); (await r.bytes())[0] = 120; return await c.text()",
        "ab",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_bodies_are_as_the_fetch_standard_has_them(answers: dict[str, Any], name: str) -> None:
    assert answers[name] == CASES[name][1]
