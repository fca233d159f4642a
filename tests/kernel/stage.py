"""A stage for hostile guests: small WebAssembly programs, a kernel that runs them, and a watch on everybody else.

A `Script` is a guest that says prepared bytes, one message after another, whatever it is answered: the bytes lie in its image,
and the WebAssembly only plays them. Whole programs in WAT stand in the tests themselves.
"""

from __future__ import annotations

import asyncio
import gc
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import wasmtime

from kernel import wire
from kernel.capability import Answer, Ask, Call, Capability, Later, Load, Node, Operation, Run, Unit, Values
from kernel.engine import Engine
from kernel.evaluation import Entry, Evaluation, Kernel, Usage
from kernel.fiber import Fiber, Turn
from kernel.image import WASM_PAGE, Image
from kernel.limits import Limits
from kernel.policy import Policy
from kernel.principals import Authority, Frame, Principal
from kernel.wire import Kind, Op, Ref, Result, Value

A, B, C = Principal("a"), Principal("b"), Principal("c")
OWN = Frame(Policy.RESTRICTED, A, A, Authority.OWN)
LIMITS = Limits(cpu=2.0, wall=20.0)
REPORT, LIBRARY_REPORT = 320, 128
"""Bytes of an answer that a script can show to the test; a library's goes inside the root's."""
ENTER = Entry(Op.ENTER, ())

IMPORTS = """
  (import "env" "memory" (memory 1))
  (import "kernel" "call" (func $call (param i32 i32) (result i32)))
"""
INBOX, INBOX_SIZE = 0x8000, 0x4000
READY_AT, FINISH_AT = 0x1000, 0x1040


def head(
    kind: int,
    op: int = 0,
    target: int = 0,
    refs: tuple[int, ...] = (),
    released: tuple[int, ...] = (),
    payload: bytes = b"",
    *,
    inbox: int = INBOX,
    capacity: int = INBOX_SIZE,
) -> bytes:
    """Return a message as a guest of ours would write it."""
    words = struct.pack(f"<{len(refs) + len(released)}I", *refs, *released)
    return wire.HEAD.pack(inbox, capacity, kind, op, target, len(refs), len(released)) + words + payload


READY = head(Kind.READY)
FINISH = head(Kind.RESULT, Result.FINISHED, payload=wire.encode("done"))
PAGE = bytearray(WASM_PAGE)
PAGE[READY_AT : READY_AT + len(READY)] = READY
PAGE[FINISH_AT : FINISH_AT + len(FINISH)] = FINISH
SAY_READY = f"(drop (call $call (i32.const {READY_AT}) (i32.const {len(READY)})))"
SAY_FINISH = f"(drop (call $call (i32.const {FINISH_AT}) (i32.const {len(FINISH)})))"


def program(body: str, more: str = "", returns: int = 0) -> bytes:
    """Return a guest whose main has this body; $call is kernel.call, `more` are further definitions."""
    main = f'(func $main (export "main") (param i32 i32 i32 i32) (result i64) {body} (i64.const {returns}))'
    return bytes(wasmtime.wat2wasm(f"(module {IMPORTS} {more} {main})"))


PLAYER = program(
    f"""
    (local $at i32)
    {SAY_READY}
    (local.set $at (select (i32.const 0x500) (i32.const 0x100)
      (i32.eq (i32.and (i32.load (i32.const {INBOX + 4})) (i32.const 0xff)) (i32.const {Op.LOAD}))))
    (loop $next
      (drop (call $call (i32.load (local.get $at)) (i32.load offset=4 (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (if (i32.eq (i32.load (local.get $at)) (i32.const 1)) (then
        (local.set $at (i32.load offset=4 (local.get $at)))))
      (if (i32.eq (i32.load (local.get $at)) (i32.const 2)) (then
        (local.set $at (select (i32.add (local.get $at) (i32.const 8)) (i32.load offset=4 (local.get $at))
          (i32.and (i32.and (i32.load (i32.const {INBOX})) (i32.const 1)) (i32.load (i32.const {INBOX + 4})))))))
      (br_if $next (i32.load (local.get $at))))
    """
)
"""Plays the list of (address, length) at 0x100, or at 0x500 when it is a library.

Address 0 is the end, 1 a jump, 2 a jump unless something was thrown into it.
"""

