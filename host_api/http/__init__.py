"""The control API for the world, over HTTP: one file a family of routes, declared as data.

It translates: a path to a name, a token to a requester, an outcome to a status.
It must never decide what code may do, read or set a cookie, or show a host's own words in an answer.
Source: http-api.md.
"""

from host_api.http.server import serve

__all__ = ["serve"]
