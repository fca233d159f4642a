"""A guest's store, instances and fiber, through wasmtime's asynchronous C API. Everything about that API is in this file.

A fiber runs until it parks (it asked something), ticks (the clock wants it to yield) or ends. While it is parked, nothing of it is
on any stack of ours: `answer` writes into its memory and opens the gate, and the next `step` goes on inside `kernel.call`.

What must never happen here, each a crash of the process (shared experience, tests/kernel/test_fiber.py):

- an exception in `_on_call` before the continuation is filled: the message is copied by calls that cannot fail, all else waits;
- a default SIGINT handler while a guest runs: callers install `loop.add_signal_handler` before the first guest;
- polling a future that is done, or a second future on one store: `step` refuses both by state;
- deleting a store before its future, or Python's buffers before the store: `close` has the one right order;
- a pointer or length beyond the memory's size of this moment: checked in the callback, before a byte is read.

The continuation is libc's `strlen` on a one-byte flag, which serves as `bool f(void *)`: no Python runs while a parked fiber is
polled. The self-check at start-up shows that it parks and wakes; wasmtime is pinned, so an upgrade fails loudly.
"""

from __future__ import annotations

import ctypes
import os
import struct
import time
from dataclasses import dataclass, field
from enum import Enum
from importlib.metadata import version

import wasmtime
from wasmtime import _bindings as generated
from wasmtime import _ffi

from kernel.slots import GUARD, RESERVED, Heap, Slot, Slots, Stacks, move
from kernel.wire import MOST_AROUND

PINNED = "50.0.1"

_P = ctypes.c_void_p
_SIZE = ctypes.c_size_t
_releases_lock = ctypes.CDLL(str(_ffi.filename))  # wasm may run: the interpreter lock is let go
_keeps_lock = ctypes.PyDLL(str(_ffi.filename))  # runs no wasm: keeping the lock is cheaper


def _bind(library: ctypes.CDLL, name: str, result: object, *arguments: object) -> ctypes._NamedFuncPointer:
    function = library[f"wasmtime_{name}"]
    function.restype, function.argtypes = result, arguments  # type: ignore[assignment]
    return function


_store_new = _bind(_keeps_lock, "store_new", _P, _P, _P, _P)
_store_context = _bind(_keeps_lock, "store_context", _P, _P)
_store_delete = _bind(_keeps_lock, "store_delete", None, _P)
_store_limiter = _bind(_keeps_lock, "store_limiter", None, _P, *[ctypes.c_int64] * 5)
_set_deadline = _bind(_keeps_lock, "context_set_epoch_deadline", None, _P, ctypes.c_uint64)
# The header promises an error; the function returns nothing, and freeing that nothing is a crash.
_yield_at_deadline = _bind(_keeps_lock, "context_epoch_deadline_async_yield_and_update", None, _P, ctypes.c_uint64)
_instance_new = _bind(_keeps_lock, "instance_new", _P, _P, _P, _P, _SIZE, _P, _P)
_export_get = _bind(_keeps_lock, "instance_export_get", ctypes.c_bool, _P, _P, _P, _SIZE, _P)
_linker_define = _bind(_keeps_lock, "linker_define", _P, _P, _P, _P, _SIZE, _P, _SIZE, _P)
_linker_define_func = _bind(_keeps_lock, "linker_define_func", _P, _P, _P, _SIZE, _P, _SIZE, _P, _P, _P, _P)
_linker_define_async = _bind(_keeps_lock, "linker_define_async_func", _P, _P, _P, _SIZE, _P, _SIZE, _P, _P, _P, _P)
_linker_link = _bind(_keeps_lock, "linker_instantiate_pre", _P, _P, _P, _P)
_linked_delete = _bind(_keeps_lock, "instance_pre_delete", None, _P)
_instantiate = _bind(_keeps_lock, "instance_pre_instantiate_async", _P, _P, _P, _P, _P, _P)
_error_new = _bind(_keeps_lock, "error_new", _P, ctypes.c_char_p)
_memory_creator_set = _bind(_keeps_lock, "config_host_memory_creator_set", None, _P, _P)
_stack_creator_set = _bind(_keeps_lock, "config_host_stack_creator_set", None, _P, _P)
_call_async = _bind(_keeps_lock, "func_call_async", _P, _P, _P, _P, _SIZE, _P, _SIZE, _P, _P)
_poll = _bind(_releases_lock, "call_future_poll", ctypes.c_bool, _P)
_poll_start = _bind(_keeps_lock, "call_future_poll", ctypes.c_bool, _P)
_future_delete = _bind(_keeps_lock, "call_future_delete", None, _P)

