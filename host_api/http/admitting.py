"""Who comes to a handler: found, counted, and turned away unless the route is for them.

This file does not know what a handler does.
"""

from __future__ import annotations

from aiohttp import web

from host_api.house import House
from host_api.http.gate import Gate
from host_api.http.route import Access, Route
from host_api.http.who import NOBODY, Requester, identify, visitor
from kernel.errors import BadInput, Unauthorized

NO_WORKER = (
    "No val is a service worker of this origin, where it would answer for others; it may be one of its own host."
)


def admit(route: Route, request: web.Request, house: House, gate: Gate) -> Requester:
    """Find who asks and count it; raise TooMany when they ask too often, and Unauthorized unless the route is for them."""
    headers, access = request.headers, route.access
    if route.runs_code and "Service-Worker" in headers:
        raise BadInput(NO_WORKER)
    if access is Access.OPEN:
        return NOBODY
    requester = _with_token(route, request, house, gate) if "Authorization" in headers else NOBODY
    if gate.rates.limited:
        gate.charge(request, requester)
    if access is Access.ACCOUNT:
        requester.insist_account()
    if requester.token is not None and route.scope is not None:
        requester.insist_scope(route.scope)
    return requester


def _with_token(route: Route, request: web.Request, house: House, gate: Gate) -> Requester:
    """Find whose token it is; who tries tokens is counted as an address."""
    try:
        return (visitor if route.access is Access.VISITOR else identify)(request, house.store)
    except Unauthorized:
        gate.charge(request, NOBODY)
        raise
