"""Stores: a memory of ours in each, on which guests live one after another, each in a new instance of the engine's code.

Memories and stacks come from slots.py, through wasmtime's creators. What must never happen here, each a crash of the process:

- deleting a store before the future of its fiber, or a memory before its store;
- a memory of another shape than the code is compiled for;
- a callback that raises: what it is asked for is refused by an error.
"""

from __future__ import annotations

import ctypes
import struct
from dataclasses import dataclass, field

import wasmtime

from kernel import capi
from kernel.slots import GUARD, RESERVED, Heap, Slot, Slots, Stacks, move

made_stacks: list[int] = []
"""Stacks that a store has been given, and does not know of yet."""

_slots: dict[int, Slot] = {}
"""Every memory that is in use, by its address."""
_born: Slot | None = None
"""Whose memory is being made."""
_stacks = Stacks()
_stack_sizes: dict[int, int] = {}
"""Every stack that is in use, by its address."""


def _refusal(reason: BaseException) -> int:
    error: int = capi.error_new(str(reason).encode())
    return error


def _on_new_memory(_env: int, _type: int, minimum: int, _maximum: int, reserved: int, guard: int, result: int) -> int:
    """Give wasmtime the slot, if it is what it asks for: code is compiled for so many addresses."""
    slot = _born
    if slot is None or minimum != slot.size or reserved != RESERVED or guard != GUARD:
        return _refusal(MemoryError("a memory of this shape is not made here"))
    move(result, struct.pack("<4Q", slot.at, *_memory_calls, 0), 32)
    return 0


def _on_get_memory(slot: int, size: int, capacity: int) -> int:
    capi.SIZE.from_address(size).value = _slots[slot].size
    capi.SIZE.from_address(capacity).value = RESERVED
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
    made_stacks.append(at)
    move(result, struct.pack("<3Q", at, *_stack_calls), 24)
    return 0


def _on_get_stack(at: int, size: int) -> int:
    capi.SIZE.from_address(size).value = _stack_sizes[at]
    return at + _stack_sizes[at]


def _on_forget_stack(at: int) -> None:
    _stacks.give(at, _stack_sizes.pop(at))


_owned = {
    capi.NEW_MEMORY: capi.NEW_MEMORY(_on_new_memory),
    capi.GET_MEMORY: capi.GET_MEMORY(_on_get_memory),
    capi.GROW_MEMORY: capi.GROW_MEMORY(_on_grow_memory),
    capi.NEW_STACK: capi.NEW_STACK(_on_new_stack),
    capi.GET_STACK: capi.GET_STACK(_on_get_stack),
    capi.FORGET: capi.FORGET(_on_forget_stack),
}
"""Alive as long as the process: a creator that was collected is a crash."""


def _address(kind: type) -> int:
    return ctypes.cast(_owned[kind], capi.POINTER).value or 0


_memory_calls = _address(capi.GET_MEMORY), _address(capi.GROW_MEMORY)
_stack_calls = _address(capi.GET_STACK), _address(capi.FORGET)


