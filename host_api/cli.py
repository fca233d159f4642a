"""The command line: `valgate`.

Results go to stdout, everything else to stderr.
Exit status: 0 done, 1 failed, 2 used wrongly, 130 interrupted, 141 nobody reads on.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

INTERRUPTED, PIPE_CLOSED = 130, 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    try:
        # Here, so that an interruption while it loads is a clean one too.
        from host_api.commands.line import run  # noqa: PLC0415

        _speak_utf8()
        status = run(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read has left; what is still buffered goes nowhere, without a complaint at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    return status


def _speak_utf8() -> None:
    """Write UTF-8 whatever the locale: JSON is nothing else, and a val may hold any character."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
