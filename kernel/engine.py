"""One engine a process: its configuration, its compiled code, its clock tick.

Everything about how wasmtime is set up is here. This file does not know what a message, a frame or a val is.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

import wasmtime

from kernel import fiber
from kernel.image import without_data
from kernel.limits import MIB

TICK = 0.002
"""Seconds between ticks: the longest a guest keeps the event loop from others."""
NATIVE_STACK = 14 * MIB
FIBER_STACK = 16 * MIB
"""Virtual; deep recursion, JSON and proxies end in RangeError long before (tests/attacks)."""
IDLE_TICKS = 500


class Engine:
    """Compiled code for guests. Use it as a context manager: the tick runs while it is open."""

    def __init__(self, code: bytes) -> None:
        """Compile `code`, the engine's WebAssembly with its memory imported; raise wasmtime.WasmtimeError."""
        fiber.insist_version()
        config = wasmtime.Config()
        config.epoch_interruption = True
        config.max_wasm_stack = NATIVE_STACK
        fiber.set_stack(config, FIBER_STACK)
        with suppress(wasmtime.WasmtimeError):  # no home to cache in: compile anew
            config.cache = True
        self.wasmtime = wasmtime.Engine(config)
        self.linker = wasmtime.Linker(self.wasmtime)
        self.linker.allow_shadowing = True
        fiber.define_imports(self.linker)
        self.code = wasmtime.Module(self.wasmtime, without_data(code))
        self._ticker = _Ticker(self.wasmtime)

    def program(self, image: bytes) -> fiber.Program:
        """Compile an image and pair it with the engine's code."""
        return fiber.Program(self.wasmtime, self.linker, self.code, wasmtime.Module(self.wasmtime, image))

    def wake(self) -> None:
        """Let the tick run; call it before a guest does."""
        self._ticker.wake()

    def __enter__(self) -> Self:
        """Start the tick."""
        self._ticker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the tick."""
        self._ticker.stop()


class _Ticker:
    """Raises the epoch every tick while guests run; sleeps after a second without one."""

    def __init__(self, engine: wasmtime.Engine) -> None:
        self._engine, self._wanted, self._stopped = engine, threading.Event(), False
        self._thread = threading.Thread(target=self._run, name="valgate-tick", daemon=True)
        self._wakes = 0
        self._asleep = True

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._wakes += 1
        if self._asleep:
            self._wanted.set()

    def stop(self) -> None:
        self._stopped = True
        self._wanted.set()
        self._thread.join()

    def _run(self) -> None:
        seen = idle = 0
        while not self._stopped:
            if self._wakes == seen:
                idle += 1
            else:
                seen, idle = self._wakes, 0
            if idle > IDLE_TICKS and fiber.running() is None:
                self._sleep(seen)
                idle = 0
            time.sleep(TICK)
            self._engine.increment_epoch()

    def _sleep(self, seen: int) -> None:
        """Wait to be woken. Say so before looking once more: a guest that begins in between must not run without a tick."""
        self._asleep = True
        if self._wakes == seen and not self._stopped:
            self._wanted.wait()
        self._wanted.clear()
        self._asleep = False
