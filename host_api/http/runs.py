"""`/v1/runs` and the lists of them: records of evaluations, for their caller and for nobody else.

Anonymous evaluations have no reader here; only the operator's command line shows them.
"""

from __future__ import annotations

from http import HTTPMethod

from aiohttp import web

from host_api.http import answers, incoming, paging, shapes
from host_api.http.paging import Page
from host_api.http.route import Access, Call, Route, Writes
from host_api.http.vals import visible
from host_api.store import Filter
from host_api.store.model import Account, Scope
from kernel.errors import BadInput, NotFound

SOURCES = ("api", "ui", "cli", "interval", "email")
_FLAGS = {None: None, "": None, "true": True, "false": False}


async def show(call: Call) -> web.Response:
    """Show an evaluation to its caller."""
    account, row = call.requester.account, call.house.store.evaluation(call.path("id"))
    if row is None or account is None or row.caller != account.name.casefold():
        raise NotFound(answers.NOT_FOUND)
    return answers.answer(shapes.full_run(row, account, call.house.store))


async def cancel(call: Call) -> web.Response:
    """Stop an evaluation of the requester's own; what has ended and what is another's are not found, like what never was."""
    account = call.requester.insist_account()
    return answers.answer({"found": call.house.underway.stop(call.path("id"), account.name.casefold())})


async def mine(call: Call) -> web.Response:
    """List the requester's own evaluations, newest first."""
    return await _listed(call, call.requester.insist_account(), None)


async def of_val(call: Call) -> web.Response:
    """List the requester's own evaluations of a val, newest first."""
    return await _listed(call, call.requester.insist_account(), visible(call).id)


async def _listed(call: Call, account: Account, val_id: str | None) -> web.Response:
    page = Page.of(call.request)
    which = _filter(call.request, val_id)
    # What has just ended is on its way to the disk, and whoever asks now wants to see it.
    store = call.house.store
    await store.flush()
    rows = store.evaluations(account.name, limit=page.limit + 1, offset=page.offset, which=which)
    return paging.listed(call.request, page, [shapes.base_run(row, account, store) for row in rows])


def _filter(request: web.Request, val_id: str | None) -> Filter:
    failed, sources = incoming.query(request, "error"), tuple(incoming.queries(request, "source"))
    if failed not in _FLAGS:
        raise BadInput("error must be true or false.")
    if not set(sources) <= set(SOURCES):
        raise BadInput(f"source must be one of: {', '.join(SOURCES)}.")
    return Filter(val_id, sources, _FLAGS[failed], _time(request, "since"), _time(request, "until"))


def _time(request: web.Request, name: str) -> int | None:
    text = incoming.query(request, name)
    return incoming.moment(text, name) if text else None


ROUTES = (
    Route(HTTPMethod.GET, "/v1/runs/{id}", show, Access.ANYONE, Scope.RUNS_READ),
    Route(HTTPMethod.GET, "/v1/me/runs", mine, Access.ACCOUNT, Scope.RUNS_READ),
    Route(HTTPMethod.POST, "/v1/vals/{id}/cancel", cancel, Access.ACCOUNT, Scope.RUN, Writes.RUN),
    Route(HTTPMethod.GET, "/v1/vals/{id}/runs", of_val, Access.ACCOUNT, Scope.RUNS_READ),
)
