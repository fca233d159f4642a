"""`make bench`: what is asked for is measured, part by part, and printed, kept and drawn. `python -m bench --help` says which parts."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from bench import drawing
from bench.figures import Missing, Row
from bench.parts import NOT_YET, PARTS, Part
from bench.report import HEAD, RESULTS, lines, machine, save, verdicts


def say(text: str = "") -> None:
    """Print now, also into a pipe."""
    print(text, flush=True)


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; a part that is not there is an error that names those that are."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure Valgate beside aiohttp's hello, in the same run.",
        epilog="parts, in this order:\n" + "\n".join(f"  {part.name:<11}{part.what}" for part in PARTS),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", metavar="PART,…", type=_parts, default=PARTS, help="these parts alone, as run,parked")
    parser.add_argument("--quick", action="store_true", help="few rounds: whether it works, not how fast it is")
    parser.add_argument("--results", metavar="FOLDER", type=Path, default=RESULTS, help="where figures and charts go")
    return parser.parse_args(words)


def _parts(text: str) -> tuple[Part, ...]:
    wanted = [word.strip() for word in text.split(",") if word.strip()]
    known = {part.name: part for part in PARTS}
    if not wanted or set(wanted) - set(known):
        raise argparse.ArgumentTypeError(f"unknown part in {text!r}: there are {', '.join(known)}")
    return tuple(known[name] for name in known if name in wanted)


def measured(part: Part, *, quick: bool) -> list[Row]:
    """Measure one part and print each row when it is there; what breaks is a row too, and spoils no other part."""
    rows: list[Row] = []
    began = monotonic()
    try:
        for row in part.measure(quick=quick):
            rows.append(row)
            say("\n".join(lines(row)))
    except Exception as broken:  # noqa: BLE001 - said in its row, and by the exit status
        rows.append(Missing(part.name, f"{type(broken).__name__}: {broken}"))
        say("\n".join(lines(rows[-1])))
    say(f"    [{part.name}: {monotonic() - began:.0f} s]")
    return rows


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, keep and draw; 1 when a part broke. A demand that is not met is a finding, not a failure."""
    asked = arguments(words)
    where = machine()
    say("\n".join(f"{key:<12}{value}" for key, value in where.items()))
    say(f"\n{HEAD}")
    rows = {part.name: measured(part, quick=asked.quick) for part in asked.only}
    everything = [row for found in rows.values() for row in found]
    found = verdicts(everything)
    say(f"\n{sum(demand.met for _, demand in found)} of {len(found)} demands met")
    path = asked.results / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.jsonl"
    save(path, where, everything)
    for drawn in (path, *drawing.draw(rows, where, path.with_suffix(""))):
        say(str(drawn.relative_to(Path.cwd()) if drawn.is_relative_to(Path.cwd()) else drawn))
    return 1 if any(isinstance(row, Missing) and row.why != NOT_YET for row in everything) else 0


if __name__ == "__main__":
    sys.exit(main())
