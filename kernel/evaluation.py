"""The life of one run: one caller, one budget, one record, a tree of calls, and one logical thread through all its guests.

`frames` is who waits for whom. A RESULT must come from the top callee; when nothing is open the kernel rests: it pumps the
guests' jobs, then hands out what promises came to, else it sleeps until a host call ends; when nothing could ever end, that is a
Deadlock. Jobs never run inside somebody's synchronous call. A guest may WAIT inside a call (a top-level await): then the same
rest goes on above it, for the guests that are not in the middle of a call themselves.

Everything about the order of things is here. This file does not know what a host call does, nor what crosses.
"""

from __future__ import annotations

import asyncio
import sys
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from kernel import membrane, wire
from kernel.capability import PLAIN, Answer, Capability, Later, Load, Node, Run, Values
from kernel.engine import Engine
from kernel.errors import (
    BadRequest,
    BrokenGuest,
    CpuLimit,
    Deadlock,
    HostError,
    HostFailure,
    LimitError,
    MemoryLimit,
    Overloaded,
    Refusal,
    ValgateError,
    WallLimit,
    to_guest,
)
from kernel.fiber import Turn
from kernel.guest import Birth, Export, Guest, Promised, Settled, Thing, hold, passable
from kernel.handles import numbered
from kernel.principals import Frame, frame_beside
from kernel.scheduler import SLICE, Meter, Scheduler, rest_of
from kernel.store import Program
from kernel.wire import Kind, Message, Op, Ref, Result, Say, Value

MOST_FRAMES, MOST_ENDED = 1_000, 4
CROWDED = "too many guests are alive; try again in a moment"
LOADED = wire.encode(True)  # noqa: FBT003 - a value like others
"""Behind what code came to: who asked for a val is told so that it is code."""


@dataclass(slots=True)
class Kernel:
    """What evaluations share: the engine, the booted image every guest starts from, whose turn it is, how many guests there are."""

    engine: Engine
    image: Program
    scheduler: Scheduler = field(default_factory=Scheduler)
    births: OrderedDict[Frame, Birth] = field(default_factory=OrderedDict)
    ended: list[Guest] = field(default_factory=list)
    guests: int = 0
    most_guests: int = 16_384

    def bury(self, guests: Collection[Guest]) -> None:
        """Close guests that have ended: a few of them in the next turn of the loop, since who waits for their answer has it by then."""
        self.guests -= len(guests)
        if not self.ended:
            asyncio.get_running_loop().call_soon(self.bury_all)
        self.ended += guests
        if len(self.ended) > MOST_ENDED:
            self.bury_all()

    def bury_all(self) -> None:
        """Close every guest that has ended."""
        self.engine.wake()  # nobody may have run for long: whoever does not return must not run without a tick
        while self.ended:
            self.ended.pop().close()

    def birth(self, frame: Frame, capabilities: tuple[Capability, ...]) -> Birth:
        """Return what a guest of this frame begins with: handles 1, 2, 3 …, and their names in this order."""
        birth = self.births.get(frame)
        if birth is None or birth.capabilities is not capabilities:
            granted = [one for one in capabilities if one.grant(frame)]
            names = wire.encode(" ".join(one.name for one in granted))
            birth = Birth(capabilities, numbered(tuple[Thing, ...](granted)), names, {})
            self.births[frame] = birth
            if len(self.births) > MOST_FRAMES:
                self.births.popitem(last=False)
        return birth


@dataclass(slots=True)
class Entry:
    """What the first guest is asked: an operation of the kernel's and its plain values."""

    op: Op
    values: tuple[Value, ...]


@dataclass(slots=True)
class Usage:
    """What an evaluation used: processor seconds, the largest guest's bytes, guests, what was cancelled at its end."""

    cpu: float = 0.0
    peak: int = 0
    guests: int = 0
    cancelled: int = 0


class Open(NamedTuple):
    """A call that has not returned: who waits (None: the kernel), who works, and the node of the tree it belongs to."""

    caller: Guest | None
    callee: Guest
    node: int | None
    source: str
    loading: str = ""


