"""A load generator: keep-alive connections that send one request again and again, each waiting for its answer.

Runs as a process of its own, `python -m bench.load '{"port": …}'`, and prints one JSON object.
It speaks just enough HTTP for the two servers measured here: answers with a Content-Length.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send and how much of it: `requests` altogether, or as many as `seconds` allow."""

    port: int
    path: str
    body: str
    connections: int
    requests: int
    seconds: float
    expect: str

    def message(self) -> bytes:
        """The request as it goes over the wire."""
        body = self.body.encode()
        head = f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body


@dataclass(slots=True)
class Tally:
    """What all connections share: how many are still to be sent, and how long each took, in seconds."""

    left: int
    until: float
    times: list[float] = field(default_factory=list)


class Connection(asyncio.Protocol):
    """One connection; a protocol and not a stream, so that the floor is the server's and not ours."""

    def __init__(self, plan: Plan, tally: Tally, done: asyncio.Future[None]) -> None:
        self.message, self.expect = plan.message(), plan.expect.encode()
        self.tally, self.done = tally, done
        self.buffer = b""
        self.sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the first request."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(transport)
        self.transport = transport
        self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        """A server that hangs up spoils the measurement."""
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))

    def send(self) -> None:
        """Send the next request, or stop."""
        if self.tally.left <= 0 or perf_counter() > self.tally.until:
            self.done.set_result(None)
            self.transport.close()
            return
        self.tally.left -= 1
        self.sent = perf_counter()
        self.transport.write(self.message)

    def data_received(self, data: bytes) -> None:
        """Take an answer once it is whole."""
        self.buffer += data
        head, separator, rest = self.buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        length = LENGTH.search(head)
        if length is None or len(rest) < int(length[1]):
            return
        self.tally.times.append(perf_counter() - self.sent)
        if not head.startswith(b"HTTP/1.1 200") or rest != self.expect:
            self.done.set_exception(ValueError(f"not the answer expected: {self.buffer[:500]!r}"))
            return
        self.buffer = b""
        self.send()


async def drive(plan: Plan) -> dict[str, object]:
    """Run the plan: `seconds` it took, and the `times` of its requests in microseconds."""
    loop = asyncio.get_running_loop()
    tally = Tally(left=plan.requests, until=perf_counter() + plan.seconds)
    began = perf_counter()
    ends = [loop.create_future() for _ in range(plan.connections)]
    for end in ends:
        await loop.create_connection(partial(Connection, plan, tally, end), "127.0.0.1", plan.port)
    await asyncio.gather(*ends)
    return {"seconds": perf_counter() - began, "times": [round(time * 1e6) for time in tally.times]}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(drive(Plan(**json.loads(sys.argv[1]))))))
