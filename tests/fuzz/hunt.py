"""A hunt: slices of inputs by seed, what they came to, and what is worth keeping.

A slice is a target, a seed and a count: the same three are the same inputs, on any machine. What crashes, and in a hunt that keeps,
what first comes to an outcome or first walks from one line of the kernel to another, goes into the corpus: small files, replayed by
every test run.
"""

from __future__ import annotations

import struct
import sys
import time
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any, Protocol

from tests.fuzz import bytes_of_guests, puppet, speech
from tests.kernel.stage import Stage

CORPUS = Path(__file__).parent / "corpus"
KERNEL = str(Path(__file__).resolve().parents[2] / "kernel")
LENGTH = struct.Struct("<H")
FORGET = 64
"""Plays after which what the stage recorded is thrown away."""


class Target(Protocol):
    """Something that inputs are given to."""

    @property
    def name(self) -> str:
        """Its folder in the corpus."""

    def inputs(self, chance: Random) -> AsyncIterator[tuple[bytes, str]]:
        """Yield inputs without end, each with what it came to; raise Crash."""

    async def replay(self, data: bytes) -> str:
        """Give it one input again."""


class Crash(Exception):
    """An input that broke something."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data.hex())
        self.data = data


class Bytes:
    """Target 1."""

    name = "bytes"

    async def inputs(self, chance: Random) -> AsyncIterator[tuple[bytes, str]]:
        for data in bytes_of_guests.inputs(chance):
            try:
                outcome = bytes_of_guests.run(data)
            except Exception as broken:
                raise Crash(data) from broken
            yield data, outcome

    async def replay(self, data: bytes) -> str:
        return bytes_of_guests.run(data)


class Plays:
    """Target 2. An input is one play; what counts is each thing said in it."""

    name = "plays"

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def inputs(self, chance: Random) -> AsyncIterator[tuple[bytes, str]]:
        while True:
            said: list[bytes] = []
            try:
                outcome, _ = await puppet.play(self._stage, _noted(speech.speech(chance), said))
            except Exception as broken:
                raise Crash(joined(said)) from broken
            self._forget()
            yield joined(said), outcome

    def _forget(self) -> None:
        recording = self._stage.recording
        if len(recording.nodes) > FORGET:
            recording.nodes.clear()
            recording.closed.clear()

    async def replay(self, data: bytes) -> str:
        outcome, _ = await puppet.play(self._stage, parted(data))
        return outcome


def _noted(script: Iterator[bytes], said: list[bytes]) -> Iterator[bytes]:
    for text in script:
        said.append(text)
        yield text


def joined(said: list[bytes]) -> bytes:
    """Write a play as one input: each message after its length."""
    return b"".join(LENGTH.pack(len(text)) + text for text in said)


def parted(data: bytes) -> Iterator[bytes]:
    """Read a play; what is cut short is said as far as it goes."""
    at = 0
    while at + LENGTH.size <= len(data):
        (size,) = LENGTH.unpack_from(data, at)
        yield data[at + LENGTH.size : at + LENGTH.size + size]
        at += LENGTH.size + size


@dataclass(slots=True)
class Slice:
    """What a slice came to."""

    target: str
    seed: str
    inputs: int = 0
    messages: int = 0
    seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    crashes: list[Path] = field(default_factory=list)
    kept: int = 0

    def line(self) -> str:
        rate = self.messages / self.seconds if self.seconds else 0.0
        return (
            f"{self.target} {self.seed}: {self.inputs:,} inputs of {self.messages:,} messages in {self.seconds:.1f} s"
            f" ({rate:,.0f} a second), {len(self.outcomes)} outcomes, {len(self.crashes)} crashes, {self.kept} kept"
        )


async def hunt(target: Target, seed: str, messages: int, *, keep: Keep | None = None) -> Slice:
    """Give a target inputs of at least this many messages."""
    found = Slice(target.name, seed)
    chance = Random(f"{target.name} {seed}")  # noqa: S311 - the same each time is the point
    started = time.monotonic()
    while found.messages < messages:
        try:
            await _until_crash(target, chance, found, messages, keep)
        except Crash as crash:
            found.crashes.append(_keep_crash(target, crash))
            chance = Random(f"{target.name} {seed} {len(found.crashes)}")  # noqa: S311 - as above
    found.seconds = time.monotonic() - started
    return found


async def _until_crash(target: Target, chance: Random, found: Slice, messages: int, keep: Keep | None) -> None:
    with keep.watching() if keep else _not_watching():
        async for data, outcome in target.inputs(chance):
            found.inputs += 1
            found.messages += sum(1 for _ in parted(data)) if target.name == Plays.name else 1
            found.outcomes[outcome] += 1
            if keep and keep.is_new(outcome):
                found.kept += write(target, data)
            if found.messages >= messages:
                return


@contextmanager
def _not_watching() -> Iterator[None]:
    yield


def write(target: Target, data: bytes, prefix: str = "") -> int:
    """Put an input into the corpus; return how many files that made."""
    path = CORPUS / target.name / f"{prefix}{sha256(data).hexdigest()[:16]}"
    if path.exists():
        return 0
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return 1


def _keep_crash(target: Target, crash: Crash) -> Path:
    traceback.print_exception(crash.__cause__)
    write(target, crash.data, "crash-")
    return CORPUS / target.name / f"crash-{sha256(crash.data).hexdigest()[:16]}"


class Keep:
    """Watches which steps from line to line inputs take in the kernel; slow, for making a corpus."""

    def __init__(self) -> None:
        self._outcomes: set[str] = set()
        self._known: set[tuple[str, int, int]] = set()
        self._steps: set[tuple[str, int, int]] = set()

    def is_new(self, outcome: str) -> bool:
        """Whether the input just given came to something new, or walked somewhere new."""
        new = outcome not in self._outcomes or not self._steps <= self._known
        self._outcomes.add(outcome)
        self._known |= self._steps
        self._steps.clear()
        return new

    @contextmanager
    def watching(self) -> Iterator[None]:
        sys.settrace(self._enter)
        try:
            yield
        finally:
            sys.settrace(None)

    def _enter(self, frame: FrameType, _event: str, _argument: Any) -> Any:  # noqa: ANN401 - sys.settrace's own
        if not frame.f_code.co_filename.startswith(KERNEL):
            return None
        before = frame.f_code.co_firstlineno
        name, steps = frame.f_code.co_filename, self._steps

        def walk(at: FrameType, event: str, _argument: Any) -> Any:  # noqa: ANN401 - as above
            nonlocal before
            if event == "line":
                steps.add((name, before, at.f_lineno))
                before = at.f_lineno
            return walk

        return walk


async def replay(target: Target) -> Counter[str]:
    """Give a target its corpus again; return what it came to."""
    outcomes: Counter[str] = Counter()
    for path in sorted((CORPUS / target.name).iterdir()):
        try:
            outcomes[await target.replay(path.read_bytes())] += 1
        except Exception as broken:
            broken.add_note(f"by {path.relative_to(CORPUS)}")
            raise
    return outcomes
