"""The log of a server: lines on stderr, for people on a terminal and for programs anywhere else.

What it must never hold: source, arguments, secrets, bodies of mail. So tracebacks come without the values of variables.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

import orjson
import structlog
from structlog import _config
from structlog.processors import format_exc_info
from structlog.typing import EventDict, Processor, WrappedLogger

from host_api.lines import Lines

AT = "_at"
"""When an event was said that becomes a line later, in nanoseconds since 1970; in no line."""


def to_stderr(*, process: bool = False) -> Lines:
    """Set the log up, for the whole process; VALGATE_DEBUG=1 adds a line for each request and host call.

    `process`: whether each line says which process wrote it, as where there are several.
    Returns what holds lines back for a moment, to be flushed at the end.
    """
    least = logging.DEBUG if os.environ.get("VALGATE_DEBUG") else logging.INFO
    people = sys.stderr.isatty()
    written = [*((_process,) if process else ()), *(_for_people() if people else (_as_json,))]
    line_of = partial(_line_of, written)
    output = Output(Lines(sys.stderr, line_of), line_of if people else None)
    structlog.configure(
        processors=written,
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=output,
        cache_logger_on_first_use=True,
    )
    return output.lines


class Output:
    """Where the lines of a log go: what structlog makes its loggers with."""

    def __init__(self, lines: Lines, at_once: Callable[[EventDict], str | bytes] | None = None) -> None:
        """Take the lines, and what makes one of an event where that must not wait until it leaves."""
        self.lines, self.at_once = lines, at_once

    def __call__(self, *_: object) -> Lines:
        """Make a logger."""
        return self.lines


def say(event: dict[str, object]) -> None:
    """Say what there is a line of for every evaluation; `event` ends with its name, under "event".

    At `info`, which is never filtered; as structlog would do, without all that it could do besides.
    """
    output = _config._CONFIG.logger_factory  # noqa: SLF001 - structlog.get_config() gathers five things first
    if not isinstance(output, Output):
        structlog.get_logger().info(event.pop("event"), **event)
        return
    if output.at_once is not None:
        output.lines.info(output.at_once(event))
        return
    event[AT] = time.time_ns()
    output.lines.info(event)


def asks_for_debug() -> bool:
    """Whether lines of `debug` are written, as the log is set up now."""
    return _asked(_config._CONFIG.default_wrapper_class)  # noqa: SLF001 - as above


@lru_cache(maxsize=4)
def _asked(_: object) -> bool:
    enabled: bool = structlog.get_logger().is_enabled_for(logging.DEBUG)
    return enabled


def _line_of(steps: Sequence[Processor], event: EventDict) -> str | bytes:
    """Write an event at `info`, by steps of which the last makes a line of it."""
    line: Any = event
    for step in steps:
        line = step(None, "info", line)
    said: str | bytes = line
    return said


def _for_people() -> list[Processor]:
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]


def _as_json(logger: WrappedLogger, level: str, event: EventDict) -> bytes:
    """Write an event as one line. One function and not one for each part: there is a line for every evaluation."""
    event["level"] = level
    second, rest = divmod(event.pop(AT, 0) or time.time_ns(), 1_000_000_000)
    event["timestamp"] = f"{_second(second)}.{rest // 1000:06}Z"
    if event.get("exc_info"):
        event = format_exc_info(logger, level, event)
    try:
        return orjson.dumps(event, default=repr)
    except orjson.JSONEncodeError:  # half a character: escaped, it is JSON all the same
        return json.dumps(event, default=repr).encode()


@lru_cache(maxsize=2)
def _second(second: int) -> str:
    """Write a second since 1970 as ISO 8601, in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def _process(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event["pid"] = os.getpid()
    return event
