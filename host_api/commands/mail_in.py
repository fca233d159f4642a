"""`valgate mail-in`: mail for vals, in a process of its own beside the server."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from host_api.commands.command import Command, Context, run_async
from host_api.commands.serving import listening_port, unlistenable
from kernel.errors import BadSetting

PORT = 8025


def _mail_in(context: Context, args: Namespace) -> int:
    from host_api.letterbox.listening import receive  # noqa: PLC0415 — loads the engine

    host = args.host or context.settings.host
    try:
        run_async(receive(context.settings, host=host, port=args.port))
    except OSError as error:
        raise BadSetting(unlistenable(error, host, args.port)) from error
    return 0


def _mail_in_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--host", metavar="ADDRESS", help="default VALGATE_HOST, 127.0.0.1")
    parser.add_argument(
        "--port", metavar="N", type=listening_port, default=PORT, help=f"default {PORT}; 0 is any free one"
    )


COMMANDS = (
    Command(
        ("mail-in",),
        "Take mail for user.val@VALGATE_MAIL_DOMAIN over SMTP and run that val, public or unlisted, with it, until Ctrl-C.",
        "VALGATE_MAIL_DOMAIN=vals.example.org valgate mail-in --port 8025",
        _mail_in,
        _mail_in_arguments,
    ),
)
