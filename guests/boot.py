"""Boot a script in the engine once, and keep its heap as an image.

The builder's kernel refuses every host call, its clock stands still and it gives no randomness, so that no image can hold a
secret, a handle, a time or a seed; the engine itself refuses to seal a heap that hangs on a seed.
"""

from __future__ import annotations

import wasmtime

from kernel.image import Image

MIB = 1 << 20
INBOX = 16 * 1024
"""Bytes of a guest's inbox at its beginning: guests/engine/image.c has the same number."""


class BootError(Exception):
    """The script threw, or asked for something, while it booted."""


class Booter:
    """Makes images of one engine."""

    def __init__(self, engine: bytes, stack: int) -> None:
        """Compile the engine; `stack` are the bytes JavaScript may use."""
        self._engine = wasmtime.Engine()
        self._module = wasmtime.Module(self._engine, engine)
        self._stack = stack

    def image(self, script: str) -> Image:
        """Return the heap after `script` ran; raise BootError."""
        store = wasmtime.Store(self._engine)
        memory = self._memory(store)
        exports = self._linker(store, memory).instantiate(store, self._module).exports(store)
        call = {name: exports[name] for name in ("_initialize", "boot", "buffer", "load")}
        source = script.encode()
        call["_initialize"](store)  # type: ignore[operator]
        call["boot"](store, self._stack)  # type: ignore[operator]
        memory.write(store, source, call["buffer"](store, len(source) + 1))  # type: ignore[operator]
        failed = call["load"](store, len(source))  # type: ignore[operator]
        if failed:
            at = call["buffer"](store, 0)  # type: ignore[operator]
            raise BootError(bytes(memory.read(store, at, at + failed)).decode(errors="replace"))
        inbox = call["buffer"](store, 0)  # type: ignore[operator]
        return Image.of(bytes(memory.read(store, 0, memory.data_len(store))), (inbox, INBOX))

    def _memory(self, store: wasmtime.Store) -> wasmtime.Memory:
        wanted = next(each.type for each in self._module.imports if each.name == "memory")
        if not isinstance(wanted, wasmtime.MemoryType):
            raise BootError("the engine does not import its memory")
        return wasmtime.Memory(store, wasmtime.MemoryType(wasmtime.Limits(wanted.limits.min, 1024)))

    def _linker(self, store: wasmtime.Store, memory: wasmtime.Memory) -> wasmtime.Linker:
        linker = wasmtime.Linker(self._engine)
        linker.define(store, "env", "memory", memory)
        i32, i64 = wasmtime.ValType.i32(), wasmtime.ValType.i64()
        linker.define_func("kernel", "call", wasmtime.FuncType([i32, i32], [i32]), self._refuse)
        linker.define_func("kernel", "clock", wasmtime.FuncType([], [i64]), lambda: 0)
        linker.define_func("kernel", "random", wasmtime.FuncType([], [i64]), self._refuse)
        return linker

    @staticmethod
    def _refuse(*_: int) -> int:
        raise BootError("an image is booted without a kernel: nothing may be asked while it boots")