_ASYNC_CALLBACK = ctypes.CFUNCTYPE(None, _P, _P, _P, _SIZE, _P, _SIZE, _P, _P)
_CALLBACK = ctypes.CFUNCTYPE(_P, _P, _P, _P, _SIZE, _P, _SIZE)
_NEW_MEMORY = ctypes.CFUNCTYPE(_P, _P, _P, _SIZE, _SIZE, _SIZE, _SIZE, _P)
_GET_MEMORY = ctypes.CFUNCTYPE(_SIZE, _P, _P, _P)
_GROW_MEMORY = ctypes.CFUNCTYPE(_P, _P, _SIZE)
_NEW_STACK = ctypes.CFUNCTYPE(_P, _P, _SIZE, ctypes.c_bool, _P)
_GET_STACK = ctypes.CFUNCTYPE(_SIZE, _P, _P)
_FORGET = ctypes.CFUNCTYPE(None, _P)
_strlen = ctypes.cast(ctypes.CDLL(None).strlen, _P).value

_EXTERN_AT: int = generated.wasmtime_extern_t.of.offset
_VALUE_AT: int = generated.wasmtime_val_t.of.offset
_VALUE_SIZE = ctypes.sizeof(generated.wasmtime_val_t)
_I32, _I64 = 0, 1
_BYTE, _WORD = ctypes.c_uint8, ctypes.c_uint32
_PARAMETERS = 4
"""main(stack, depth, message, got)."""


class _Places(ctypes.Structure):
    """Every C structure of one fiber, in one block."""

    _fields_ = (
        ("image", generated.wasmtime_instance_t),
        ("memory", generated.wasmtime_extern_t),
        ("engine", generated.wasmtime_instance_t),
        ("main", generated.wasmtime_extern_t),
        ("trap", _P),
        ("error", _P),
        ("arguments", generated.wasmtime_val_t * _PARAMETERS),
        ("gate", ctypes.c_uint64),
    )


_IMAGE, _MEMORY, _ENGINE, _MAIN, _TRAP, _ERROR, _GIVEN, _GATE = (
    getattr(_Places, name).offset for name, _ in _Places._fields_
)
_ARGUMENTS = struct.Struct("<" + f"B{_VALUE_AT - 1}xi{_VALUE_SIZE - _VALUE_AT - 4}x" * _PARAMETERS)
_QUADS = struct.Struct("<3Q")


RETURNED = "returned"


class Turn(Enum):
    """How a step ended."""

    PARKED = "parked"
    TICKED = "ticked"
    ENDED = "ended"


def check(error: int | None) -> None:
    """Raise wasmtime's error behind a C pointer; a null pointer is success."""
    if error:
        raise wasmtime.WasmtimeError._from_ptr(  # noqa: SLF001 - this file is where the C API and wasmtime-py meet
            ctypes.cast(error, ctypes.POINTER(generated.wasmtime_error_t))
        )


def pointer(thing: wasmtime.Engine | wasmtime.Linker | wasmtime.Module | wasmtime.FuncType) -> int:
    """Return the C pointer of one of wasmtime-py's objects; keep the object alive yourself."""
    return ctypes.cast(thing.ptr(), _P).value or 0  # never 0: a closed object raises


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
    start = _WORD.from_address(arguments + _VALUE_AT).value
    length = _WORD.from_address(arguments + _VALUE_AT + _VALUE_SIZE).value
    if start + length > fiber.slot.size:
        length = 0
    fiber.place = start, length
    fiber.message = ctypes.string_at(fiber.base + start, min(length, fiber.longest))


