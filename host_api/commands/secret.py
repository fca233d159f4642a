"""`valgate secret`: values come from standard input and are never shown."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from getpass import getpass

from host_api.commands.command import Command, Context, insist_user, read_stdin, run_async, user_argument
from host_api.store import Store
from host_api.store.secret import insist_secret_name
from kernel.errors import BadInput, NotFound


def _set(context: Context, args: Namespace) -> int:
    with context.open_store() as store:
        # Before the value is asked for: nobody likes to type one twice.
        user, key = insist_user(store, args.user), insist_secret_name(args.key)
        run_async(_put(store, user, key, _value(args)))
    context.hint(f"The secret @{user}.secrets.{args.key} is set.")
    return 0


async def _put(store: Store, user: str, key: str, value: str) -> None:
    await store.put_secret(user, key, value)


def _value(args: Namespace) -> str:
    """Read the value, without the line end that echo adds; a person types it unseen."""
    if sys.stdin.isatty():
        value = getpass(f"Value of {args.key}: ")
    else:
        value = read_stdin("A secret")
        value = value.removesuffix("\n").removesuffix("\r") if value.endswith("\n") else value
    if not value:
        raise BadInput(f"No value came on standard input: printf %s VALUE | valgate secret set {args.user} {args.key}")
    return value


def _list(context: Context, args: Namespace) -> int:
    with context.open_store() as store:
        names = store.secret_names(insist_user(store, args.user))
    for name in names:
        context.out(name)
    return 0


def _delete(context: Context, args: Namespace) -> int:
    with context.open_store() as store:
        user = insist_user(store, args.user)
        if not run_async(_deleted(store, user, args.key)):
            raise NotFound(f"@{user} has no secret {args.key!r}; `valgate secret list {user}` lists them.")
    context.hint(f"The secret @{user}.secrets.{args.key} is gone.")
    return 0


async def _deleted(store: Store, user: str, key: str) -> bool:
    return await store.delete_secret(user, key)


def _key_arguments(parser: ArgumentParser) -> None:
    user_argument(parser)
    parser.add_argument("key", metavar="KEY", help="the secret's name, as in apiKey for @me.secrets.apiKey")


COMMANDS = (
    Command(
        ("secret", "set"),
        "Keep a secret, sealed; its value is read from standard input.",
        "printf %s hunter2 | valgate secret set alice apiKey",
        _set,
        _key_arguments,
    ),
    Command(
        ("secret", "list"),
        "List the names of an account's secrets, never their values.",
        "valgate secret list alice",
        _list,
        user_argument,
    ),
    Command(("secret", "delete"), "Forget a secret.", "valgate secret delete alice apiKey", _delete, _key_arguments),
)
