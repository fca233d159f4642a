"""A house with three owners in which tests say what is evaluated, as whom, and look at what came of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from platformdirs import user_cache_dir

from host_api.house import BUILT, Entry, House, Outcome
from host_api.images.shelf import Shelf
from host_api.net.client import Client
from host_api.net.connector import Lookup
from host_api.settings import Settings
from host_api.store import Privacy, State, Val
from kernel.engine import Engine
from kernel.errors import ErrorInfo
from kernel.evaluation import Kernel
from kernel.image import Image
from kernel.limits import Limits
from kernel.policy import Policy
from kernel.store import Program

PUBLIC, PRIVATE, UNLISTED = Privacy.PUBLIC, Privacy.PRIVATE, Privacy.UNLISTED
OWNERS = ("A", "B", "C")
CACHE = Path(user_cache_dir("valgate", appauthor=False))
"""Where the server keeps native code too: compiling the engine takes a second in every room and process."""
NO_SHELF = Shelf(None, b"", "", 0)
ROOMY = replace(Limits(), cpu=10.0)
"""Ten times the contract's processor time: what is shown must not hang on how fast the machine is; who tests the budget says so."""


@dataclass(frozen=True)
class Machine:
    """What costs a moment to make, and holds nothing of anybody's: one for all tests."""

    engine: Engine
    runtime: Program
    compiler: Program


@contextmanager
def machine() -> Iterator[Machine]:
    with Engine((BUILT / "engine.wasm").read_bytes(), CACHE) as engine:
        runtime, compiler = (Image.parse((BUILT / name).read_bytes()) for name in ("runtime.image", "compiler.image"))
        yield Machine(engine, engine.program(runtime), engine.program(compiler))


@dataclass(frozen=True)
class World:
    """A house with A, B and C; each has the secret `foo`, `privateFoo` and `publicFoo` that say whose they are."""

    house: House

    async def save(self, owner: str, code: str, privacy: Privacy = PUBLIC, name: str | None = None) -> Val:
        return await self.house.save(owner=owner, code=code, privacy=privacy, name=name)

    async def outcome(self, code: str, *, by: str | None = "A", policy: Policy | None = None) -> Outcome:
        """Evaluate code as its requester's own."""
        entry = Entry(code=code)
        return await self.house.evaluate(
            requester=by, source="cli", entry=entry, args=None, as_author=False, policy=policy
        )

    async def eval(self, code: str, *, by: str | None = "A", policy: Policy | None = None) -> Any:  # noqa: ANN401 - any JSON
        """Return the value; "undefined" stands for undefined."""
        return value(await self.outcome(code, by=by, policy=policy))

    async def error(self, code: str, *, by: str | None = "A", policy: Policy | None = None) -> ErrorInfo:
        """Return how it failed."""
        outcome = await self.outcome(code, by=by, policy=policy)
        assert outcome.error is not None, outcome.json
        return outcome.error

    async def run(self, name: str, *args: object, by: str | None = None) -> Outcome:
        """Run `B.foo` as `POST /v1/run` does: as its author's own."""
        owner, val = name.split(".")
        given = json.dumps(args).encode()
        entry = Entry(val=(owner, val, None))
        return await self.house.evaluate(requester=by, source="api", entry=entry, args=given, as_author=True)

    def stored(self, owner: str, name: str) -> Any:  # noqa: ANN401 - any JSON
        """Return the JSON of a data val; "missing" or "code" for what has none."""
        val = self.house.store.val(owner, name)
        if val is None:
            return "missing"
        return "code" if val.json is None else json.loads(val.json)

    async def record(self, outcome: Outcome) -> dict[str, Any]:
        """Return the record of an evaluation, once it is written."""
        while True:
            row = self.house.store.evaluation(outcome.evaluation)
            if row is not None and row.state is not State.RUNNING:
                break
            await asyncio.sleep(0)
        parts = {name: getattr(row, name) for name in ("logs", "calls", "emails", "value", "error", "args")}
        return {name: None if raw is None else json.loads(raw) for name, raw in parts.items()} | {"row": row}

    async def calls(self, outcome: Outcome, capability: str) -> list[dict[str, Any]]:
        """Return the recorded calls of one capability."""
        record = await self.record(outcome)
        return [call for call in record["calls"] if call.get("capability") == capability]


def value(outcome: Outcome) -> Any:  # noqa: ANN401 - any JSON
    assert outcome.error is None, outcome.error
    return "undefined" if outcome.type == "undefined" else json.loads(outcome.json)


@asynccontextmanager
async def open_world(
    made: Machine,
    folder: Path,
    limits: Limits | None = None,
    *,
    lookup: Lookup | None = None,
    **others: Any,  # noqa: ANN401 - which value a setting takes is the setting's to say
) -> AsyncIterator[World]:
    """Open a world with these settings; `lookup` is who knows the names of hosts, the system unless given."""
    chosen = Settings(db=str(folder / "live.db"), limits=limits or ROOMY, **others)
    async with Client.open(chosen.fetch_rules, chosen.own_addresses, lookup) as client:
        with chosen.open_store() as store:
            kernel = Kernel(made.engine, made.runtime)
            world = World(
                House(chosen, store, kernel, Kernel(made.engine, made.compiler, kernel.scheduler), client, NO_SHELF)
            )
            await asyncio.gather(*(store.add_account(owner, f"{owner.lower()}@example.com") for owner in OWNERS))
            await asyncio.gather(*(store.put_secret(owner, "foo", f"the secret of {owner}") for owner in OWNERS))
            yield world


async def furnish(world: World) -> World:
    """Give everybody a `privateFoo` and a `publicFoo` that say whose they are."""
    for owner in OWNERS:
        await world.save(owner, f'"private of {owner}"', PRIVATE, "privateFoo")
        await world.save(owner, f'"public of {owner}"', PUBLIC, "publicFoo")
    return world
