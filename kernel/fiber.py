"""A guest's fiber: one call of the engine's `main`, which stops where it asks the kernel something and goes on when it is answered.

A fiber runs until it parks (it asked something), ticks (the clock wants it to yield) or ends. While it is parked, nothing of it is
on any stack of ours: `answer` writes into its memory and opens the gate, and the next `step` goes on inside `kernel.call`.

What must never happen here, each a crash of the process (shared experience, tests/kernel/test_fiber.py):

- an exception in `_on_call` before the continuation is filled: the message is copied by calls that cannot fail, all else waits;
- a default SIGINT handler while a guest runs: callers install `loop.add_signal_handler` before the first guest;
- polling a future that is done, or a second future on one store: `step` refuses both by state;
- deleting a store before its future, or Python's buffers before the store: `close` has the one right order;
- a pointer or length beyond the memory's size of this moment: checked in the callback, before a byte is read.

The continuation is libc's `strlen` on a one-byte flag, which serves as `bool f(void *)`: no Python runs while a parked fiber is
polled.
"""

from __future__ import annotations

import ctypes
import os
import struct
import time
from enum import Enum

import wasmtime

from kernel import capi
from kernel.slots import move
from kernel.store import Program, Store, made_stacks, store_of
from kernel.wire import MOST_AROUND


class Turn(Enum):
    """How a step ended. LAST: main has returned, and left a message, the only one of its life."""

    PARKED = "parked"
    TICKED = "ticked"
    LAST = "last"
    ENDED = "ended"


_current: Fiber | None = None
"""Whose step is under way; nothing polls inside a callback, so there is one at most."""


def running() -> Fiber | None:
    """Return the fiber whose step is under way."""
    return _current


def _on_call(
    _env: int, _caller: int, arguments: int, _n: int, results: int, _m: int, _trap: int, continuation: int
) -> None:
    """kernel.call: the only Python on a fiber's stack. Copy the message, shut the gate, hand out the continuation."""
    fiber: Fiber = _current  # type: ignore[assignment]
    move(continuation, fiber.continuation, 24)
    fiber.places.gate = 0
    fiber.results = results
    start = capi.WORD.from_address(arguments + capi.VALUE_AT).value
    length = capi.WORD.from_address(arguments + capi.VALUE_AT + capi.VALUE_SIZE).value
    fiber.hear(start, length)


def _answer_i64(results: int, value: int) -> None:
    move(results, bytes([capi.I64]), 1)
    move(results + capi.VALUE_AT, struct.pack("<q", value), 8)
    if _current is not None:
        _current.asked = True


def _on_clock(_env: int, _caller: int, _arguments: int, _n: int, results: int, _m: int) -> None:
    _answer_i64(results, time.time_ns())


def _on_random(_env: int, _caller: int, _arguments: int, _n: int, results: int, _m: int) -> None:
    _answer_i64(results, int.from_bytes(os.urandom(8), "little", signed=True))


_callbacks = (capi.ASYNC_CALLBACK(_on_call), capi.CALLBACK(_on_clock), capi.CALLBACK(_on_random))
"""Alive as long as the process: a linker that calls a collected callback is a crash."""


def define_imports(linker: wasmtime.Linker) -> None:
    """Give a linker the three imports: kernel.call, kernel.clock and kernel.random."""
    i32, i64 = wasmtime.ValType.i32(), wasmtime.ValType.i64()
    at, pure = capi.pointer(linker), wasmtime.FuncType([], [i64])
    call = wasmtime.FuncType([i32, i32], [i32])
    addresses = [ctypes.cast(callback, capi.POINTER) for callback in _callbacks]
    capi.check(capi.linker_define_async(at, b"kernel", 6, b"call", 4, capi.pointer(call), addresses[0], None, None))
    capi.check(capi.linker_define_func(at, b"kernel", 6, b"clock", 5, capi.pointer(pure), addresses[1], None, None))
    capi.check(capi.linker_define_func(at, b"kernel", 6, b"random", 6, capi.pointer(pure), addresses[2], None, None))


