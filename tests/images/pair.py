"""What two houses come to with the same vals: answers and records, without what is of one moment."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from host_api.house import Outcome
from host_api.images import Prepared
from host_api.store import Privacy
from kernel.principals import Authority
from tests.semantics.live import PUBLIC, World

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


async def told(world: World, outcome: Outcome) -> dict[str, Any]:
    """Everything that anybody is told of an evaluation, but for its time and its costs."""
    record = await world.record(outcome)
    row = record.pop("row")
    answer = {"json": outcome.json.decode(), "type": outcome.type, "error": str(outcome.error), "owned": outcome.owned}
    said = json.dumps([answer, record, row.state, row.effects, row.value_type])
    found: dict[str, Any] = {"said": json.loads(_ID.sub("an id", said))}
    for one in [*(found["said"][1]["logs"] or []), *(found["said"][1]["emails"] or [])]:
        one.pop("at", None)
    return found


@dataclass(frozen=True)
class Pair:
    """A house with images, and one without."""

    born: World
    loaded: World

    async def save(self, code: str, name: str, privacy: Privacy = PUBLIC, owner: str = "B") -> None:
        for world in (self.born, self.loaded):
            await world.save(owner, code, privacy, name)

    async def prepared(self, name: str, authority: Authority) -> Prepared | None:
        """What guests of B's val are born of."""
        val = self.born.house.store.val("B", name)
        assert val is not None
        return await self.born.house.images.of(val, authority)

    async def units(self, name: str) -> list[int]:
        """How many vals are in the image of B's val, for its own guests and for foreign ones; 0: there is none."""
        found = [await self.prepared(name, authority) for authority in (Authority.OWN, Authority.FOREIGN)]
        return [len(one.start.units) if one and one.start else 0 for one in found]

    async def alike(self, code: str, *, by: str | None = "A") -> dict[str, Any]:
        """Evaluate in both; insist that nobody could tell them apart, and return what it came to."""
        first, second = [await told(world, await world.outcome(code, by=by)) for world in (self.born, self.loaded)]
        assert first == second, f"{first}\n{second}"
        return first

    async def run_alike(self, name: str, *args: object) -> dict[str, Any]:
        """Run B's val as its owner's own, in both."""
        first, second = [await told(world, await world.run(f"B.{name}", *args)) for world in (self.born, self.loaded)]
        assert first == second, f"{first}\n{second}"
        return first
