"""One run of an interval: the one argument that its val gets, and the evaluation, as its author.

This file does not know when anything is due.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from host_api.door import Manner
from host_api.house import Entry, House, Outcome
from host_api.intervals.schedule import UNITS_MS, Every, Schedule, dump, load
from host_api.store import Interval, Kind, Val
from host_api.store.ids import new_id
from host_api.store.intervals import ONLY_CODE
from kernel.errors import BadInput

log = structlog.get_logger("valgate.intervals")

TRIED = Every("15m", 15 * UNITS_MS["m"])
"""The schedule that a val without one is tried with."""


async def run_due(house: House, interval: Interval, now: int) -> bool:
    """Run a val whose time has come; return whether it ran. A val that is gone, or data by now, does not.

    Raises what House.evaluate raises before anything ran.
    """
    val = house.store.val_by_id(interval.val_id)
    if val is None or val.kind is not Kind.CODE:
        log.info("an interval has nothing to run", interval=interval.id, val=interval.val_id)
        return False
    # By the name it has now: nothing comes between this read and the house's own.
    await _evaluate(house, replace(interval, owner=val.owner, name=val.name), now, "interval")
    return True


async def try_now(house: House, val: Val, now: int) -> Outcome:
    """Run this version of a val as its schedule would, or would if it had one; the schedule itself does not notice.

    Raises BadInput for data, and what House.evaluate raises.
    """
    if val.kind is not Kind.CODE:
        raise BadInput(ONLY_CODE)
    interval = house.store.interval(val.id) or _made_up(val, TRIED, now)
    return await _evaluate(house, replace(interval, next_run=now), now, "cli", val.version)


async def _evaluate(house: House, interval: Interval, now: int, source: str, version: int | None = None) -> Outcome:
    """Evaluate as the author, who is also who asks: a private val runs, and its record, which begins `now`, is theirs."""
    return await house.evaluate(
        requester=interval.owner,
        source=source,
        entry=Entry(val=(interval.owner, interval.name, version)),
        args=arguments(interval, load(interval.schedule), now),
        as_author=True,
        manner=Manner.INTERVAL,
        began=now,
    )


def arguments(interval: Interval, schedule: Schedule, now: int) -> bytes:
    """Write the arguments: one Interval, whose times the runtime makes Dates of; the first time it has no lastRunAt."""
    told: dict[str, object] = {
        "id": interval.id,
        "delay": schedule.delay(interval.next_run, now),
        "author": {"id": interval.owner_id, "username": f"@{interval.owner}"},
        "registeredAt": _iso(interval.registered_at),
    }
    if interval.last_run is not None:
        told["lastRunAt"] = _iso(interval.last_run)
    return json.dumps([told]).encode()


def _made_up(val: Val, schedule: Schedule, now: int) -> Interval:
    return Interval(new_id(), val.id, val.owner_id, val.owner, val.name, dump(schedule), now, None, now, None)


def _iso(time: int) -> str:
    return datetime.fromtimestamp(time / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
