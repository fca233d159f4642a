"""`make soak`: one server, a hundred thousand evaluations; its memory and latency at the start and at the end.

Five kinds of requests in turn, over several connections. The load runs in this process, the server in its own.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter

from bench import servers
from bench.report import figure, machine
from bench.town import ALONE

CONNECTIONS, WINDOWS = 8, 10
DEFAULT, LEAST = 100_000, 1_000
RESULTS = Path(__file__).parent / "results"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
VALS = (
    ("bob", "shout", "(text) => `${text.toUpperCase()}!`"),
    ("alice", "inc", "(x) => x + 1"),
    ("alice", "list", "[1, 'two', { three: 3 }]"),
    ("alice", "total", "0"),
    ("alice", "bump", "() => ++@me.total"),
    ("alice", "fails", "() => { throw new RangeError('as it should') }"),
)


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent, and the status that must come back."""

    message: bytes
    status: int


@dataclass(frozen=True, slots=True)
class Window:
    """What was measured after so many evaluations: sizes in KiB, times in microseconds over this tenth."""

    evaluations: int
    rss: int
    pss: int
    database: int
    median: float
    p99: float
    rate: float


def requests(token: str) -> list[Request]:
    """The mix: one of each kind."""
    code = json.dumps({"code": "@bob.shout('hello') + @me.list.length"})
    return [
        request("GET", "/v1/run/alice.inc?args=[1]"),
        request("POST", "/v1/eval", code, token),
        request("GET", "/v1/run/alice.list"),
        request("POST", "/v1/run/alice.bump"),
        request("GET", "/v1/run/alice.fails", status=502),
    ]


def request(method: str, path: str, body: str = "", token: str = "", status: int = 200) -> Request:
    """Write a request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    return Request("\r\n".join([*lines, "", body]).encode(), status)


async def send(address: tuple[str, int], turns: Iterator[Request], times: list[float]) -> None:
    """Send what is left of the turns over one connection, each after the answer to the one before."""
    reader, writer = await asyncio.open_connection(*address)
    for one in turns:
        began = perf_counter()
        writer.write(one.message)
        head = await reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        body = await reader.readexactly(int(length[1]) if length else 0)
        times.append((perf_counter() - began) * 1e6)
        if int(head[9:12]) != one.status:
            raise ValueError(f"{one.message!r} was answered with {head!r} {body[:500]!r}")
    writer.close()


async def drive(port: int, mix: list[Request], count: int) -> tuple[list[float], float]:
    """Send so many requests; return how long each took in microseconds, and how long all in seconds."""
    times: list[float] = []
    turns, began = islice(cycle(mix), count), perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(send(("127.0.0.1", port), turns, times))
    return times, perf_counter() - began


@contextmanager
def town(scratch: Path) -> Iterator[tuple[int, int, str]]:
    """Run a server with alice and bob; give its port, its process id and alice's token."""
    environ = {**os.environ, **ALONE, "VALGATE_DB": f"sqlite:///{scratch / 'soak.db'}"}
    tokens = {name: servers.typed(environ, "user", "add", name) for name in ("alice", "bob")}
    for owner, name, code in VALS:
        servers.typed(environ, "val", "put", owner, "-", "--name", name, "--privacy", "public", text=code)
    port = servers.free_port()
    words = [servers.VALGATE, "serve", "--host", "127.0.0.1", "--port", str(port)]
    with (scratch / "server.log").open("w") as log, servers.running(words, port, environ, log) as pid:
        yield port, pid, tokens["alice"]


def memory(pid: int) -> tuple[int, int]:
    """RSS and PSS of a process in KiB, as Linux tells them."""
    told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    rss, pss = (re.search(rf"^{name}: +(\d+) kB", told, re.MULTILINE) for name in ("Rss", "Pss"))
    return int(rss[1]) if rss else 0, int(pss[1]) if pss else 0


def measure(scratch: Path, count: int, say: Callable[[Window], None]) -> list[Window]:
    """Warm up with a tenth of a window and a thousand at least, then measure window by window."""
    windows: list[Window] = []
    with town(scratch) as (port, pid, token):
        mix, size = requests(token), count // WINDOWS
        asyncio.run(drive(port, mix, max(LEAST, size // 10)))
        for number in range(1, WINDOWS + 1):
            times, seconds = asyncio.run(drive(port, mix, size))
            timed = figure("", times)
            database = sum(path.stat().st_size for path in scratch.glob("soak.db*") if path.is_file()) >> 10
            windows.append(Window(number * size, *memory(pid), database, timed.median, timed.p99, len(times) / seconds))
            say(windows[-1])
    return windows


HEAD = f"{'evaluations':>12}{'RSS KiB':>12}{'PSS KiB':>12}{'database KiB':>14}{'median µs':>12}{'p99 µs':>12}{'a second':>10}"


def line(window: Window) -> str:
    """One row of the table."""
    sizes = f"{window.evaluations:>12,}{window.rss:>12,}{window.pss:>12,}{window.database:>14,}"
    return f"{sizes}{window.median:>12,.0f}{window.p99:>12,.0f}{window.rate:>10,.0f}"


def shares(first: Window, last: Window) -> str:
    """The last window as a share of the first."""
    pairs = {
        "RSS": last.rss / first.rss,
        "PSS": last.pss / first.pss,
        "median": last.median / first.median,
        "p99": last.p99 / first.p99,
    }
    return "the last of the first: " + ", ".join(f"{name} {share:.2f}" for name, share in pairs.items())


def main() -> int:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    if count < LEAST:
        sys.stderr.write(f"COUNT is {LEAST} at least: what is measured of fewer says nothing.\n")
        return 2
    where = machine()
    print("\n".join(f"{key:<12}{value}" for key, value in where.items()))
    print(f"\n{HEAD}", flush=True)
    with tempfile.TemporaryDirectory(prefix="valgate-soak-") as scratch:
        windows = measure(Path(scratch), count, lambda window: print(line(window), flush=True))
    print(f"\n{shares(windows[0], windows[-1])}")
    RESULTS.mkdir(parents=True, exist_ok=True)
    rows = [where, *map(asdict, windows)]
    path = RESULTS / f"soak-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
