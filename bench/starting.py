"""From the start of a server to its first answer, when everything was built before: its engine, its images, its database."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from time import perf_counter

from bench import servers
from bench.figures import Row, at_most, figure
from bench.town import scratch

LATEST = 1.0
"""Seconds."""
VALGATE = (servers.VALGATE, "serve", "--host", "127.0.0.1", "--port", "{port}")
HELLO = (sys.executable, "-m", "bench.hello", "{port}")


def measure(*, quick: bool) -> Iterator[Row]:
    """Start and stop a server, and the floor, in turns."""
    with scratch() as (environ, _):
        ours, floor = [], []
        once(environ, VALGATE)  # what is built at the first start is built now
        for _ in range(2 if quick else 7):
            floor.append(once(os.environ, HELLO))
            ours.append(once(environ, VALGATE))
    found = figure("start to first answer", ours)
    seconds = found.median / 1e6
    yield replace(
        found,
        floors=found.median / statistics.median(floor),
        demands=(at_most("ready after", seconds, LATEST, "s"),),
        note=f"floor: {statistics.median(floor) / 1e6:.2f} s, Python and aiohttp loaded",
    )


def once(environ: Mapping[str, str], words: tuple[str, ...]) -> float:
    """Start a server, wait for its answer, stop it; return the microseconds until it answered."""
    port = servers.free_port()
    line = [word.format(port=port) for word in words]
    began = perf_counter()
    quiet = subprocess.DEVNULL
    with subprocess.Popen(line, env=dict(environ), stdout=quiet, stderr=quiet) as process:
        try:
            servers.wait_for(port, process)
            return (perf_counter() - began) * 1e6
        finally:
            process.terminate()
