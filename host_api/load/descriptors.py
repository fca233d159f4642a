"""Open files and sockets: a process may have so many, and often fewer than it might ask for."""

from __future__ import annotations

import resource
from contextlib import suppress

BESIDE = 700
"""Descriptors for everything that is no connection: the database, images of vals, lookups, pipes."""


def widen(connections: int) -> int:
    """Ask the system for as many descriptors as these connections need; return how many of them there is room for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + BESIDE
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return connections if soft == resource.RLIM_INFINITY else max(0, min(connections, soft - BESIDE))
