"""`valgate user` and `valgate token`: who may use the house. A token is printed once, alone on stdout."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace

from host_api.commands.command import Command, Context, insist_user, json_argument, run_async, user_argument
from host_api.commands.show import columns, iso, to_json, when
from host_api.store import ALL_SCOPES, Account, Scope, Store, Token
from host_api.store.clock import now_ms
from kernel.errors import BadInput, Conflict, NotFound

DAY_MS = 86_400_000
CENTURY_DAYS = 36_500
SHOWN_ID = 8
"""Characters of an id that are enough to name a token."""


def _add_user(context: Context, args: Namespace) -> int:
    with context.open_store() as store:
        text = run_async(_new_account(store, args.name, args.email))
    context.out(text)
    context.hint(f"This is the token of @{args.name}, shown this once: send it as `Authorization: Bearer <token>`.")
    return 0


async def _new_account(store: Store, name: str, email: str | None) -> str:
    try:
        account = await store.add_account(name, email)
    except Conflict as error:
        raise Conflict(f"{error} `valgate token new {name}` makes another token.") from error
    _, text = await store.add_token(account.id, "first")
    return text


def _add_user_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="letters, digits and _, at most 48")
    parser.add_argument("--email", metavar="E", help="where console.email goes")


def _set_email(context: Context, args: Namespace) -> int:
    with context.open_store() as store:
        account = _account(store, args.user)
        run_async(_moved(store, account, None if args.none else args.email))
    context.hint(
        f"Mail for @{account.name} goes to {args.email}."
        if not args.none
        else f"@{account.name} gets no mail any more."
    )
    return 0


async def _moved(store: Store, account: Account, email: str | None) -> None:
    await store.set_email(account.id, email)


def _set_email_arguments(parser: ArgumentParser) -> None:
    user_argument(parser)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("email", metavar="E", nargs="?", help="where console.email goes from now on")
    where.add_argument("--none", action="store_true", help="nowhere: it stays in the outbox")


def _list_users(context: Context, args: Namespace) -> int:
    with context.open_store() as store:
        accounts = store.accounts()
    if args.json:
        context.out(
            to_json([{"name": one.name, "email": one.email, "createdAt": iso(one.created_at)} for one in accounts])
        )
    elif accounts:
        context.out(columns([(one.name, one.email or "-", when(one.created_at)) for one in accounts]))
    else:
        context.hint("There are no users; `valgate user add NAME` adds one.")
    return 0


def _new_token(context: Context, args: Namespace) -> int:
    scopes = frozenset(Scope(one) for one in args.scope) if args.scope else ALL_SCOPES
    with context.open_store() as store:
        account = _account(store, args.user)
        expires = None if args.days is None else now_ms() + args.days * DAY_MS
        _, text = run_async(_made(store, account, args.name, scopes, expires))
    context.out(text)
    context.hint(f"This is a token of @{account.name}, shown this once.")
    return 0


async def _made(
    store: Store, account: Account, name: str, scopes: frozenset[Scope], expires: int | None
) -> tuple[Token, str]:
    return await store.add_token(account.id, name, scopes, expires)


def _new_token_arguments(parser: ArgumentParser) -> None:
    user_argument(parser)
    parser.add_argument("--name", metavar="TEXT", default="", help="what it is for")
    parser.add_argument(
        "--scope", action="append", choices=[str(one) for one in Scope], help="may be repeated; default all"
    )
    parser.add_argument("--days", metavar="N", type=_days, help="valid for so many days; default for ever")


def _days(text: str) -> int:
    days = int(text) if text.isascii() and text.isdigit() else 0
    if not 0 < days <= CENTURY_DAYS:
        raise ArgumentTypeError(f"takes days from 1 to {CENTURY_DAYS}, not {text!r}")
    return days


def _list_tokens(context: Context, args: Namespace) -> int:
    with context.open_store() as store:
        tokens = store.tokens(_account(store, args.user).id)
    if args.json:
        context.out(to_json([_token_json(one) for one in tokens]))
    elif tokens:
        head = ("ID", "NAME", "SCOPES", "MADE", "EXPIRES", "LAST USED")
        context.out(columns([head, *(_token_row(one) for one in tokens)]))
    else:
        context.hint(f"There are no tokens; `valgate token new {args.user}` makes one.")
    return 0


def _token_json(token: Token) -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.name,
        "scopes": sorted(token.scopes),
        "createdAt": iso(token.created_at),
        "expiresAt": iso(token.expires_at),
        "lastUsedAt": iso(token.last_used_at),
    }


def _token_row(token: Token) -> tuple[str, ...]:
    scopes = "all" if token.scopes == ALL_SCOPES else ",".join(sorted(token.scopes))
    times = (when(token.created_at), when(token.expires_at), when(token.last_used_at))
    return (token.id[:SHOWN_ID], token.name or "-", scopes, *times)


def _revoke_token(context: Context, args: Namespace) -> int:
    with context.open_store() as store:
        account = _account(store, args.user)
        token = _one_token(store.tokens(account.id), args.id, account)
        run_async(_revoked(store, token))
    context.hint(f"The token {token.id[:SHOWN_ID]} of @{account.name} is revoked.")
    return 0


async def _revoked(store: Store, token: Token) -> bool:
    return await store.revoke_token(token.account_id, token.id)


def _one_token(tokens: list[Token], beginning: str, account: Account) -> Token:
    found = [one for one in tokens if beginning and one.id.startswith(beginning)]
    if not found:
        raise NotFound(f"@{account.name} has no token {beginning!r}; `valgate token list {account.name}` lists them.")
    if len(found) > 1:
        raise BadInput(f"More than one token begins with {beginning!r}: write more of the id.")
    return found[0]


def _revoke_token_arguments(parser: ArgumentParser) -> None:
    user_argument(parser)
    parser.add_argument("id", metavar="ID", help="its id, or the beginning of it, as `token list` shows")


def _account(store: Store, name: str) -> Account:
    account = store.account(insist_user(store, name))
    if account is None:
        raise NotFound(f"There is no user {name!r}.")
    return account


def _list_tokens_arguments(parser: ArgumentParser) -> None:
    user_argument(parser)
    json_argument(parser)


COMMANDS = (
    Command(
        ("user", "add"),
        "Add an account and print a token for it, once, alone on stdout.",
        "valgate user add alice --email alice@example.org",
        _add_user,
        _add_user_arguments,
    ),
    Command(
        ("user", "email"),
        "Say where an account's mail goes; what is on its way already goes where it was to go.",
        "valgate user email alice alice@example.org",
        _set_email,
        _set_email_arguments,
    ),
    Command(("user", "list"), "List the accounts.", "valgate user list", _list_users, json_argument),
    Command(
        ("token", "new"),
        "Make another token for an account and print it, once, alone on stdout.",
        "valgate token new alice --name laptop --scope run --days 90",
        _new_token,
        _new_token_arguments,
    ),
    Command(
        ("token", "list"),
        "List an account's tokens, never the tokens themselves.",
        "valgate token list alice",
        _list_tokens,
        _list_tokens_arguments,
    ),
    Command(
        ("token", "revoke"),
        "Make a token worthless, at once.",
        "valgate token revoke alice 3f2a91c0",
        _revoke_token,
        _revoke_token_arguments,
    ),
)
