"""When Python looks for circles among all objects that are alive, which takes it milliseconds for each hundred evaluations that wait.

Nothing else runs meanwhile: with thousands it is most of a second, and of its own accord Python looks whenever a quarter more has
grown old, so again and again while evaluations come. They leave no circles behind (tests/load); so a look at old objects waits until
more of them have grown old than those who are alive account for, or until few are alive. Young objects are looked at as ever.

It must never turn that look off: what others than evaluations leave behind is found, later.
"""

from __future__ import annotations

import gc

FEW = 64
"""Evaluations at once that make no difference."""
EACH = 4
"""Evaluations whose objects grow old with one look at the young ones: in truth some twenty."""


class Garbage:
    """How many looks at young objects come before one at all: so many more, the more evaluations have been alive since few were."""

    def __init__(self) -> None:
        """Leave it as it is, while there are few."""
        self._usual = gc.get_threshold()
        self.most = FEW
        """How many may be alive before more looks are put off; FEW where none are, and nothing is to be taken back."""

    def begun(self, alive: int) -> None:
        """Take how many there are now that one has begun."""
        if alive > self.most:
            self._allow(alive + FEW)

    def ended(self, alive: int) -> None:
        """Take how many there are now that one has ended."""
        if alive < FEW < self.most:
            self._allow(FEW)

    def _allow(self, most: int) -> None:
        self.most = most
        young, middle, old = self._usual
        gc.set_threshold(young, middle, old + (most - FEW) // EACH)
