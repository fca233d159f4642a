"""Servers as processes of their own, on loopback, with a scratch database; and the load that is put on them."""

from __future__ import annotations

import json
import os
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
from typing import NamedTuple, TextIO

from bench.load import Plan

VALGATE = str(Path(sys.executable).with_name("valgate"))
PATIENCE = 60.0


class Load(NamedTuple):
    """What a load came to: times in microseconds, and requests a second over all connections."""

    times: list[float]
    rate: float


@contextmanager
def hello() -> Iterator[int]:
    """Run the floor; gives its port."""
    port = free_port()
    with running([sys.executable, "-m", "bench.hello", str(port)], port, os.environ):
        yield port


@contextmanager
def valgate(scratch: Path) -> Iterator[int]:
    """Run a valgate server with one public val, `bench.inc`; gives its port."""
    port = free_port()
    environ = {**os.environ, "VALGATE_DB": f"sqlite:///{scratch / 'bench.db'}"}
    typed(environ, "user", "add", "bench")
    typed(environ, "val", "put", "bench", "-", "--name", "inc", "--privacy", "public", text="(x) => x + 1")
    with (
        (scratch / "server.log").open("w") as log,
        running([VALGATE, "serve", "--host", "127.0.0.1", "--port", str(port)], port, environ, log),
    ):
        yield port


def drive(plan: Plan) -> Load:
    """Put a load on a server, from another process."""
    asked = subprocess.run(
        [sys.executable, "-m", "bench.load", json.dumps(asdict(plan))], check=True, capture_output=True, text=True
    )
    told = json.loads(asked.stdout)
    return Load(told["times"], len(told["times"]) / told["seconds"])


def typed(environ: Mapping[str, str], *words: str, text: str = "") -> str:
    """Run one command of the command line to its end; return what it printed."""
    ran = subprocess.run([VALGATE, *words], env=environ, input=text, check=True, capture_output=True, text=True)
    return ran.stdout.strip()


@contextmanager
def running(words: list[str], port: int, environ: Mapping[str, str], log: TextIO | None = None) -> Iterator[int]:
    """Run a server until the block ends; it answers on `/healthz` before the block begins, which is given its process id."""
    with subprocess.Popen(words, env=environ, stdout=subprocess.DEVNULL, stderr=log) as process:
        try:
            _wait_for(port, process)
            yield process.pid
        finally:
            process.terminate()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return once the server answers; raise when it ended or took too long."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode} before it answered")
        if _answers(port):
            return
        time.sleep(0.05)
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
