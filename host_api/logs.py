"""The log of a server: lines on stderr, for people on a terminal and for programs anywhere else.

What it must never hold: source, arguments, secrets, bodies of mail. So tracebacks come without the values of variables.
"""

from __future__ import annotations

import logging
import os
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger


def to_stderr(*, process: bool = False) -> None:
    """Set the log up, for the whole process; VALGATE_DEBUG=1 adds a line for each request and host call.

    `process`: whether each line says which process wrote it, as where there are several.
    """
    least = logging.DEBUG if os.environ.get("VALGATE_DEBUG") else logging.INFO
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *((_process,) if process else ()),
            *_written(terminal=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        # A line is one write: those of several processes do not mix.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _process(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {**event, "pid": os.getpid()}


def _written(*, terminal: bool) -> list[Processor]:
    if terminal:
        return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
