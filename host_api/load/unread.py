"""Answers that wait for their readers: so many bytes in all; beyond that, who has waited longest is let go of.

Whoever reads is done soon and is young; whoever asks for much and reads nothing gets old. This file does not know what is read.
"""

from __future__ import annotations

from typing import Protocol


class Reader(Protocol):
    """One who is to read an answer."""

    def cut_off(self) -> None:
        """Let go of it, and of what it did not read."""


class Unread:
    """Bytes that were written and not taken, by reader; those that have waited longest come first."""

    def __init__(self, most: int) -> None:
        """Take how many bytes there may be in all."""
        self._most = most
        self._waiting: dict[Reader, int] = {}
        self.used = 0

    def waits(self, reader: Reader, size: int) -> None:
        """Note how many bytes wait for a reader, the first time or again; what is too much costs the oldest."""
        self.used += size - self._waiting.get(reader, 0)
        self._waiting[reader] = size
        while self.used > self._most:
            oldest = next(iter(self._waiting))
            self.forget(oldest)
            oldest.cut_off()

    def forget(self, reader: Reader) -> None:
        """Nothing waits for this reader any more."""
        self.used -= self._waiting.pop(reader, 0)
