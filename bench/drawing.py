"""Which charts are made of a run's rows, and their files. How a bar looks is charts.py's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.charts import BAD, GOOD, PLAIN, Bar, bars
from bench.figures import Amount, Figure, Row, number
from bench.report import verdicts

HTTP_PARTS = ("run", "eval", "cross", "data")
AS_ASKED = 1.0


def draw(rows: Mapping[str, Sequence[Row]], where: Mapping[str, object], stem: Path) -> list[Path]:
    """Write a chart for each thing that was measured; the files begin as `stem` does."""
    return [_written(stem, name, chart) for name, chart in _charts(rows, footing(where)) if chart]


def draw_peers(rows: Sequence[Figure], ours: str, where: Mapping[str, object], stem: Path) -> list[Path]:
    """Write the chart of the peers; `ours` is how our own row begins."""
    chart = peers(rows, ours, footing(where))
    return [_written(stem, "requests", chart)] if chart else []


def _written(stem: Path, name: str, chart: str) -> Path:
    path = stem.with_name(f"{stem.name}-{name}.svg")
    path.write_text(chart, encoding="utf-8")
    return path


def footing(where: Mapping[str, object]) -> str:
    """What stands under each chart: on what it was measured."""
    return f"{where['processor']}, {where['cores']} cores, Python {where['python']}, commit {where['commit']}"


def _charts(rows: Mapping[str, Sequence[Row]], foot: str) -> Iterator[tuple[str, str]]:
    http = [row for part in HTTP_PARTS for row in rows.get(part, ()) if isinstance(row, Figure)]
    yield "throughput", shares(http, foot)
    yield "latency", latencies(http, foot)
    yield "demands", asked([row for found in rows.values() for row in found], foot)
    yield "rooms", costs([row for row in rows.get("rooms", ()) if isinstance(row, Amount)], foot)


def shares(rows: Sequence[Figure], foot: str) -> str:
    """Requests a second as a share of the floor's."""
    drawn = [Bar(row.what, row.share, f"{row.share:.3f} · {row.rate:,.0f}/s") for row in rows if row.share and row.rate]
    return bars("Requests a second, as a share of aiohttp's hello in the same run", foot, drawn) if drawn else ""


def latencies(rows: Sequence[Figure], foot: str) -> str:
    """Medians before p99s, on one scale."""
    drawn = [
        Bar(row.what, row.median, f"{row.median / 1000:.2f} ms, p99 {row.p99 / 1000:.2f}", light=row.p99)
        for row in rows
        if row.median > 0
    ]
    title = "Latency: median, and p99 behind it (logarithmic)"
    return bars(title, foot, drawn, logarithmic=True) if drawn else ""


def asked(rows: Sequence[Row], foot: str) -> str:
    """How much of what is allowed each demand takes; the mark is all of it."""
    drawn = [
        Bar(
            f"{row.what}: {demand.what}",
            max(demand.used, 0.01),
            f"{number(demand.value)} of {number(demand.limit)}",
            GOOD if demand.met else BAD,
            mark=AS_ASKED,
        )
        for row, demand in verdicts(rows)
    ]
    title = "What was demanded: left of the mark is met (logarithmic)"
    return bars(title, foot, drawn, logarithmic=True) if drawn else ""


def costs(rows: Sequence[Amount], foot: str) -> str:
    """Microseconds by room of the house."""
    drawn = [Bar(row.what, max(row.value, 0.0), f"{row.value:,.1f} {row.unit}") for row in rows if row.unit == "µs"]
    return bars("What costs what: one request, by room of the house", foot, drawn) if drawn else ""


def peers(rows: Sequence[Figure], ours: str, foot: str) -> str:
    """Requests a second with a fresh guest each, ours and the others'."""
    drawn = [
        Bar(
            row.what,
            row.rate,
            f"{row.rate:,.0f}/s · {row.share or 0:.3f} of the floor",
            GOOD if row.what.startswith(ours) else PLAIN,
        )
        for row in rows
        if row.rate
    ]
    title = "Requests a second, fresh isolation for each (logarithmic)"
    return bars(title, foot, drawn, logarithmic=True) if drawn else ""
