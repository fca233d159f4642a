"""`/openapi.json`: the routes described as OpenAPI 3.1, made of what each declares of itself.

Success is what a route says; the refusals follow from whom it answers, what it reads and what it does.
Nothing here is written twice: a range, a scope or a shape stands where it is used.
Source: https://spec.openapis.org/oas/v3.1.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from host_api.http.answers import NOT_FOUND
from host_api.http.declared import JSON, Body, Field, Reply
from host_api.http.route import ANY_METHOD, ANY_STATUS, Access, Route, Writes
from host_api.http.schemas import SCHEMAS, Json, ref

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""What OpenAPI 3.1 can describe of a route for any method."""

ABOUT: Final = """\
Vals over HTTP: running code, keeping vals, reading the records of evaluations.

Authentication is optional on most routes: without a token one is `anonymous`; with one that is not valid one is refused.
HEAD works wherever GET does, but on routes that run code, which answer `OPTIONS` with the usual preflight.
Unknown fields of a query or a body are ignored.
Bodies that are JSON are read as JSON, whatever content type is declared."""

WHICH: Final = "A token of an account, as `valgate token new NAME` or `POST /v1/me/tokens` makes it."

HEADERS: Final[Json] = {
    "X-Evaluation-Id": {
        "description": "The evaluation's record, for whoever may read it.",
        "schema": {"type": "string", "format": "uuid"},
    },
    "X-Val-Result-Type": {
        "description": "What the value was, where the JSON `null` would not tell.",
        "schema": {"type": "string"},
    },
    "Retry-After": {"description": "Seconds.", "required": True, "schema": {"type": "integer", "minimum": 0}},
    "WWW-Authenticate": {"description": "How to be somebody.", "required": True, "schema": {"type": "string"}},
    "Content-Security-Policy": {
        "description": "A val chose what is in the answer: no browser lets it do anything.",
        "schema": {"const": "sandbox; default-src 'none'"},
    },
    "Access-Control-Allow-Origin": {"schema": {"const": "*"}},
}

REFUSALS: Final[Mapping[int, str]] = {
    400: "The request cannot be read; the sentence says what to do.",
    401: "No token, or one that is not valid (any more), or one without the scope.",
    404: NOT_FOUND,
    409: "Somebody else was there first.",
    413: "The body, or the code in it, is too large.",
    414: "The address is too long.",
    422: "A limit was reached, or the value cannot be kept.",
    429: "Too many requests.",
    431: "A header is too long.",
    500: "The host failed; the operator's log has the cause.",
    501: "There is no such thing here.",
    502: "The val threw.",
    503: "Too much at once; worth trying again.",
    504: "It took too long.",
}
CHAPTERS: Final[Mapping[str, str]] = {
    "running": "Code of one's own, and vals of anybody as their author's own evaluation.",
    "vals": "What is kept: code or data, with its versions.",
    "runs": "The records of evaluations, for their caller only.",
    "me": "The requester's own account, secrets and tokens.",
    "people": "Accounts, and what each shows to the requester.",
    "serving": "Vals that answer HTTP themselves, whatever the method. They do so on hosts of their own too, `user-val.<vals domain>`.",
    "operators": "For who runs the server.",
    "docs": "This description.",
    "old": "The v0 API, for old clients: in the requester's own evaluation, so that another's val is foreign code there.",
    "later": "What later services of this kind have, and this one has not.",
}
"""The tags in the order of a reader's interest. Another's routes would stand behind them, without a word."""

_HEADERS_OF: Final[Mapping[int, str]] = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}
_ALWAYS: Final = (400, 414, 431, 500, 503)
_KNOWN_TO_CALLERS: Final = (401, 429)
_OF_CODE: Final = (404, 409, 413, 422, 502, 504)
_OF_SAVING: Final = (409, 422, 504)
_OF_RUNNING: Final = ("Content-Security-Policy", "Access-Control-Allow-Origin")
_SCHEME: Final = "token"
OLD: Final = "old"
"""The chapter of what is deprecated."""


