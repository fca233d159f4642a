from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from host_api import cli
from host_api.store import EvaluationRow, Kind, State, Store

if TYPE_CHECKING:
    from tests.cli.conftest import Run, Start


def row(name: str, state: State, caller: str = "alice") -> EvaluationRow:
    return EvaluationRow(
        id=name, caller=caller, requester=caller, source="api", policy="restricted", started=1, state=state, effects=1
    )


async def run_some(database: Path) -> None:
    async with Store.open(database) as store:
        await store.start_evaluation(row("slow", State.RUNNING))
        await store.finish_evaluation(row("quick", State.DONE))
        await store.finish_evaluation(row("other", State.DONE, caller="bob"))
        await store.finish_evaluation(row("slow", State.FAILED))


def test_a_users_first_minute(process: Run) -> None:
    token = process("user", "add", "alice").insist()
    assert token.startswith("vg_")
    assert process("secret", "set", "alice", "k", stdin="v\n").insist() == ""
    assert process("secret", "list", "alice").insist() == "k\n"
    refused = process("secret", "list", "bob")
    assert (refused.status, refused.out) == (1, "")
    assert refused.err == "valgate: There is no user 'bob'; `valgate user add NAME` adds one.\n"


def test_following_prints_each_evaluation_as_it_ends_until_interrupted(
    valgate: Run, start: Start, database: Path
) -> None:
    valgate("user", "add", "alice").insist()
    asyncio.run(run_some(database))
    follower = start("runs", "alice", "--follow", "--json")
    with follower:
        assert follower.stdout is not None
        assert follower.stderr is not None
        assert "Ctrl-C" in follower.stderr.readline()
        asyncio.run(run_more(database))
        seen = [json.loads(follower.stdout.readline()) for _ in range(2)]
        follower.send_signal(signal.SIGINT)
        rest, errors = follower.communicate(timeout=20)
    assert [(one["id"], one["state"]) for one in seen] in (
        [("slow2", "failed"), ("quick2", "done")],
        [("quick2", "done"), ("slow2", "failed")],
    )
    assert (follower.returncode, rest, errors) == (130, "", "")


async def run_more(database: Path) -> None:
    async with Store.open(database) as store:
        await store.start_evaluation(row("slow2", State.RUNNING))
        await store.finish_evaluation(row("quick2", State.DONE))
        await store.finish_evaluation(row("slow2", State.FAILED))


def test_what_is_run_as_soon_as_one_is_told_to_wait_is_printed(
    valgate: Run, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    valgate("user", "add", "alice").insist()
    printed = io.StringIO()

    class Waiting(io.StringIO):
        def write(self, text: str) -> int:
            if text.startswith("Waiting"):
                asyncio.run(run_some(database))
            return len(text)

    monkeypatch.setattr(sys, "stdout", printed)
    monkeypatch.setattr(sys, "stderr", Waiting())
    # One look, and no second one: so long nobody can sleep.
    monkeypatch.setattr("host_api.commands.records.POLL_SECONDS", -1)
    cli.main(["runs", "alice", "--follow", "--json"])
    assert [json.loads(line)["id"] for line in printed.getvalue().splitlines()] == ["slow", "quick"]


def test_a_reader_that_leaves_early_is_no_error(valgate: Run) -> None:
    valgate("user", "add", "alice").insist()
    reader, writer = os.pipe()
    os.close(reader)  # before the first line, however soon that comes
    try:
        command = [str(Path(sys.executable).with_name("valgate")), "settings"]
        ended = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(writer)
    assert "Traceback" not in ended.stderr
    assert "Exception" not in ended.stderr
    assert ended.returncode == 141


def test_output_that_cannot_be_written_is_told(valgate: Run) -> None:
    valgate("user", "add", "alice").insist()
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        command = [str(Path(sys.executable).with_name("valgate")), "user", "list"]
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "No space left" in ended.stderr


def test_output_is_utf8_whatever_the_locale(process: Run, database: Path) -> None:
    process("user", "add", "alice").insist()
    asyncio.run(write_umlaut(database))
    assert (
        process("val", "show", "alice.n", PYTHONIOENCODING="ascii").insist()
        == "'\N{LATIN SMALL LETTER U WITH DIAERESIS}'\n"
    )


async def write_umlaut(database: Path) -> None:
    async with Store.open(database) as store:
        await store.write_val("alice", "n", code="'\N{LATIN SMALL LETTER U WITH DIAERESIS}'", kind=Kind.DATA)
