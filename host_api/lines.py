"""Lines on their way to a stream: held back for a moment and written together, since each write is a call of the system's.

A warning or worse is written at once, with what waits before it. Nothing is lost at an orderly end; whoever kills the process
loses what the last moment said.
This file does not know what a line says.
"""

from __future__ import annotations

import asyncio
import atexit
from typing import TextIO

MOMENT = 0.05
"""Seconds."""
MOST = 256
"""Lines that wait at most."""
WHOLE = 4096
"""Bytes that a pipe takes as one (PIPE_BUF): several processes may write into the same one, and no line is to be torn."""


class Lines:
    """What the log writes to; each method takes a line."""

    def __init__(self, stream: TextIO) -> None:
        """Take where they go."""
        self._stream = stream
        self._waiting: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None
        atexit.register(self.flush)

    def debug(self, line: str | bytes) -> None:
        """Write it soon; at once where nothing could do it later."""
        self._waiting.append(line if isinstance(line, bytes) else _plain(line))
        if self._timer is None:
            self._wait()
        if len(self._waiting) >= MOST:
            self.flush()

    info = msg = debug

    def warning(self, line: str | bytes) -> None:
        """Write it now."""
        self._waiting.append(line if isinstance(line, bytes) else _plain(line))
        self.flush()

    error = critical = fatal = exception = failure = warn = warning

    def flush(self) -> None:
        """Write everything that waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lines, self._waiting = self._waiting, []
        part: list[bytes] = []
        size = 0
        for line in lines:
            size += len(line) + 1
            if part and size > WHOLE:
                self._write(part)
                part, size = [], len(line) + 1
            part.append(line)
        if part:
            self._write(part)

    def _write(self, lines: list[bytes]) -> None:
        self._stream.write(b"\n".join([*lines, b""]).decode())
        self._stream.flush()

    def _wait(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
        else:
            self._timer = loop.call_later(MOMENT, self.flush)


def _plain(line: str) -> bytes:
    return line.encode("utf-8", "backslashreplace")
