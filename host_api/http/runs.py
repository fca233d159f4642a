"""`/v1/runs` and the lists of them: records of evaluations, for their caller and for nobody else.

Anonymous evaluations have no reader here; only the operator's command line shows them.
"""

from __future__ import annotations

from enum import StrEnum
from http import HTTPMethod

from aiohttp import web

from host_api.http import answers, paging, shapes
from host_api.http.declared import Field, Reply
from host_api.http.gathered import stopped
from host_api.http.kinds import Flag, Moment, OneOf
from host_api.http.paging import Page
from host_api.http.route import Access, Call, Route, Writes
from host_api.http.schemas import ID, STRING, record, ref
from host_api.http.vals import BY_ID, visible
from host_api.store import Filter
from host_api.store.model import Account, Scope
from kernel.errors import NotFound


class Source(StrEnum):
    """Where an evaluation came from."""

    API = "api"
    UI = "ui"
    CLI = "cli"
    INTERVAL = "interval"
    EMAIL = "email"


ERROR = Field("error", Flag(), "Only those that failed, or only those that did not.")
SOURCE = Field("source", OneOf(Source), "Only those that came from there; may be given several times.", repeatable=True)
SINCE = Field("since", Moment(), "Only those that started then or later.")
UNTIL = Field("until", Moment(), "Only those that started before.")
FILTERS = (*paging.PAGED, ERROR, SOURCE, SINCE, UNTIL)


async def show(call: Call) -> web.Response:
    """Show an evaluation to its caller."""
    account, row = call.requester.account, call.house.store.evaluation(call.path("id"))
    if row is None or account is None or row.caller != account.name.casefold():
        raise NotFound(answers.NOT_FOUND)
    return answers.answer(shapes.full_run(row, account, call.house.store))


async def cancel(call: Call) -> web.Response:
    """Stop an evaluation of the requester's own; what has ended and what is another's are not found, like what never was."""
    account = call.requester.insist_account()
    return answers.answer({"found": await stopped(call.house, call.gate, call.path("id"), account.name.casefold())})


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
    rows = await store.listed_evaluations(account, limit=page.limit + 1, offset=page.offset, which=which)
    return paging.listed(call.request, page, [shapes.base_run(row, account, store) for row in rows])


def _filter(request: web.Request, val_id: str | None) -> Filter:
    sources = tuple(source.value for source in SOURCE.all_asked(request))
    return Filter(val_id, sources, ERROR.asked(request), SINCE.asked(request), UNTIL.asked(request))


_LIST = paging.pages_of(ref("BaseRun"))
ROUTES = (
    Route(
        HTTPMethod.GET,
        "/v1/runs/{id}",
        show,
        Access.ANYONE,
        Scope.RUNS_READ,
        parts={"id": ID},
        answers={200: Reply("The record.", ref("FullRun"))},
    ),
    Route(HTTPMethod.GET, "/v1/me/runs", mine, Access.ACCOUNT, Scope.RUNS_READ, query=FILTERS, answers=_LIST),
    Route(
        HTTPMethod.POST,
        "/v1/vals/{id}/cancel",
        cancel,
        Access.ACCOUNT,
        Scope.RUN,
        Writes.RUN,
        parts={"id": STRING},
        answers={200: Reply("Whether there was such an evaluation of yours.", record({"found": {"type": "boolean"}}))},
    ),
    Route(
        HTTPMethod.GET,
        "/v1/vals/{id}/runs",
        of_val,
        Access.ACCOUNT,
        Scope.RUNS_READ,
        parts=BY_ID,
        query=FILTERS,
        answers=_LIST,
    ),
)
