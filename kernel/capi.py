"""wasmtime's asynchronous C API as ctypes sees it: its functions, the C structures of one store, and what an error says.

wasmtime-py makes an object for each call and looks exports up by name; an evaluation has no time for that. wasmtime is pinned, so
an upgrade fails loudly. This file calls nothing of wasmtime by itself.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any

import wasmtime
from wasmtime import _bindings as generated
from wasmtime import _ffi

PINNED = "50.0.1"

POINTER = ctypes.c_void_p
SIZE = ctypes.c_size_t
_releases_lock = ctypes.CDLL(str(_ffi.filename))  # wasm may run: the interpreter lock is let go
_keeps_lock = ctypes.PyDLL(str(_ffi.filename))  # runs no wasm: keeping the lock is cheaper


def _bind(library: ctypes.CDLL, name: str, result: object, *arguments: object) -> ctypes._NamedFuncPointer:
    """Without arguments it is for `ready` alone: nothing is checked."""
    function = library[f"wasmtime_{name}"]
    function.restype, function.argtypes = result, arguments or None  # type: ignore[assignment]
    return function


store_new = _bind(_keeps_lock, "store_new", POINTER, POINTER, POINTER, POINTER)
store_context = _bind(_keeps_lock, "store_context", POINTER, POINTER)
store_delete = _bind(_keeps_lock, "store_delete", None, POINTER)
store_limiter = _bind(_keeps_lock, "store_limiter", None, POINTER, *[ctypes.c_int64] * 5)
# The header promises an error; the function returns nothing, and freeing that nothing is a crash.
yield_at_deadline = _bind(_keeps_lock, "context_epoch_deadline_async_yield_and_update", None, POINTER, ctypes.c_uint64)
instance_new = _bind(_keeps_lock, "instance_new", POINTER, POINTER, POINTER, POINTER, SIZE, POINTER, POINTER)
linker_define = _bind(_keeps_lock, "linker_define", POINTER, POINTER, POINTER, POINTER, SIZE, POINTER, SIZE, POINTER)
_DEFINED = (POINTER, POINTER, POINTER, SIZE, POINTER, SIZE, POINTER, POINTER, POINTER, POINTER)
linker_define_func = _bind(_keeps_lock, "linker_define_func", *_DEFINED)
linker_define_async = _bind(_keeps_lock, "linker_define_async_func", *_DEFINED)
linker_link = _bind(_keeps_lock, "linker_instantiate_pre", POINTER, POINTER, POINTER, POINTER)
linked_delete = _bind(_keeps_lock, "instance_pre_delete", None, POINTER)
error_new = _bind(_keeps_lock, "error_new", POINTER, ctypes.c_char_p)
set_deadline = _bind(_keeps_lock, "context_set_epoch_deadline", None)
call_async = _bind(_keeps_lock, "func_call_async", POINTER)
instantiate = _bind(_keeps_lock, "instance_pre_instantiate_async", POINTER)
increment_epoch = _bind(_keeps_lock, "engine_increment_epoch", None)
export_get = _bind(_keeps_lock, "instance_export_get", ctypes.c_bool)
memory_creator_set = _bind(_keeps_lock, "config_host_memory_creator_set", None, POINTER, POINTER)
stack_creator_set = _bind(_keeps_lock, "config_host_stack_creator_set", None, POINTER, POINTER)
poll = _bind(_releases_lock, "call_future_poll", ctypes.c_bool, POINTER)
poll_start = _bind(_keeps_lock, "call_future_poll", ctypes.c_bool, POINTER)
future_delete = _bind(_keeps_lock, "call_future_delete", None, POINTER)

ASYNC_CALLBACK = ctypes.CFUNCTYPE(None, POINTER, POINTER, POINTER, SIZE, POINTER, SIZE, POINTER, POINTER)
CALLBACK = ctypes.CFUNCTYPE(POINTER, POINTER, POINTER, POINTER, SIZE, POINTER, SIZE)
NEW_MEMORY = ctypes.CFUNCTYPE(POINTER, POINTER, POINTER, SIZE, SIZE, SIZE, SIZE, POINTER)
GET_MEMORY = ctypes.CFUNCTYPE(SIZE, POINTER, POINTER, POINTER)
GROW_MEMORY = ctypes.CFUNCTYPE(POINTER, POINTER, SIZE)
NEW_STACK = ctypes.CFUNCTYPE(POINTER, POINTER, SIZE, ctypes.c_bool, POINTER)
GET_STACK = ctypes.CFUNCTYPE(SIZE, POINTER, POINTER)
FORGET = ctypes.CFUNCTYPE(None, POINTER)
STRLEN = ctypes.cast(ctypes.CDLL(None).strlen, POINTER).value

EXTERN_AT: int = generated.wasmtime_extern_t.of.offset
VALUE_AT: int = generated.wasmtime_val_t.of.offset
VALUE_SIZE = ctypes.sizeof(generated.wasmtime_val_t)
I32, I64 = 0, 1
BYTE, WORD, TWO_WORDS = ctypes.c_uint8, ctypes.c_uint32, ctypes.c_uint64
PARAMETERS = 4
"""main(stack, depth, message, got); it returns one i64."""


class Places(ctypes.Structure):
    """Every C structure of one fiber, in one block."""

    _fields_ = (
        ("image", generated.wasmtime_instance_t),
        ("memory", generated.wasmtime_extern_t),
        ("engine", generated.wasmtime_instance_t),
        ("main", generated.wasmtime_extern_t),
        ("trap", POINTER),
        ("error", POINTER),
        ("arguments", generated.wasmtime_val_t * PARAMETERS),
        ("last", generated.wasmtime_val_t),
        ("gate", ctypes.c_uint64),
    )


IMAGE, MEMORY, ENGINE, MAIN, TRAP, ERROR, GIVEN, LAST, GATE = (
    getattr(Places, name).offset for name, _ in Places._fields_
)
ARGUMENTS = struct.Struct("<" + f"B{VALUE_AT - 1}xi{VALUE_SIZE - VALUE_AT - 4}x" * PARAMETERS)
QUADS = struct.Struct("<3Q")


def check(error: int | None) -> None:
    """Raise wasmtime's error behind a C pointer; a null pointer is success."""
    if error:
        raise wasmtime.WasmtimeError._from_ptr(  # noqa: SLF001 - this file is where the C API and wasmtime-py meet
            ctypes.cast(error, ctypes.POINTER(generated.wasmtime_error_t))
        )


