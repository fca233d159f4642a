"""Vals that run by themselves: what a schedule is, how one is set, and who runs what is due.

What it must never do: run a val twice at once, or as anybody but its author.
"""

from host_api.intervals.schedule import Cron, Every, Schedule, dump, load, parse
from host_api.intervals.setting import set_schedule

__all__ = ["Cron", "Every", "Schedule", "dump", "load", "parse", "set_schedule"]
