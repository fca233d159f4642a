"""What is asked of one process and holds of all that serve together: an evaluation that is to stop, and the counts.

Counts are not added up: each series says of which process it is, so that one that is replaced begins anew without the sum going back.
This file does not know how processes talk to one another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from host_api.house import House
    from host_api.http.gate import Gate
    from host_api.processes.siblings import Answer, Question

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_FAMILY = re.compile(rb"^(?=# HELP )", re.MULTILINE)
FOUND = b"found"


def answering(house: House, gate: Gate) -> Answer:
    """Return what answers the siblings of this process."""

    def answer(question: Question) -> bytes:
        match question:
            case {"stop": evaluation, "caller": caller}:
                return FOUND if house.underway.stop(evaluation, caller) else b""
            case {"about": "metrics"}:
                # Who retires has a successor, whose counts go on at this place.
                return b"" if gate.retiring or gate.stopping else _own_page(house, gate)
            case _:
                return b""

    return answer


async def stopped(house: House, gate: Gate, evaluation: str, caller: str) -> bool:
    """Stop an evaluation of this caller's (a folded name), whichever process runs it; False: none does."""
    here = house.underway.stop(evaluation, caller)
    return here or bool(await gate.siblings.ask({"stop": evaluation, "caller": caller}))


async def page(house: House, gate: Gate) -> bytes:
    """Write the counts of all processes."""
    if gate.siblings.alone:
        return _own_page(house, gate)
    pages = dict(await gate.siblings.ask({"about": "metrics"}))
    pages.setdefault(gate.siblings.number, _own_page(house, gate))
    return merged(one for _, one in sorted(pages.items()))


def _own_page(house: House, gate: Gate) -> bytes:
    from host_api.http.metrics import exposition  # noqa: PLC0415 — slow to load, and often not needed

    return exposition(house, gate)


def merged(pages: Iterable[bytes]) -> bytes:
    """Put pages together that differ in the labels of their series: a family stands in one place, as the form asks for."""
    families: dict[bytes, list[bytes]] = {}
    for one in pages:
        for family in _FAMILY.split(one):
            told = [line for line in family.splitlines(keepends=True) if line.startswith(b"#")]
            families.setdefault(b"".join(told), []).append(family[len(b"".join(told)) :])
    return b"".join(told + b"".join(series) for told, series in families.items())
