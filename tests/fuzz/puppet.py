"""Target 2: a whole evaluation whose guests say whatever the hunt wants: the membrane, the books of who holds what, and the end.

A puppet is a guest that asks its one honest capability, `strings`, what to say next, and says it, whatever it is answered: one image
serves every input. An input is the list of what is said, in order, by whoever runs. After the last, everybody answers what is open,
and the first guest finishes. Before each word the books are looked at.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from kernel import wire
from kernel.capability import Answer, Call, Later, Operation, Throw, Values
from kernel.engine import Engine
from kernel.errors import CpuLimit, GuestError, LimitError, Overloaded, PermissionRefused, WallLimit
from kernel.evaluation import Evaluation
from kernel.guest import Export, Guest
from kernel.limits import Limits
from kernel.principals import Principal
from kernel.scheduler import Scheduler
from kernel.wire import Kind, Result
from tests.kernel import stage as stages
from tests.kernel.stage import ENTER, PAGE, SAY_READY, B, C, Fake, Perform, Stage, head, loading, program

ASK_AT, FETCH_AT, ASKED_AT, ASKED_SIZE = 0x2000, 0x2040, 0x3000, 0x4000
TEXT_AT = ASKED_AT + wire.IN_HEAD.size + 5
ASK = head(Kind.CALL, 1, 1, inbox=ASKED_AT, capacity=ASKED_SIZE)
FETCH = head(Kind.FETCH)
PUPPET = program(
    f"""
    {SAY_READY}
    (loop $next
      (drop (call $call (i32.const {ASK_AT}) (i32.const {len(ASK)})))
      (if (i32.eqz (i32.and (i32.load (i32.const {ASKED_AT + 4})) (i32.const {wire.THREW}))) (then
        (if (i32.gt_u (call $call (i32.const {TEXT_AT}) (i32.load (i32.const {TEXT_AT - 4})))
                      (i32.load (i32.const {TEXT_AT + 4})))
          (then (drop (call $call (i32.const {FETCH_AT}) (i32.const {len(FETCH)})))))
        (br $next))))
    """
)
"""Handle 1 is `strings` in every guest; it answers with bytes: a tag, their length, and they.

