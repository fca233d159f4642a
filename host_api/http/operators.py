"""`/healthz`, `/readyz` and `/metrics`, for operators: whether the loop turns, whether requests are taken, and what happened."""

from __future__ import annotations

from http import HTTPMethod

from aiohttp import web

from host_api.http import answers, gathered
from host_api.http.declared import Reply
from host_api.http.proxies import is_direct
from host_api.http.route import Access, Call, Route
from host_api.http.schemas import STRING, ref
from kernel.errors import Overloaded
from kernel.principals import ANONYMOUS

PROBES = frozenset(("/healthz", "/readyz", "/metrics"))
"""What is answered also by a server that has too much to do."""


async def health(_: Call) -> web.Response:
    """Say that the loop turns; nothing is asked of anything else."""
    return answers.answer({"status": "ok"})


async def readiness(call: Call) -> web.Response:
    """Say that a request would be taken and find the database; a failure becomes the one answer for failures."""
    if call.gate.stopping:
        raise Overloaded("This server is about to stop.")
    call.house.store.account(ANONYMOUS)
    return answers.answer({"status": "ready"})


async def metrics(call: Call) -> web.Response:
    """Give the counts to who asks on this machine, or to all if the operator says so; to others there is no such address."""
    if not call.house.settings.metrics and not is_direct(call.request):
        return answers.unknown_address()
    body = await gathered.page(call.house, call.gate)
    return web.Response(body=body, headers={"Content-Type": gathered.CONTENT_TYPE})


_STATUS = {200: Reply("All is well.", ref("Status"))}
ROUTES = (
    Route(HTTPMethod.GET, "/healthz", health, Access.OPEN, None, answers=_STATUS),
    Route(HTTPMethod.GET, "/readyz", readiness, Access.OPEN, None, answers=_STATUS),
    Route(
        HTTPMethod.GET,
        "/metrics",
        metrics,
        Access.OPEN,
        None,
        answers={200: Reply("Counts, as Prometheus reads them.", STRING, "text/plain")},
        refuses=(404,),
    ),
)
