"""Images of vals: made at save in the background, and at first use otherwise; kept in memory by bytes, and on the shelf.

An image is for one val at one version, with one authority. It is used only as long as each of its vals is what a reference would
find now, so that a save makes it useless at once, in whatever process that was. What cannot have one begins as every guest does.
This file does not know how an evaluation goes, nor how an image is made.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from operator import attrgetter

import structlog

from host_api.images.parts import Part, Parts, digest_of, sources_of, units_of
from host_api.images.shelf import Shelf
from host_api.kept import Kept
from host_api.load.turns import Turns
from host_api.sources import Source
from host_api.store import Kind, Val, is_public
from kernel.builder import Builder
from kernel.capability import Start, Unit
from kernel.evaluation import Kernel
from kernel.image import Image
from kernel.principals import Authority
from kernel.store import Program

log = structlog.get_logger("valgate.images")

KEPT_BYTES = 256 << 20
"""About how much memory images may take."""
PATIENCE = 0.1
"""Seconds that a first evaluation waits for its image; then it begins as every guest does."""
AT_ONCE, EACH = 4, 2
"""Images that are made at once, in all and of one owner's vals."""
MOST_WAITING = 1_000
MOST_WEIGHT = 16 << 20
"""Bytes of one image: a val with more at its top level has none, for it would take the place of everybody's."""
MOST_KEPT = 500
"""Images in memory: each has an open file."""
_PER_IMAGE = 64 << 10
"""Bytes of an image beside its pages."""

Key = tuple[str, int, Authority]


@dataclass(slots=True)
class Prepared:
    """What a guest may be born of, and what an evaluation knows that begins with it.

    A start of None says that the val cannot have an image. `generation` is when its parts were last looked at.
    """

    parts: tuple[Part, ...]
    start: Start | None
    sources: dict[str, Source]
    units: dict[str, Unit]
    weight: int = _PER_IMAGE
    generation: int = -1


class Images:
    """The images of a house."""

    def __init__(self, kernel: Kernel, builder: Builder, parts: Parts, shelf: Shelf) -> None:
        """Take who makes them, and where they are kept beyond the process."""
        self._kernel, self._builder, self._parts, self._shelf = kernel, builder, parts, shelf
        self.kept: Kept[Key, Prepared] = Kept(attrgetter("weight"), KEPT_BYTES, MOST_KEPT, self._forget)
        self._making: dict[Key, asyncio.Task[Prepared | None]] = {}
        self._turns = Turns(AT_ONCE, EACH)

    async def of(self, val: Val, authority: Authority) -> Prepared | None:
        """Return what guests of this val may be born of, made now if it is the first time; None where that cannot be, or takes long."""
        key = (val.id, val.version, authority)
        known = self._current(key)
        if known is None:
            await asyncio.wait((self._make(key, val),), timeout=PATIENCE)
            known = self._current(key)  # what was begun before a save ends after it
        return None if known is None or known.start is None else known

    def _current(self, key: Key) -> Prepared | None:
        """Return what is kept, if every val in it is still what a reference would find; forget it otherwise."""
        known, now = self.kept.get(key), self._parts.store.generation()
        if known is None:
            return None
        if known.generation != now:
            if not self._parts.still(known.parts, key[-1]):
                self.kept.drop(key)
                return None
            known.generation = now
        return known

    def saved(self, val: Val) -> None:
        """Have what a new version needs made, when there is time."""
        for authority in (Authority.OWN, Authority.FOREIGN) if is_public(val) else (Authority.OWN,):
            if val.kind is Kind.CODE and len(self._making) < MOST_WAITING:
                self._make((val.id, val.version, authority), val)

    def _make(self, key: Key, val: Val) -> asyncio.Task[Prepared | None]:
        task = self._making.get(key)
        if task is None:
            task = self._making[key] = asyncio.get_running_loop().create_task(self._made_in_turn(key, val))
            task.add_done_callback(lambda _: self._making.pop(key, None))
        return task

    async def _made_in_turn(self, key: Key, val: Val) -> Prepared | None:
        """Make one: it is nobody's evaluation, and must not hold others up."""
        await self._turns.take(val.owner_id)
        try:
            prepared = await self._made(val, key[-1])
        except Exception:
            log.exception("an image was not made", val=f"@{val.owner}.{val.name}@{val.version}")
            return None
        finally:
            self._turns.give(val.owner_id)
        self.kept.put(key, prepared)
        return prepared

    async def _made(self, val: Val, authority: Authority) -> Prepared:
        parts = await self._parts.of(val, authority)
        sources = sources_of(parts, authority)
        units = units_of(parts, sources)
        offered = {unit.key: unit for unit in units}
        digest = digest_of(self._shelf.about, units, authority)
        found = await self._shelf.image(digest) or await self._built(units, digest)
        if found is None:
            return Prepared(parts, None, sources, offered)
        image, keys = found
        if sum(len(piece) for _, piece in image.pieces) > MOST_WEIGHT:
            return Prepared(parts, None, sources, offered)
        program = self._kernel.engine.program(image, self._kernel.image)
        start = Start(program, {unit.key: unit.name for unit in units if unit.key in keys})
        return Prepared(parts, start, sources, offered, _PER_IMAGE + program.heap.weight)

    async def _built(self, units: tuple[Unit, ...], digest: str) -> tuple[Image, frozenset[str]] | None:
        built = await self._builder.build(units)
        if built is None:
            return None
        keys = frozenset(unit.key for unit in built.units)
        await self._shelf.keep(digest, built.image, keys)
        return built.image, keys

    def _forget(self, prepared: Prepared) -> None:
        if prepared.start is not None and isinstance(prepared.start.program, Program):
            self._kernel.engine.forget(prepared.start.program)

    async def close(self) -> None:
        """Stop making."""
        making = list(self._making.values())
        for task in making:
            task.cancel()
        await asyncio.gather(*making, return_exceptions=True)
