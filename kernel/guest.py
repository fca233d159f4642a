"""One guest: a fiber, the table of its handles, and what others hold of it. It serves one frame of one evaluation, and nothing else.

Everything about a guest's state is here. This file does not know what a message asks for.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from kernel import wire
from kernel.capability import Capability, Known
from kernel.errors import BadRequest, BrokenGuest, LimitError
from kernel.fiber import Fiber
from kernel.handles import HandleTable, Numbered
from kernel.limits import Limits
from kernel.principals import Frame
from kernel.store import Program
from kernel.wire import Ref


@dataclass(eq=False, slots=True)
class Export:
    """An object of `home` that others hold. `nature` are its reference flags; `holders` the guests and settled promises that do."""

    home: Guest
    id: int
    nature: int
    holders: int = 0
    source: str = ""
    settled: Settled | None = None


@dataclass(eq=False, slots=True)
class Promised:
    """A promise of the kernel's: a host call that answers later."""

    nature: int = Ref.PROMISE
    settled: Settled | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What a promise came to: whether it threw, its value, and what the value's references stand for."""

    status: int
    things: tuple[Export | Promised, ...]
    payload: bytes


_FIRST = frozenset({wire.Kind.READY, wire.Kind.EXHAUSTED})
"""What a guest may say that did not find its first request in its inbox."""

Thing = Export | Promised | Capability
"""What a handle may stand for."""


class Birth(NamedTuple):
    """What guests of a frame begin with, of these capabilities: their handles, how they are told, and what others have asked."""

    capabilities: tuple[Capability, ...]
    granted: Numbered[Thing]
    greeting: bytes
    known: Known


class Guest:
    """A guest from birth to death."""

    __slots__ = (
        "attention",
        "begun",
        "birth",
        "exports",
        "fiber",
        "frame",
        "greeted",
        "handles",
        "holds",
        "idle",
        "inbox",
        "jobs",
        "kept",
        "loaded",
        "loading",
        "pending",
        "releases",
        "unready",
    )

    def __init__(
        self, frame: Frame, program: Program, limits: Limits, birth: Birth, holds: Collection[str] = ()
    ) -> None:
        """Make a guest that has not run yet; `holds` are the keys of the code that the program's image has."""
        self.frame, self.birth, self.holds = frame, birth, holds
        self.fiber = Fiber(program, limits.memory, (limits.stack, limits.clone_depth, limits.message))
        self.handles: HandleTable[Thing] = HandleTable(limits.handles, _let_go)
        self.exports: dict[int, Export] = {}
        self.releases: dict[int, Export] = {}
        self.loaded: dict[str, str] = {}
        self.loading: set[str] = set()
        self.inbox = 0, 0
        self.pending: bytes | None = None
        self.kept = 0  # bytes of what its promises came to, as long as it is held for others
        # Whether it has said its last for now, and waits for the next request.
        self.idle = False
        self.begun = self.unready = self.jobs = self.attention = self.greeted = False

    def message(self, *, to_kernel: bool) -> wire.Message:
        """Return what it parked on, cut if it is too large to cross; raise BrokenGuest for what no guest of ours would write.

        `to_kernel`: a RESULT would be for the kernel, and has no limit but the guest's memory.
        """
        fiber = self.fiber
        message = wire.parse_message(fiber.message, fiber.slot.size)
        self.idle = message.kind == wire.Kind.RESULT
        if to_kernel and self.idle and fiber.place[1] > fiber.longest:
            message = wire.parse_message(fiber.whole(), fiber.slot.size)
        self.inbox = message.inbox, message.capacity
        if self.unready and message.kind not in _FIRST:
            raise BrokenGuest("a guest did not begin by saying that it is ready")
        return message

    def say(self, kind: wire.Say, op: int, target: int, refs: tuple[int, ...], payload: bytes) -> None:
        """Answer what it parked on, with the releases that wait for it."""
        releases = self.releases
        if releases:
            self.releases = {}
            for export in releases.values():
                _forget(export)
        self._answer(wire.write_message(kind, op, target, refs, releases, payload))

    def ready(self) -> None:
        """Give it the first request, which it did not find in its inbox and asks for."""
        if not self.unready or self.pending is None:
            raise BrokenGuest("a guest said what no guest of ours says: it is ready, and was before")
        self.unready = False
        self._answer(self.pending)

    def fetch(self) -> None:
        """Answer with what did not fit its last inbox."""
        if self.pending is None:
            raise BrokenGuest("a guest fetches what was not sent")
        self._answer(self.pending)

    def _answer(self, data: bytes) -> None:
        if self.begun:
            fits = self.fiber.answer(data, *self.inbox)
        else:
            fits, self.begun = self.fiber.begin(data), True
            self.unready = not fits
        self.pending = None if fits else data

    def export(self, number: int, nature: int) -> Export:
        """Return its object of this number, as others will hold it: the same as long as its home has not been told to forget it."""
        known = self.exports.get(number) or self.releases.pop(number, None)
        if known is None:
            known = Export(self, number, nature & wire.NATURE)
        self.exports[number] = known
        return known

    def keep(self, payload: bytes, limit: int) -> None:
        """Count what a promise of its came to, until nobody holds the promise; raise LimitError above what a guest may use."""
        if self.kept + len(payload) > limit:
            raise LimitError(
                f"more than {limit} bytes of what promises came to wait for others; hand out fewer at once"
            )
        self.kept += len(payload)

    def thing(self, word: int) -> Thing:
        """Return what a reference word in its message stands for; raise UnknownHandle."""
        if word & Ref.HANDLE:
            return self.handles.resolve(word >> wire.KIND_BITS)
        return self.export(word >> wire.KIND_BITS, word & wire.FLAGS)

    def word_for(self, thing: Thing) -> tuple[int, bool]:
        """Return the word that names the thing to this guest, and whether it is a new handle; raise LimitError."""
        if isinstance(thing, Export) and thing.home is self:
            return thing.id << wire.KIND_BITS | thing.nature, False
        number, fresh = self.handles.grant(thing)
        if fresh:
            hold(thing)
        nature = thing.nature if isinstance(thing, Export | Promised) else 0
        return number << wire.KIND_BITS | nature | Ref.HANDLE, fresh

    def end(self) -> int:
        """Every handle is dead, and it is asked nothing any more; `close` is still to be called. Returns its memory in bytes."""
        self.handles.revoke_all()
        self.exports.clear()  # they name their home: it would wait for the collector, and what promises came to with it
        self.releases.clear()
        return self.fiber.slot.size

    def close(self) -> None:
        """Let go of its fiber and memory."""
        self.fiber.close(over=self.idle)


def passable(thing: Thing) -> Export | Promised:
    """Return what may cross; raise BadRequest for a capability."""
    if isinstance(thing, Export | Promised):
        return thing
    raise BadRequest("a capability does not cross")


def hold(thing: Thing) -> None:
    """One more holds it: a guest, or a promise that came to it."""
    if isinstance(thing, Export):
        thing.holders += 1


def _let_go(thing: Thing) -> None:
    """One less holds it: when nobody does, its home may forget it with the next message."""
    if not isinstance(thing, Export):
        return
    thing.holders -= 1
    if not thing.holders:
        thing.home.exports.pop(thing.id, None)
        thing.home.releases[thing.id] = thing


def _forget(export: Export) -> None:
    """Its home is told to forget it: what it came to is not held for its sake any more."""
    settled, export.settled = export.settled, None
    if settled is not None:
        export.home.kept -= len(settled.payload)
        for thing in settled.things:
            _let_go(thing)
