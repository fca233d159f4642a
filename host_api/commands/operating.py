"""`valgate table`, `backup` and `settings`: for who runs the house."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from host_api.commands.command import Command, Context, hush_log, json_argument, run_async
from host_api.commands.show import columns, to_json


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
