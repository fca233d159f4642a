"""`/healthz` and `/readyz`, for operators' probes: whether the loop turns, and whether the database answers."""

from __future__ import annotations

from http import HTTPMethod

from aiohttp import web

from host_api.http import answers
from host_api.http.declared import Reply
from host_api.http.route import Access, Call, Route
from host_api.http.schemas import ref
from kernel.principals import ANONYMOUS


async def health(_: Call) -> web.Response:
    """Say that the loop turns; nothing is asked of anything else."""
    return answers.answer({"status": "ok"})


async def readiness(call: Call) -> web.Response:
    """Say that a request would find the database; a failure becomes the one answer for failures."""
    call.house.store.account(ANONYMOUS)
    return answers.answer({"status": "ready"})


_STATUS = {200: Reply("All is well.", ref("Status"))}
ROUTES = (
    Route(HTTPMethod.GET, "/healthz", health, Access.OPEN, None, answers=_STATUS),
    Route(HTTPMethod.GET, "/readyz", readiness, Access.OPEN, None, answers=_STATUS),
)
