"""`python -m bench.micro`: JavaScript in our engine, as the server runs it, beside the same quickjs-ng compiled for this machine.

Each program runs in a fresh guest and in a fresh native process, in turns; of each the quickest run counts, since what else the
machine does only adds. Native is the faster of the compilers that are here, for each program.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import geometric_mean

from bench.micro.ours import Ours
from bench.report import machine
from guests import micro

RESULTS = Path(__file__).parent.parent / "results"
HEAD = f"{'program':<14}{'native ms':>12}{'ours ms':>12}{'of native':>12}"


@dataclass(frozen=True, slots=True)
class Row:
    """One program: milliseconds, and ours as a share of native speed (1: as fast; more is better)."""

    program: str
    native: float
    ours: float
    share: float

    def line(self) -> str:
        """One row of the table."""
        return f"{self.program:<14}{self.native:>12.1f}{self.ours:>12.1f}{self.share:>12.3f}"


async def measure(rounds: int) -> list[Row]:
    """Run every program in both, `rounds` times in turns."""
    natives = micro.natives()
    native = dict.fromkeys(micro.RESULTS, float("inf"))
    ours = dict(native)
    async with Ours.open(micro.RESULTS) as engine:
        for _ in range(rounds):
            for name in micro.RESULTS:
                native[name] = min(native[name], *(micro.measure_native(each, name) for each in natives))
                ours[name] = min(ours[name], await engine.measure(name))
    return [Row(name, native[name], ours[name], native[name] / ours[name]) for name in micro.RESULTS]


def save(rows: list[Row]) -> Path:
    """Write the machine and each row, one JSON object a line."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"micro-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in (machine(), *map(asdict, rows))))
    return path


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.micro", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=8, help="how often each program runs in each (8)")
    rows = asyncio.run(measure(parser.parse_args().rounds))
    print("\n".join((HEAD, *(row.line() for row in rows))))
    shares = [row.share for row in rows]
    print(f"\ngeometric mean {geometric_mean(shares):.3f} of native, the least {min(shares):.3f}")
    print(save(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