def _answer_i64(results: int, value: int) -> None:
    move(results, bytes([_I64]), 1)
    move(results + _VALUE_AT, struct.pack("<q", value), 8)

    if _current is not None:
        _current.asked = True


def _on_clock(_env: int, _caller: int, _arguments: int, _n: int, results: int, _m: int) -> None:
    _answer_i64(results, time.time_ns())


def _on_random(_env: int, _caller: int, _arguments: int, _n: int, results: int, _m: int) -> None:
    _answer_i64(results, int.from_bytes(os.urandom(8), "little", signed=True))


_callbacks = (_ASYNC_CALLBACK(_on_call), _CALLBACK(_on_clock), _CALLBACK(_on_random))
"""Alive as long as the process: a linker that calls a collected callback is a crash."""


# -- memories and stacks are ours -------------------------------------------------------------------------

_slots: dict[int, Slot] = {}
"""Every memory that is in use, by its address."""
_born: Slot | None = None
"""Whose memory is being made."""
_stacks = Stacks()
_stack_sizes: dict[int, int] = {}
"""Every stack that is in use, by its address."""


def _refusal(reason: BaseException) -> int:
    error: int = _error_new(str(reason).encode())
    return error


def _on_new_memory(_env: int, _type: int, minimum: int, _maximum: int, reserved: int, guard: int, result: int) -> int:
    """Give wasmtime the slot, if it is what it asks for: code is compiled for so many addresses."""
    slot = _born
    if slot is None or minimum != slot.size or reserved != RESERVED or guard != GUARD:
        return _refusal(MemoryError("a memory of this shape is not made here"))
    move(result, struct.pack("<4Q", slot.at, *_memory_calls, 0), 32)
    return 0


def _on_get_memory(slot: int, size: int, capacity: int) -> int:
    _SIZE.from_address(size).value = _slots[slot].size
    _SIZE.from_address(capacity).value = RESERVED
    return slot


def _on_grow_memory(slot: int, size: int) -> int:
    try:
        _slots[slot].grow(size)
    except MemoryError as refused:
        return _refusal(refused)
    return 0


def _on_new_stack(_env: int, size: int, _zeroed: bool, result: int) -> int:  # noqa: FBT001 - as C calls it
    try:
        at = _stacks.take(size)
    except MemoryError as refused:
        return _refusal(refused)
    _stack_sizes[at] = size
    if _current is not None:
        _current.stands_on(at)
    move(result, struct.pack("<3Q", at, *_stack_calls), 24)
    return 0


def _on_get_stack(at: int, size: int) -> int:
    _SIZE.from_address(size).value = _stack_sizes[at]
    return at + _stack_sizes[at]


def _on_forget_stack(at: int) -> None:
    _stacks.give(at, _stack_sizes.pop(at))


_owned = {
    _NEW_MEMORY: _NEW_MEMORY(_on_new_memory),
    _GET_MEMORY: _GET_MEMORY(_on_get_memory),
    _GROW_MEMORY: _GROW_MEMORY(_on_grow_memory),
    _NEW_STACK: _NEW_STACK(_on_new_stack),
    _GET_STACK: _GET_STACK(_on_get_stack),
    _FORGET: _FORGET(_on_forget_stack),
}
"""Alive as long as the process, as `_callbacks`."""


def _address(kind: type) -> int:
    return ctypes.cast(_owned[kind], _P).value or 0


_memory_calls = _address(_GET_MEMORY), _address(_GROW_MEMORY)
_stack_calls = _address(_GET_STACK), _address(_FORGET)


def set_memory(config: wasmtime.Config) -> None:
    """Have wasmtime take memories and stacks from here."""
    at = ctypes.cast(config.ptr(), _P)
    _memory_creator_set(at, struct.pack("<3Q", 0, _address(_NEW_MEMORY), 0))
    _stack_creator_set(at, struct.pack("<3Q", 0, _address(_NEW_STACK), 0))


