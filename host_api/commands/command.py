"""What a command is, and what it is given. Everything about the shape of commands; nothing about any one of them."""

from __future__ import annotations

import os
import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from host_api.settings import Settings
from host_api.store import Store
from kernel.errors import BadInput, NotFound
from kernel.principals import Principal

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Context:
    """What every command works with. Results go to stdout, everything said beside them to stderr."""

    settings: Settings

    def open_store(self) -> Store:
        """Open the database; raise BadSetting or Overloaded."""
        return self.settings.open_store()

    def out(self, text: str) -> None:
        """Write one result, at once, so that a pipe gets it now."""
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def raw(self, data: bytes) -> None:
        """Write bytes as they are."""
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def hint(self, text: str) -> None:
        """Say something beside the result."""
        sys.stderr.write(f"{text}\n")


@dataclass(frozen=True, slots=True)
class Command:
    """One command: `words` as typed, a sentence, an example, its arguments, and what it does.

    `run` returns the exit status. `json_errors` tells errors as JSON objects, for programs that read them.
    """

    words: tuple[str, ...]
    sentence: str
    example: str
    run: Callable[[Context, Namespace], int]
    arguments: Callable[[ArgumentParser], None] = lambda _: None
    json_errors: bool = False


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end; Ctrl-C cancels it cleanly and raises KeyboardInterrupt."""
    try:
        return _run_async(work)
    finally:
        work.close()  # an interruption may come before it began


def _run_async(work: Coroutine[Any, Any, T]) -> T:
    import asyncio  # noqa: PLC0415 — slow to load, and commands that only read do without

    async def interruptible() -> T:
        task = asyncio.ensure_future(work)
        # Python's own handler may raise inside a guest's callback, which would end the process.
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, task.cancel)
        return await task

    try:
        return asyncio.run(interruptible())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def hush_log() -> None:
    """Keep the log of the house away from the result; VALGATE_DEBUG=1 shows it."""
    import logging  # noqa: PLC0415 — with the engine, not before

    import structlog  # noqa: PLC0415

    least = logging.DEBUG if os.environ.get("VALGATE_DEBUG") else logging.CRITICAL
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)  # never local variables
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, plain],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def insist_user(store: Store, name: str) -> str:
    """Return the name of an account that exists, as `alice` or `@alice` is written; raise NotFound, BadInput."""
    account = store.account(Principal.parse(name).name)
    if account is None:
        raise NotFound(f"There is no user {name.removeprefix('@')!r}; `valgate user add NAME` adds one.")
    return account.name


def read_stdin(what: str) -> str:
    """Read all of standard input as text; raise BadInput."""
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{what} must be UTF-8 text; byte {error.start + 1} of standard input is not.") from error


def user_argument(parser: ArgumentParser) -> None:
    """Add the USER that most commands take first."""
    parser.add_argument("user", metavar="USER", help="the account's name, as in alice")


def json_argument(parser: ArgumentParser) -> None:
    """Add --json."""
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
