"""What the load generator itself can do: against a server that answers hello's bytes and reads nothing. `python -m bench.ceiling PORT`."""

from __future__ import annotations

import os
import select
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace

from bench import servers
from bench.figures import Row, figure
from bench.serving import CONNECTIONS, floor_plan

ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 1\r\n"
    b"Date: Sun, 29 Nov 2026 00:00:00 GMT\r\nServer: Python/3.11 aiohttp/3.14\r\n\r\n2"
)
"""As long as hello's."""


def measure(*, quick: bool) -> Iterator[Row]:
    """One row for each number of connections."""
    port = servers.free_port()
    with servers.running([sys.executable, "-m", "bench.ceiling", str(port)], port, os.environ):
        for connections in CONNECTIONS:
            told = servers.drive(floor_plan(port, connections, 0.3 if quick else 1.0))
            found = figure(f"the load generator's ceiling, c={connections}", told.times, told.rate)
            note = f"a generator that is busy all the time would send {told.rate / told.busy:,.0f} a second"
            yield replace(found, busy=told.busy, note=note)


def serve(port: int) -> None:
    """Answer whatever comes, without end."""
    poll, connections = select.epoll(), dict[int, socket.socket]()
    with socket.create_server(("127.0.0.1", port)) as server:
        poll.register(server, select.EPOLLIN)
        while True:
            for number, _ in poll.poll():
                if number == server.fileno():
                    one, _ = server.accept()
                    connections[one.fileno()] = one
                    poll.register(one, select.EPOLLIN)
                elif connections[number].recv(65_536):
                    connections[number].send(ANSWER)
                else:
                    poll.unregister(number)
                    connections.pop(number).close()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