AGAIN = b"again"
"""In a script: once more from the message before, unless its answer was thrown."""


@dataclass
class Script:
    """What a guest says. `root` after it is asked to enter, `library` after it is asked to load a val."""

    root: list[bytes] = field(default_factory=list)
    library: list[bytes] = field(default_factory=list)
    loop: bool = False

    def image(self) -> bytes:
        """Return the memory with everything in it."""
        page = bytearray(PAGE)
        at = 0x1100
        for table, messages, shown in ((0x100, self.root, REPORT), (0x500, self.library, LIBRARY_REPORT)):
            before = entry = table
            for message in messages:
                placed = _report_head(shown) if message == TELL else message
                if message == AGAIN:
                    struct.pack_into("<II", page, entry, 2, before)
                    entry += 8
                    continue
                if message == TELL:
                    self._point_inbox_at(page, before, at + len(placed), shown)
                page[at : at + len(placed)] = placed
                size = len(placed) + (shown if message == TELL else 0)
                struct.pack_into("<II", page, entry, at, size)
                before, entry, at = entry, entry + 8, at + ((size + 63) & ~63)
            if self.loop and messages:
                struct.pack_into("<II", page, entry, 1, table)
            assert entry < table + 0x400
        assert at <= INBOX
        return bytes(page)

    @staticmethod
    def _point_inbox_at(page: bytearray, entry: int, inbox: int, capacity: int) -> None:
        """Let the message before the report have its answer written where the report will show it."""
        (message,) = struct.unpack_from("<I", page, entry)
        struct.pack_into("<II", page, message, inbox, capacity)


def _report_head(size: int) -> bytes:
    payload = struct.pack("<BI", wire.Tag.BUFFER, size)
    return wire.HEAD.pack(INBOX, INBOX_SIZE, Kind.RESULT, Result.FINISHED, 0, 0, 0) + payload


TELL = b"report"
"""In a script: end the evaluation with the answer to the message before."""


@dataclass(frozen=True)
class Told:
    """What the kernel said to a script."""

    say: int
    op: int
    target: int
    refs: tuple[int, ...]
    released: tuple[int, ...]
    payload: bytes

    @classmethod
    def parse(cls, values: tuple[Value, ...]) -> Told:
        (raw,) = values
        assert isinstance(raw, bytes)
        say, op, target, nrefs, nreleased = wire.IN_HEAD.unpack_from(raw)
        words = struct.unpack_from(f"<{nrefs + nreleased}I", raw, wire.IN_HEAD.size)
        return cls(say, op, target, words[:nrefs], words[nrefs:], raw[wire.IN_HEAD.size + 4 * (nrefs + nreleased) :])

    def inner(self) -> Told:
        """What the library was told, when it handed that on in a TELL of its own."""
        assert self.payload[0] == wire.Tag.BUFFER
        return Told.parse((self.payload[5 : 5 + LIBRARY_REPORT],))

    @property
    def error(self) -> tuple[Value, ...] | None:
        """Name and message, when it is an error thrown into the guest."""
        if not self.op & wire.THREW:
            return None
        assert self.payload[:2] == bytes([wire.Tag.ERROR, wire.PLAIN_ERROR])
        texts, at = [], 2
        for _ in range(2):
            size = struct.unpack_from("<I", self.payload, at + 1)[0]
            texts.append(self.payload[at + 5 : at + 5 + size].decode())
            at += 5 + size
        return tuple(texts)


def call(target: int, op: int = 1, refs: tuple[int, ...] = (), payload: bytes = b"", **rest: tuple[int, ...]) -> bytes:
    """A guest's CALL."""
    return head(Kind.CALL, op, target, refs, rest.get("released", ()), payload)


def own(number: int, flags: int = Ref.CALLABLE) -> int:
    """The word for an object of the speaker's."""
    return number << wire.KIND_BITS | flags


def held(handle: int) -> int:
    """The word for what the speaker has a handle of."""
    return handle << wire.KIND_BITS | Ref.HANDLE


# -- capabilities ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Words:
    """Any values, understood as one operation."""

    values: tuple[Value, ...]
    name: str = "say"
    target: str = "something"
    asks: tuple[Ask, ...] = ()


Perform = Callable[[Operation, Call], Answer]


