"""How a mistake is told: one sentence on stderr, or a JSON object for programs.

What it must never do: show a traceback (but with VALGATE_DEBUG=1) or a secret.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from host_api.commands.show import to_json
from kernel.errors import SourceError, ValgateError, to_http

FAILED = 1


def told(run: Callable[[], int], *, as_json: bool = False) -> int:
    """Run something and return its exit status; tell what it raises, but KeyboardInterrupt and BrokenPipeError."""
    try:
        return run()
    except ValgateError as error:
        _complain(error, as_json=as_json)
    except (KeyboardInterrupt, BrokenPipeError):
        raise
    except OSError as error:
        _debug()
        _say(f"The system refused: {error}.")
    except Exception as error:  # noqa: BLE001 — the last place where anything can be told
        _debug()
        _say(f"Something in Valgate itself broke ({type(error).__name__}: {error}). VALGATE_DEBUG=1 shows where.")
    return FAILED


def _complain(error: ValgateError, *, as_json: bool) -> None:
    _debug()
    if as_json:
        status, body = to_http(error)
        sys.stderr.write(to_json({**body, "name": error.guest_name, "message": str(error), "status": status}) + "\n")
        return
    place = f" (line {error.line}, column {error.column})" if isinstance(error, SourceError) else ""
    _say(f"{error}{place}")


def _say(sentence: str) -> None:
    sys.stderr.write(f"valgate: {sentence}\n")


def _debug() -> None:
    if os.environ.get("VALGATE_DEBUG"):
        import traceback  # noqa: PLC0415 — for our makers only

        traceback.print_exc()
