"""The line that is typed: its parser, made of all commands, and how a mistake in it is told.

What it must never do: show a token twice.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from argparse import SUPPRESS, Action, ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

from host_api.commands import accounts, key, mail_in, operating, records, running, schedule, secret, serving, vals
from host_api.commands.command import Command, Context
from host_api.commands.telling import told
from host_api.settings import Settings
from host_api.store import failures
from kernel.errors import HostFailure

DONE, MISUSED = 0, 2

COMMANDS: tuple[Command, ...] = (
    *serving.COMMANDS,
    *mail_in.COMMANDS,
    *accounts.COMMANDS,
    *secret.COMMANDS,
    *key.COMMANDS,
    *vals.COMMANDS,
    *schedule.COMMANDS,
    *running.COMMANDS,
    *records.COMMANDS,
    *operating.COMMANDS,
)

FAMILIES = {
    "user": "Accounts: who owns vals and secrets.",
    "token": "Tokens: what a program shows to act as an account.",
    "secret": "Secrets: read by their owner's own code as @me.secrets.name.",
    "key": "The key that seals secrets: rotate it, or see whether it is the right one.",
    "val": "Vals: write them, and see what is kept of them.",
}

_EXAMPLE = """example:
  valgate user add alice
  echo 'export const hello = (name) => `Hello, ${name}`' | valgate val put alice - --privacy public
  valgate run alice.hello --args '["world"]'"""


def run(argv: Sequence[str]) -> int:
    """Run one command and return its exit status; raise KeyboardInterrupt, BrokenPipeError."""
    parser = build_parser()
    args = parser.parse_args(argv)
    command: Command | None = getattr(args, "command", None)
    if command is None:
        args.parser.print_help(sys.stderr)
        return MISUSED
    return told(
        lambda: _on_its_database(command, Context(Settings.load(_environment(args))), args),
        as_json=command.json_errors,
    )


def _on_its_database(command: Command, context: Context, args: Namespace) -> int:
    """Run a command; what the disk refuses meanwhile is told to an operator, who may know where the database is."""
    try:
        return command.run(context, args)
    except HostFailure as error:
        if isinstance(error.__cause__, sqlite3.Error | OSError):
            raise failures.on_opening(error.__cause__, context.settings.database) from error
        raise


def _environment(args: Namespace) -> dict[str, str]:
    """Return the environment as this command sees it: --db stands for VALGATE_DB."""
    given = getattr(args, "db", None)
    return dict(os.environ) if given is None else {**os.environ, "VALGATE_DB": given}


class _Parser(ArgumentParser):
    """argparse, but a mistake is one sentence that says where the help is."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and leave."""
        self.exit(MISUSED, f"valgate: {message[:1].upper()}{message[1:]}. Try: {self.prog} --help\n")

    def _check_value(self, action: Action, value: Any) -> None:  # noqa: ANN401 — argparse's signature
        """Refuse a word that is no choice, with the nearest that is one."""
        if action.choices is not None and value not in action.choices:
            words = [str(one) for one in action.choices]
            near = get_close_matches(str(value), words, n=1)
            told = f"did you mean {near[0]}?" if near else f"there are {', '.join(words)}"
            self.error(f"there is no {value!r} here ({told})")


class _Version(Action):
    """--version, asked of the installed package only when wanted."""

    def __call__(self, parser: ArgumentParser, *_: object) -> None:
        """Print and leave."""
        from importlib.metadata import version  # noqa: PLC0415 — slow to load

        sys.stdout.write(f"valgate {version('valgate')}\n")
        parser.exit(DONE)


def build_parser() -> ArgumentParser:
    """Build the parser of all commands."""
    parser = _new_parser("valgate", "A server for JavaScript vals that call one another across owners.", _EXAMPLE)
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and leave")
    kinds = parser.add_subparsers(metavar="COMMAND", title="commands", parser_class=_Parser, prog="valgate")
    families: dict[str, Any] = {}
    for command in COMMANDS:
        place = kinds
        for word in command.words[:-1]:
            place = families[word] = families.get(word) or _add_family(kinds, word)
        _add_command(place, command)
    return parser


def _new_parser(prog: str, description: str, epilog: str) -> _Parser:
    parser = _Parser(
        prog=prog,
        description=description,
        epilog=epilog,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(parser=parser)
    _add_db(parser)
    return parser


def _add_family(kinds: Any, word: str) -> Any:  # noqa: ANN401 — argparse keeps this type to itself
    family = kinds.add_parser(word, help=FAMILIES[word], description=FAMILIES[word], allow_abbrev=False)
    family.set_defaults(parser=family)
    _add_db(family)
    return family.add_subparsers(metavar="COMMAND", title="commands", parser_class=_Parser, prog=f"valgate {word}")


def _add_command(place: Any, command: Command) -> None:  # noqa: ANN401 — see above
    parser = place.add_parser(
        command.words[-1],
        help=command.sentence,
        description=command.sentence,
        epilog=f"example:\n  {command.example}",
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.arguments(parser)
    _add_db(parser)
    parser.set_defaults(command=command, parser=parser)


def _add_db(parser: ArgumentParser) -> None:
    """Accept --db at any place of the line; what is not given changes nothing."""
    parser.add_argument("--db", metavar="URL", default=SUPPRESS, help="the database; default VALGATE_DB")
