"""Setting and taking away a schedule, for HTTP and the command line. Whose val it is, is looked at before."""

from __future__ import annotations

from host_api.intervals.schedule import Schedule, dump
from host_api.store import Store
from host_api.store.clock import now_ms


async def set_schedule(store: Store, val_id: str, schedule: Schedule | None) -> None:
    """Give a val a schedule, or none; the same one again changes nothing, so that saving a val does not put off its run.

    Raises NotFound, BadInput (a data val), LimitError (too many).
    """
    if schedule is None:
        await store.end_interval(val_id)
        return
    now = now_ms()
    await store.put_interval(val_id, dump(schedule), now=now, next_run=schedule.next_after(now, now))