def document(routes: Iterable[Route], version: str) -> Json:
    """Describe routes; those that have no summary are left out by nobody."""
    paths: dict[str, Json] = {}
    for route in routes:
        for address in route.addresses:
            for method in METHODS if route.method == ANY_METHOD else (route.method.lower(),):
                paths.setdefault(address, {})[method] = _operation(route, address, method)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Valgate", "version": version, "description": ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": about} for name, about in CHAPTERS.items()],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "headers": HEADERS,
            "securitySchemes": {_SCHEME: {"type": "http", "scheme": "bearer", "description": WHICH}},
        },
    }


def statuses(route: Route) -> frozenset[int]:
    """Which refusals a route may answer with."""
    found = {*_ALWAYS, *route.refuses}
    found |= set(_KNOWN_TO_CALLERS) if route.access is not Access.OPEN else set()
    found |= {404} if route.names and route.access is not Access.OPEN else set()
    found |= {413} if route.body is not None else set()
    found |= set(_OF_CODE) if route.runs_code else set()
    return frozenset(found | (set(_OF_SAVING) if route.writes is Writes.VAL and route.body is not None else set()))


def _operation(route: Route, address: str, method: str) -> Json:
    module = route.handler.__module__.rpartition(".")[2]
    tag = route.tag or module
    parts = [name for name in route.names if f"{{{name}}}" in address]
    told: Json = {
        "operationId": "_".join(
            (module, route.handler.__name__, method, *(["rest"] if address != route.addresses[0] else []))
        ),
        "tags": [tag],
        "summary": route.summary,
        "parameters": [_part(name, route.parts.get(name)) for name in parts] + [_query(one) for one in route.query],
        "responses": _responses(route),
        "security": _security(route),
    }
    if route.scope is not None:
        told["description"] = f"A token needs the scope `{route.scope.value}` (or `eval`)."
    if route.body is not None and method not in {"get", "head", "trace"}:
        told["requestBody"] = _body(route.body)
    return told if tag != OLD else told | {"deprecated": True}


def _body(body: Body) -> Json:
    content: Json = {media: {"schema": schema} for media, schema in body.content.items()}
    if body.example is not None:
        content[JSON]["example"] = body.example
    return {"required": body.required, "content": content}


def _security(route: Route) -> list[Json]:
    match route.access:
        case Access.OPEN:
            return []
        case Access.ANYONE | Access.VISITOR:
            return [{}, {_SCHEME: []}]
        case Access.ACCOUNT:
            return [{_SCHEME: []}]


def _part(name: str, schema: Json | None) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": schema or {"type": "string"}}


def _query(one: Field[object]) -> Json:
    told: Json = {"name": one.name, "in": "query", "required": one.required, "description": one.about}
    if not one.required:
        told["allowEmptyValue"] = True
    structured = one.schema.get("type") == "array" and not one.repeatable
    return told | ({"content": {JSON: {"schema": one.schema}}} if structured else {"schema": one.schema})


def _responses(route: Route) -> Json:
    told = {_written(status): _reply(route, reply) for status, reply in route.replies.items()}
    for status in sorted(statuses(route)):
        headers = (_HEADERS_OF[status],) if status in _HEADERS_OF else ()
        told.setdefault(str(status), _reply(route, Reply(REFUSALS[status], ref("Error"), headers=headers)))
    return told


def _written(status: int) -> str:
    return "default" if status == ANY_STATUS else str(status)


def _reply(route: Route, reply: Reply) -> Json:
    told: Json = {"description": reply.about}
    names = [*reply.headers, *(_OF_RUNNING if route.runs_code else ())]
    if names:
        told["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    if reply.schema is not None:
        told["content"] = {reply.media: {"schema": reply.schema}} | ({reply.or_else: {}} if reply.or_else else {})
    return told
