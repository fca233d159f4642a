"""Figures for people and for programs: a table on the terminal, JSON lines in a file."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from bench.figures import Amount, Demand, Figure, Missing, Row, figure, number

__all__ = ["HEAD", "RESULTS", "Figure", "figure", "lines", "machine", "markdown", "save", "verdicts"]

RESULTS = Path(__file__).parent / "results"
HEAD = f"{'what':<46}{'n':>8}{'median µs':>12}{'p99 µs':>12}{'a second':>11}{'of floor':>10}{'x floor':>9}{'client':>8}"


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: version(name) for name in ("valgate", "wasmtime", "aiohttp")},
        "commit": _commit(),
        "load": f"{os.getloadavg()[0]:.2f}",
    }


def lines(row: Row) -> list[str]:
    """A row of the table, and beneath it what was demanded and what is to be said."""
    match row:
        case Figure():
            first, note = _times(row), row.note
        case Amount():
            first, note = f"{row.what:<46}{number(row.value):>20} {row.unit}", row.note
        case Missing():
            first, note = f"{row.what:<46}    not measured", row.why
    beneath = [str(demand) for demand in row.demands] + ([note] if note else [])
    return [first, *(f"    {text}" for text in beneath)]


def _times(row: Figure) -> str:
    rate = f"{row.rate:11,.0f}" if row.rate else " " * 11
    share = f"{row.share:10.3f}" if row.share else " " * 10
    floors = f"{row.floors:9.2f}" if row.floors else " " * 9
    busy = f"{row.busy:8.0%}" if row.busy else ""
    return f"{row.what:<46}{row.n:>8,}{row.median:>12,.1f}{row.p99:>12,.1f}{rate}{share}{floors}{busy}".rstrip()


def verdicts(rows: Iterable[Row]) -> list[tuple[Row, Demand]]:
    """Every demand with the row that it is made of."""
    return [(row, demand) for row in rows for demand in row.demands]


def save(path: Path, where: Mapping[str, object], rows: Sequence[Row]) -> None:
    """Write the machine and then each row, one JSON object a line; each demand says whether it is met."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = [dict(where), *map(_written, rows)]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in written))


def _written(row: Row) -> dict[str, object]:
    demands = [asdict(demand) | {"met": demand.met} for demand in row.demands]
    return asdict(row) | {"demands": demands}


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table as a page has it; the first column is words, the others numbers."""
    begun = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*begun, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def _processor() -> str:
    """The processor's name, where the system tells."""
    info = Path("/proc/cpuinfo")
    names = (
        [text.partition(":")[2].strip() for text in info.read_text().splitlines() if text.startswith("model name")]
        if info.exists()
        else []
    )
    return names[0] if names else platform.machine()


def _commit() -> str:
    """The commit measured, or nothing outside a clone."""
    asked = subprocess.run(["git", "describe", "--always", "--dirty"], check=False, capture_output=True, text=True)  # noqa: S607
    return asked.stdout.strip()