def set_memory(config: wasmtime.Config) -> None:
    """Have wasmtime take memories and stacks from here."""
    at = ctypes.cast(config.ptr(), capi.POINTER)
    capi.memory_creator_set(at, struct.pack("<3Q", 0, _address(capi.NEW_MEMORY), 0))
    capi.stack_creator_set(at, struct.pack("<3Q", 0, _address(capi.NEW_STACK), 0))


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
        found = capi.pointer(self.engine), capi.pointer(self.linker), capi.pointer(self.code), capi.pointer(self.memory)
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
        "_call",
        "_code",
        "_find_main",
        "_got",
        "_instantiate",
        "_left",
        "_limit",
        "_store",
        "_yield_late",
        "_yield_soon",
        "context",
        "continuation",
        "here",
        "last",
        "places",
        "slot",
        "stack",
    )

    def __init__(self, program: Program, slot: Slot, memory_limit: int) -> None:
        """Make the memory over the slot, which is the program's heap; `memory_limit` in bytes."""
        self.slot, self._left, self._limit, self.stack, self._arguments = slot, LIVES, 0, 0, (-1, -1, -1)
        self.places = capi.Places()
        self.here = here = ctypes.addressof(self.places)
        self._got = capi.WORD.from_address(here + capi.GIVEN + (capi.PARAMETERS - 1) * capi.VALUE_SIZE + capi.VALUE_AT)
        self.last = capi.TWO_WORDS.from_address(here + capi.LAST + capi.VALUE_AT)
        self.continuation = capi.QUADS.pack(capi.STRLEN, here + capi.GATE, 0)
        _slots[slot.at] = slot
        self._code: int | None = None
        self._store: int | None = capi.store_new(program.at[0], None, None)
        self.context = capi.store_context(self._store)
        self.bound(memory_limit)
        try:
            self._link(program)
            self._make_ready()
        except BaseException:
            self.close()
            raise
        capi.yield_at_deadline(self.context, 1)

    def _link(self, program: Program) -> None:
        global _born  # noqa: PLW0603 - see above
        here, context = self.here, self.context
        _engine, linker, code, memory = program.at
        _born = self.slot
        refused = capi.instance_new(context, memory, None, 0, here + capi.IMAGE, here + capi.TRAP)
        _born = None
        capi.check(refused)
        found = capi.ready(capi.export_get, context, here + capi.IMAGE, b"memory", 6, here + capi.MEMORY)()
        self._insist(found, "a memory")
        capi.check(capi.linker_define(linker, context, b"env", 3, b"memory", 6, here + capi.MEMORY))
        linked = capi.POINTER()
        capi.check(capi.linker_link(linker, code, ctypes.addressof(linked)))
        self._code = linked.value

    def _make_ready(self) -> None:
        """Lay out the calls of every life."""
        here, context, code = self.here, self.context, self._code or 0
        trap, error, engine, main = here + capi.TRAP, here + capi.ERROR, here + capi.ENGINE, here + capi.MAIN
        values = here + capi.GIVEN, capi.PARAMETERS, here + capi.LAST, 1
        self._yield_soon, self._yield_late = (capi.ready(capi.set_deadline, context, ticks) for ticks in (1, 1 << 40))
        self._call = capi.ready(capi.call_async, context, main + capi.EXTERN_AT, *values, trap, error)
        self._instantiate = capi.ready(capi.instantiate, code, context, engine, trap, error)
        self._find_main = capi.ready(capi.export_get, context, engine, b"main", 4, main)

    def renew(self) -> None:
        """Be ready for the next guest, while nobody waits for it; raise MemoryError."""
        try:
            self.instantiate()
        except wasmtime.WasmtimeError as refused:
            raise MemoryError(str(refused)) from refused

    def instantiate(self) -> None:
        """Make an instance for one guest; raise wasmtime.WasmtimeError."""
        self._left -= 1
        self._yield_late()
        future = self._instantiate()
        # At once: the deadline is far, the engine has no start to run, and one that asks something is none of ours.
        done = capi.poll_start(future)
        capi.future_delete(future)
        if made_stacks:
            self.stack = made_stacks.pop()
        places = self.places
        if places.error or places.trap or not done:
            capi.check(places.error)
            self._insist(done and capi.reason(places) == capi.RETURNED, "a start without a trap")
        self._insist(self._find_main(), "a main")

    @staticmethod
    def _insist(good: bool, what: str) -> None:  # noqa: FBT001 - a condition
        if not good:
            raise wasmtime.WasmtimeError(f"the module does not have {what}")

    def bound(self, limit: int) -> None:
        """Have the memory grow to so many bytes at most."""
        if limit != self._limit:
            capi.store_limiter(self._store, limit, 20_000, LIVES + 1, LIVES + 1, 2)
            self._limit = limit

    def call(self, arguments: tuple[int, int, int], got: int) -> int:
        """Call main with these, without running it yet; return the future."""
        if arguments != self._arguments:
            stack, depth, message = self._arguments = arguments
            words = capi.ARGUMENTS.pack(capi.I32, stack, capi.I32, depth, capi.I32, message, capi.I32, 0)
            move(self.here + capi.GIVEN, words, len(words))
        self._got.value = got
        self._yield_soon()
        future: int = self._call()
        return future

    @property
    def lasts(self) -> bool:
        """Whether another guest may come after one that has returned: WebAssembly's memory does not shrink."""
        return self._left > 0 and self.slot.size == self.slot.heap.size

    def trim(self) -> None:
        """Give back what of its stack only deep calls use."""
        if self.stack:
            _stacks.trim(self.stack, _stack_sizes[self.stack])

    def close(self) -> None:
        """Let it go, before its memory."""
        store, self._store = self._store, None
        if store:
            if self._code:
                capi.linked_delete(self._code)
            capi.store_delete(store)
            del _slots[self.slot.at]
            self.slot.tenant = None


def store_of(program: Program, memory_limit: int) -> Store:
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
