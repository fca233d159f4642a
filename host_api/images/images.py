"""Images of vals: made in the background, kept in memory by bytes, taken from the shelf where they are there already.

An image is for one val at one version, with one authority. It is used only as long as each of its vals is what a reference would
find now, so that a save makes it useless at once, in whatever process that was. What has none begins as every guest does.
This file does not know how an evaluation goes, nor how an image is made.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from host_api.images.parts import Part, Parts, digest_of, sources_of, units_of
from host_api.images.shelf import Shelf
from host_api.sources import Source
from host_api.store import Kind, Store, Val, is_public
from kernel.builder import Builder
from kernel.capability import Start, Unit
from kernel.evaluation import Kernel
from kernel.fiber import Program
from kernel.image import Image
from kernel.principals import Authority

KEPT_BYTES = 256 << 20
"""About how much memory images may take."""
MOST_WAITING = 1_000
_PER_IMAGE = 64 << 10
"""Bytes of an image beside its pages."""

Key = tuple[str, int, Authority]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a guest may be born of, and what an evaluation knows that begins with it.

    A start of None says that the val cannot have an image.
    """

    parts: tuple[Part, ...]
    start: Start | None
    sources: dict[str, Source]
    units: dict[str, Unit]
    weight: int = _PER_IMAGE


class Images:
    """The images of a house."""

    def __init__(self, store: Store, kernel: Kernel, builder: Builder, parts: Parts, shelf: Shelf) -> None:
        """Take who makes them, and where they are kept beyond the process."""
        self._store, self._kernel, self._builder, self._parts, self._shelf = store, kernel, builder, parts, shelf
        self._kept: OrderedDict[Key, Prepared] = OrderedDict()
        self._bytes = 0
        self._wanted: OrderedDict[Key, Val] = OrderedDict()
        self._making: asyncio.Task[None] | None = None

    def find(self, val: Val, authority: Authority) -> Prepared | None:
        """Return what guests of this val may be born of; None where there is nothing, yet or at all."""
        key = (val.id, val.version, authority)
        known = self._kept.get(key)
        if known is None or not self._parts.still(known.parts, authority):
            self._drop(key)
            self.want(val, authority)
            return None
        self._kept.move_to_end(key)
        return None if known.start is None else known

    def want(self, val: Val, authority: Authority) -> None:
        """Have an image made, when there is time."""
        key = (val.id, val.version, authority)
        if val.kind is not Kind.CODE or key in self._wanted or len(self._wanted) >= MOST_WAITING:
            return
        self._wanted[key] = val
        if self._making is None:
            self._making = asyncio.get_running_loop().create_task(self._make_all())

    def saved(self, val: Val) -> None:
        """Have what a new version needs made."""
        self.want(val, Authority.OWN)
        if is_public(val):
            self.want(val, Authority.FOREIGN)

    async def _make_all(self) -> None:
        """Make one after another: it is nobody's evaluation, and must not hold any up."""
        try:
            while self._wanted:
                key, val = next(iter(self._wanted.items()))
                try:
                    self._keep(key, await self._made(val, key[-1]))
                finally:
                    del self._wanted[key]
        finally:
            self._making = None

    async def _made(self, val: Val, authority: Authority) -> Prepared:
        parts = await self._parts.of(val, authority)
        sources = sources_of(parts)
        units = units_of(parts, sources)
        offered = {unit.key: unit for unit in units}
        digest = digest_of(self._shelf.about, units, authority)
        found = await self._shelf.image(digest) or await self._built(units, digest)
        if found is None:
            return Prepared(parts, None, sources, offered)
        image, keys = found
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

    def _keep(self, key: Key, prepared: Prepared) -> None:
        self._drop(key)
        self._kept[key] = prepared
        self._bytes += prepared.weight
        while self._bytes > KEPT_BYTES and len(self._kept) > 1:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        dropped = self._kept.pop(key, None)
        if dropped is not None:
            self._bytes -= dropped.weight
            if dropped.start is not None and isinstance(dropped.start.program, Program):
                self._kernel.engine.forget(dropped.start.program)

    async def settled(self) -> None:
        """Wait until everything that is wanted is made."""
        while self._making is not None:
            await asyncio.wait([self._making])

    async def close(self) -> None:
        """Stop making."""
        if self._making is not None:
            self._making.cancel()
            await asyncio.wait([self._making])
