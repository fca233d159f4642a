"""What a second process brings: requests a second of one process and of two, with the load made on the same machine.

The client takes cores too, and two processes on two cores share them with it; so beside the plain ratio there is one in which that
is given back. `/proc` says how many seconds of processor time the server used for its requests, over all its processes, and the
system says it of the client. Requests per second of the server's processor time are what a process does that has a core to itself;
times the number of processes that is what they would do with a client on another machine.

    corrected = processes * (requests per processor second of many / the same of one)

The runs alternate, and of each kind the best counts: other work on the machine makes figures smaller, never larger.
Run as `python -m bench.processes [processes] [rounds]`; prints a JSON object a line, and what it comes to.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import report, servers
from bench.load import Plan

CONNECTIONS = 32
WARM_UP, SECONDS = 1.0, 5.0
ENOUGH = 10_000_000
SERVES = '"a process serves"'
PER_SECOND = os.sysconf("SC_CLK_TCK")
UTIME = 11
"""Where a process's own time in user mode stands behind its name in /proc/PID/stat; then that of the system."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One load on one server. `server` and `client` are seconds of processor time; `seconds` is how long it took."""

    processes: int
    requests: int
    seconds: float
    server: float
    client: float

    @property
    def rate(self) -> float:
        """Requests a second, as the client saw them."""
        return self.requests / self.seconds

    @property
    def per_core(self) -> float:
        """Requests for each second of the server's processor time."""
        return self.requests / self.server

    def told(self) -> dict[str, object]:
        """Say it, with what follows from it: microseconds a request, and cores."""
        return asdict(self) | {
            "rate": round(self.rate),
            "per_core": round(self.per_core),
            "server_us": round(self.server / self.requests * 1e6),
            "client_us": round(self.client / self.requests * 1e6),
            "server_cores": round(self.server / self.seconds, 2),
            "client_cores": round(self.client / self.seconds, 2),
        }


def main(processes: int, rounds: int) -> None:
    """Measure in turn, and say what it comes to."""
    print(json.dumps(report.machine()))
    measured = [measure(count) for _ in range(rounds) for count in (1, processes)]
    for one in measured:
        print(json.dumps(one.told()))
    single, many = ([one for one in measured if one.processes == count] for count in (1, processes))
    raw = max(one.rate for one in many) / max(one.rate for one in single)
    corrected = processes * max(one.per_core for one in many) / max(one.per_core for one in single)
    print(json.dumps({"processes": processes, "raw": round(raw, 2), "corrected": round(corrected, 2)}))


def measure(processes: int) -> Measured:
    """Put a load on a server of so many processes, once it is warm."""
    with tempfile.TemporaryDirectory() as scratch, _server(Path(scratch), processes) as (port, pid):
        _drive(port, WARM_UP * processes)
        server, client = _used(pid), _client()
        load = _drive(port, SECONDS)
        requests = len(load.times)
        return Measured(processes, requests, requests / load.rate, _used(pid) - server, _client() - client)


@contextmanager
def _server(scratch: Path, processes: int) -> Iterator[tuple[int, int]]:
    """Run a server with one val; give its port and the id of the process that was started, whose children serve if there are several."""
    port = servers.free_port()
    environ = {**os.environ, "VALGATE_DB": f"sqlite:///{scratch / 'bench.db'}"}
    servers.typed(environ, "user", "add", "bench")
    servers.typed(environ, "val", "put", "bench", "-", "--name", "inc", "--privacy", "public", text="(x) => x + 1")
    words = [servers.VALGATE, "serve", "--host", "127.0.0.1", "--port", str(port), "--processes", str(processes)]
    told = scratch / "server.log"
    with told.open("w") as log, servers.running(words, port, environ, log) as pid:
        while processes > 1 and told.read_text().count(SERVES) < processes:
            time.sleep(0.05)  # the others start when the first one serves
        yield port, pid


def _drive(port: int, seconds: float) -> servers.Load:
    plan = Plan(port, "/v1/run/bench.inc", '{"args": [1]}', CONNECTIONS, ENOUGH, seconds, "2")
    return servers.drive(plan)


def _client() -> float:
    """Seconds of processor time of the load generators so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _used(pid: int) -> float:
    """Seconds of processor time of a process and its children so far."""
    stats = [Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split() for one in _family(pid)]
    return sum(int(stat[UTIME]) + int(stat[UTIME + 1]) for stat in stats) / PER_SECOND


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


if __name__ == "__main__":
    given = [int(one) for one in sys.argv[1:]]
    main(*given, *(2, 3)[len(given) :])
