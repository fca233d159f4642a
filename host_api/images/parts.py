"""Which vals stand in one image: a val, and those of the same author that it names, as far as this authority may read.

It must never put one author's code beside another's, nor private code into what foreign guests begin with.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from host_api.compiler import Compiler, Unit, Use
from host_api.sources import Source, Sources, key_of
from host_api.store import Kind, Privacy, Store, Val, is_public
from kernel import capability as contract
from kernel.errors import GuestError, SourceError
from kernel.principals import ME, Authority, Principal

MOST = 32
"""Vals in one image; those named nearest come first."""


@dataclass(frozen=True, slots=True)
class Part:
    """A val of an image: which version, how it is read, and its code. `pin` is the version that was asked for by number."""

    owner: str
    name: str
    version: int
    privacy: Privacy
    pin: int | None
    unit: Unit

    @property
    def key(self) -> str:
        """What names it inside an evaluation."""
        return key_of(Principal(self.owner), self.name, self.version)


class Parts:
    """Finds the parts of an image, and says whether they still are."""

    def __init__(self, store: Store, compiler: Compiler) -> None:
        """Take the store and the compiler."""
        self.store, self._compiler = store, compiler

    async def of(self, val: Val, authority: Authority) -> tuple[Part, ...]:
        """Return the val and what it names, nearest first; nothing if the val itself does not compile or waits at its top level."""
        owner, parts, seen = Principal(val.owner), list[Part](), set[tuple[str, int | None]]()
        seen.add((val.name.casefold(), None))
        waiting: list[tuple[Val, int | None]] = [(val, val.version)]  # it was asked for by this version, newest or not
        while waiting and len(parts) < MOST:
            found, pin = waiting.pop(0)
            unit = await self._compiled(found)
            if unit is None:
                continue
            parts.append(Part(found.owner, found.name, found.version, found.privacy, pin, unit))
            waiting += self._named(owner, unit, authority, seen)
        return tuple(parts)

    async def _compiled(self, val: Val) -> Unit | None:
        try:
            unit = await self._compiler.compile(val.code, Principal(val.owner).name, keep=True)
        except (SourceError, GuestError):
            return None
        return None if unit.asynchronous else unit

    def _named(
        self, owner: Principal, unit: Unit, authority: Authority, seen: set[tuple[str, int | None]]
    ) -> Iterator[tuple[Val, int | None]]:
        for reference in unit.references:
            name = reference.name
            if reference.owner not in (ME, owner.name) or reference.use is Use.SECRET or name is None:
                continue
            if (name.casefold(), reference.version) in seen:
                continue
            seen.add((name.casefold(), reference.version))
            val = self._find(owner.name, name, reference.version, authority)
            if val is not None and val.kind is Kind.CODE:
                yield val, reference.version

    def _find(self, owner: str, name: str, version: int | None, authority: Authority) -> Val | None:
        val = self.store.val(owner, name, version)
        return val if val is not None and (authority is Authority.OWN or is_public(val)) else None

    def still(self, parts: tuple[Part, ...], authority: Authority) -> bool:
        """Whether each is what a reference would find now."""
        for part in parts:
            val = self._find(part.owner, part.name, part.pin, authority)
            if val is None or (val.version, val.name, val.privacy) != (part.version, part.name, part.privacy):
                return False
        return True


def _distinct(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Return each val once, that was named with its number and without."""
    found: dict[str, Part] = {}
    for part in parts:
        found.setdefault(part.key, part)
    return tuple(found.values())


def sources_of(parts: tuple[Part, ...], authority: Authority) -> dict[str, Source]:
    """Return the sources of an image, by the labels that they have in an evaluation which begins with it.

    The entry of an evaluation of one's own is called as its owner writes it, what is read later by its key.
    """
    sources = Sources()
    for part in _distinct(parts):
        entry = part is parts[0] and authority is Authority.OWN
        name = f"@{part.owner}.{part.name}@{part.version}" if entry else part.key
        sources.add(Principal(part.owner), name, part.unit, private=part.privacy is Privacy.PRIVATE, own=True)
    return sources.by_label


def units_of(parts: tuple[Part, ...], sources: dict[str, Source]) -> tuple[contract.Unit, ...]:
    """Return what is loaded, under these labels."""
    labelled = zip(_distinct(parts), sources, strict=True)
    return tuple(contract.Unit(part.key, label, part.unit.parts(label)) for part, label in labelled)


def digest_of(built: str, units: tuple[contract.Unit, ...], authority: Authority) -> str:
    """Return the address of an image by its content: of which engine and runtime, which versions, which authority."""
    return sha256(json.dumps([built, authority, [(unit.key, unit.parts) for unit in units]]).encode()).hexdigest()