def ready(function: ctypes._NamedFuncPointer, *arguments: int | bytes) -> Callable[[], Any]:
    """Return a call of a function that checks nothing: its arguments, words of 64 bits or texts, are always these."""
    return partial(function, *map(POINTER.from_param, arguments))


def pointer(thing: wasmtime.Engine | wasmtime.Linker | wasmtime.Module | wasmtime.FuncType) -> int:
    """Return the C pointer of one of wasmtime-py's objects; keep the object alive yourself."""
    return ctypes.cast(thing.ptr(), POINTER).value or 0  # never 0: a closed object raises


RETURNED = "returned"


def reason(places: Places) -> str:
    """Say why a call ended, and forget it."""
    trap, places.trap = places.trap, None
    if trap:
        return str(wasmtime.Trap._from_ptr(ctypes.cast(trap, ctypes.POINTER(generated.wasm_trap_t))))  # noqa: SLF001 - as above
    error, places.error = places.error, None
    try:
        check(error)
    except wasmtime.WasmtimeError as failure:
        return str(failure)
    return RETURNED


def insist_version() -> None:
    """Raise when the pinned wasmtime is not the one that is installed."""
    installed = version("wasmtime")
    if installed != PINNED:
        raise RuntimeError(f"this kernel speaks the C API of wasmtime {PINNED}, and {installed} is installed")


def set_stack(config: wasmtime.Config, size: int) -> None:
    """Set the bytes of a fiber's own stack; wasmtime-py has no public name for it."""
    generated.wasmtime_config_async_stack_size_set(config.ptr(), size)
