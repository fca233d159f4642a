"""What costs what: microseconds from a request's first byte to its answer's last, by room of the house.

One connection sends `POST /v1/run` of `(x) => x + 1`, in turns to a server and to one whose rooms are timed (tracing.py):
the difference of the two is what timing costs. `python -m bench.rooms` prints the table as a page has it, and
`python -m bench.rooms --write` puts it into this room's README.md, with date and machine.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from bench import servers
from bench.boundaries import BETWEEN, BOUNDARIES
from bench.figures import Amount, Row
from bench.load import Told
from bench.report import machine, markdown
from bench.serving import ALONE, RUN, add, floor_plan
from bench.town import scratch, town

PAGE = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- costs: made by `python -m bench.rooms --write` -->\n", "<!-- end of costs -->\n"
ROOMS = (*dict.fromkeys(boundary.room for boundary in BOUNDARIES), BETWEEN)


@dataclass(frozen=True, slots=True)
class Costs:
    """Microseconds by room, of one request; of all of it with and without timing as the client saw it; and of the floor."""

    rooms: Mapping[str, float]
    timed: float
    plain: float
    floor: float
    n: int
    gone: Sequence[str]

    @property
    def inside(self) -> float:
        """All of it, as the server saw it."""
        return sum(self.rooms.values())


def measure(*, quick: bool) -> Iterator[Row]:
    """One row a room, then what is outside the house, and what timing cost."""
    costs = measured(rounds=1 if quick else 4, seconds=0.5 if quick else 1.0)
    for room, cost in costs.rooms.items():
        yield Amount(room, cost, "µs")
    yield Amount("outside: the client, loopback, the system", costs.timed - costs.inside, "µs")
    note = f"by {costs.n:,} requests; plain {costs.plain:,.0f} µs, timed {costs.timed:,.0f} µs, floor {costs.floor:,.0f} µs"
    gone = f"; boundaries that are not there: {', '.join(costs.gone)}" if costs.gone else ""
    yield Amount("timing itself, in the rows above", costs.timed - costs.plain, "µs ", note=note + gone)


def measured(rounds: int, seconds: float) -> Costs:
    """Measure in turns: the floor, plain, timed."""
    floor, plain, timed = Told(), Told(), Told()
    with ExitStack() as stack:
        file = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="valgate-bench-"))) / "rooms.json"
        on = stack.enter_context(town())
        with tracing(file) as port:
            ours = RUN.plan(on, ALONE, seconds)
            theirs = replace(ours, port=port)
            for plan in (ours, theirs):
                servers.drive(replace(plan, requests=50))
            for _ in range(rounds):
                add(floor, servers.drive(floor_plan(on.floor, ALONE, seconds / 2)))
                add(plain, servers.drive(ours))
                add(timed, servers.drive(theirs))
        seen = json.loads(file.read_text())
    middle = typical(seen["requests"])
    rooms = {room: statistics.fmean(one.get(room, 0.0) for one in middle) for room in ROOMS}
    with_clocks, without, low = (statistics.median(told.times) for told in (timed, plain, floor))
    return Costs(rooms, with_clocks, without, low, len(middle), seen["gone"])


@contextmanager
def tracing(file: Path) -> Iterator[int]:
    """Run a server whose rooms are timed, on a scratch database of its own; gives its port."""
    port = servers.free_port()
    with scratch() as (environ, _), file.with_name("tracing.log").open("w", encoding="utf-8") as log:
        words = ["serve", "--host", "127.0.0.1", "--port", str(port)]
        with servers.running([sys.executable, "-m", "bench.tracing", str(file), *words], port, environ, log):
            yield port


def typical(requests: Sequence[Mapping[str, float]]) -> list[Mapping[str, float]]:
    """The middle half of the requests that ran a guest, by what they took in all; raise ValueError when there is none."""
    ran = sorted((one for one in requests if "guest: runs" in one), key=lambda one: sum(one.values()))
    if not ran:
        raise ValueError("no request came through every boundary: mend bench/boundaries.py")
    return ran[len(ran) // 4 : -(len(ran) // 4) or None]


def page(costs: Costs, where: Mapping[str, object]) -> str:
    """The table as the README has it."""
    rows = [(room, f"{cost:,.1f}", f"{cost / costs.inside:.0%}") for room, cost in costs.rooms.items()]
    total = ("**all of it, in the server**", f"**{costs.inside:,.1f}**", "**100%**")
    said = (
        f"{datetime.now(UTC):%d %B %Y}, {where['processor']}, {where['cores']} cores, {where['system']}, Python {where['python']}, "
        f"wasmtime {where['wasmtime']}, commit {where['commit']}, {costs.n:,} requests.\n"
        f"The client saw {costs.plain:,.0f} µs, {costs.timed:,.0f} with the clocks in place, and {costs.floor:,.0f} of the floor.\n"
    )
    return f"\n{markdown(('room', 'µs', 'share'), [*rows, total])}\n{said}\n"


def put(text: str, table: str) -> str:
    """Put the table between its marks; raise ValueError when they are not there."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page has no place for the table: {BEGIN!r} … {END!r}")
    return before + begin + table + end + after


def main(words: Sequence[str]) -> None:
    """Measure, and print or write the table."""
    table = page(measured(rounds=6, seconds=1.0), machine())
    if "--write" in words:
        PAGE.write_text(put(PAGE.read_text(encoding="utf-8"), table), encoding="utf-8")
    print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
