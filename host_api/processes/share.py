"""What each of several processes may take of what the settings give them together.

Bounds that keep the machine whole are shared out, so that N processes hold no more than one did.
Bounds of one caller (VALGATE_RATE, VALGATE_CONCURRENCY) are not: a caller whose one connection is with one process has its due there.
"""

from __future__ import annotations

from dataclasses import replace

from host_api.processes.place import Place
from host_api.settings import Settings


def share(settings: Settings, place: Place) -> Settings:
    """Return the settings of the process at this place; `intervals_at_once` 0: others run what is due."""
    part = place.part
    return replace(
        settings,
        connections=part(settings.connections),
        requests=part(settings.requests),
        bodies=part(settings.bodies, settings.body),
        unread=part(settings.unread, settings.body),
        evaluations=part(settings.evaluations),
        guests_alive=part(settings.guests_alive, settings.limits.guests),
        fetch_connections=part(settings.fetch_connections),
        backlog=part(settings.backlog),
        intervals_at_once=_intervals(settings.intervals_at_once, place),
    )


def _intervals(at_once: int, place: Place) -> int:
    """Share them out by twos at least, so that half of a process's is the half that one owner may have."""
    running = Place(place.number, max(1, min(place.of, at_once // 2)))
    return running.part(at_once) if running.number < running.of else 0