class Fiber:
    """One call of `main` in an instance, on a stack of its own."""

    __slots__ = (
        "_arguments",
        "_future",
        "_program",
        "_returned",
        "_store",
        "asked",
        "continuation",
        "last",
        "longest",
        "message",
        "place",
        "places",
        "results",
        "slot",
        "spoke",
    )

    def __init__(self, program: Program, memory_limit: int, arguments: tuple[int, int, int]) -> None:
        """Instantiate: `memory_limit` in bytes, `arguments` for main. Call `begin` next."""
        self._program, self._arguments = program, arguments
        self._future: int | None = None
        self.message, self.place, self.results = b"", (0, 0), 0
        self.asked = self.spoke = self.last = False
        self.longest = arguments[2] + MOST_AROUND + 1  # one more than may cross: so much is copied before it is refused
        store = store_of(program, memory_limit)
        self._store: Store | None = store
        self.slot, self.places, self.continuation = store.slot, store.places, store.continuation
        self._returned = store.last

    def begin(self, first: bytes) -> bool:
        """Start, without running. `first` is the request that main finds in its inbox; if it does not fit, main asks for one.

        Returns whether it fitted.
        """
        store, (address, capacity), size = self._here(), self._program.inbox, len(first)
        fits = 0 < size <= capacity
        if fits:
            self.slot.view[address : address + size] = first
        self._future = store.call(self._arguments, size if fits else 0)
        return fits

    def _here(self) -> Store:
        if self._store is None:
            raise RuntimeError("this fiber is closed")
        return self._store

    def step(self) -> Turn:
        """Run until the fiber parks, ticks or ends. Call it only after `answer`, or first, or after a tick.

        Raises MemoryError when the system refuses it a stack.
        """
        global _current  # noqa: PLW0603 - see above
        if self._future is None or self.results:
            raise RuntimeError("this fiber has ended, or waits for its answer")
        _current = self
        done = capi.poll(self._future)
        _current = None
        if made_stacks:
            self._here().stack = made_stacks.pop()
        if done:
            return self._ended()
        return Turn.PARKED if self.results else Turn.TICKED

    def _ended(self) -> Turn:
        """Take the message that main may have returned, as (length << 32 | address)."""
        self._forget_future()
        if self.places.error:  # all that a guest can do wrong is a trap
            raise MemoryError(capi.reason(self.places))
        last = 0 if self.spoke or self.places.trap else self._returned.value
        if not last:
            return Turn.ENDED
        self.hear(last & 0xFFFFFFFF, last >> 32)
        self.last = True
        return Turn.LAST

    def hear(self, start: int, length: int) -> None:
        """Copy a message; what does not lie in its memory is none."""
        self.spoke = True
        if start + length > self.slot.size:
            length = 0
        self.place = start, length
        self.message = self.slot.view[start : start + min(length, self.longest)].tobytes()

    def whole(self) -> bytes:
        """Copy all of its message; its memory is as it was then."""
        return self.slot.view[self.place[0] : sum(self.place)].tobytes()

    def answer(self, data: bytes, inbox: int, capacity: int) -> bool:
        """Answer the message it parked on: write `data` into its inbox if it fits, tell the length, open the gate.

        `inbox + capacity` must lie inside its memory (wire.parse_message saw to it). Returns whether it fitted.
        """
        if not self.results:
            raise RuntimeError("this fiber has asked nothing")
        fits = len(data) <= capacity
        if fits:
            self.slot.view[inbox : inbox + len(data)] = data
        capi.BYTE.from_address(self.results).value = capi.I32
        capi.WORD.from_address(self.results + capi.VALUE_AT).value = len(data)
        self.places.gate = 1
        self.results = 0
        return fits

    def why(self) -> str:
        """Say why it ended, in wasmtime's first line: a trap, or `returned`."""
        return capi.reason(self._here().places)

    def _forget_future(self) -> None:
        future, self._future = self._future, None
        capi.future_delete(future)

    def changed(self) -> list[tuple[int, bytes]]:
        """Return what of its memory is not the heap's, as (address, whole pages): call it while it is parked."""
        return self._program.slots.changed(self._here().slot)

    def close(self, *, over: bool = False) -> None:
        """Let it go. `over`: it has returned, or is parked where an answer of nothing is the end; its store may have another guest."""
        store = self._store
        if store is None:
            return
        again = over and (self.last or self._returns()) and store.lasts
        self._store = None
        self.results = 0  # what is on its stack is nobody's any more
        if self._future is not None:
            self._forget_future()
        if not again:
            store.close()
        self._program.slots.give(store.slot)

    def _returns(self) -> bool:
        """Answer with nothing; whether main then returned at once."""
        if not self.results:
            return False
        self.answer(b"", 0, 0)
        turn = self.step()
        if turn is Turn.TICKED:  # for the time since it was asked last
            turn = self.step()
        return turn is Turn.ENDED and self.why() == capi.RETURNED
