"""Compiles each source once: what was compiled lately is kept, also beyond the process, what is being compiled is waited for.

This file does not know how the guest is run, nor what code means.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Protocol

from host_api.compiler.answer import parse_answer
from host_api.compiler.unit import Unit
from host_api.kept import Kept
from host_api.load.turns import Turns
from kernel.errors import SourceError

KEPT_BYTES = 32 * 1024 * 1024
"""About how much memory compiled units may take."""

AT_ONCE, EACH = 8, 2
"""Sources that are compiled at once, in all and of one caller; more wait, and who waits longest holds up nobody else."""

_PER_MARK = 120
_PER_UNIT = 2_000


class Keeps(Protocol):
    """Where answers are kept beyond the process, by name."""

    async def get(self, name: str) -> bytes | None:
        """Return what was kept, if it can be trusted."""

    async def put(self, name: str, data: bytes) -> None:
        """Keep it, if that can be done."""


class Compiler:
    """The compiler guest, with a memory. Equal sources give the same unit, whoever's they are."""

    def __init__(
        self, run: Callable[[str], Awaitable[str]], kept_bytes: int = KEPT_BYTES, shelf: Keeps | None = None
    ) -> None:
        """Take how to call the guest's `compile`: a source in, JSON out; `shelf` is where that is kept beyond the process."""
        self._run, self._shelf = run, shelf
        self._kept: Kept[bytes, Unit | SourceError] = Kept(_weight, kept_bytes)
        self._running: dict[bytes, asyncio.Future[None]] = {}
        self._turns = Turns(AT_ONCE, EACH)

    async def compile(self, source: str, caller: str | None = None, *, keep: bool = False) -> Unit:
        """Compile a val, in a turn of this caller's (None: anonymous); raise SourceError with line and column.

        `keep` is for what is saved: it is looked for, and kept, on the shelf. Whatever else goes wrong (a limit of the guest) is raised as it comes and is not remembered.
        """
        key = sha256(source.encode("utf-8", "surrogatepass")).digest()
        while (kept := self._kept.get(key)) is None:
            if running := self._running.get(key):
                await asyncio.wait([running])
            else:
                await self._compile(key, source, caller, keep=keep)
        if isinstance(kept, SourceError):
            raise SourceError(str(kept), kept.line, kept.column)
        return kept

    async def _compile(self, key: bytes, source: str, caller: str | None, *, keep: bool) -> None:
        """Compile and remember. Whoever waits meanwhile looks again when this is done, and tries if it failed."""
        await self._turns.take(caller)
        try:
            if self._kept.get(key) is None and key not in self._running:
                await self._compile_now(key, source, self._shelf if keep else None)
        finally:
            self._turns.give(caller)

    async def _compile_now(self, key: bytes, source: str, shelf: Keeps | None) -> None:
        done = self._running[key] = asyncio.get_running_loop().create_future()
        try:
            name = f"unit-{key.hex()}"
            kept = await shelf.get(name) if shelf else None
            answer = await self._run(source) if kept is None else kept.decode()
            try:
                self._kept.put(key, parse_answer(answer, source))
            except SourceError as error:
                self._kept.put(key, error)
            if shelf and kept is None:
                await shelf.put(name, answer.encode())
        finally:
            del self._running[key]
            done.set_result(None)


def _weight(outcome: Unit | SourceError) -> int:
    if isinstance(outcome, SourceError):
        return _PER_UNIT
    parts = len(outcome.mapping) + len(outcome.references) + len(outcome.methods)
    return _PER_UNIT + 2 * (len(outcome.code) + len(outcome.source)) + _PER_MARK * parts
