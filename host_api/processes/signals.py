"""Signals as bytes of a pipe, so that a loop hears them between two other things, and never amid one.

This file does not know what a signal asks for.
"""

from __future__ import annotations

import selectors
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from termios import error as NoTerminal  # noqa: N812 - it says what it is
from termios import tcgetattr

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def signals(selector: selectors.BaseSelector, hear: Callable[[int], None]) -> Iterator[None]:
    """Have each signal's number told by the selector's data while the block runs; on the main thread."""
    mine, systems = socket.socketpair()
    with mine, systems:
        for end in (mine, systems):
            end.settimeout(0)

        def read() -> None:
            with suppress(BlockingIOError):
                for number in mine.recv(256):
                    hear(number)

        selector.register(mine, selectors.EVENT_READ, read)
        kept = signal.set_wakeup_fd(systems.fileno(), warn_on_full_buffer=False)
        handlers = [(one, signal.signal(one, lambda *_: None)) for one in SIGNALS]
        try:
            yield
        finally:
            for one, handler in handlers:
                signal.signal(one, handler)
            signal.set_wakeup_fd(kept)
            selector.unregister(mine)


def on_terminal() -> bool:
    """Whether somebody may type at standard input; False too once the terminal was closed."""
    try:
        tcgetattr(sys.stdin)
    except (NoTerminal, OSError, ValueError):
        return False
    return True
