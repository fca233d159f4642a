"""`valgate serve`, `table`, `backup` and `settings`: for who runs the house."""

from __future__ import annotations

import errno
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

from host_api.commands.command import Command, Context, hush_log, json_argument, run_async
from host_api.commands.show import columns, to_json
from kernel.errors import BadSetting

LAST_PORT = 65535


def _serve(context: Context, args: Namespace) -> int:
    host = args.host or context.settings.host
    port = context.settings.port if args.port is None else args.port
    try:
        run_async(_serve_tended(context, host, port, demo=args.demo))
    except OSError as error:
        raise BadSetting(unlistenable(error, host, port)) from error
    return 0


async def _serve_tended(context: Context, host: str, port: int, *, demo: bool) -> None:
    from host_api.http.server import serve  # noqa: PLC0415 — loads the engine and the web server
    from host_api.mail.sender import delivering  # noqa: PLC0415
    from host_api.store.tending import tended  # noqa: PLC0415

    settings = context.settings
    with context.open_store() as store:
        async with tended(store, settings.retention_days, settings.records), delivering(store, settings):
            await serve(settings, host=host, port=port, demo=demo, ready=None)


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
    parser.add_argument("--demo", action="store_true", help="on an empty database, add alice and bob with vals to try")


def listening_port(text: str) -> int:
    """Read a port, 0 being any free one; raise ArgumentTypeError."""
    port = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= port <= LAST_PORT:
        raise ArgumentTypeError(f"takes a port from 0 to {LAST_PORT}, not {text!r}")
    return port


def _table(context: Context, args: Namespace) -> int:
    from host_api.audit import table  # noqa: PLC0415 — loads the engine

    hush_log()
    return run_async(table.show(context.out, as_json=args.json))


def _backup(context: Context, args: Namespace) -> int:
    target = Path(args.file).absolute()
    with context.open_store() as store:
        store.backup(target)
    context.hint(f"{target} holds the database as it is now. The key of the secrets is not in it: keep that too.")
    return 0


def _backup_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a new file")


def _settings(context: Context, args: Namespace) -> int:
    described = context.settings.describe()
    if args.json:
        keys = ("variable", "value", "default", "help")
        context.out(to_json([dict(zip(keys, one, strict=True)) for one in described]))
        return 0
    head = ("VARIABLE", "VALUE", "DEFAULT", "WHAT IT IS")
    rows = [
        (name, value or "-", "" if value == default else default or "-", told)
        for name, value, default, told in described
    ]
    context.out(columns([head, *rows]))
    return 0


COMMANDS = (
    Command(
        ("serve",),
        "Serve the HTTP API until Ctrl-C.",
        "valgate serve --port 8787 --db sqlite:///valgate.db",
        _serve,
        _serve_arguments,
    ),
    Command(
        ("table",),
        "Run every cell of the table live, in a scratch database, and print what was seen beside what should be.",
        "valgate table",
        _table,
        json_argument,
    ),
    Command(
        ("backup",),
        "Copy the database to a new file, while everything goes on.",
        "valgate backup valgate-monday.db",
        _backup,
        _backup_arguments,
    ),
    Command(
        ("settings",),
        "List every setting with its value; each is an environment variable.",
        "VALGATE_CPU=0.5 valgate settings",
        _settings,
        json_argument,
    ),
)
