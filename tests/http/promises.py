"""What the description promises of every answer, held against the answers that all tests here get."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import jsonschema_rs
import orjson

from host_api.http import docs
from host_api.http.app import ROUTES
from host_api.http.route import ANY_METHOD, Route

DESCRIPTION: dict[str, Any] = orjson.loads(docs.describe(ROUTES))
JSON = "application/json"


@dataclass(frozen=True)
class Told:
    """An answer's status, its content type without parameters, its headers (each word with a capital) and its body."""

    status: int
    media: str
    headers: dict[str, str]
    body: bytes


def insist(method: str, path: str, told: Told) -> None:
    """Fail unless the description of the route that this path has says that it may answer so."""
    found = _responses(method, path.partition("?")[0])
    if found is None:
        return
    assert str(told.status) in found or "default" in found, f"{method} {path} may not answer {told.status}"
    promised = found[str(told.status) if str(told.status) in found else "default"]
    for name, header in promised.get("headers", {}).items():
        assert name.title() in told.headers or not _resolved(header).get("required"), f"{name} is missing: {told}"
    content = promised.get("content", {})
    if told.status == 204 or not content:
        assert told.body == b"", told
        return
    if told.media == JSON and JSON in content:
        problems = [
            str(error)[:500]
            for error in _validator(orjson.dumps(content[JSON]["schema"])).iter_errors(json.loads(told.body))
        ]
        assert not problems, f"{method} {path}: {problems}"
        return
    assert any(_covers(media, told.media) for media in content), f"{method} {path} may not answer with {told.media}"


def _covers(pattern: str, media: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", "[^/]+"), media) is not None


def _responses(method: str, path: str) -> dict[str, Any] | None:
    for route, pattern in _patterns():
        if route.method in (method, ANY_METHOD) and pattern.fullmatch(path):
            found: dict[str, Any] = DESCRIPTION["paths"][route.addresses[0]][method.lower()]["responses"]
            return found
    return None


@cache
def _patterns() -> list[tuple[Route, re.Pattern[str]]]:
    """Return the routes as the router matches them."""
    return [(route, re.compile(_pattern(route))) for route in ROUTES]


def _pattern(route: Route) -> str:
    known = re.sub(r"\{\w+:((?:[^{}]|\{[^{}]*\})*)\}", r"\1", route.pattern)
    return re.sub(r"\{\w+\}", "[^{}/]+", known)


def _resolved(header: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = DESCRIPTION["components"]["headers"][header["$ref"].rpartition("/")[2]]
    return found


@cache
def _validator(schema: bytes) -> jsonschema_rs.Draft202012Validator:
    whole = orjson.loads(schema) | {"components": DESCRIPTION["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
