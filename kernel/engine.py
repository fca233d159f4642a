"""One engine a process: its configuration, its compiled code, its clock tick.

Everything about how wasmtime is set up is here. This file does not know what a message, a frame or a val is.
"""

from __future__ import annotations

import os
import stat
import tempfile
import threading
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

import wasmtime

from kernel import capi, fiber, store
from kernel.image import Image, memory_module, without_data
from kernel.limits import MIB
from kernel.slots import GUARD, RESERVED, Heap, Slots

TICK, RARE_TICK, ALERT = 0.002, 0.01, 1.0
"""Seconds between ticks, and so the longest that a guest keeps the event loop from others: TICK for ALERT seconds after somebody ran
for long, else RARE_TICK. Each takes the interpreter's lock from the thread that runs guests, of which most are over long before."""
NATIVE_STACK = 14 * MIB
FIBER_STACK = 16 * MIB
"""Virtual; deep recursion, JSON and proxies end in RangeError long before (tests/attacks)."""
IDLE_TICKS = 100


class Engine:
    """Compiled code for guests. Use it as a context manager: the tick runs while it is open."""

    def __init__(self, code: bytes, cache: Path | None = None) -> None:
        """Compile `code`, the engine's WebAssembly with its memory imported; raise wasmtime.WasmtimeError.

        `cache` is a folder for the native code: see `_compiled`.
        """
        capi.insist_version()
        config = wasmtime.Config()
        config.epoch_interruption = True
        config.max_wasm_stack = NATIVE_STACK
        config.memory_reservation, config.memory_guard_size = RESERVED, GUARD
        capi.set_stack(config, FIBER_STACK)
        store.set_memory(config)
        self.wasmtime = wasmtime.Engine(config)
        self.linker = wasmtime.Linker(self.wasmtime)
        self.linker.allow_shadowing = True
        fiber.define_imports(self.linker)
        self.code = _compiled(self.wasmtime, without_data(code), cache)
        self.slots = Slots()
        self._memories: dict[int, wasmtime.Module] = {}
        self._ticker = _Ticker(self.wasmtime)
        self.wake, self.alert = self._ticker.wake, self._ticker.alert
        """Let the tick run: call it before a guest does. Have it tick often: call it when a guest has run for long."""

    def program(self, image: Image, over: store.Program | None = None) -> store.Program:
        """Pair an image with the engine's code; `over` is the program that it says the difference to. Raise BadImage or MemoryError."""
        image.insist_whole()
        memory = self._memories.get(image.size)
        if memory is None:
            memory = self._memories[image.size] = wasmtime.Module(self.wasmtime, memory_module(image.size))
        heap = Heap(image.size, image.pieces, over.heap if over else None)
        return store.Program(self.wasmtime, self.linker, self.code, memory, self.slots, heap, image.inbox)

    def forget(self, program: store.Program) -> None:
        """Let a program go; guests that live on it go on."""
        self.slots.forget(program.heap)

    def __enter__(self) -> Self:
        """Start the tick."""
        self._ticker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the tick."""
        self._ticker.stop()
        self.slots.close()


def _compiled(engine: wasmtime.Engine, code: bytes, cache: Path | None) -> wasmtime.Module:
    """Compile, or take what was compiled before from the cache; safe to delete at any time.

    It is native code, which is run as it is: the folder and the file must be ours alone, or they are not looked at.
    wasmtime's own cache is not used: it compresses in a thread of its own, for seconds, beside the guests.
    """
    kept = cache / f"{sha256(capi.PINNED.encode() + code).hexdigest()}.cwasm" if cache else None
    if kept and _is_ours(kept.parent) and _is_ours(kept):
        with suppress(wasmtime.WasmtimeError):  # of another configuration or processor
            return wasmtime.Module.deserialize_file(engine, str(kept))
    module = wasmtime.Module(engine, code)
    if kept:
        with suppress(OSError):
            _keep(kept, bytes(module.serialize()))
    return module


def _is_ours(path: Path) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    return found.st_uid == os.getuid() and not found.st_mode & (stat.S_IRWXG | stat.S_IRWXO) and not path.is_symlink()


def _keep(path: Path, compiled: bytes) -> None:
    """Write the whole file or nothing, readable by nobody else."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(compiled)
    Path(name).replace(path)


class _Ticker:
    """Raises the epoch while guests run: often when one does so for long; sleeps after a second without any."""

    def __init__(self, engine: wasmtime.Engine) -> None:
        self._engine, self._tick = engine, capi.ready(capi.increment_epoch, capi.pointer(engine))
        self._wanted, self._stopped, self._alert_until = threading.Event(), False, 0.0
        self._thread = threading.Thread(target=self._run, name="valgate-tick", daemon=True)
        self._wakes = 0
        self._asleep = True

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._wakes += 1
        if self._asleep:
            self._wanted.set()

    def alert(self) -> None:
        self._alert_until = time.monotonic() + ALERT

    def stop(self) -> None:
        self._stopped = True
        self._wanted.set()
        self._thread.join()

    def _run(self) -> None:
        seen = idle = 0
        self._asleep = False
        while not self._stopped:
            idle, seen = (idle + 1 if self._wakes == seen else 0), self._wakes
            if idle > IDLE_TICKS and fiber.running() is None:
                self._sleep(seen)
                idle = 0
            often = fiber.running() is not None or time.monotonic() < self._alert_until
            time.sleep(TICK if often else RARE_TICK)
            self._tick()

    def _sleep(self, seen: int) -> None:
        """Wait to be woken. Say so before looking once more: a guest that begins in between must not run without a tick."""
        self._asleep = True
        if self._wakes == seen and not self._stopped:
            self._wanted.wait()
        self._wanted.clear()
        self._asleep = False
