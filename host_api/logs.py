"""The log of a server: lines on stderr, for people on a terminal and for programs anywhere else.

What it must never hold: source, arguments, secrets, bodies of mail. So tracebacks come without the values of variables.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from functools import lru_cache

import orjson
import structlog
from structlog.processors import format_exc_info
from structlog.typing import EventDict, Processor, WrappedLogger

from host_api.lines import Lines


def to_stderr(*, process: bool = False) -> Lines:
    """Set the log up, for the whole process; VALGATE_DEBUG=1 adds a line for each request and host call.

    `process`: whether each line says which process wrote it, as where there are several.
    Returns what holds lines back for a moment, to be flushed at the end.
    """
    least = logging.DEBUG if os.environ.get("VALGATE_DEBUG") else logging.INFO
    lines = Lines(sys.stderr)
    structlog.configure(
        processors=[*((_process,) if process else ()), *(_for_people() if sys.stderr.isatty() else (_as_json,))],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=True,
    )
    return lines


def _for_people() -> list[Processor]:
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]


def _as_json(logger: WrappedLogger, level: str, event: EventDict) -> str:
    """Write an event as one line. One function and not one for each part: there is a line for every evaluation."""
    event["level"] = level
    second, rest = divmod(time.time_ns(), 1_000_000_000)
    event["timestamp"] = f"{_second(second)}.{rest // 1000:06}Z"
    if event.get("exc_info"):
        event = format_exc_info(logger, level, event)
    try:
        return orjson.dumps(event, default=repr).decode()
    except orjson.JSONEncodeError:  # half a character: escaped, it is JSON all the same
        return json.dumps(event, default=repr)


@lru_cache(maxsize=2)
def _second(second: int) -> str:
    """Write a second since 1970 as ISO 8601, in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def _process(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event["pid"] = os.getpid()
    return event
