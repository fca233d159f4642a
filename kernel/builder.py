"""Making an image of code: it is loaded in a guest that may ask nothing, and the guest's heap is kept.

The guest holds no handle, and whatever it says but the answer ends the attempt: a host call, a promise that is waited for, the time
or a random number. So an image holds what the code and the engine made, and no data value, secret, handle, seed or time.
Whose code may stand in one image is the host's to say; this file does not know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kernel import wire
from kernel.capability import Unit
from kernel.errors import BadRequest, BrokenGuest
from kernel.evaluation import Kernel
from kernel.fiber import Turn
from kernel.guest import Guest
from kernel.image import Image
from kernel.limits import Limits
from kernel.policy import Policy
from kernel.principals import NOBODY, Authority, Frame
from kernel.scheduler import Meter
from kernel.wire import Kind, Message, Op, Result, Say, Value

_FRAME = Frame(Policy.STRICT, NOBODY, NOBODY, Authority.FOREIGN)
_UNSETTLED = wire.THREW | Result.JOBS | Result.ATTENTION | Result.FINISHED
_YES = (True,)


@dataclass(frozen=True, slots=True)
class Built:
    """An image over the kernel's own, and the units that are in it."""

    image: Image
    units: tuple[Unit, ...]


class Builder:
    """Builds images of one kernel."""

    def __init__(self, kernel: Kernel, limits: Limits) -> None:
        """Take the kernel, and what one image may use of processor time, all attempts together, and of memory."""
        self._kernel, self._limits = kernel, limits

    async def build(self, units: Sequence[Unit]) -> Built | None:
        """Return an image of as many of these units as load by themselves, in this order; None if none does."""
        left, meter = list(units), Meter()
        while left and meter.used <= self._limits.cpu:
            self._kernel.engine.alert()
            guest = Guest(_FRAME, self._kernel.image, self._limits, self._kernel.birth(_FRAME, ()))
            self._kernel.guests += 1
            try:
                refused = await self._load(guest, meter, left)
                if refused is None:
                    image = Image(guest.fiber.slot.size, guest.inbox, tuple(guest.fiber.changed()))
                    return Built(image, tuple(left))
            finally:
                guest.close()
                self._kernel.guests -= 1
            left.remove(refused)  # its top level may have left something behind: begin anew without it
        return None

    async def _load(self, guest: Guest, meter: Meter, units: Sequence[Unit]) -> Unit | None:
        """Load them and seal the heap; return the unit that asked for something, threw or took too long.

        So is one that changed what all code of a guest shares, but for the first: that is loaded before anything else anyway.
        """
        for unit in units:
            alone = await self._ask(guest, meter, Op.PREPARE, wire.encode(unit.key, *unit.parts))
            if alone is None or (alone != _YES and unit is not units[0]):
                return unit
        sealed = await self._ask(guest, meter, Op.SEAL, b"")
        return None if sealed == _YES else units[-1]

    async def _ask(self, guest: Guest, meter: Meter, op: Op, payload: bytes) -> tuple[Value, ...] | None:
        """Ask one thing; None unless the guest answers, and asked nothing meanwhile."""
        # And no jobs after it: they would come before what follows the top level.
        guest.say(Say.REQUEST, op, 0, (), payload)
        try:
            message = await self._answer(guest, meter)
            settled = message is not None and message.kind == Kind.RESULT and not message.op & _UNSETTLED
            if message is None or not settled or message.refs or guest.fiber.asked:
                return None
            return wire.decode(message.payload)
        except (BrokenGuest, BadRequest):
            return None

    async def _answer(self, guest: Guest, meter: Meter) -> Message | None:
        """Return the first thing it says that is not about its inbox."""
        while (message := await self._turn(guest, meter)) is not None:
            if message.kind == Kind.FETCH:
                guest.fetch()
            elif message.kind == Kind.READY:
                guest.ready()
            else:
                break
        return message

    async def _turn(self, guest: Guest, meter: Meter) -> Message | None:
        """Run it until it says something; None when it ends, or an image has taken longer than it may."""
        turn = Turn.TICKED
        while turn is Turn.TICKED:
            self._kernel.engine.wake()
            turn = guest.fiber.step()
            if turn in (Turn.LAST, Turn.ENDED) or meter.charge() > self._limits.cpu:
                return None
            if meter.slice_over():
                await self._kernel.scheduler.turn()
                meter.begin_slice()
        return guest.message(to_kernel=False)
