"""What several processes have together is what one would have; and how many there are is said by whom it concerns."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_api.processes.doors import bind
from host_api.processes.place import Place
from host_api.processes.share import share
from host_api.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

SHARED = ("connections", "requests", "evaluations", "guests_alive", "fetch_connections", "backlog", "bodies", "unread")


@given(st.integers(1, 512), st.integers(0, 10**9))
def test_parts_add_up_and_nobody_has_none(of: int, whole: int) -> None:
    parts = [Place(number, of).part(whole) for number in range(of)]
    assert sum(parts) == max(whole, of)
    assert max(parts) - min(parts) <= 1


@pytest.mark.parametrize("processes", [1, 2, 3, 8])
@pytest.mark.parametrize("name", SHARED)
def test_what_keeps_the_machine_whole_is_shared_out(name: str, processes: int) -> None:
    settings = Settings()
    parts = [getattr(share(settings, Place(number, processes)), name) for number in range(processes)]
    assert sum(parts) == getattr(settings, name)


@given(st.integers(1, 64), st.integers(1, 1000))
def test_intervals_at_once_add_up_and_one_owner_has_half_of_them(processes: int, at_once: int) -> None:
    settings = replace(Settings(), intervals_at_once=at_once)
    parts = [share(settings, Place(number, processes)).intervals_at_once for number in range(processes)]
    assert sum(parts) == at_once
    assert sum(max(1, part // 2) for part in parts if part) <= max(1, at_once // 2)


def test_what_one_caller_may_do_is_each_processes_own() -> None:
    settings = replace(Settings(), rate=60, concurrency=3)
    part = share(settings, Place(1, 4))
    assert (part.rate, part.concurrency) == (60, 3)


def test_a_body_that_one_process_would_take_each_of_many_takes() -> None:
    part = share(replace(Settings(), bodies=2_000_000, body=2_000_000), Place(0, 64))
    assert part.bodies >= part.body


def test_by_default_there_are_as_many_as_cores_for_them() -> None:
    assert Settings().processes == len(os.sched_getaffinity(0))


# -- the port ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", ""])
def test_all_doors_are_at_the_same_port_also_when_any_will_do(host: str) -> None:
    with ExitStack() as opened:
        doors = [[opened.enter_context(one) for one in door] for door in bind(host, 0, 3)]
        assert len({one.getsockname()[1] for door in doors for one in door}) == 1
        assert len({len(door) for door in doors}) == 1


def test_nobody_shares_a_strangers_port_not_even_one_that_would_let_us() -> None:
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        with pytest.raises(OSError, match="in use"):
            bind("127.0.0.1", stranger.getsockname()[1], 2)


def test_two_servers_do_not_share_a_port() -> None:
    with ExitStack() as opened:
        doors = [[opened.enter_context(one) for one in door] for door in bind("127.0.0.1", 0, 2)]
        with pytest.raises(OSError, match="in use"):
            bind("127.0.0.1", doors[0][0].getsockname()[1], 2)


# -- what is typed ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", "513", "", "٣"])
def test_a_number_of_processes_that_is_none_is_told(text: str, tmp_path: Path) -> None:
    ended = valgate(tmp_path, "--processes", text)
    assert ended.returncode == 2
    assert f"takes a number of processes from 1 to 512, not {text!r}" in ended.stderr


@pytest.mark.parametrize("text", ["0", "many", "513"])
def test_so_is_one_in_the_environment(text: str, tmp_path: Path) -> None:
    ended = valgate(tmp_path, VALGATE_PROCESSES=text)
    assert ended.returncode == 1
    assert f"VALGATE_PROCESSES takes a whole number from 1 to 512, not {text!r}" in ended.stderr


def test_a_port_in_use_and_a_host_that_is_none_are_told_by_several_too(tmp_path: Path) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        taken = valgate(tmp_path, "--processes", "2", "--port", str(stranger.getsockname()[1]))
    nowhere = valgate(tmp_path, "--processes", "2", "--host", "256.0.0.1")
    for ended in (taken, nowhere):
        assert ended.returncode == 1
        assert "--port" in ended.stderr
        assert "Traceback" not in ended.stderr


def valgate(folder: Path, *options: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"VALGATE_DB": str(folder / "valgate.db"), **settings}
    words = [sys.executable, "-m", "host_api.cli", "serve", *options]
    return subprocess.run(words, env=environ, capture_output=True, text=True, check=False, timeout=60)
