"""The programs of the micro-suite as vals of a scratch house: the engine, limits and clock ticks are the server's."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import structlog

from guests import micro
from host_api.house import Entry, House
from host_api.settings import Settings
from host_api.store.model import Privacy

OWNER = "bench"


class Ours:
    """Runs the programs; each run is an evaluation with a guest of its own."""

    def __init__(self, house: House) -> None:
        """Use `Ours.open`."""
        self._house = house

    @classmethod
    @asynccontextmanager
    async def open(cls, names: Iterable[str]) -> AsyncIterator[Self]:
        """Open a scratch house with a val for each program."""
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
        with tempfile.TemporaryDirectory(prefix="valgate-micro-") as scratch:
            async with House.open(Settings.load({"VALGATE_DB": f"sqlite:///{Path(scratch) / 'micro.db'}"})) as house:
                await house.store.add_account(OWNER)
                for name in names:
                    await house.save(owner=OWNER, code=timed(name), name=name, privacy=Privacy.PUBLIC)
                yield cls(house)

    async def measure(self, name: str) -> float:
        """Return the milliseconds of one run; raise RuntimeError when it failed or its result is wrong."""
        entry = Entry(val=(OWNER, name, None))
        outcome = await self._house.evaluate(requester=OWNER, source="cli", entry=entry, args=b"[]", as_author=True)
        if outcome.error is not None:
            raise RuntimeError(f"{name}: {outcome.error}")
        result, took = json.loads(outcome.json)
        if result != micro.RESULTS[name]:
            raise RuntimeError(f"{name}: it came to {result}, not {micro.RESULTS[name]}")
        return float(took)


def timed(name: str) -> str:
    """Return the code of a val that runs the program and returns its result and its milliseconds."""
    return (
        f"() => {{ const work = {micro.program(name)}; const began = performance.now();"
        " const result = work(); return [result, performance.now() - began] }"
    )
