"""`valgate val`: writing vals, and reading what is kept of them."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from host_api.commands.command import (
    Command,
    Context,
    hush_log,
    insist_user,
    json_argument,
    read_stdin,
    run_async,
    user_argument,
)
from host_api.commands.show import columns, iso, plain, raw, to_json, when
from host_api.store import Privacy, Store, Val, Version
from kernel.errors import BadInput, NotFound
from kernel.principals import ValName


def _put(context: Context, args: Namespace) -> int:
    code = read_code(args.file)
    privacy = Privacy(args.privacy) if args.privacy else None
    val = run_async(_save(context, args.user, code, args.name, privacy))
    context.out(f"{val.owner}.{val.name}@{val.version}")
    if val.error is not None:
        told = f"{val.error.get('name', 'Error')}: {val.error.get('message', '')}"
        context.hint(f"The version is kept, but running it failed, so its value is undefined: {plain(told)}")
    return 0


async def _save(context: Context, user: str, code: str, name: str | None, privacy: Privacy | None) -> Val:
    from host_api.house import House  # noqa: PLC0415 — loads the engine

    hush_log()
    async with House.open(context.settings) as house:
        owner = insist_user(house.store, user)
        return await house.save(owner=owner, code=code, name=name, privacy=privacy, source="cli")


def read_code(file: str) -> str:
    """Read source from a file or, for -, from standard input; raise BadInput."""
    if file == "-":
        return read_stdin("Code")
    try:
        return Path(file).read_text("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{file} must be UTF-8 text; its byte {error.start + 1} is not.") from error
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}.") from error


def _put_arguments(parser: ArgumentParser) -> None:
    user_argument(parser)
    parser.add_argument("file", metavar="FILE", help="JavaScript or TypeScript; - reads standard input")
    parser.add_argument("--name", metavar="V", help="the val's name; default what the code declares")
    parser.add_argument("--privacy", choices=[str(one) for one in Privacy], help="a new val is private")


def _list(context: Context, args: Namespace) -> int:
    with context.open_store() as store:
        account = store.account(insist_user(store, args.user))
        vals = store.vals(account.id) if account else []
    if args.json:
        context.out(to_json([_brief_json(one) for one in vals]))
    elif vals:
        head = ("NAME", "PRIVACY", "VERSION", "KIND", "TYPE", "WRITTEN")
        context.out(columns([head, *(_row(one) for one in vals)]))
    else:
        context.hint(f"There are no vals; `valgate val put {args.user} FILE` writes one.")
    return 0


def _row(val: Val) -> tuple[str, ...]:
    return (val.name, val.privacy, str(val.version), val.kind, val.type, when(val.updated_at))


def _brief_json(val: Val) -> dict[str, object]:
    return {
        "id": val.id,
        "owner": val.owner,
        "name": val.name,
        "privacy": val.privacy,
        "version": val.version,
        "kind": val.kind,
        "type": val.type,
        "error": val.error,
        "createdAt": iso(val.created_at),
        "updatedAt": iso(val.updated_at),
    }


def _show(context: Context, args: Namespace) -> int:
    with context.open_store() as store:
        val = insist_val(store, args.val)
    if args.json:
        kept = {"code": val.code, "value": raw(val.json), "readme": val.readme, "evaluation": val.evaluation}
        context.out(to_json(_brief_json(val) | kept))
    else:
        # To a program as it is; a terminal would act upon what a val may hold.
        context.out(plain(val.code, lines=True) if sys.stdout.isatty() else val.code)
    return 0


def _versions(context: Context, args: Namespace) -> int:
    with context.open_store() as store:
        versions = store.versions(insist_whole(store, args.val).id)
    if args.json:
        context.out(to_json([_version_json(one) for one in versions]))
    else:
        head = ("VERSION", "KIND", "TYPE", "WRITTEN", "BY")
        context.out(columns([head, *(_version_row(one) for one in versions)]))
    return 0


def _version_row(version: Version) -> tuple[str, ...]:
    by = version.author or "-"
    return (
        str(version.version),
        version.kind,
        "error" if version.error else version.type,
        when(version.created_at),
        by,
    )


def _version_json(version: Version) -> dict[str, object]:
    return {
        "version": version.version,
        "kind": version.kind,
        "type": version.type,
        "code": version.code,
        "error": version.error,
        "evaluation": version.evaluation,
        "author": version.author,
        "createdAt": iso(version.created_at),
    }


def _restore(context: Context, args: Namespace) -> int:
    with context.open_store() as store:
        val = insist_whole(store, args.val)
        restored = run_async(_restored(store, val, args.version))
    context.out(f"{restored.owner}.{restored.name}@{restored.version}")
    return 0


async def _restored(store: Store, val: Val, version: int) -> Val:
    return await store.restore(val.id, version)


def _restore_arguments(parser: ArgumentParser) -> None:
    val_argument(parser)
    parser.add_argument("version", metavar="VERSION", type=int, help="as `val versions` shows")


def _delete(context: Context, args: Namespace) -> int:
    with context.open_store() as store:
        val = insist_whole(store, args.val)
        run_async(_deleted(store, val))
    context.hint(f"@{val.owner}.{val.name} and all its versions are gone.")
    return 0


async def _deleted(store: Store, val: Val) -> bool:
    return await store.delete_val_by_id(val.id)


def insist_val(store: Store, text: str) -> Val:
    """Find a val by what was typed; raise BadInput, NotFound."""
    named = ValName.parse(text)
    val = store.val(named.owner.name, named.name, named.version)
    if val is None:
        raise NotFound(f"There is no val {text!r}; `valgate val list {named.owner.name}` lists what there is.")
    return val


def insist_whole(store: Store, text: str) -> Val:
    """Find a val for what is done to all of it: who names a version means that one only. Raise BadInput, NotFound."""
    named = ValName.parse(text)
    if named.version is not None:
        raise BadInput(
            f"This is for a val with all its versions: write {named.owner.name}.{named.name}, without a version."
        )
    return insist_val(store, text)


def val_argument(parser: ArgumentParser) -> None:
    """Add the USER.VAL that most of these take first."""
    parser.add_argument("val", metavar="USER.VAL", help="as in alice.hello")


def pinned_argument(parser: ArgumentParser) -> None:
    """Add a USER.VAL that may name a version."""
    parser.add_argument("val", metavar="USER.VAL", help="as in alice.hello, or alice.hello@3 for version 3")


def _show_arguments(parser: ArgumentParser) -> None:
    pinned_argument(parser)
    json_argument(parser)


def _versions_arguments(parser: ArgumentParser) -> None:
    val_argument(parser)
    json_argument(parser)


def _list_arguments(parser: ArgumentParser) -> None:
    user_argument(parser)
    json_argument(parser)


COMMANDS = (
    Command(
        ("val", "put"),
        "Run code once as its owner and keep it as a val's next version; print which one.",
        "echo 'export const hello = (name) => `Hello, ${name}`' | valgate val put alice - --privacy public",
        _put,
        _put_arguments,
    ),
    Command(("val", "list"), "List an account's vals.", "valgate val list alice", _list, _list_arguments),
    Command(
        ("val", "show"),
        "Print a val's source, or with --json all that is kept of it.",
        "valgate val show alice.hello",
        _show,
        _show_arguments,
    ),
    Command(
        ("val", "versions"),
        "List a val's versions, newest first.",
        "valgate val versions alice.hello",
        _versions,
        _versions_arguments,
    ),
    Command(
        ("val", "restore"),
        "Write an old version again, as the newest.",
        "valgate val restore alice.hello 3",
        _restore,
        _restore_arguments,
    ),
    Command(
        ("val", "delete"),
        "Delete a val with all its versions.",
        "valgate val delete alice.hello",
        _delete,
        val_argument,
    ),
)
