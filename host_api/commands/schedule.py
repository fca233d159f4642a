"""`valgate val schedule`: when a val runs by itself."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from host_api.commands.command import Command, Context, json_argument, run_async
from host_api.commands.show import columns, iso, raw, to_json, when
from host_api.commands.vals import insist_whole, val_argument
from host_api.store import Interval, Kind, Store, Val


def _schedule(context: Context, args: Namespace) -> int:
    with context.open_store() as store:
        val = insist_whole(store, args.val)  # it is the newest version that runs
        if args.every or args.cron or args.off:
            run_async(_set(context, store, val, args))
        _tell(context, val, store.interval(val.id), args)
    return 0


async def _set(context: Context, store: Store, val: Val, args: Namespace) -> None:
    from host_api.intervals import parse, set_schedule  # noqa: PLC0415 — slow to load
    from host_api.store.clock import now_ms  # noqa: PLC0415

    wanted = {"every": args.every} if args.every else {"cron": args.cron}
    schedule = None if args.off else parse(wanted, context.settings.shortest_interval, now_ms())
    await set_schedule(store, val.id, schedule)


def _tell(context: Context, val: Val, interval: Interval | None, args: Namespace) -> None:
    if args.json:
        context.out(to_json(None if interval is None else _json(interval)))
    elif args.off:
        context.hint(f"@{val.owner}.{val.name} runs by itself no more.")
    elif interval is None:
        context.hint(f"@{val.owner}.{val.name} has no schedule; --every 15m gives it one.")
    else:
        head = ("SCHEDULE", "REGISTERED", "LAST RUN", "NEXT RUN")
        context.out(columns([head, _row(interval)]))
    if interval is not None and val.kind is Kind.DATA:
        context.hint(f"It does not run now: the value of @{val.owner}.{val.name}@{val.version} is data.")


def _row(interval: Interval) -> tuple[str, ...]:
    following = "running" if interval.process else when(interval.next_run)
    return (interval.schedule, when(interval.registered_at), when(interval.last_run), following)


def _json(interval: Interval) -> dict[str, object]:
    return {
        "id": interval.id,
        "schedule": raw(interval.schedule.encode()),
        "registeredAt": iso(interval.registered_at),
        "lastRunAt": iso(interval.last_run),
        "nextRunAt": iso(interval.next_run),
        "running": interval.process is not None,
    }


def _arguments(parser: ArgumentParser) -> None:
    val_argument(parser)
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--every", metavar="TIME", help="a whole number and a unit: 90s, 15m, 6h, 1d")
    kinds.add_argument("--cron", metavar="FIELDS", help="five fields, in UTC: '30 8 * * MON-FRI'")
    kinds.add_argument("--off", action="store_true", help="run it no more")
    json_argument(parser)


COMMANDS = (
    Command(
        ("val", "schedule"),
        "Have a server run a val by itself, as its author; without an option, show when it does.",
        "valgate val schedule alice.hello --every 15m",
        _schedule,
        _arguments,
    ),
)
