"""Figures for people and for programs: a table on the terminal, JSON lines in a file."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement. Times are microseconds; `rate` is requests a second; `share` is of the floor in the same run."""

    what: str
    n: int
    median: float
    p99: float
    rate: float | None = None
    share: float | None = None


def figure(what: str, times: Sequence[float], rate: float | None = None, share: float | None = None) -> Figure:
    """The figure of a list of times, in microseconds."""
    ordered = sorted(times)
    return Figure(
        what,
        len(ordered),
        statistics.median(ordered),
        ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))],
        rate,
        share,
    )


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: version(name) for name in ("valgate", "wasmtime", "aiohttp")},
        "commit": _commit(),
    }


def line(figure: Figure) -> str:
    """One row of the table."""
    rate = f"{figure.rate:12,.0f}" if figure.rate else " " * 12
    share = f"{figure.share:10.3f}" if figure.share else " " * 10
    return f"{figure.what:<44}{figure.n:>8,}{figure.median:>12,.1f}{figure.p99:>12,.1f}{rate}{share}"


HEAD = f"{'what':<44}{'n':>8}{'median µs':>12}{'p99 µs':>12}{'a second':>12}{'of floor':>10}"


def save(path: Path, where: dict[str, object], figures: Sequence[Figure]) -> None:
    """Write the machine and then each figure, one JSON object a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, object]] = [where, *map(asdict, figures)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


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
