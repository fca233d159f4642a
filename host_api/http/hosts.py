"""Vals' own hosts: every path is the val's. No token of ours is accepted here, and private vals are not there.

What is answered here is another origin than the control API: cookies, storage and scripts are the val's own.
"""

from __future__ import annotations

from http import HTTPMethod
from typing import Final

from aiohttp import web

from host_api.house import House
from host_api.http import answers
from host_api.http.answering import Origin
from host_api.http.hostnames import Asked, val_of
from host_api.http.outgoing import dress_host, own_host
from host_api.http.serving import Visit, is_preflight, preflight, serve
from host_api.store import is_public
from kernel.errors import NotFound

OWN: Final = Origin(own_host, dress_host, tells_evaluation=False)


async def answer(request: web.Request, house: House, wanted: Asked) -> web.StreamResponse:
    """Let the val of this host answer; raise NotFound."""
    val = None if request.method == HTTPMethod.CONNECT else val_of(house.store, wanted.label)
    if val is None or not is_public(val):
        if is_preflight(request):
            return preflight(request)
        raise NotFound(answers.NOT_FOUND)
    path = request.rel_url.raw_path
    path = path if path.startswith("/") else "/"  # of `OPTIONS *`
    return await serve(house, Visit(request, val, wanted.manner, "", path, OWN))
