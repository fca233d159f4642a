"""The shapes of the world as JSON Schemas, in one place: User, BaseVal, FullVal, BaseRun, FullRun, lists, errors.

`shapes.py` makes what is described here, and a test compares the two.
A field without a value is absent; `bio`, `profileImageUrl`, `error` and `readme` are null.
Source: http-api.md, "Vals and evaluations".
"""

from __future__ import annotations

from typing import Any, Final

Json = dict[str, Any]

STRING: Final[Json] = {"type": "string"}
ID: Final[Json] = {"type": "string", "format": "uuid"}
TIME: Final[Json] = {"type": "string", "format": "date-time"}
COUNT: Final[Json] = {"type": "integer", "minimum": 0}
NOTHING: Final[Json] = {"type": "null"}
ANY: Final[Json] = {}
NAME: Final[Json] = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$", "maxLength": 48}
USERNAME: Final[Json] = {"type": "string", "pattern": "^@[A-Za-z_][A-Za-z0-9_]*$", "maxLength": 49}
PRIVACY: Final[Json] = {"type": "string", "enum": ["private", "unlisted", "public"]}
OBJECT: Final[Json] = {"type": "object"}


def ref(name: str) -> Json:
    """Refer to a schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def record(required: Json, optional: Json | None = None) -> Json:
    """Describe an object with exactly these fields."""
    properties = required | (optional or {})
    return {"type": "object", "properties": properties, "required": [*required], "additionalProperties": False}


def many(item: Json) -> Json:
    """Describe an array."""
    return {"type": "array", "items": item}


def or_null(schema: Json) -> Json:
    """Describe what may be null."""
    return {"anyOf": [schema, NOTHING]}


def listed(item: Json, **beside: Json) -> Json:
    """Describe one page of a list."""
    return record({"data": many(item), "links": ref("Links")} | beside)


_TIMES: Json = {"runStartAt": TIME, "runEndAt": TIME}
_PLACE: Json = {"val": STRING, "line": COUNT, "column": COUNT}
_BASE_VAL: Json = {
    "id": ID,
    "author": ref("Author"),
    "name": NAME,
    "code": STRING,
    "public": {"type": "boolean"},
    "privacy": PRIVACY,
    "version": COUNT,
}
_FULL_VAL: Json = _BASE_VAL | {
    "logs": many(ref("Line")),
    "error": or_null(ref("Thrown")),
    "readme": or_null(STRING),
    "likeCount": COUNT,
    "referenceCount": COUNT,
}
_BASE_RUN: Json = {"id": ID, "error": or_null(ref("Thrown")), "author": ref("Author"), "runStartAt": TIME}
_RUN_MAY: Json = {"parentId": ID, "runEndAt": TIME, "name": NAME, "version": COUNT}
_FULL_RUN: Json = _BASE_RUN | {
    "emails": many(ref("Email")),
    "logs": many(ref("Line")),
    # One that is over the limit of a recorded field is a string of its beginning.
    "args": {"type": ["array", "string"]},
    "calls": many(ref("HostCall")),
}
_TOKEN: Json = {"id": ID, "name": STRING, "scopes": many(STRING), "createdAt": TIME}
_TOKEN_MAY: Json = {"expiresAt": TIME, "lastUsedAt": TIME}

SCHEMAS: Final[Json] = {
    "Error": record(
        {"type": {"const": "error"}, "error": STRING},
        {"name": STRING, "message": STRING, "evaluation": ID, "stack": STRING} | _PLACE,
    ),
    "Links": record({"self": STRING}, {"next": STRING, "prev": STRING}),
    "Author": record({"id": ID, "username": USERNAME}),
    "User": record({"id": ID, "username": USERNAME, "bio": or_null(STRING), "profileImageUrl": or_null(STRING)}),
    "BaseVal": record(_BASE_VAL, _TIMES),
    "FullVal": record(
        _FULL_VAL,
        _TIMES
        | {"output": record({"type": STRING}, {"value": ANY}), "forkedFrom": record({"id": ID, "version": COUNT})}
        | {"schedule": ref("Schedule")},
    ),
    "Schedule": {"oneOf": [record({"every": STRING}), record({"cron": STRING})]},
    "Version": record(
        {"valID": ID, "version": COUNT, "code": STRING, "error": or_null(ref("Thrown"))}, {"createdAt": TIME} | _TIMES
    ),
    "BaseRun": record(_BASE_RUN, _RUN_MAY),
    "FullRun": record(_FULL_RUN, _RUN_MAY | {"returnValue": ANY}),
    # What a val threw, in its own words.
    "Thrown": record({"name": STRING, "message": STRING}, {"stack": STRING, "code": STRING, "status": COUNT} | _PLACE),
    # Of a row that is too much only how many were cut is told.
    "Line": record({}, {"level": STRING, "message": STRING, "author": STRING, "at": TIME, "cut": COUNT}),
    "Email": OBJECT,
    "HostCall": OBJECT,
    "SecretName": record({"name": NAME}),
    "Token": record(_TOKEN, _TOKEN_MAY),
    "NewToken": record(_TOKEN | {"token": STRING}, _TOKEN_MAY),
    "Status": record({"status": STRING}),
}
