"""The code vals that one evaluation has seen: one version of each, and what is loaded of it.

This file does not know how a val is found, nor who may read it.
"""

from __future__ import annotations

from dataclasses import dataclass

from kernel import capability as contract
from kernel.capability import Run
from kernel.principals import Principal

LOADED = "loaded"
"""Where a run keeps what it has loaded, in its state: the units that its first guest is born with, until somebody asks for it."""


@dataclass(slots=True)
class Loaded:
    """What one evaluation has seen of code vals: one version each, and what is loaded of it."""

    versions: dict[tuple[str, str], int]
    units: dict[str, contract.Unit]

    @classmethod
    def of(cls, run: Run) -> Loaded:
        """Return that of a run; most end before anybody asks."""
        kept = run.state.get(LOADED)
        if not isinstance(kept, cls):
            kept = run.state[LOADED] = cls({}, dict(kept) if isinstance(kept, dict) else {})
        return kept

    def version(self, owner: Principal, name: str) -> int | None:
        """Return the version of a val that this evaluation uses, if it has seen one."""
        return self.versions.get((owner.name, name.casefold()))

    def fix(self, owner: Principal, name: str, version: int) -> None:
        """Use this version of a val from now on."""
        self.versions[owner.name, name.casefold()] = version

    def unfix(self, owner: Principal, name: str) -> None:
        """Look for the newest again: this evaluation has written or deleted the val."""
        self.versions.pop((owner.name, name.casefold()), None)
