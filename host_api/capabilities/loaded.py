"""The code vals that one evaluation has seen: one version of each, and which guest may load which.

This file does not know how a val is found, nor who may read it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from host_api.compiler import Unit
from kernel import capability as contract
from kernel.capability import Run
from kernel.principals import Authority, Frame, Principal
from kernel.wire import Value


@dataclass(slots=True)
class Loaded:
    """What one evaluation has seen of code vals: one version each, and which guest may load what."""

    versions: dict[tuple[str, str], int]
    units: dict[str, contract.Unit]
    found: dict[tuple[Frame, str], tuple[Principal, Authority]]

    @classmethod
    def of(cls, run: Run) -> Loaded:
        """Return that of a run."""
        kept = run.state.setdefault("loaded", cls({}, {}, {}))
        if not isinstance(kept, cls):
            raise TypeError("a run's loaded units are something else")
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


def unit_parts(label: str, unit: Unit) -> tuple[Value, ...]:
    """Return what the runtime's `load` takes after the key."""
    return label, unit.code, references_json(unit), unit.asynchronous


def references_json(unit: Unit) -> str:
    """Return the unit's references as the runtime's `$` reads them."""
    if not unit.references:
        return "[]"
    keys = ("owner", "name", "version")
    return json.dumps([{key: getattr(reference, key) for key in keys} for reference in unit.references])
