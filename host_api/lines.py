"""Lines on their way to a stream: held back for a moment and written together, since each write is a call of the system's.

What a line says may come as it is, and becomes a line when it leaves: many at a time are made for half of what each takes by itself.
A warning or worse is written at once, with what waits before it. Nothing is lost at an orderly end; whoever kills the process
loses what the last moment said.
This file does not know what a line says.
"""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Callable
from io import TextIOWrapper
from typing import TextIO

Said = dict[str, object]

MOMENT = 0.05
"""Seconds."""
MOST = 256
"""Lines that wait at most."""
WHOLE = 4096
"""Bytes that a pipe takes as one (PIPE_BUF): several processes may write into the same one, and no line is to be torn."""


class Lines:
    """What the log writes to; each method takes a line."""

    def __init__(self, stream: TextIO, line_of: Callable[[Said], str | bytes] = repr) -> None:
        """Take where they go, and what makes a line of what one says."""
        self._stream, self._line_of = stream, line_of
        self._waiting: list[str | bytes | Said] = []
        self._timer: asyncio.TimerHandle | None = None
        atexit.register(self.flush)

    def debug(self, line: str | bytes | Said) -> None:
        """Write it soon; at once where nothing could do it later."""
        self._waiting.append(line)
        if self._timer is None:
            self._wait()
        if len(self._waiting) >= MOST:
            self.flush()

    info = msg = debug

    def warning(self, line: str | bytes) -> None:
        """Write it now."""
        self._waiting.append(line)
        self.flush()

    error = critical = fatal = exception = failure = warn = warning

    def flush(self) -> None:
        """Write everything that waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, []
        part: list[bytes] = []
        size = 0
        for one in waiting:
            said = self._line_of(one) if isinstance(one, dict) else one
            line = said if isinstance(said, bytes) else said.encode("utf-8", "backslashreplace")
            size += len(line) + 1
            if part and size > WHOLE:
                self._write(part)
                part, size = [], len(line) + 1
            part.append(line)
        if part:
            self._write(part)

    def _write(self, lines: list[bytes]) -> None:
        said = b"\n".join([*lines, b""])
        if isinstance(self._stream, TextIOWrapper):
            self._stream.flush()  # what others wrote to it comes first
            self._stream.buffer.write(said)
        else:
            self._stream.write(said.decode())
        self._stream.flush()

    def _wait(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
        else:
            self._timer = loop.call_later(MOMENT, self.flush)