def set_stack(config: wasmtime.Config, size: int) -> None:
    """Set the bytes of a fiber's own stack; wasmtime-py has no public name for it."""
    generated.wasmtime_config_async_stack_size_set(config.ptr(), size)


def define_imports(linker: wasmtime.Linker) -> None:
    """Give a linker the three imports: kernel.call, kernel.clock and kernel.random."""
    i32, i64 = wasmtime.ValType.i32(), wasmtime.ValType.i64()
    at, pure = pointer(linker), wasmtime.FuncType([], [i64])
    call = wasmtime.FuncType([i32, i32], [i32])
    addresses = [ctypes.cast(callback, _P) for callback in _callbacks]
    check(_linker_define_async(at, b"kernel", 6, b"call", 4, pointer(call), addresses[0], None, None))
    check(_linker_define_func(at, b"kernel", 6, b"clock", 5, pointer(pure), addresses[1], None, None))
    check(_linker_define_func(at, b"kernel", 6, b"random", 6, pointer(pure), addresses[2], None, None))


@dataclass(frozen=True, slots=True)
class Program:
    """What a fiber is made of. `memory` is a module that is a memory of the heap's size; `linker` shadows `env.memory` for each."""

    engine: wasmtime.Engine
    linker: wasmtime.Linker
    code: wasmtime.Module
    memory: wasmtime.Module
    slots: Slots
    heap: Heap
    inbox: tuple[int, int]
    at: tuple[int, int, int, int] = field(init=False)
    """The C pointers of the first four, which this object keeps alive."""

    def __post_init__(self) -> None:
        """Look the pointers up once."""
        found = pointer(self.engine), pointer(self.linker), pointer(self.code), pointer(self.memory)
        object.__setattr__(self, "at", found)


LIVES = 32
"""Guests that one store has, one after another: each leaves nine kilobytes of wasmtime's in it, its instance."""