class Evaluation:
    """One run. Make it, `await run(entry)` once, and it is over: every guest closed, every handle dead."""

    def __init__(
        self, kernel: Kernel, frame: Frame, run: Run, capabilities: tuple[Capability, ...], source: str
    ) -> None:
        """Prepare a run of `frame`; `source` names the entry for records, `capabilities` are what its guests may be granted."""
        self._kernel, self._run, self._capabilities = kernel, run, capabilities
        self._frame, self._source = frame, source
        self._guests: dict[Frame, Guest] = {}
        self._frames: list[Open] = []
        self._events: deque[tuple[Guest, Export | Promised]] = deque()
        self._waiting: list[int] = []
        self._progress = False
        self._next: Guest | None = None
        self._nodes = 0
        self._grants: dict[tuple[Export, Guest], Node] = {}
        self._outcome: tuple[Value, ...] | None = None
        self._ending: list[Guest] | None = None
        self._wake: asyncio.Event | None = None
        self._wall: asyncio.Timeout | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.usage = Usage()
        self.complaints: list[str] = []
        self.failures: list[HostFailure] = []

    # -- from birth to death ------------------------------------------------------------------------

    async def run(self, entry: Entry) -> tuple[Value, ...]:
        """Run to the end; return the plain values that the runtime finished with. Raise GuestError, LimitReached or HostError."""
        if not self._kernel.scheduler.begins():
            await self._kernel.scheduler.enter()
        self._meter = Meter()
        self._deadline = asyncio.get_running_loop().time() + self._run.limits.wall
        try:
            try:
                return await self._live(entry)
            finally:
                if self._wall is not None:
                    await self._wall.__aexit__(*sys.exc_info())
        except TimeoutError:
            seconds = self._run.limits.wall
            raise WallLimit(f"the evaluation took more than {seconds:g} s; do less, or in several runs") from None
        finally:
            await self._close()

    async def _may_wait(self) -> None:
        """Have the wall time end it; most evaluations are over before they wait for anything, and need no timer."""
        if self._wall is None:
            self._wall = asyncio.timeout_at(self._deadline)
            await self._wall.__aenter__()

    async def _live(self, entry: Entry) -> tuple[Value, ...]:
        root = self._guest(self._frame)
        payload = self._greeting(root) + wire.encode(*entry.values)
        self._request(Open(None, root, None, self._source), entry.op | wire.PUMP_AFTER, 0, (), payload)
        while True:
            guest = self._next or await self._rest()
            if guest is None:
                return self._outcome or ()  # the rest ends only when there is one
            turn = self._step(guest)
            if self._meter.slice_over():
                await self._others_turn()
            if turn is Turn.LAST:
                return self._last(guest)
            if turn is Turn.PARKED:
                self._next = None
                message = self._message(guest)
                try:
                    asked = self._hear(guest, message)
                    if asked is not None:
                        await asked
                except (Refusal, HostError) as refusal:
                    self._refuse(guest, refusal)
                for handle in message.released:
                    guest.handles.revoke(handle)

    async def _close(self) -> None:
        if self._tasks:
            self.usage.cancelled = sum(not task.done() for task in self._tasks)
        self.usage.cpu = self._meter.used + self._run.worked
        for opened in self._frames:
            opened.callee.idle = False  # it stands in the middle of that, whatever it said last: its code would go on
        for guest in self._guests.values():
            self.usage.peak = max(self.usage.peak, guest.end())
        self._kernel.bury(self._guests.values())
        self._guests.clear()  # before anything is awaited: a second cancellation leaves no guest behind
        self._frames.clear()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _guest(self, frame: Frame) -> Guest:
        """Return the guest of this frame, born now if it is the first time; raise LimitError or Overloaded."""
        known = self._guests.get(frame)
        if known is not None:
            return known
        limit = self._run.limits.guests
        if len(self._guests) >= limit:
            raise LimitError(f"an evaluation may have {limit} guests, and this would be one more")
        if self._kernel.guests >= self._kernel.most_guests:
            raise Overloaded(CROWDED)
        try:
            birth, start = self._kernel.birth(frame, self._capabilities), self._run.starts.get(frame)
            if start is not None and isinstance(start.program, Program):
                guest = Guest(frame, start.program, self._run.limits, birth, start.units)
            else:
                self._run.starts[frame] = PLAIN
                guest = Guest(frame, self._kernel.image, self._run.limits, birth)
        except MemoryError:  # of the system's, or its mappings: nobody's fault who asks now
            raise Overloaded(CROWDED) from None
        self._guests[frame] = guest
        self._kernel.guests += 1
        self.usage.guests += 1
        return guest

    @staticmethod
    def _greeting(guest: Guest) -> bytes:
        """Grant a guest its capabilities with its first request: their names in one text, later undefined."""
        if guest.greeted:
            return wire.UNDEFINED
        guest.greeted = True
        guest.handles.grant_first(guest.birth.granted)
        return guest.birth.greeting

    # -- one slice ------------------------------------------------------------------------------------

    def _step(self, guest: Guest) -> Turn:
        """Run a guest until it says something, or the clock ticks. Raise CpuLimit, BrokenGuest or Overloaded."""
        self._kernel.engine.wake()
        try:
            turn = guest.fiber.step()
        except MemoryError:
            raise Overloaded(CROWDED) from None
        limit, used = self._run.limits.cpu, self._meter.charge()
        if used > SLICE and self._meter.slice_over():  # of its own, not of who took the processor from it
            self._kernel.engine.alert()
        if used + self._run.worked > limit:
            raise CpuLimit(f"the evaluation used its {limit:g} s of processor time; do less, or in several runs")
        if turn is Turn.ENDED:
            raise BrokenGuest(_first_line(guest.fiber.why()))
        return turn

    async def _others_turn(self) -> None:
        await self._may_wait()
        await self._kernel.scheduler.turn()
        self._meter.begin_slice()

    def _message(self, guest: Guest) -> Message:
        """Read what a guest says; raise MemoryLimit or BrokenGuest."""
        message = guest.message(to_kernel=bool(self._frames) and self._frames[-1].caller is None)
        if message.kind == Kind.EXHAUSTED:
            mebibytes = self._run.limits.memory / (1 << 20)
            raise MemoryLimit(f"a guest used all of its {mebibytes:g} MiB of memory; keep less at a time")
        return message

    def _last(self, guest: Guest) -> tuple[Value, ...]:
        """Read what it came to from a guest that has returned; raise BrokenGuest if anything could be asked of it yet."""
        message = guest.message(to_kernel=True)
        if len(self._guests) > 1 or message.kind != Kind.RESULT or message.op != Result.FINISHED:
            raise BrokenGuest("a guest is gone that may be asked something yet")
        values = _plain(message)
        self._frames.clear()
        return values

    # -- the two things the kernel says ---------------------------------------------------------------

    def _request(self, opened: Open, op: int, target: int, refs: tuple[int, ...], payload: bytes) -> None:
        guest = opened.callee
        self._frames.append(opened)
        guest.say(Say.REQUEST, op, target, refs, payload)
        self._next = guest

    def _reply(self, guest: Guest, status: int, refs: tuple[int, ...], payload: bytes) -> None:
        guest.say(Say.REPLY, status, 0, refs, payload)
        self._next = guest

    def _throw(self, guest: Guest, error: ValgateError) -> None:
        self._reply(guest, wire.THREW, (), wire.encode_error(*to_guest(error)))

    # -- what a guest says --------------------------------------------------------------------------

    def _hear(self, guest: Guest, message: Message) -> Awaitable[None] | None:
        """Do what it says; return what is still to be waited for. A refusal is for who asked: only then is the guest listening."""
        match message.kind:
            case Kind.RESULT:
                self._result(guest, message)
            case Kind.CALL:
                return self._call(guest, message)
            case Kind.FETCH:
                guest.fetch()
                self._next = guest
            case Kind.READY:
                guest.ready()
                self._next = guest
            case Kind.SETTLE:
                self._settle(guest, message)
            case Kind.WAIT:
                self._wait(guest)
            case _:
                raise BrokenGuest("a guest said what no guest of ours says")
        return None

    def _refuse(self, guest: Guest, refusal: ValgateError) -> None:
        if isinstance(refusal, HostFailure):
            self.failures.append(refusal)
        self._throw(guest, refusal)

    def _insist_size(self, message: Message) -> None:
        limit = self._run.limits.message
        if len(message.payload) > limit:
            raise LimitError(f"a message of more than {limit} bytes does not cross; send less at a time")

    def _call(self, guest: Guest, message: Message) -> Awaitable[None] | None:
        self._insist_size(message)
        thing = guest.handles.resolve(message.target)
        if isinstance(thing, Promised):
            raise BadRequest("a promise of the host's is not called")
        if isinstance(thing, Export):
            self._cross(guest, thing, message)
            return None
        return self._ask_host(guest, thing, message)

    def _cross(self, guest: Guest, export: Export, message: Message) -> None:
        """One guest's operation on another's object."""
        if message.op not in wire.OBJECT_OPS:
            raise BadRequest("no such operation on an object")
        self._insist_depth()
        grant = self._grants[export, guest]  # every handle of an object was a grant
        grant.uses += 1
        refs = self._carry(guest, export.home, message.refs, self._frames[-1])
        self._request(Open(guest, export.home, grant.id, export.source), message.op, export.id, refs, message.payload)

    def _insist_depth(self) -> None:
        limit = self._run.limits.call_depth
        if len(self._frames) > limit:
            raise LimitError(f"calls between owners are nested deeper than {limit}")

    # -- what crosses -----------------------------------------------------------------------------------

    def _carry(self, giver: Guest, taker: Guest, words: tuple[int, ...], during: Open) -> tuple[int, ...]:
        """Rewrite reference words from the giver's names to the taker's."""
        if not words:
            return ()
        return self._hand_over_all(giver, taker, map(giver.thing, words), during)

    def _hand_over_all(self, giver: Guest, taker: Guest, things: Iterable[Thing], during: Open) -> tuple[int, ...]:
        """Name every one of these to a guest, or none: a handle that it never hears of would fill its table for good."""
        first = taker.handles.following
        try:
            return tuple(self._hand_over(giver, taker, thing, during) for thing in things)
        except Refusal:
            taker.handles.revoke_from(first)
            raise

    def _hand_over(self, giver: Guest, taker: Guest, thing: Thing, during: Open) -> int:
        """Name a thing to a guest; a new handle is a grant in the record."""
        thing = passable(thing)
        if isinstance(thing, Export) and not thing.source:
            thing.source = during.source
        word, fresh = taker.word_for(thing)
        if fresh and isinstance(thing, Export):
            self._record_grant(giver, taker, thing, during.node)
        if fresh and thing.settled is not None:
            self._events.append((taker, thing))
        return word

    def _record_grant(self, giver: Guest, taker: Guest, export: Export, parent: int | None) -> None:
        kind = "function" if export.nature & Ref.CALLABLE else "promise" if export.nature & Ref.PROMISE else "object"
        node = self._node(parent, export.home.frame, "grant", kind, export.source)
        node.giver, node.to = str(giver.frame.author), str(taker.frame.author)
        self._grants[export, taker] = node
        self._run.recorder.open(node)

    def _node(self, parent: int | None, frame: Frame, capability: str, op: str, target: str) -> Node:
        self._nodes += 1
        return Node(self._nodes, parent, str(frame.author), frame.authority, capability, op, target)

    # -- host calls ----------------------------------------------------------------------------------

    def _ask_host(self, guest: Guest, capability: Capability, message: Message) -> Awaitable[None] | None:
        """Perform a host call; return what is still to be waited for, if it does not answer at once, as most do."""
        during = self._frames[-1]
        node = self._node(during.node, guest.frame, capability.name, "?", "?")
        asking = membrane.host_call(self._run, guest.frame, capability, message, node, during.source, guest.birth.known)
        try:
            waits_for = asking.send(None)
        except StopIteration as done:
            self._meter.charge_host()
            self._answered(guest, node, done.value)
            return None
        except BaseException:
            self._meter.charge_host()
            raise
        return self._answers_later(guest, node, rest_of(asking, waits_for))

    async def _answers_later(self, guest: Guest, node: Node, rest: Awaitable[Answer]) -> None:
        await self._may_wait()
        try:
            answer = await rest
        finally:
            self._meter.charge_host()
        self._answered(guest, node, answer)

    def _answered(self, guest: Guest, node: Node, answer: Answer) -> None:
        match answer.reply:
            case Values(values):
                self._reply(guest, 0, (), wire.encode(*values) if len(values) == 1 else wire.encode_array(*values))
            case Load():
                self._load(guest, answer.reply, node)
            case Later(work):
                self._promise(guest, work)
            case _:
                self._throw(guest, answer.reply.error)

    def _promise(self, guest: Guest, work: Callable[[], Awaitable[Value]]) -> None:
        """Reply with a promise, and let the work go on beside."""
        promised = Promised()
        word, _ = guest.word_for(promised)
        task = asyncio.get_running_loop().create_task(self._work(promised, work))
        self._tasks.add(task)  # all of them end in _close
        task.add_done_callback(self._worked)
        self._reply(guest, 0, (word,), wire.encode_reference(0))

    def _worked(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._wake is not None:
            self._wake.set()

    async def _work(self, promised: Promised, work: Callable[[], Awaitable[Value]]) -> None:
        try:
            settled = Settled(0, (), wire.encode(await work()))
        except ValgateError as error:
            settled = _rejected(error)
        except Exception as broken:  # noqa: BLE001 - told as a HostFailure, and kept for the operator's log
            failure = HostFailure()
            failure.__cause__ = broken
            self.failures.append(failure)
            settled = _rejected(failure)
        self._tell(promised, settled)

    def _load(self, asker: Guest, load: Load, node: Node) -> None:
        """Load a val's code in the guest of its frame, and reply with what it comes to."""
        self._insist_depth()
        home = self._guest(frame_beside(self._frame, load.author, load.authority))
        unit = load.unit
        if unit.key in home.loading:
            raise BadRequest(f"{unit.name} is still being loaded: its top level reads itself")
        home.loading.add(unit.key)
        parts = () if unit.key in home.loaded or unit.key in home.holds else unit.parts
        payload = self._greeting(home) + wire.encode(unit.key, *parts)
        self._request(Open(asker, home, node.id, unit.name, unit.key), Op.LOAD, 0, (), payload)

    # -- answers and promises --------------------------------------------------------------------------

    def _result(self, guest: Guest, message: Message) -> None:
        opened = self._frames.pop() if self._frames else None
        if opened is None or opened.callee is not guest:
            raise BrokenGuest("a guest answered what it was not asked")
        guest.jobs = bool(message.op & Result.JOBS)
        guest.attention = bool(message.op & Result.ATTENTION)
        if opened.loading:
            guest.loading.discard(opened.loading)
            if not message.op & wire.THREW:
                guest.loaded[opened.loading] = opened.source
        if opened.caller is not None:
            self._answer_caller(opened.caller, opened, message)
        elif message.op & Result.FINISHED:
            self._finish(guest, message)
        elif self._ending is not None and not message.op & wire.THREW:
            self.complaints += [str(value) for value in _plain(message) if value is not None]

    def _answer_caller(self, caller: Guest, opened: Open, message: Message) -> None:
        try:
            self._insist_size(message)
            refs = self._carry(opened.callee, caller, message.refs, opened)
        except Refusal as refusal:
            self._throw(caller, refusal)
        else:
            loaded = opened.loading and not message.op & wire.THREW
            payload = message.payload + LOADED if loaded else message.payload
            self._reply(caller, message.op & wire.STATUS, refs, payload)

    def _finish(self, guest: Guest, message: Message) -> None:
        if guest is not self._guests.get(self._frame) or self._outcome is not None:
            raise BrokenGuest("a guest ended an evaluation that is not its own to end")
        self._outcome = _plain(message)

    def _settle(self, guest: Guest, message: Message) -> None:
        """A promise that went out has settled at home."""
        self._insist_size(message)
        export = guest.exports.get(message.target)
        if export is not None and export.nature & Ref.PROMISE and export.settled is None:
            things = tuple(passable(guest.thing(word)) for word in message.refs)
            guest.keep(message.payload, self._run.limits.memory)
            for thing in things:
                hold(thing)
            self._tell(export, Settled(message.op & wire.THREW, things, message.payload))
        self._reply(guest, 0, (), wire.UNDEFINED)

    def _tell(self, thing: Export | Promised, settled: Settled) -> None:
        thing.settled = settled
        self._events.extend((guest, thing) for guest in self._guests.values() if guest.handles.find(thing) is not None)

    # -- nothing is running ------------------------------------------------------------------------------

    def _wait(self, guest: Guest) -> None:
        """A guest waits inside a call for something to happen."""
        if not self._frames or self._frames[-1].callee is not guest:
            raise BrokenGuest("a guest waits where it was not asked")
        self._waiting.append(len(self._frames))
        self._progress = False

    async def _rest(self) -> Guest | None:
        """Give somebody something to do; None when the evaluation is over."""
        while self._next is None:
            waiting = bool(self._waiting) and self._waiting[-1] == len(self._frames)
            if self._frames and not waiting:
                raise BrokenGuest("a guest stopped in the middle of a call")
            if self._ending is None and (self._pump() or self._deliver()):
                continue
            if not self._frames and self._outcome is not None:
                return self._end()
            if waiting and self._progress:
                self._reply(self._frames[self._waiting.pop() - 1].callee, 0, (), wire.UNDEFINED)
            elif self._tasks:
                await self._sleep()
            elif not waiting and self._run.idle is not None:
                self._outcome = self._run.idle
            else:
                self._deadlock(waiting=waiting)
        return self._next

    def _busy(self) -> set[Guest]:
        """Guests in the middle of a call: theirs is not the time for jobs. One that waits is not in the middle of anything."""
        busy = {guest for opened in self._frames for guest in (opened.caller, opened.callee) if guest is not None}
        return busy - ({self._frames[-1].callee} if self._frames else set())

    def _pump(self) -> bool:
        for guest in self._guests.values():
            if guest.jobs and guest not in self._busy():
                guest.jobs = False
                self._progress = True
                self._request(self._unasked(guest), Op.PUMP, 0, (), b"")
                return True
        return False

    def _unasked(self, guest: Guest) -> Open:
        """Open a turn that no code asked for; what a foreign guest does then is called by its one val, else by its author."""
        names = set(guest.loaded.values())
        foreign = names.pop() if len(names) == 1 else str(guest.frame.author)
        return Open(None, guest, None, self._source if guest.frame == self._frame else foreign)

    def _deliver(self) -> bool:
        if not self._events:
            return False
        busy = self._busy()
        for index, (guest, thing) in enumerate(self._events):
            if guest in busy:
                continue
            del self._events[index]
            self._progress = True
            self._tell_guest(guest, thing)
            return True
        return False

    def _tell_guest(self, guest: Guest, thing: Export | Promised) -> None:
        handle, settled = guest.handles.find(thing), thing.settled
        if handle is None or settled is None:
            return  # it let go of the promise meanwhile
        opened = self._unasked(guest)
        giver, source = (thing.home, thing.source) if isinstance(thing, Export) else (guest, "")
        try:
            refs = self._hand_over_all(giver, guest, settled.things, opened._replace(source=source))
        except Refusal as refusal:  # its table is full: for this guest the promise came to that
            settled, refs = _rejected(refusal), ()
        self._request(opened, Op.SETTLED | wire.PUMP_AFTER, handle, refs, wire.encode(settled.status) + settled.payload)

    def _deadlock(self, *, waiting: bool) -> None:
        error = Deadlock("the evaluation waits for something that cannot happen any more")
        if not waiting:
            raise error
        self._throw(self._frames[self._waiting.pop() - 1].callee, error)

    async def _sleep(self) -> None:
        """Wait until a task is no longer one of ours; each time the loop runs, so what is done but not yet gone cannot spin here."""
        await self._may_wait()
        self._wake = self._wake or asyncio.Event()
        self._wake.clear()
        await self._wake.wait()
        await self._kernel.scheduler.enter()
        self._meter.begin_slice()

    def _end(self) -> Guest | None:
        """Ask each guest that has something left to say, one after another."""
        if self._ending is None:
            self._ending = [guest for guest in self._guests.values() if guest.attention]
        if not self._ending:
            return None
        guest = self._ending.pop()
        self._request(self._unasked(guest), Op.END, 0, (), b"")
        return guest


def _rejected(error: ValgateError) -> Settled:
    """Say what a promise came to that failed."""
    return Settled(wire.THREW, (), wire.encode_error(*to_guest(error)))


def _plain(message: Message) -> tuple[Value, ...]:
    """Read what a guest answered to the kernel. It is listening for nothing: what cannot be read is not thrown into it."""
    try:
        return wire.decode(message.payload)
    except BadRequest as unread:
        raise BrokenGuest(f"a guest answered with what cannot be read: {unread}") from None


def _first_line(text: str) -> str:
    """Return the reason without wasmtime's backtrace."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    traps = [line for line in lines if line.startswith(("wasm trap:", "Caused by"))]
    return next((line for line in lines if "wasm trap" in line), (traps or lines or ["ended"])[0])
