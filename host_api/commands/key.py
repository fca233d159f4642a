"""`valgate key`: the key that seals secrets. It is never shown."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from host_api.commands.command import Command, Context
from host_api.store.rotation import Rotated

OLD_KEY = (
    "The old key opens nothing here any more. A backup from before needs it, and Valgate does not keep it: "
    "make a new backup now, and keep the new key with it."
)


def _rotate(context: Context, args: Namespace) -> int:
    to = None if args.to is None else Path(args.to).expanduser().absolute()
    with context.open_store() as store:
        rotated = store.rotate_key(to)
    context.out(_told(rotated))
    if to is not None:
        context.hint(_what_next(context, to))
    context.hint(OLD_KEY)
    return 0


def _told(rotated: Rotated) -> str:
    if rotated.before:
        return f"The secrets were sealed with the key in {rotated.file} before."
    return f"{_secrets(rotated.secrets)} sealed anew, with the key in {rotated.file}."


def _secrets(count: int) -> str:
    return "1 secret" if count == 1 else f"{count} secrets"


def _what_next(context: Context, to: Path) -> str:
    """Say what the operator must set: a variable is his to change, and so is a file that he chose."""
    chosen, text = context.settings.key_file, context.settings.key
    replace = (
        "" if text is not None or chosen is None else f", or move {to} to {chosen}, which servers notice by themselves"
    )
    unset = "unset VALGATE_KEY, " if text is not None else ""
    restart = "and start every server again: until then they cannot open secrets, and say so in their log"
    return f"Next: {unset}set VALGATE_KEY_FILE={to} {restart}{replace}."


def _check(context: Context, args: Namespace) -> int:
    file = None if args.file is None else Path(args.file).expanduser().absolute()
    with context.open_store() as store:
        checked = store.check_secrets(file)
    context.out(f"{checked.source} opens the database: {_secrets(checked.secrets)}.")
    return 0


def _rotate_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--to",
        metavar="FILE",
        help="where the new key is, or is to be made; needed with VALGATE_KEY or VALGATE_KEY_FILE",
    )


def _check_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--file", metavar="FILE", help="try the key in this file, instead of the one that is set")


COMMANDS = (
    Command(
        ("key", "rotate"),
        "Make a new key and seal all secrets with it, while servers go on.",
        "valgate key rotate",
        _rotate,
        _rotate_arguments,
    ),
    Command(
        ("key", "check"),
        "Open every secret with the key, and say whether it is the right one.",
        "valgate key check --file old.key",
        _check,
        _check_arguments,
    ),
)
