"""A process that cannot serve: it is started again, later and later; a reload that fails changes nothing; a start that fails ends."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from host_api.processes.backoff import FIRST, LONGEST, STEADY, Backoff
from host_api.processes.supervisor import Supervisor
from host_api.processes.worker import Plan, Worker
from tests.processes.conftest import ENDED, PATIENCE, SERVES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.processes.conftest import Server, Serving

NO_KEY = re.compile("is not the key")


@contextmanager
def another_key(server: Server) -> Iterator[None]:
    """Have the key be another one meanwhile, with which no process starts."""
    file = server.database.with_name("valgate.db.key")
    kept = file.read_bytes()
    file.write_text("00" * 32)
    try:
        yield
    finally:
        file.write_bytes(kept)


async def test_one_that_cannot_start_is_tried_again_later_and_later_and_the_other_serves_for_both(
    serving: Serving,
) -> None:
    async with serving() as server:
        first, second = await server.workers()
        with another_key(server):
            os.kill(first, signal.SIGKILL)
            while len(ends := server.events(ENDED, place=0)) < 3:
                assert await server.evaluate() == (200, 1)
            assert [line["after_seconds"] for line in ends[:3]] == [0, FIRST, 2 * FIRST]
            assert {line["pid"] for line in server.events("evaluation")[1:]} <= {first, second}
        await server.until(SERVES, 2, place=0)
        assert await server.evaluate() == (200, 1)


async def test_a_reload_whose_new_processes_cannot_serve_keeps_the_old_ones_and_says_so(serving: Serving) -> None:
    async with serving() as server:
        old = await server.workers()
        with another_key(server):
            server.process.send_signal(signal.SIGHUP)
            await server.until("not reloaded: a new process did not come to serve, and the old ones go on")
        assert any(NO_KEY.search(line["event"]) for line in server.lines)
        assert await server.evaluate() == (200, 1)
        assert server.events(ENDED) == []
        assert {line["pid"] for line in server.events("evaluation")} <= set(old)
        server.process.send_signal(signal.SIGHUP)
        await server.until("reloaded")
        assert await server.evaluate() == (200, 1)


def test_a_new_process_that_serves_already_is_let_serve_whom_it_has_when_another_cannot() -> None:
    """It has taken connections beside the old one; what is sent on them must not be lost."""
    (heard, orders), (report, says) = os.pipe(), os.pipe()
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        old, new = Worker(0, process, None, report), Worker(0, process, orders, report, ready=True)
        supervisor = Supervisor(Plan(((),), Path(), "", {}, demo=False), 1.0, old)
        (slot,) = supervisor._slots
        slot.worker, slot.following = old, new
        supervisor._keep_old()
        assert [(one.worker, one.following) for one in supervisor._slots] == [(old, None)]
        assert new.leaving
        assert os.read(heard, 64) == b"retire\n"
    for one in (heard, orders, report, says):
        os.close(one)


async def test_a_server_that_cannot_start_says_why_once_and_ends(serving: Serving) -> None:
    async with serving() as server:
        await server.workers()
    words = [sys.executable, "-m", "host_api.cli", "serve", "--port", "0", "--processes", "2"]
    environ = os.environ | {"VALGATE_DB": str(server.database), "VALGATE_KEY": "00" * 32}
    process = await asyncio.create_subprocess_exec(*words, env=environ, stdout=PIPE, stderr=PIPE)
    printed, told = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert (process.returncode, printed) == (1, b"")
    assert len(NO_KEY.findall(told.decode())) == 1
    assert b"Traceback" not in told


# -- the times by themselves ------------------------------------------------------------------------------


def test_the_first_end_is_an_accident_and_the_next_ones_wait_longer_up_to_a_bound() -> None:
    backoff = Backoff()
    waits = [backoff.after(0.1) for _ in range(12)]
    assert waits[:4] == [0, FIRST, 2 * FIRST, 4 * FIRST]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST


def test_who_lived_a_while_begins_anew() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.after(0.1)
    assert backoff.after(STEADY) == 0
    assert backoff.after(0.1) == FIRST


@given(st.lists(st.floats(min_value=0, max_value=STEADY - 1), min_size=2, max_size=2000))
def test_two_ends_in_a_row_never_start_one_at_once(lives: list[float]) -> None:
    backoff = Backoff()
    waits = [backoff.after(lived) for lived in lives]
    assert all(FIRST <= wait <= LONGEST for wait in waits[1:])
