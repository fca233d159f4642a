"""The shapes of http-api.md, retyped from its text alone: nothing here is taken from the server's own.

*A field without a value is absent, but `bio`, `profileImageUrl`, `error` and `readme` are null.*
"""

from __future__ import annotations

from typing import Final

from tests.contract.shape import Shape, anything, empty, matching, natural, sentence, uuid

TIME: Final = matching(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d(\.\d+)?Z")
NAME: Final = matching(r"[A-Za-z_][A-Za-z0-9_]{0,47}")
AT_NAME: Final = matching(r"@[A-Za-z_][A-Za-z0-9_]{0,47}")
ADDRESS: Final = matching(r"https?://[^\s?#]+(\?\S*)?")
PRIVACY: Final = matching("public|unlisted|private")

AUTHOR: Final[dict[str, Shape]] = {"id": uuid, "username": AT_NAME}
USER: Final[dict[str, Shape]] = {**AUTHOR, "bio": (str, None), "profileImageUrl": (str, None)}

_BASE: Final[dict[str, Shape]] = {
    "id": uuid,
    "author": AUTHOR,
    "name": NAME,
    "code": str,
    "public": bool,
    "privacy": PRIVACY,
    "version": natural,
}
_TIMES: Final[dict[str, Shape]] = {"runStartAt": TIME, "runEndAt": TIME}
_FULL: Final[dict[str, Shape]] = {"readme": (str, None), "likeCount": natural, "referenceCount": natural}
FORKED: Final[dict[str, Shape]] = {"forkedFrom": {"id": uuid, "version": natural}}

OUTPUT: Final[dict[str, Shape]] = {"type": str, "value?": anything}
ERROR: Final[dict[str, Shape]] = {
    "name": str,
    "message": str,
    "code?": str,
    "status?": natural,
    "stack?": str,
    "val?": str,
    "line?": natural,
    "column?": natural,
}
"""Of a val or a run, to whom it belongs. http-api.md names no fields: those of an answer of 502, and what the record adds."""

BASE_VAL: Final = _BASE | _TIMES
BASE_VAL_OF_ANOTHER: Final = _BASE
FULL_VAL: Final = BASE_VAL | _FULL | {"logs": [dict], "output": OUTPUT, "error": (ERROR, None)}
"""To its owner."""
CODE_OF_ANOTHER: Final = _BASE | _FULL | {"logs": empty, "error": None}
DATA_OF_ANOTHER: Final = CODE_OF_ANOTHER | {"output": OUTPUT}

BASE_RUN: Final[dict[str, Shape]] = {
    "id": uuid,
    "error": (ERROR, None),
    "parentId?": uuid,
    "runStartAt": TIME,
    "runEndAt?": TIME,
    "author": AUTHOR,
    "name?": NAME,
    "version?": natural,
}
"""`name` and `version` are those of the val: code that was sent has none."""
FULL_RUN: Final = BASE_RUN | {
    "emails": [dict],
    "logs": [dict],
    "returnValue?": anything,
    "args": list,
    "calls": list,
}

SECRET: Final[dict[str, Shape]] = {"name": NAME}
TOKEN: Final[dict[str, Shape]] = {
    "id": uuid,
    "name": str,
    "scopes": [matching("eval|run|val:read|val:write|secret:write|runs:read")],
    "createdAt": TIME,
    "expiresAt?": TIME,
    "lastUsedAt?": TIME,
}
NEW_TOKEN: Final = TOKEN | {"token": str}
CANCELLED: Final[dict[str, Shape]] = {"found": bool}

PROBLEM: Final[dict[str, Shape]] = {"type": "error", "error": sentence}
PROBLEM_OF_CODE: Final = PROBLEM | {"line": natural, "column": natural}
THROWN: Final = PROBLEM | {"name": str, "message": str}
"""To anyone."""
OWN_THROWN: Final = THROWN | {"evaluation": uuid, "stack": str, "val?": str, "line?": natural, "column?": natural}
"""To a requester who owns the evaluation."""


def listed(item: Shape) -> dict[str, Shape]:
    """A page of a list."""
    return {"data": [item], "links": {"self": ADDRESS, "next?": ADDRESS, "prev?": ADDRESS}}