class Store:
    """A memory in a slot, and instances of the engine's code over it: one at a time, each new, and each for one guest.

    The next one is made when the guest before has returned by itself and all that it wrote is wiped (slots.py). Of an instance
    only its memory outlives it: globals and tables are each instance's own.
    """

    __slots__ = (
        "_arguments",
        "_code",
        "_got",
        "_left",
        "_limit",
        "_stack",
        "_store",
        "context",
        "continuation",
        "here",
        "main",
        "places",
        "slot",
    )

    def __init__(self, program: Program, slot: Slot, memory_limit: int) -> None:
        """Make the memory over the slot, which is the program's heap; `memory_limit` in bytes."""
        self.slot, self._left, self._limit, self._stack, self._arguments = slot, LIVES, 0, 0, (-1, -1, -1)
        self.places = _Places()
        self.here = here = ctypes.addressof(self.places)
        self._got = _WORD.from_address(here + _GIVEN + (_PARAMETERS - 1) * _VALUE_SIZE + _VALUE_AT)
        self.main = here + _MAIN + _EXTERN_AT
        self.continuation = _QUADS.pack(_strlen, here + _GATE, 0)
        _slots[slot.at] = slot
        self._code: int | None = None
        self._store: int | None = _store_new(program.at[0], None, None)
        self.context = _store_context(self._store)
        self.bound(memory_limit)
        try:
            self._link(program)
        except BaseException:
            self.close()
            raise
        _yield_at_deadline(self.context, 1)

    def _link(self, program: Program) -> None:
        global _born  # noqa: PLW0603 - see above
        here, context = self.here, self.context
        _engine, linker, code, memory = program.at
        _born = self.slot
        refused = _instance_new(context, memory, None, 0, here + _IMAGE, here + _TRAP)
        _born = None
        check(refused)
        self._insist(_export_get(context, here + _IMAGE, b"memory", 6, here + _MEMORY), "a memory")
        check(_linker_define(linker, context, b"env", 3, b"memory", 6, here + _MEMORY))
        linked = _P()
        check(_linker_link(linker, code, ctypes.addressof(linked)))
        self._code = linked.value

    def renew(self) -> None:
        """Be ready for the next guest, while nobody waits for it; raise MemoryError."""
        try:
            self.instantiate()
        except wasmtime.WasmtimeError as refused:
            raise MemoryError(str(refused)) from refused

    def instantiate(self) -> None:
        """Make an instance for one guest; raise wasmtime.WasmtimeError."""
        here, context = self.here, self.context
        self._left -= 1
        _set_deadline(context, 1 << 40)
        future = _instantiate(self._code, context, here + _ENGINE, here + _TRAP, here + _ERROR)
        done = _poll_start(
            future
        )  # at once: the engine has no start to run, and one that asks something is none of ours
        _future_delete(future)
        places = self.places
        if places.error or places.trap or not done:
            check(places.error)
            self._insist(done and _reason(places) == RETURNED, "a start without a trap")
        self._insist(_export_get(context, here + _ENGINE, b"main", 4, here + _MAIN), "a main")

    @staticmethod
    def _insist(good: bool, what: str) -> None:  # noqa: FBT001 - a condition
        if not good:
            raise wasmtime.WasmtimeError(f"the module does not have {what}")

    def bound(self, limit: int) -> None:
        """Have the memory grow to so many bytes at most."""
        if limit != self._limit:
            _store_limiter(self._store, limit, 20_000, LIVES + 1, LIVES + 1, 2)
            self._limit = limit

    def given(self, arguments: tuple[int, int, int], got: int) -> int:
        """Lay out what main is called with; return where."""
        at: int = self.here + _GIVEN
        if arguments != self._arguments:
            stack, depth, message = self._arguments = arguments
            words = _ARGUMENTS.pack(_I32, stack, _I32, depth, _I32, message, _I32, 0)
            move(at, words, len(words))
        self._got.value = got
        return at

    @property
    def lasts(self) -> bool:
        """Whether another guest may come after one that has returned: WebAssembly's memory does not shrink."""
        return self._left > 0 and self.slot.size == self.slot.heap.size

    def stands_on(self, stack: int) -> None:
        """Know the stack that this store keeps from now on."""
        self._stack = stack

    def trim(self) -> None:
        """Give back what of its stack only deep calls use."""
        if self._stack:
            _stacks.trim(self._stack, _stack_sizes[self._stack])

    def close(self) -> None:
        """Let it go, before its memory."""
        store, self._store = self._store, None
        if store:
            if self._code:
                _linked_delete(self._code)
            _store_delete(store)
            del _slots[self.slot.at]
            self.slot.tenant = None


