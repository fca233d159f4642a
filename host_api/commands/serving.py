"""`valgate serve`: in this process, or in as many as there are cores, with this one as their supervisor."""

from __future__ import annotations

import errno
import gc
import os
import shutil
import tempfile
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from host_api.commands.command import Command, Context, run_async
from host_api.knobs import MOST_PROCESSES
from host_api.settings import Settings
from kernel.errors import BadSetting

if TYPE_CHECKING:
    from host_api.processes.birth import Birth

LAST_PORT = 65535

Ready = Callable[[str], None]


def _serve(context: Context, args: Namespace) -> int:
    host = args.host or context.settings.host
    port = context.settings.port if args.port is None else args.port
    processes = args.processes or context.settings.processes
    if processes > 1:
        return _supervise(context.settings, host, port, processes, demo=args.demo)
    try:
        run_async(tended(context.settings, host, port, demo=args.demo))
    except OSError as error:
        raise BadSetting(unlistenable(error, host, port)) from error
    return 0


def _supervise(settings: Settings, host: str, port: int, processes: int, *, demo: bool) -> int:
    from host_api.processes.doors import bind  # noqa: PLC0415 — for servers
    from host_api.processes.worker import Plan, start  # noqa: PLC0415

    try:
        doors = bind(host, port, processes)
    except OSError as error:
        raise BadSetting(unlistenable(error, host, port)) from error
    with _folder() as folder:
        # The supervisor's from here on: it closes them when it stops.
        numbers = tuple(tuple(one.detach() for one in door) for door in doors)
        # What is named on the command line; where nothing is, each finds the usual place, and makes its folder, by itself.
        named = {"VALGATE_DB": str(settings.database)} if settings.db else {}
        environ = {**os.environ, **named}
        plan = Plan(numbers, folder, host, environ, demo)
        first = start(plan, 0, announces=True)
        # While the first process starts, which is what one waits for.
        from host_api import logs  # noqa: PLC0415
        from host_api.processes.supervisor import Supervisor  # noqa: PLC0415

        logs.to_stderr(process=True)
        return Supervisor(plan, settings.drain, first).run()


@contextmanager
def _folder() -> Iterator[Path]:
    """Make the folder where the processes meet, which nobody else may enter."""
    folder = Path(tempfile.mkdtemp(prefix="valgate-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def tended(
    settings: Settings, host: str, port: int, *, demo: bool, birth: Birth | None = None, ready: Ready | None = None
) -> None:
    """Serve, and do meanwhile for the database what a server does; of several processes the first one does it for all."""
    gc.disable()  # until it serves: what is loaded stays, and looking through it is a tenth of the start
    from host_api.http.server import serve  # noqa: PLC0415 — loads the engine and the web server
    from host_api.mail.sender import delivering  # noqa: PLC0415
    from host_api.store.tending import tended as database_tended  # noqa: PLC0415

    first = birth is None or birth.place.first
    with settings.open_store() as store:
        tending = database_tended(store, settings.retention_days, settings.records, forgets=first)
        async with tending, delivering(store, settings) if first else nullcontext():
            await serve(settings, host=host, port=port, demo=demo, birth=birth, ready=ready)


def unlistenable(error: OSError, host: str, port: int) -> str:
    """Say why a port cannot be had, and what to do."""
    if error.errno == errno.EADDRINUSE:
        return f"Another program listens at {host}:{port}: choose another with --port."
    return f"It is not possible to listen at {host}:{port} ({error.strerror or error}): choose with --host and --port."


def _serve_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--host", metavar="ADDRESS", help="default VALGATE_HOST, 127.0.0.1")
    parser.add_argument(
        "--port", metavar="N", type=listening_port, help="default VALGATE_PORT, 8787; 0 is any free one"
    )
    parser.add_argument(
        "--processes",
        metavar="N",
        type=_processes,
        help="how many serve, so that all cores do; default VALGATE_PROCESSES, the cores that there are",
    )
    parser.add_argument("--demo", action="store_true", help="on an empty database, add alice and bob with vals to try")


def listening_port(text: str) -> int:
    """Read a port, 0 being any free one; raise ArgumentTypeError."""
    port = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= port <= LAST_PORT:
        raise ArgumentTypeError(f"takes a port from 0 to {LAST_PORT}, not {text!r}")
    return port


def _processes(text: str) -> int:
    processes = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= processes <= MOST_PROCESSES:
        raise ArgumentTypeError(f"takes a number of processes from 1 to {MOST_PROCESSES}, not {text!r}")
    return processes


COMMANDS = (
    Command(
        ("serve",),
        "Serve the HTTP API until Ctrl-C; SIGHUP lets new processes take over, and no request is lost.",
        "valgate serve --port 8787 --processes 2 --db sqlite:///valgate.db",
        _serve,
        _serve_arguments,
    ),
)
