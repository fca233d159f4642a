"""TextEncoder, TextDecoder and their streams, by the Encoding standard."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.table import Cases

CASES: Cases = {
    "UTF-8 is written": (
        '[...new TextEncoder().encode("aé€\\u{1f600}")]',
        [97, 195, 169, 226, 130, 172, 240, 159, 152, 128],
    ),
    "half characters are replaced": (
        '[...new TextEncoder().encode("\\ud800a\\udc00")]',
        [239, 191, 189, 97, 239, 191, 189],
    ),
    "nothing is nothing": (
        "[new TextEncoder().encode().length, new TextEncoder().encode(undefined).length, new TextEncoder().encoding]",
        [0, 0, "utf-8"],
    ),
    "into room enough": (
        "const room = new Uint8Array(5); return [new TextEncoder().encodeInto('aé', room), [...room]]",
        [{"read": 2, "written": 3}, [97, 195, 169, 0, 0]],
    ),
    "into too little room": (
        "[0, 1, 2, 3, 4, 5].map((n) => { const { read, written } = new TextEncoder().encodeInto('é\\u{1f600}x', new Uint8Array(n)); return [read, written] })",
        [[0, 0], [0, 0], [1, 2], [1, 2], [1, 2], [1, 2]],
    ),
    "into what is no Uint8Array": ("thrown(() => new TextEncoder().encodeInto('a', new Uint16Array(1)))", "TypeError"),
    "UTF-8 is read": (
        "new TextDecoder().decode(bytes(97, 195, 169, 226, 130, 172, 240, 159, 152, 128))",
        "aé€\U0001f600",
    ),
    "a view's part is read": ("new TextDecoder().decode(new DataView(bytes(97, 98, 99).buffer, 1, 1))", "b"),
    "an ArrayBuffer is read": ("new TextDecoder().decode(bytes(97).buffer)", "a"),
    "mistakes are replaced, each maximal part once": (
        "new TextDecoder().decode(bytes(0xff, 0xc3, 0x61, 0xf0, 0x9f, 0x98, 0xe2, 0x82))",
        "\ufffd\ufffda\ufffd\ufffd",
    ),
    "or fatal": (
        "[bytes(0xff), bytes(0xc3), bytes(0xed, 0xa0, 0x80)].map((b) => thrown(() => new TextDecoder('utf-8', { fatal: true }).decode(b)))",
        ["TypeError"] * 3,
    ),
    "the mark at the start goes": (
        "[new TextDecoder().decode(bytes(0xef, 0xbb, 0xbf, 97)), new TextDecoder('utf8', { ignoreBOM: true }).decode(bytes(0xef, 0xbb, 0xbf, 97))]",
        ["a", "\ufeffa"],
    ),
    "only one, and each time": (
        "const d = new TextDecoder(); const b = bytes(0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf); return [d.decode(b), d.decode(b)]",
        ["\ufeff", "\ufeff"],
    ),
    "in parts": (
        "const d = new TextDecoder(); const seen = []; for (const b of [0xef, 0xbb, 0xbf, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80]) seen.push(d.decode(bytes(b), { stream: true })); seen.push(d.decode()); return seen",
        ["", "", "", "", "", "€", "", "", "", "\U0001f600", ""],
    ),
    "what is left over is a mistake at the end": (
        "const d = new TextDecoder(); return [d.decode(bytes(97, 0xe2, 0x82), { stream: true }), d.decode(), d.decode(bytes(98))]",
        ["a", "\ufffd", "b"],
    ),
    "and fatal at the end": (
        "const d = new TextDecoder('utf-8', { fatal: true }); d.decode(bytes(0xe2), { stream: true }); return thrown(() => d.decode())",
        "TypeError",
    ),
    "labels": (
        "['UTF8', ' utf-8\\n', 'Latin1', 'ascii', 'sjis', 'gb2312', 'ISO-8859-15', 'utf-16', 'unicode-1-1-utf-8', 'x-user-defined'].map((l) => new TextDecoder(l).encoding)",
        [
            "utf-8",
            "utf-8",
            "windows-1252",
            "windows-1252",
            "shift_jis",
            "gbk",
            "iso-8859-15",
            "utf-16le",
            "utf-8",
            "x-user-defined",
        ],
    ),
    "no label": (
        "['', 'nope', 'utf-7', 'replacement', 'iso-2022-kr', 'utf-8\\u00a0'].map((l) => thrown(() => new TextDecoder(l)))",
        ["RangeError"] * 6,
    ),
    "legacy": (
        "[['shift_jis', 0x82, 0xa0], ['euc-jp', 0xa4, 0xa2], ['gbk', 0xc4, 0xe3], ['big5', 0xa7, 0x41], ['euc-kr', 0xb0, 0xa1], ['koi8-r', 0xc1], ['windows-1251', 0xe0], ['macintosh', 0x80], ['gb18030', 0x81, 0x30, 0x81, 0x30], ['iso-2022-jp', 0x1b, 0x24, 0x42, 0x24, 0x22]].map(([l, ...b]) => new TextDecoder(l).decode(bytes(...b)))",
        ["あ", "あ", "你", "你", "가", "\u0430", "\u0430", "Ä", "\x80", "あ"],
    ),
    "windows-1252": ("new TextDecoder('latin1').decode(bytes(0x61, 0x80, 0x9f, 0xe9, 0x81))", "a€Ÿé\x81"),
    "UTF-16": (
        "[new TextDecoder('utf-16le').decode(bytes(0xff, 0xfe, 0x61, 0, 0x3d, 0xd8, 0, 0xde)), new TextDecoder('utf-16be').decode(bytes(0, 0x61, 0xd8, 0)), new TextDecoder('utf-16le').decode(bytes(0x61, 0, 0x62)), thrown(() => new TextDecoder('utf-16le', { fatal: true }).decode(bytes(0, 0xd8)))]",
        ["a\U0001f600", "a\ufffd", "a\ufffd", "TypeError"],
    ),
    "legacy in parts": (
        "const d = new TextDecoder('shift_jis'); return [d.decode(bytes(0x82), { stream: true }), d.decode(bytes(0xa0))]",
        ["", "あ"],
    ),
    "what is no buffer": (
        "[thrown(() => new TextDecoder().decode('a')), thrown(() => new TextDecoder().decode([97])), thrown(() => new TextDecoder().decode(null)), new TextDecoder().decode()]",
        ["TypeError", "TypeError", "TypeError", ""],
    ),
    "attributes": (
        "const d = new TextDecoder('l1', { fatal: 1 }); return [d.encoding, d.fatal, d.ignoreBOM, Reflect.ownKeys(d), String(d)]",
        ["windows-1252", True, False, [], "[object TextDecoder]"],
    ),
    "a megabyte": (
        "const b = new Uint8Array(1 << 20).fill(97); b[5] = 0xc3; b[6] = 0xa9; const t = new TextDecoder().decode(b); return [t.length, t[5], new TextEncoder().encode(t).length]",
        [(1 << 20) - 1, "é", 1 << 20],
    ),
    "a stream of text": (
        "chunks(streamed('a', bytes(0xe2), bytes(0x82, 0xac), 'z').pipeThrough(new TextDecoderStream()))",
        ["a", "€", "z"],
    ),
    "a stream of bytes": (
        "const s = new TextEncoderStream(); const w = s.writable.getWriter(); for (const t of ['a', '\\ud83d', '\\ude00', '\\ud83d']) w.write(t); w.close(); return chunks(s.readable)",
        [[97], [240, 159, 152, 128], [239, 191, 189]],
    ),
    "a stream's mistake": (
        "rejected(() => chunks(streamed(bytes(0xff)).pipeThrough(new TextDecoderStream('utf-8', { fatal: true }))))",
        "TypeError",
    ),
    "a stream's attributes": (
        "const s = new TextDecoderStream('utf-16', { ignoreBOM: true }); return [s.encoding, s.fatal, s.ignoreBOM, new TextEncoderStream().encoding]",
        ["utf-16le", False, True, "utf-8"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_text_and_bytes_are_as_the_encoding_standard_has_them(answers: dict[str, Any], name: str) -> None:
    assert answers[name] == CASES[name][1]