class Fiber:
    """One call of `main` in an instance, on a stack of its own."""

    __slots__ = (
        "_arguments",
        "_future",
        "_program",
        "_store",
        "asked",
        "base",
        "continuation",
        "longest",
        "message",
        "place",
        "places",
        "results",
        "slot",
    )

    def __init__(self, program: Program, memory_limit: int, arguments: tuple[int, int, int]) -> None:
        """Instantiate: `memory_limit` in bytes, `arguments` for main. Call `begin` next."""
        self._program, self._arguments = program, arguments
        self._future: int | None = None
        self.message, self.place, self.results, self.asked = b"", (0, 0), 0, False
        self.longest = arguments[2] + MOST_AROUND + 1  # one more than may cross: so much is copied before it is refused
        store = _store_of(program, memory_limit)
        self._store: Store | None = store
        self.slot, self.places, self.continuation = store.slot, store.places, store.continuation
        self.base = self.slot.at

    def begin(self, first: bytes) -> bool:
        """Start, without running. `first` is the request that main finds in its inbox; if it does not fit, main asks for one.

        Returns whether it fitted.
        """
        store, (address, capacity) = self._here(), self._program.inbox
        fits = 0 < len(first) <= capacity
        if fits:
            move(self.base + address, first, len(first))
        _set_deadline(store.context, 1)
        given, here = store.given(self._arguments, len(first) if fits else 0), store.here
        self._future = _call_async(store.context, store.main, given, _PARAMETERS, None, 0, here + _TRAP, here + _ERROR)
        return fits

    def stands_on(self, stack: int) -> None:
        """Know the stack that it runs on."""
        self._here().stands_on(stack)

    def _here(self) -> Store:
        if self._store is None:
            raise RuntimeError("this fiber is closed")
        return self._store

    def step(self) -> Turn:
        """Run until the fiber parks, ticks or ends. Call it only after `answer`, or first, or after a tick."""
        global _current  # noqa: PLW0603 - see above
        if self._future is None or self.results:
            raise RuntimeError("this fiber has ended, or waits for its answer")
        _current = self
        done = _poll(self._future)
        _current = None
        if done:
            self._forget_future()
            return Turn.ENDED
        return Turn.PARKED if self.results else Turn.TICKED

    def whole(self) -> bytes:
        """Copy all of the message it parked on; its memory is as it was then."""
        return ctypes.string_at(self.base + self.place[0], self.place[1])

    def memory_size(self) -> int:
        """Return the bytes of linear memory at this moment."""
        return self.slot.size

    def answer(self, data: bytes, inbox: int, capacity: int) -> bool:
        """Answer the message it parked on: write `data` into its inbox if it fits, tell the length, open the gate.

        `inbox + capacity` must lie inside its memory (wire.parse_message saw to it). Returns whether it fitted.
        """
        if not self.results:
            raise RuntimeError("this fiber has asked nothing")
        fits = len(data) <= capacity
        if fits:
            move(self.base + inbox, data, len(data))
        _BYTE.from_address(self.results).value = _I32
        _WORD.from_address(self.results + _VALUE_AT).value = len(data)
        self.places.gate = 1
        self.results = 0
        return fits

    def why(self) -> str:
        """Say why it ended, in wasmtime's first line: a trap, or `returned`."""
        return _reason(self._here().places)

    def _forget_future(self) -> None:
        future, self._future = self._future, None
        _future_delete(future)

    def changed(self) -> list[tuple[int, bytes]]:
        """Return what of its memory is not the heap's, as (address, whole pages): call it while it is parked."""
        return self._program.slots.changed(self._here().slot)

    def close(self, *, over: bool = False) -> None:
        """Let it go. `over`: it is parked where an answer of nothing is the end, and its store may have another guest."""
        store, self._store = self._store, None
        if store is None:
            return
        again = over and self._returns() and store.lasts
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
        if self.places.trap or self.places.error:
            _reason(self.places)
            return False
        return turn is Turn.ENDED


def _reason(places: _Places) -> str:
    """Say why a call ended, and forget it."""
    trap, places.trap = places.trap, None
    if trap:
        return str(wasmtime.Trap._from_ptr(ctypes.cast(trap, ctypes.POINTER(generated.wasm_trap_t))))  # noqa: SLF001 - as above
    error, places.error = places.error, None
    try:
        check(error)
    except wasmtime.WasmtimeError as reason:
        return str(reason)
    return RETURNED


def _store_of(program: Program, memory_limit: int) -> Store:
    """Return a store whose instance is new; raise MemoryError or WasmtimeError."""
    slot = program.slots.take(program.heap)
    try:
        store = slot.tenant
        if isinstance(store, Store):
            store.bound(memory_limit)
        else:
            slot.tenant = store = Store(program, slot, memory_limit)
            store.instantiate()
    except BaseException:
        if slot.tenant is not None:
            slot.tenant.close()
        program.slots.give(slot)
        raise
    return store


def insist_version() -> None:
    """Raise when the pinned wasmtime is not the one that is installed."""
    installed = version("wasmtime")
    if installed != PINNED:
        raise RuntimeError(f"this kernel speaks the C API of wasmtime {PINNED}, and {installed} is installed")