@dataclass(eq=False)
class Fake:
    """A capability that does what the test says; op 1 takes anything."""

    act: Perform
    name: str = "fake"
    to: Callable[[Frame], bool] = lambda _: True
    calls: int = 0

    @property
    def parsers(self) -> Mapping[int, Callable[[tuple[Value, ...]], Operation]]:
        return {1: Words}

    def grant(self, frame: Frame) -> bool:
        return self.to(frame)

    async def perform(self, operation: Operation, call: Call) -> Answer:
        self.calls += 1
        return self.act(operation, call)


def answering(*values: Value) -> Fake:
    return Fake(lambda _operation, _call: Answer(Values(values)))


def loading(*authors: Principal, key: str = "key", authority: Authority = Authority.FOREIGN) -> Fake:
    """A capability that answers each call with a val of the next of these authors."""
    left = list(authors)

    def act(_operation: Operation, _call: Call) -> Answer:
        author = left.pop(0) if len(left) > 1 else left[0]
        return Answer(Load(author, authority, Unit(key, f"{author}.lib", ("code",))))

    fake = Fake(act, name="load")
    fake.to = lambda frame: frame == OWN
    return fake


def promising(work: Callable[[], Awaitable[Value]]) -> Fake:
    return Fake(lambda _operation, _call: Answer(Later(work)))


@dataclass
class Recording:
    """A recorder that keeps every node."""

    nodes: list[Node] = field(default_factory=list)
    closed: list[Node] = field(default_factory=list)

    def open(self, node: Node) -> None:
        self.nodes.append(node)

    def close(self, node: Node) -> None:
        self.closed.append(node)


def step(fiber: Fiber) -> Turn:
    """Run a guest until it says something or ends: a tick comes when it likes, and where a machine is busy also to the shortest."""
    while (turn := fiber.step()) is Turn.TICKED:
        pass
    return turn


# -- the stage --------------------------------------------------------------------------------------------


class Stage:
    """A kernel whose every guest is one program."""

    def __init__(self, engine: Engine, memory: bytes, inbox: tuple[int, int] = (0, 0)) -> None:
        self.kernel = Kernel(engine, engine.program(Image.of(memory, inbox)))
        self.recording = Recording()
        self.usage = Usage()

    def evaluation(self, *capabilities: Capability, limits: Limits = LIMITS, frame: Frame = OWN) -> Evaluation:
        run = Run("e", limits, self.recording)
        made = Evaluation(self.kernel, frame, run, capabilities, "@a.entry")
        self.usage = made.usage
        return made

    async def run(
        self, capabilities: tuple[Capability, ...], limits: Mapping[str, float], frame: Frame = OWN
    ) -> tuple[Value, ...]:
        """Run it once; limits by name."""
        changed = replace(LIMITS, **limits)  # type: ignore[arg-type]
        return await self.evaluation(*capabilities, limits=changed, frame=frame).run(ENTER)

    async def play(self, *capabilities: Capability, frame: Frame = OWN, **limits: float) -> tuple[Value, ...]:
        """Run it once; limits by name."""
        return await self.run(capabilities, limits, frame)

    async def told(self, *capabilities: Capability, frame: Frame = OWN, **limits: float) -> Told:
        """Run a script that ends with TELL."""
        return Told.parse(await self.run(capabilities, limits, frame))


class Ping:
    """A coroutine that wants to run all the time: the longest it had to wait, in seconds of this thread's work.

    Not of the clock: what other processes take from this one is no guest's doing.
    """

    def __init__(self) -> None:
        self.longest = 0.0
        self.rounds = 0

    async def run(self) -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.001)
            self.longest = max(self.longest, time.thread_time() - before)
            self.rounds += 1

    async def has_run(self, rounds: int) -> None:
        """Wait until it has run so often again: whoever kept the loop from others would be waited for in vain."""
        rounds += self.rounds
        while self.rounds < rounds:  # noqa: ASYNC110 - each turn of the loop is what is waited for
            await asyncio.sleep(0)


@asynccontextmanager
async def pinging() -> AsyncIterator[Ping]:
    """Measure what others wait; without a collection in between, which takes longer the more tests ran before."""
    ping = Ping()
    gc.collect()
    gc.disable()
    task = asyncio.create_task(ping.run())
    await asyncio.sleep(0)
    try:
        yield ping
    finally:
        gc.enable()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
