"""Servers as processes of their own, on loopback; and the load that is put on them, from another process."""

from __future__ import annotations

import json
import os
import re
import resource
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO

from bench.load import Plan, Told

VALGATE = str(Path(sys.executable).with_name("valgate"))
Load = Told
"""What a load came to."""
PATIENCE = 60.0
STEP = 0.005
"""Seconds from one look at whether a server answers to the next."""


@contextmanager
def hello(loop: str = "asyncio") -> Iterator[int]:
    """Run the floor on this event loop; gives its port."""
    port = free_port()
    with running([sys.executable, "-m", "bench.hello", str(port), loop], port, os.environ):
        yield port


def loop_of(pid: int) -> str:
    """Which event loop a process runs on: what its address space shows, and not what a setting says."""
    return "uvloop" if re.search(r"/uvloop/loop\.", Path(f"/proc/{pid}/maps").read_text()) else "asyncio"


def drive(plan: Plan, *, tolerant: bool = False) -> Told:
    """Put a load on a server; raise ValueError when an answer is not the one expected, unless tolerant."""
    with driving(plan) as process:
        return taken(process, tolerant=tolerant)


@contextmanager
def driving(plan: Plan) -> Iterator[subprocess.Popen[bytes]]:
    """Put a load on a server while the block runs; its figures are `taken`."""
    words = [sys.executable, "-m", "bench.load", json.dumps(asdict(plan))]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.terminate()


def taken(process: subprocess.Popen[bytes], *, tolerant: bool = False) -> Told:
    """Wait for a load's end and take its figures."""
    out, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"the load generator ended with {process.returncode}")
    told = Told(**json.loads(out))
    if told.wrong and not tolerant:
        raise ValueError(f"{told.wrong} answers were not the one expected, the first: {told.sample!r}")
    return told


def typed(environ: Mapping[str, str], *words: str, text: str = "") -> str:
    """Run one command of the command line to its end; return what it printed."""
    ran = subprocess.run([VALGATE, *words], env=environ, input=text, check=True, capture_output=True, text=True)
    return ran.stdout.strip()


@contextmanager
def running(
    words: list[str], port: int, environ: Mapping[str, str], log: IO[str] | None = None, folder: Path | None = None
) -> Iterator[int]:
    """Run a server until the block ends; it answers on `/healthz` before the block begins, which is given its process id."""
    with subprocess.Popen(words, env=environ, stdout=log or subprocess.DEVNULL, stderr=log, cwd=folder) as process:
        try:
            wait_for(port, process)
            yield process.pid
        finally:
            process.terminate()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return once the server answers; raise when it ended or took too long."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode} before it answered")
        if _answers(port):
            return
        time.sleep(STEP)
    raise TimeoutError(f"no answer on port {port} within {PATIENCE:.0f} s")


def _answers(port: int) -> bool:
    """Whether `/healthz` answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def memory(pid: int | str = "self") -> dict[str, int]:
    """Rss, Pss and the rest of what Linux tells of a process's memory, in bytes."""
    told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return {name: int(kibibytes) << 10 for name, kibibytes in re.findall(r"^(\w+): +(\d+) kB", told, re.MULTILINE)}


def page_tables(pid: int | str = "self") -> int:
    """Bytes of page tables, which no PSS counts."""
    told = re.search(r"^VmPTE:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(told[1]) << 10 if told else 0


def widen() -> int:
    """Have as many open files as may be, here and in what is started from here; return how many."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most
