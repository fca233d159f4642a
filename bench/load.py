"""A load generator: keep-alive connections that send one request again and again, each waiting for its answer.

Runs as a process of its own, `python -m bench.load '{"port": …}'`, and prints one JSON object (`Told`).
It is written for little work a request, since it must not be what is measured: sockets and epoll, and of an answer only its
beginning and its end are looked at. It says how busy it was, so that every figure shows that it was not the bottleneck.
It speaks just enough HTTP for the servers measured here: answers with a Content-Length, on connections that stay open.
"""

from __future__ import annotations

import json
import re
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from time import perf_counter

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send and how much of it: `requests` altogether, or as many as `seconds` allow.

        `expect` is the whole body that must come back; empty is any. `every` is the pause from one request's turn to the next in
    seconds, on one connection: times then count from the turn, so who is late because the server was slow is late in the figure.
    `ramp` is how many connections begin each second; 0 is all at once.
    """

    port: int
    path: str
    body: str
    connections: int
    requests: int
    seconds: float
    expect: str
    method: str = "POST"
    token: str = ""
    status: int = 200
    every: float = 0.0
    ramp: float = 0.0

    def message(self) -> bytes:
        """The request as it goes over the wire."""
        body = self.body.encode()
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {HOST}:{self.port}"]
        lines += [f"Authorization: Bearer {self.token}"] if self.token else []
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"] if body else []
        return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(slots=True)
class Told:
    """What a load came to: `times` in microseconds, one for each answer, and how many answers were not the one expected.

    `began` is when, by the clock that all processes of a machine share; `busy` the share of a core that the generator itself took.
    """

    times: list[int] = field(default_factory=list)
    began: float = 0.0
    seconds: float = 0.0
    busy: float = 0.0
    wrong: int = 0
    sample: str = ""

    @property
    def rate(self) -> float:
        """Requests a second over all connections."""
        return len(self.times) / self.seconds

    def object_to(self, answer: bytes) -> None:
        """Count an answer that is not the one expected."""
        self.wrong += 1
        self.sample = self.sample or answer[:500].decode("utf-8", "replace")


class Stopped(Exception):
    """It is enough."""


@dataclass(slots=True)
class Connection:
    """One connection: when its last request went out, and what has come back of the answer."""

    socket: socket.socket
    sent: float = 0.0
    buffer: bytes = b""


class Load:
    """One plan, carried out once."""

    def __init__(self, plan: Plan) -> None:
        """Take what to send."""
        self._plan, self._message = plan, plan.message()
        self._poll = select.epoll()
        self._open: dict[int, Connection] = {}
        self._begin = f"HTTP/1.1 {plan.status} ".encode()
        self._end = (f"\r\n\r\n{plan.expect}" if plan.expect else "").encode()
        self._told = Told()

    def run(self) -> Told:
        """Send it all, or until SIGTERM; the sum is told."""
        began, worked = perf_counter(), time.process_time()
        self._told.began = time.monotonic()
        with suppress(Stopped):
            (self._paced if self._plan.every else self._together)()
        self._told.seconds = perf_counter() - began
        self._told.busy = (time.process_time() - worked) / self._told.seconds
        return self._told

    def _together(self) -> None:
        """Keep every connection busy until the plan is done."""
        plan, times, open_ones = self._plan, self._told.times, self._open
        began, wanted = perf_counter(), min(plan.connections, plan.requests)
        until, begun, left = began + plan.seconds, 0, plan.requests - wanted
        while begun < wanted or open_ones:
            due = min(wanted, int((perf_counter() - began) * plan.ramp) + 1) if plan.ramp else wanted
            while begun < due:
                self._begin_one()
                begun += 1
            # Until the next one begins; all having begun, until something comes.
            for number, _ in self._poll.poll(1 / plan.ramp if begun < wanted else None):
                one = open_ones[number]
                data = received(one)
                now = perf_counter()
                if data and not self._answered(one, data):
                    continue
                times.append(round((now - one.sent) * 1e6))
                if data and left > 0 and now < until:
                    left -= 1
                    self._send(one)
                    continue
                if not data:
                    self._told.object_to(b"the server closed the connection")
                self._poll.unregister(number)
                open_ones.pop(number).socket.close()

    def _begin_one(self) -> None:
        """Open a connection and send its first request."""
        one = connect(self._plan.port)
        self._open[one.socket.fileno()] = one
        self._poll.register(one.socket, select.EPOLLIN)
        self._send(one)

    def _send(self, one: Connection) -> None:
        one.sent = perf_counter()
        one.socket.send(self._message)

    def _answered(self, one: Connection, data: bytes) -> bool:
        """Whether the answer is whole; one that is not as expected is counted."""
        answer = one.buffer + data if one.buffer else data
        if not (answer.startswith(self._begin) and self._end and answer.endswith(self._end)):
            if not whole(answer):
                one.buffer = answer
                return False
            if self._end or not answer.startswith(self._begin):
                self._told.object_to(answer)
        one.buffer = b""
        return True

    def _paced(self) -> None:
        """Send one request at each turn, over one connection; a turn that is overdue is taken at once."""
        plan, one = self._plan, connect(self._plan.port)
        due = perf_counter()
        until = due + plan.seconds
        for _ in range(plan.requests):
            time.sleep(max(0.0, due - perf_counter()))
            one.socket.send(self._message)
            while not self._answered(one, data := one.socket.recv(65_536)):
                if not data:
                    raise ConnectionError("the server closed the connection")
            self._told.times.append(round((perf_counter() - due) * 1e6))
            due += plan.every
            if perf_counter() > until:
                break
        one.socket.close()


def connect(port: int) -> Connection:
    """Open a connection."""
    made = socket.create_connection((HOST, port))
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Connection(made)


def received(one: Connection) -> bytes:
    """What has come; nothing is the end of the connection, however it ended."""
    try:
        return one.socket.recv(65_536)
    except ConnectionError:
        return b""


def whole(answer: bytes) -> bool:
    """Whether an answer has come to its end, by its Content-Length."""
    head, separator, rest = answer.partition(b"\r\n\r\n")
    length = LENGTH.search(head)
    return bool(separator) and len(rest) >= (int(length[1]) if length else 0)


def _stop(*_: object) -> None:
    raise Stopped


def main(words: list[str], say: Callable[[str], object] = print) -> None:
    """Carry out the plan that the first word is; a plan that is ended by SIGTERM is told as far as it came."""
    signal.signal(signal.SIGTERM, _stop)
    say(json.dumps(asdict(Load(Plan(**json.loads(words[0]))).run())))


if __name__ == "__main__":
    main(sys.argv[1:])
