"""The load generator, against a server that answers as it is told."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from bench.load import Load, Plan, whole


class Echo(BaseHTTPRequestHandler):
    """Answers with the body that it was sent, in two pieces; `/fails` with 500, `/leaves` not at all."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/leaves":
            self.close_connection = True
            return
        self.send_response(500 if self.path == "/fails" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:1])
        self.wfile.write(body[1:])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def plan(port: int, path: str = "/", *, expect: str = "hello", connections: int = 4, every: float = 0.0) -> Plan:
    return Plan(port, path, "hello", connections, 20, 60.0, expect, every=every)


@pytest.mark.parametrize("connections", [1, 4, 50])
def test_as_many_requests_are_sent_as_were_asked_for(port: int, connections: int) -> None:
    told = Load(plan(port, connections=connections)).run()
    assert (len(told.times), told.wrong) == (20, 0)


def test_an_answer_that_is_not_the_one_expected_is_counted_and_shown(port: int) -> None:
    told = Load(plan(port, expect="good bye")).run()
    assert told.wrong == 20
    assert told.sample.endswith("hello")


def test_another_status_is_not_the_one_expected(port: int) -> None:
    assert Load(plan(port, "/fails")).run().wrong == 20


def test_a_server_that_hangs_up_is_counted_for_each_connection(port: int) -> None:
    assert Load(plan(port, "/leaves", connections=3)).run().wrong == 3


def test_any_body_will_do_when_none_is_expected(port: int) -> None:
    assert Load(plan(port, expect="")).run().wrong == 0


def test_a_paced_load_takes_its_turns(port: int) -> None:
    told = Load(plan(port, connections=1, every=0.001)).run()
    assert (len(told.times), told.wrong) == (20, 0)
    assert told.seconds >= 19 * 0.001


def test_connections_may_begin_one_after_another(port: int) -> None:
    begun = Plan(port, "/", "hello", 20, 20, 60.0, "hello", ramp=2000.0)
    assert len(Load(begun).run().times) == 20


@pytest.mark.parametrize(
    ("answer", "is_whole"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh", False),
        (b"HTTP/1.1 200 OK\r\nContent-Le", False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
    ],
)
def test_an_answer_is_whole_when_its_length_has_come(answer: bytes, *, is_whole: bool) -> None:
    assert whole(answer) is is_whole
