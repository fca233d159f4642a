from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from host_api.store import Store

if TYPE_CHECKING:
    from tests.cli.conftest import Run, Start

Serve = Callable[[], tuple["subprocess.Popen[str]", str]]


@pytest.fixture
def serve(start: Start) -> Iterator[Serve]:
    """Start a server and return it with its address; what still runs at the end is killed."""
    with ExitStack() as stack:

        def run() -> tuple[subprocess.Popen[str], str]:
            server = stack.enter_context(start("serve", "--port", "0"))
            stack.callback(server.kill)
            assert server.stdout is not None
            address = re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())
            assert address is not None, server.communicate()[1]
            return server, address[0]

        yield run


def evaluate(address: str, token: str, code: str) -> Any:  # noqa: ANN401 - whatever came
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{address}/v1/eval", json.dumps({"code": code}).encode(), {"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
        return json.load(answer)


def test_a_running_server_sees_at_once_what_the_command_line_writes(valgate: Run, serve: Serve) -> None:
    _, address = serve()
    token = valgate("user", "add", "alice").insist().strip()
    assert evaluate(address, token, "@me.secrets.k") is None
    valgate("secret", "set", "alice", "k", stdin="v").insist()
    assert evaluate(address, token, "@me.secrets.k") == "v"
    valgate("val", "put", "alice", "-", stdin="export const f = () => 1").insist()
    assert evaluate(address, token, "@me.f()") == 1
    valgate("val", "put", "alice", "-", stdin="export const f = () => 2").insist()
    assert evaluate(address, token, "@me.f()") == 2
    (made,) = json.loads(valgate("token", "list", "alice", "--json").insist())
    valgate("token", "revoke", "alice", made["id"])
    with pytest.raises(urllib.error.HTTPError, match="401") as refused:
        evaluate(address, token, "1")
    refused.value.close()


def test_kill_9_right_after_an_answer_loses_nothing_that_it_acknowledged(valgate: Run, serve: Serve) -> None:
    token = valgate("user", "add", "alice").insist().strip()
    for number in range(2):
        server, address = serve()
        evaluate(address, token, f"@me.n = {number}")
        server.kill()
        server.wait()
        assert valgate("eval", "@me.n", "--as", "alice").insist() == f"{number}\n"
        newest = json.loads(valgate("runs", "alice", "--json").insist())[1]
        assert (newest["state"], newest["effects"]) == ("done", 1)


def test_what_a_killed_server_left_running_says_so_at_the_next_start(
    valgate: Run, serve: Serve, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VALGATE_CPU", "60")
    token = valgate("user", "add", "alice").insist().strip()
    server, address = serve()
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{address}/v1/eval", b'{"code": "while (true) {}"}', {"Authorization": f"Bearer {token}"}
    )
    with pytest.raises(OSError):  # noqa: PT011 - the connection breaks, as it may
        _kill_while_it_runs(database, server, request)
    serve()
    (record,) = json.loads(valgate("runs", "alice", "--json").insist())
    assert record["state"] == "interrupted"
    assert "stopped before" in record["error"]["message"]


def _kill_while_it_runs(database: Path, server: subprocess.Popen[str], request: urllib.request.Request) -> None:
    def kill() -> None:
        with Store.open(database) as store:
            while not store.evaluations("alice"):
                time.sleep(0.01)
        server.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        urllib.request.urlopen(request, timeout=60).close()  # noqa: S310 - our own server
    finally:
        killer.join()


def test_ctrl_c_ends_the_server_cleanly(serve: Serve, valgate: Run) -> None:
    server, _ = serve()
    server.send_signal(signal.SIGINT)
    out, err = server.communicate(timeout=30)
    assert server.returncode == 0
    assert "Traceback" not in out + err


def test_a_port_in_use_is_told(serve: Serve, process: Run) -> None:
    _, address = serve()
    ended = process("serve", "--port", address.rpartition(":")[2])
    assert ended.status == 1
    assert "--port" in ended.err
    assert "Traceback" not in ended.err


def test_a_server_does_not_start_with_another_key(valgate: Run, process: Run) -> None:
    valgate("user", "add", "alice").insist()
    valgate("secret", "set", "alice", "k", stdin="v").insist()
    ended = process("serve", "--port", "0", VALGATE_KEY="00" * 32)
    assert ended.status == 1
    assert "is not the key" in ended.err
