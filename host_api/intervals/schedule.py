"""A schedule as a value: how it is written, and when it is due. Times are milliseconds since 1970, and days are UTC's.

Everything about times; this file knows no val and no database.
Source: http-api.md, `PUT /v1/vals/{id}`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice, pairwise

from cronsim import CronSim, CronSimError

from kernel.errors import BadInput

SECOND_MS = 1000
UNITS_MS = {"s": SECOND_MS, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
LONGEST_MS = 366 * UNITS_MS["d"]
MOST_CRON = 120
"""Characters of a cron expression."""
LOOKED_AT = 10
"""Times of a cron expression between which the least period is looked for."""

EVERY_MUST_BE = 'every must be a whole number and a unit (s, m, h, d), at most 366d, as in {"every": "15m"}.'
CRON_MUST_BE = (
    "cron must be five fields (minute, hour, day of the month, month, day of the week), in UTC, "
    'as in {"cron": "30 8 * * MON-FRI"}.'
)
MUST_BE = 'schedule must be {"every": "15m"}, {"cron": "30 8 * * MON-FRI"} or null.'

_EVERY = re.compile(r"([1-9][0-9]{0,8})([smhd])", re.ASCII)
# Nothing else goes to the library, which folds case and knows more digits than these.
_CRON = re.compile(r"[0-9A-Za-z*,/#-]+( [0-9A-Za-z*,/#-]+){4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Every:
    """Again and again after a time; `text` is how it was written."""

    text: str
    period: int

    def next_after(self, due: int, now: int) -> int:
        """Return the first time after now that is whole periods from `due`."""
        return due + self.period * ((now - due) // self.period + 1)

    def base(self, due: int, started: int) -> int:
        """Return what the next times are counted from: when a run was due, or if it was very late, when it started.

        So a moment's delay adds up to nothing, and after a stop no two runs come within half a period.
        """
        return due if started - due < self.period / 2 else started

    def delay(self, due: int, now: int) -> int:  # noqa: ARG002 — as Cron's
        """Return the milliseconds between runs."""
        return self.period

    def form(self) -> dict[str, str]:
        """Return it as clients write it."""
        return {"every": self.text}


@dataclass(frozen=True, slots=True)
class Cron:
    """At the minutes that an expression names."""

    text: str

    def next_after(self, due: int, now: int) -> int:  # noqa: ARG002 — as Every's
        """Return the first time after now; raise BadInput if there is none in fifty years."""
        return _times(self.text, now, 1)[0]

    def base(self, due: int, started: int) -> int:  # noqa: ARG002 — as Every's
        """Return what the next times are counted from, which is nothing."""
        return due

    def delay(self, due: int, now: int) -> int:
        """Return the milliseconds from this run to the next: from when it was due, unless the next would have been too."""
        following = self.next_after(due, due)
        return following - due if following > now else self.next_after(now, now) - now

    def form(self) -> dict[str, str]:
        """Return it as clients write it."""
        return {"cron": self.text}


Schedule = Every | Cron


def parse(value: object, shortest: float, now: int) -> Schedule:
    """Read what a client wrote; `shortest` is the least time between two runs in seconds.

    Raises BadInput that shows the form.
    """
    schedule = _read(value)
    if isinstance(schedule, Every) and schedule.period < shortest * SECOND_MS:
        raise BadInput(f"every must be at least {shortest:g} s on this server.")
    if isinstance(schedule, Cron):
        _insist_times(schedule, shortest, now)
    return schedule


def dump(schedule: Schedule) -> str:
    """Write a schedule as the store keeps it."""
    return json.dumps(schedule.form())


def load(text: str) -> Schedule:
    """Read what `dump` wrote; what an operator allows may have changed since. Raises BadInput for anything else."""
    return _read(json.loads(text))


def _read(value: object) -> Schedule:
    match value:
        case {"every": str(text), **others} if not others:
            return _every(text)
        case {"every": _, **others} if not others:
            raise BadInput(EVERY_MUST_BE)
        case {"cron": str(text), **others} if not others:
            return _cron(text)
        case {"cron": _, **others} if not others:
            raise BadInput(CRON_MUST_BE)
        case _:
            raise BadInput(MUST_BE)


def _every(text: str) -> Every:
    found = _EVERY.fullmatch(text)
    period = int(found[1]) * UNITS_MS[found[2]] if found else 0
    if not 0 < period <= LONGEST_MS:
        raise BadInput(EVERY_MUST_BE)
    return Every(text, period)


def _cron(text: str) -> Cron:
    plain = " ".join(text.split()) if len(text) <= MOST_CRON else ""
    if not _CRON.fullmatch(plain):
        raise BadInput(CRON_MUST_BE)
    return Cron(plain)


def _insist_times(schedule: Cron, shortest: float, now: int) -> None:
    """Raise BadInput for what never fires, or is seen to fire too often; what is not seen the runner spaces out."""
    least = shortest * SECOND_MS
    times = _times(schedule.text, now, LOOKED_AT if least > UNITS_MS["m"] else 1)
    if any(later - earlier < least for earlier, later in pairwise(times)):
        raise BadInput(f"Two times of a cron expression must be at least {shortest:g} s apart on this server.")


def _times(text: str, after: int, count: int) -> list[int]:
    """Return the first times after one; raise BadInput for an expression that is none or has none."""
    try:
        found = list(islice(CronSim(text, datetime.fromtimestamp(after / SECOND_MS, UTC)), count))
    except CronSimError as error:  # five fields, and one of them names what there is not; the library says which
        raise BadInput(f"{CRON_MUST_BE} Here: {error}.") from None
    if not found:
        raise BadInput("This cron expression names no day that there is.")
    return [int(time.timestamp()) * SECOND_MS for time in found]
