from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

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


def test_a_reader_that_leaves_early_is_no_error(valgate: Run, start: Start, database: Path) -> None:
    valgate("user", "add", "alice").insist()
    listing = start("settings")
    with listing:
        assert listing.stdout is not None
        listing.stdout.close()
        assert listing.stderr is not None
        told = listing.stderr.read()
    assert "Traceback" not in told
    assert "Exception" not in told
    assert listing.returncode == 141


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
