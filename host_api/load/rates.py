"""How often one may ask: a bucket for each that refills steadily, and a bounded number of buckets.

A bucket holds a minute's worth, so that somebody who was quiet may ask that much at once.
This file does not know who asks, nor what for.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from kernel.errors import TooMany

MOST = 10_000
"""Buckets that are kept. Who asked longest ago is forgotten first, whose bucket is the fullest."""
MINUTE = 60.0


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Rates:
    """Requests a minute of each; a rate of 0 sets no limit."""

    def __init__(self, rate: int, *, most: int = MOST, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the rate, how many are remembered, and what tells the seconds."""
        self._rate, self._most, self._clock = rate, most, clock
        self.limited = rate > 0
        """Whether there is a limit at all, and somebody to be told from others."""
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, who: str) -> None:
        """Count a request; raise TooMany that says in how many seconds the next one may come."""
        if not self._rate:
            return
        bucket, now = self._bucket(who), self._clock()
        bucket.left = min(self._rate, bucket.left + (now - bucket.at) * self._rate / MINUTE)
        bucket.at = now
        if bucket.left < 1:
            seconds = math.ceil((1 - bucket.left) * MINUTE / self._rate)
            raise TooMany(f"You may ask {self._rate} times a minute: try again in {seconds} s.", seconds)
        bucket.left -= 1

    def _bucket(self, who: str) -> _Bucket:
        known = self._buckets.get(who)
        if known is not None:
            self._buckets.move_to_end(who)
            return known
        if len(self._buckets) >= self._most:
            self._buckets.popitem(last=False)
        made = self._buckets[who] = _Bucket(self._rate, self._clock())
        return made