An answer that was longer than the inbox that was named is fetched into a larger one, as our guests do.
"""

LIMITS = replace(stages.LIMITS, cpu=10.0, wall=60.0, handles=14, message=600, guests=3, call_depth=6, memory=1 << 16)
"""Small, so that each is reached; but time, which is never used up: that would be a finding."""
MOST_SAID = 32
D = Principal("d")
"""One owner more than an evaluation may have guests."""


class PlannedError(Exception):
    """What a capability of this stage fails with, on purpose."""


class Alone(Scheduler):
    """Nobody else wants a turn: what happens when hangs on what was said, and not on the clock."""

    async def turn(self) -> None:
        """Go on at once."""


class Play(Fake):
    """The honest capability: what is still to be said, and what was said."""

    def __init__(self, script: Iterator[bytes]) -> None:
        super().__init__(self._pull, "strings")
        self._script = script
        self.said: list[bytes] = []
        self.evaluation: Evaluation | None = None

    async def perform(self, operation: Operation, call: Call) -> Answer:
        """Now and then, let host calls that answer later come nearer to their end."""
        if len(self.said) % 3 == 0:
            await asyncio.sleep(0)
        return await super().perform(operation, call)

    def _pull(self, _operation: Operation, _call: Call) -> Answer:
        """Answer with what to say next."""
        assert self.evaluation is not None
        insist_books(self.evaluation)
        text = next(self._script, None) if len(self.said) < MOST_SAID else None
        if text is None:
            return Answer(Values((unwind(self.evaluation),)))
        self.said.append(text)
        return Answer(Values((text,)))


def unwind(evaluation: Evaluation) -> bytes:
    """Answer what is open; the first guest, once the kernel asks it something, finishes."""
    opened = evaluation._frames[-1]
    first = opened.callee is evaluation._guests[evaluation._frame]
    if first and opened.caller is None and evaluation._outcome is None:
        return head(Kind.RESULT, Result.FINISHED, payload=wire.encode("done"))
    return head(Kind.RESULT, payload=wire.encode("over"))


def insist_books(evaluation: Evaluation) -> None:
    """Every object knows how many hold it, and every guest how much its promises came to."""
    guests = list(evaluation._guests.values())
    kept = {guest: [*guest.exports.values(), *guest.releases.values()] for guest in guests}
    held = Counter(thing for guest in guests for thing in guest.handles._entries.values() if isinstance(thing, Export))
    for exports in kept.values():
        held.update(
            thing for one in exports if one.settled for thing in one.settled.things if isinstance(thing, Export)
        )
    for guest, exports in kept.items():
        assert all(export.holders == held[export] for export in exports), "an object does not know who holds it"
        assert guest.kept == sum(len(one.settled.payload) for one in exports if one.settled), "a guest's sum is wrong"
        _insist_table(guest)
    assert {export for guest in guests for export in kept[guest]} >= set(held), "somebody holds what its home forgot"


def _insist_table(guest: Guest) -> None:
    table = guest.handles
    assert len(table) <= table.capacity
    assert {thing: number for number, thing in table._entries.items()} == table._numbers
    assert all(number < table.following for number in table._entries)


def insist_closed(evaluation: Evaluation, theatre: Stage) -> None:
    """Nothing is left of it, and nothing broke but what was meant to."""
    assert theatre.kernel.guests == 0
    assert not evaluation._guests
    assert all(task.done() for task in evaluation._tasks)
    for failure in evaluation.failures:
        planned = isinstance(failure.__cause__, PlannedError)
        if not planned:
            raise AssertionError("the host broke") from failure.__cause__


def acts() -> dict[str, Perform]:
    """What the other capabilities do: every way in which a host call ends."""

    async def later() -> str:
        for _ in range(4):
            await asyncio.sleep(0)
        return "later"

    async def refusing_later() -> str:
        await asyncio.sleep(0)
        raise LimitError("later, and no")

    async def breaking_later() -> str:
        await asyncio.sleep(0)
        raise PlannedError

    def breaking(_operation: Operation, _call: Call) -> Answer:
        raise PlannedError

    return {
        "value": lambda *_: Answer(Values(("value", 1, None))),
        "long": lambda *_: Answer(Values(("x" * 500,))),
        "later": lambda *_: Answer(Later(later)),
        "refusing later": lambda *_: Answer(Later(refusing_later)),
        "breaking later": lambda *_: Answer(Later(breaking_later)),
        "refusing": lambda *_: Answer(Throw(PermissionRefused("no"))),
        "breaking": breaking,
    }


@contextmanager
def theatre() -> Iterator[Stage]:
    """A kernel whose every guest is a puppet."""
    page = bytearray(PAGE)
    page[ASK_AT : ASK_AT + len(ASK)] = ASK
    page[FETCH_AT : FETCH_AT + len(FETCH)] = FETCH
    with Engine(PUPPET) as engine:
        stage = Stage(engine, bytes(page))
        stage.kernel.scheduler = Alone()
        yield stage


async def play(theatre: Stage, script: Iterable[bytes], limits: Limits = LIMITS) -> tuple[str, list[bytes]]:
    """Let guests say this; return what the evaluation came to, and what was said. Anything else it raises is a crash."""
    strings = Play(iter(script))
    load = loading(B, C, D, B)
    load.to = lambda _: True
    house = strings, load, *(Fake(act, name) for name, act in acts().items())
    evaluation = strings.evaluation = theatre.evaluation(*house, limits=limits)
    try:
        values = await evaluation.run(ENTER)
    except (CpuLimit, WallLimit) as hang:
        raise AssertionError("a play of a few words took for ever") from hang
    except (GuestError, Overloaded) as error:
        ending = f"{type(error).__name__}: {error}"
    else:
        ending = "finished" if values == ("done",) else "finished, in its own words"
    insist_closed(evaluation, theatre)
    return ending, strings.said
