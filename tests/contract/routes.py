"""Both tables of http-api.md, retyped: every route, and what each answers to whom.

The paths are those of the text; `{hidden}` and the like become ids of alice's vals, `{user}` her own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

NOBODY: Final = "00000000-0000-4000-8000-000000000000"
"""An id that nothing has."""


@dataclass(frozen=True)
class Row:
    """One request, and the status of its answer to alice (the owner), to bob and to nobody.

    A row changes nothing that another row asks for, so that they may run in any order.
    """

    method: str
    path: str
    alice: int
    bob: int
    anonymous: int
    body: object = None

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


RUNNING: Final = (
    Row("GET", "/v1/eval/1+1", 200, 200, 200),
    Row("POST", "/v1/eval", 200, 200, 200, {"code": "1 + 1"}),
    Row("POST", "/v1/eval", 400, 400, 400, {"code": "let ="}),
    Row("POST", "/v1/eval", 400, 400, 400, {"code": "1", "args": {}}),
    Row("POST", "/v1/eval", 502, 502, 502, {"code": "throw 1"}),
    Row("GET", "/v1/run/alice.double?args=[1]", 200, 200, 200),
    Row("POST", "/v1/run/alice.double", 200, 200, 200, {"args": [1]}),
    Row("POST", "/v1/run/alice.double", 400, 400, 400, {"args": 1}),
    Row("GET", "/v1/run/alice.fail", 502, 502, 502),
    Row("GET", "/v1/run/alice.config", 200, 200, 200),
    Row("GET", "/v1/run/alice.quiet", 200, 200, 200),
    Row("GET", "/v1/run/alice.hidden", 200, 404, 404),
    Row("POST", "/v1/run/alice.hidden", 200, 404, 404),
    Row("GET", "/v1/run/alice.missing", 404, 404, 404),
    Row("GET", "/v1/run/nobody.missing", 404, 404, 404),
    Row("GET", "/eval/1+1", 200, 200, 200),
    Row("GET", "/eval/let%20=", 400, 400, 400),
    Row("GET", "/eval/(()=>%7Bthrow%201%7D)()", 502, 502, 502),
)

VALS: Final = (
    Row("GET", "/v1/me", 200, 200, 401),
    Row("POST", "/v1/vals", 200, 200, 401, {"code": "1"}),
    Row("POST", "/v1/vals", 400, 400, 401, {"code": "let ="}),
    Row("GET", "/v1/vals/{double}", 200, 200, 200),
    Row("GET", "/v1/vals/{quiet}", 200, 200, 200),
    Row("GET", "/v1/vals/{hidden}", 200, 404, 404),
    Row("GET", f"/v1/vals/{NOBODY}", 404, 404, 404),
    Row("GET", "/v1/vals/no-id", 404, 404, 404),
    Row("PUT", "/v1/vals/{diary}", 200, 404, 401, {"readme": "# Diary"}),
    Row("PUT", "/v1/vals/{config}", 200, 404, 401, {"readme": "# Config"}),
    Row("DELETE", f"/v1/vals/{NOBODY}", 404, 404, 401),
    Row("POST", "/v1/vals/{diary}/versions", 201, 404, 401, {"code": "export const diary = {day: 2}"}),
    Row("GET", "/v1/vals/{double}/versions", 200, 200, 200),
    Row("GET", "/v1/vals/{hidden}/versions", 200, 404, 404),
    Row("GET", "/v1/vals/{double}/versions/0", 200, 200, 200),
    Row("GET", "/v1/vals/{double}/versions/99", 404, 404, 404),
    Row("DELETE", "/v1/vals/{double}/versions/99", 404, 404, 401),
    Row("POST", "/v1/vals/{double}/fork", 201, 201, 401, {}),
    Row("POST", "/v1/vals/{hidden}/fork", 201, 404, 401, {}),
    Row("GET", "/v1/vals/{double}/references", 200, 200, 200),
    Row("GET", "/v1/vals/{hidden}/references", 200, 404, 404),
    Row("GET", "/v1/vals/{double}/runs", 200, 200, 401),
    Row("GET", "/v1/vals/{hidden}/runs", 200, 404, 401),
    Row("GET", "/v1/me/runs", 200, 200, 401),
    Row("GET", f"/v1/runs/{NOBODY}", 404, 404, 404),
    Row("POST", f"/v1/vals/{NOBODY}/cancel", 200, 200, 401),
    Row("GET", "/v1/users/{user}", 200, 200, 200),
    Row("GET", f"/v1/users/{NOBODY}", 404, 404, 404),
    Row("GET", "/v1/users/{user}/vals", 200, 200, 200),
    Row("GET", f"/v1/users/{NOBODY}/vals", 404, 404, 404),
    Row("GET", "/v1/alias/alice", 200, 200, 200),
    Row("GET", "/v1/alias/nobody", 404, 404, 404),
    Row("GET", "/v1/alias/alice/double", 200, 200, 200),
    Row("GET", "/v1/alias/alice/hidden", 200, 404, 404),
    Row("GET", "/v1/alias/alice/missing", 404, 404, 404),
    Row("GET", "/v1/search/vals?query=double", 200, 200, 200),
    Row("GET", "/v1/search/vals", 400, 400, 400),
    Row("GET", "/v1/search/vals?query=", 400, 400, 400),
    Row("GET", f"/v1/search/vals?query={'a' * 512}", 200, 200, 200),
    Row("GET", f"/v1/search/vals?query={'a' * 513}", 400, 400, 400),
    Row("GET", "/v1/me/likes", 200, 200, 401),
    Row("GET", "/v1/me/secrets", 200, 200, 401),
    Row("PUT", "/v1/me/secrets/other", 204, 204, 401, {"value": "v"}),
    Row("DELETE", "/v1/me/secrets/missing", 404, 404, 401),
    Row("GET", "/v1/me/tokens", 200, 200, 401),
    Row("POST", "/v1/me/tokens", 201, 201, 401, {"scopes": ["run"]}),
    Row("DELETE", f"/v1/me/tokens/{NOBODY}", 404, 404, 401),
)

OPEN: Final = (
    Row("GET", "/openapi.json", 200, 200, 200),
    Row("GET", "/docs", 200, 200, 200),
    Row("GET", "/healthz", 200, 200, 200),
    Row("GET", "/readyz", 200, 200, 200),
    Row("GET", "/metrics", 200, 200, 200),
    *(Row(method, f"/v1/blob{rest}", 501, 501, 501) for method in ("GET", "POST", "DELETE") for rest in ("", "/key")),
    *(Row("POST", f"/v1/sqlite/{what}", 501, 501, 501, {}) for what in ("execute", "batch")),
)

ROWS: Final = (*RUNNING, *VALS, *OPEN)
