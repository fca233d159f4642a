"""Runs files of web-platform-tests out of a checkout, unchanged: its tables row by row, its `.any.js` scripts each in a guest of its own.

The folder is named by `WPT`; nothing of it is copied. It may be a part of a checkout, laid out as it is.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.conformance.harness import HERE, Case, Result
from tests.semantics.live import World

FOLDER = Path(os.environ.get("WPT", ""))
HERE_IS_A_CHECKOUT = "WPT" in os.environ
HARNESS = (HERE / "testharness.js").read_text()
ROOM = "(scripts, files) => { (0, eval)(scripts[0]); return runOriginal(scripts.slice(1), files) }"
ROOMS = (
    "url",
    "encoding",
    "encoding/streams",
    "encoding/legacy-mb-schinese/*",
    "fetch/api/headers",
    "fetch/api/request",
    "fetch/api/response",
    "FileAPI/blob",
    "FileAPI/file",
    "xhr/formdata",
    "dom/abort",
    "dom/events",
    "html/webappapis/atob",
    "html/webappapis/structured-clone",
    "streams/*",
)
META = re.compile(r"^// META: script=(.+)$", re.MULTILINE)
FETCHED = re.compile(r"""fetch(?:_json)?\(["']([^"']+)["']""")
CHARSET = re.compile(r'<meta charset="([^"]+)"')
ONE_WAY = ("A5", "203E", "2212")
"""Characters that encoders of Japanese write as others; these bytes are read as those others (the Encoding Standard, 12 and 13)."""
CHARACTER = re.compile(r'data-cp="([0-9A-F ]+)" data-bytes="([0-9A-F ]+)"')


def scripts() -> list[str]:
    """Return the paths of the scripts that the checkout has in our rooms."""
    found = (path for room in ROOMS for path in FOLDER.glob(f"{room}/*.any.js"))
    return sorted(path.relative_to(FOLDER).as_posix() for path in found)


def _beside(path: Path, named: str) -> Path:
    return FOLDER / named[1:] if named.startswith("/") else path.parent / named


async def run_script(world: World, name: str) -> Result:
    """Run one script with what it asks for: scripts by `META`, files by `fetch`."""
    path = FOLDER / name
    text = path.read_text()
    asked = [_beside(path, named).read_text() for named in META.findall(text)]
    files = {
        named: _beside(path, named).read_text() for named in FETCHED.findall(text) if _beside(path, named).exists()
    }
    await world.save("A", ROOM, name="original")
    outcome = await world.run("A.original", [HARNESS, *asked, text], files)
    if outcome.error is not None:
        return Result(1, {name: f"{outcome.error.name}: {outcome.error.message}"})
    told = json.loads(outcome.json)
    return Result(told["count"], dict(told["failed"]))


def _rows(name: str) -> list[tuple[int, Any]]:
    path = FOLDER / name
    return list(enumerate(json.loads(path.read_text()))) if path.exists() else []


def _urls() -> Iterator[Case]:
    for n, row in _rows("url/resources/urltestdata.json"):
        if isinstance(row, dict):
            yield Case(f"{n} {row['input']!a}", f"return tables.url({json.dumps({'origin': None} | row)});")


def _setters() -> Iterator[Case]:
    path = FOLDER / "url/resources/setters_tests.json"
    groups = json.loads(path.read_text()) if path.exists() else {}
    for part, rows in groups.items():
        for n, row in enumerate(rows if part != "comment" else []):
            yield Case(f"{part} {n} {row['new_value']!a}", f"return tables.setter({json.dumps(row | {'set': part})});")


def _plain(name: str, function: str) -> Iterator[Case]:
    for n, row in _rows(name):
        if isinstance(row, dict) and row["input"]:
            yield Case(f"{n} {row['input']!a}", f"return tables.{function}({json.dumps(row)});")


def _base64() -> Iterator[Case]:
    for n, (given, output) in _rows("fetch/data-urls/resources/base64.json"):
        yield Case(f"{n} {given!a}", f"return tables.atob({json.dumps({'input': given, 'output': output})});")


def _characters() -> Iterator[Case]:
    """The pages of the old encodings: every character beside its bytes, a thousand to a case."""
    for path in sorted(FOLDER.glob("encoding/legacy-mb-*/*/*_chars.html")):
        page = path.read_text(encoding="latin-1")
        charset = CHARSET.search(page)
        assert charset is not None, path
        pairs = [
            (given.replace(" ", ""), _text(points))
            for points, given in CHARACTER.findall(page)
            if points not in ONE_WAY
        ]
        for at in range(0, len(pairs), 1000):
            row = {"encoding": charset[1], "pairs": pairs[at : at + 1000]}
            yield Case(f"{path.name} from {at}", f"return tables.characters({json.dumps(row)});")


def _text(points: str) -> str:
    return "".join(chr(int(point, 16)) for point in points.split())


def tables() -> dict[str, list[Case]]:
    """Return the rows of each table that the checkout has."""
    found = {
        "urltestdata": _urls(),
        "setters_tests": _setters(),
        "toascii": _plain("url/resources/toascii.json", "toascii"),
        "IdnaTestV2": _plain("url/resources/IdnaTestV2.json", "idna"),
        "percent-encoding": _plain("url/resources/percent-encoding.json", "percent"),
        "base64": _base64(),
        "encodings, a thousand characters each": _characters(),
    }
    return {name: rows for name, given in found.items() if (rows := list(given))}
