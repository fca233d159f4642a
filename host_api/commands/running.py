"""`valgate run` and `valgate eval`: bare JSON on stdout; an error as one JSON object on stderr, and exit 1."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from host_api.commands.command import Command, Context, hush_log, insist_user, run_async
from host_api.commands.show import to_json
from host_api.commands.vals import insist_val, pinned_argument, read_code
from kernel.errors import BadInput, HostFailure, NotFound
from kernel.policy import Policy
from kernel.principals import ANONYMOUS, ValName

if TYPE_CHECKING:
    from host_api.door import Head
    from host_api.house import Entry, Outcome

UNSEEN = "There is no such val, or it is private: --as NAME asks as its owner."
"""One answer for both, as over HTTP."""


def _run(context: Context, args: Namespace) -> int:
    if args.as_interval:
        return _finish(context, run_async(_try(context, args)))
    named = ValName.parse(args.val)
    return _finish(context, run_async(_evaluate(context, args, val=(named.owner.name, named.name, named.version))))


def _eval(context: Context, args: Namespace) -> int:
    code = read_code("-") if args.code == "-" else args.code
    return _finish(context, run_async(_evaluate(context, args, code=code)))


async def _try(context: Context, args: Namespace) -> Outcome:
    """Run a val in this process as its schedule does; a run that is under way does not hold this one up."""
    if args.args is not None or args.requester is not None:
        raise BadInput("--as-interval makes the argument itself and runs as the author: leave out --args and --as.")
    from host_api.house import House  # noqa: PLC0415 — loads the engine
    from host_api.intervals.running import try_now  # noqa: PLC0415 — as above
    from host_api.store.clock import now_ms  # noqa: PLC0415

    hush_log()
    async with House.open(context.settings) as house:
        return await try_now(house, insist_val(house.store, args.val), now_ms())


async def _evaluate(
    context: Context, args: Namespace, *, val: tuple[str, str, int | None] | None = None, code: str | None = None
) -> Outcome:
    """Evaluate in this process. A val runs as its author's evaluation, code as the requester's own."""
    given = insist_args(args.args)
    from host_api.house import Entry, House  # noqa: PLC0415 — loads the engine

    hush_log()
    entry: Entry = Entry(val=val) if val else Entry(code=code)
    policy = Policy(args.policy) if getattr(args, "policy", None) else None
    async with House.open(context.settings) as house:
        requester = None if args.requester in (None, ANONYMOUS) else insist_user(house.store, args.requester)
        try:
            return await house.evaluate(
                requester=requester, source="cli", entry=entry, args=given, as_author=val is not None, policy=policy
            )
        except NotFound as error:
            raise (NotFound(UNSEEN) if val else error) from None


def _finish(context: Context, outcome: Outcome) -> int:
    if outcome.error is None:
        if outcome.answer is not None:
            return _answered(context, *outcome.answer)
        context.out(outcome.json.decode("utf-8"))
        return 0
    error = outcome.error
    told = {
        "type": "error",
        "error": f"{error.name}: {error.message}",
        "name": error.name,
        "message": error.message,
        "stack": error.stack,
        "status": error.status,
        "code": error.code,
        "val": error.val,
        "line": error.line,
        "column": error.column,
        "evaluation": outcome.evaluation,
        "hint": "VALGATE_DEBUG=1 shows the cause." if error.name == HostFailure.guest_name else None,
    }
    context.hint(to_json({key: value for key, value in told.items() if value is not None}))
    return 1


def _answered(context: Context, head: Head, body: bytes) -> int:
    """Print the body of a Response as it is, and its head beside."""
    context.hint(
        "\n".join([f"HTTP {head.status} {head.reason}".rstrip(), *(f"{name}: {value}" for name, value in head.fields)])
    )
    context.raw(body)
    return 0


def insist_args(text: str | None) -> bytes | None:
    """Check that arguments are a JSON array and pass them on unchanged; raise BadInput that says where not."""
    if text is None:
        return None
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"--args must be a JSON array, such as '[1, \"x\"]': {error}.") from error
    if not isinstance(value, list):
        raise BadInput(f"--args must be a JSON array: write '[{text[:40]}]' for one argument.")
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadInput("--args must be UTF-8 text.") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _shared_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--as", dest="requester", metavar="NAME", help="the user who asks; default anonymous")
    parser.add_argument("--args", metavar="JSON", help="arguments, as a JSON array, if the value is a function")


def _run_arguments(parser: ArgumentParser) -> None:
    pinned_argument(parser)
    _shared_arguments(parser)
    parser.add_argument(
        "--as-interval", action="store_true", help="as its author, with the argument that a schedule gives it"
    )


def _eval_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("code", metavar="CODE", help="JavaScript or TypeScript; - reads standard input")
    _shared_arguments(parser)
    parser.add_argument(
        "--policy",
        choices=[str(one) for one in Policy],
        help="what naming another owner's val means (HTTP has no such choice)",
    )


COMMANDS = (
    Command(
        ("run",),
        "Run a val as its author's own evaluation, as POST /v1/run does, and print the value as JSON.",
        """valgate run alice.hello --args '["world"]'""",
        _run,
        _run_arguments,
        json_errors=True,
    ),
    Command(
        ("eval",),
        "Evaluate code as the user who asks and print the value as JSON.",
        "valgate eval '@alice.hello(\"world\")' --as bob --policy library",
        _eval,
        _eval_arguments,
        json_errors=True,
    ),
)
