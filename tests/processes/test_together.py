"""What is asked of one process and holds of all of them: counts, and an evaluation that is to stop."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from host_api.http.gathered import merged
from host_api.processes.siblings import Siblings
from host_api.store import State, Store
from tests.processes.conftest import born

if TYPE_CHECKING:
    from pathlib import Path

    from tests.processes.conftest import Serving


async def test_one_page_has_the_counts_of_every_process_and_says_whose_they_are(serving: Serving) -> None:
    async with serving() as server:
        pids = set(await server.workers())
        async with asyncio.timeout(60):
            while {line["pid"] for line in server.events("evaluation")} != pids:
                assert await server.evaluate() == (200, 1)
        status, page = await server.ask("/metrics", method="GET")
        assert status == 200
        families = list(text_string_to_metric_families(page))
        ended = [one for family in families for one in family.samples if one.name == "valgate_evaluations_total"]
        async with asyncio.timeout(60):
            while len(server.events("evaluation")) < sum(one.value for one in ended):  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.01)
        done = len(server.events("evaluation"))
    assert len({family.name for family in families}) == len(families)
    assert all(sample.labels["process"] in {"0", "1"} for family in families for sample in family.samples)
    assert {one.labels["process"] for one in ended} == {"0", "1"}
    assert sum(one.value for one in ended) == done
    assert page.count("process_resident_memory_bytes{") == 2


async def test_an_evaluation_is_stopped_whichever_process_runs_it(serving: Serving) -> None:
    async with serving("--demo") as server:
        await server.workers()
        assert server.process.stdout is not None
        printed = [(await server.process.stdout.readline()).decode() for _ in range(3)]
        token = printed[2].partition("Bearer ")[2].partition("'")[0]
        headers = {"Authorization": f"Bearer {token}"}
        stopped: set[str] = set()
        for _ in range(6):
            stuck = asyncio.create_task(
                server.evaluate("await new Promise(() => setTimeout(() => 0, 1e6))", headers=headers)
            )
            evaluation = await running(server.database, stopped)
            stopped.add(evaluation)
            assert await server.ask(f"/v1/vals/{evaluation}/cancel", headers=headers) == (200, {"found": True})
            status, told = await stuck
            assert (status, told["name"]) == (422, "Cancelled")
            assert await server.ask(f"/v1/vals/{evaluation}/cancel", headers=headers) == (200, {"found": False})


async def running(database: Path, stopped: set[str]) -> str:
    """Return the id of the one evaluation of alice's that runs; of those that are stopped the records may not say so yet."""
    with Store.open(database) as store:
        async with asyncio.timeout(60):
            while not (found := {row.id for row in store.evaluations("alice") if row.state is State.RUNNING} - stopped):  # noqa: ASYNC110 - others' state
                await asyncio.sleep(0.01)
    return found.pop()


# -- the talk by itself -----------------------------------------------------------------------------------


async def test_others_are_asked_and_oneself_is_not(tmp_path: Path) -> None:
    first, second = Siblings(tmp_path, 0), Siblings(tmp_path, 1)
    async with first.answering(lambda _: b"first"), second.answering(lambda asked: json.dumps(asked).encode()):
        assert await first.ask({"what": "x"}) == [(1, b'{"what": "x"}')]
        assert await second.ask({"what": "x"}) == [(0, b"first")]
    assert names(tmp_path) == []


async def test_who_is_alone_asks_nobody() -> None:
    alone = Siblings()
    async with alone.answering(lambda _: b"never"):
        assert alone.alone
        assert await alone.ask({"what": "x"}) == []


async def test_who_has_died_who_says_nothing_and_who_breaks_are_left_out(tmp_path: Path) -> None:
    asking, other = Siblings(tmp_path, 0), Siblings(tmp_path, 1)

    def breaks(_: object) -> bytes:
        raise ValueError

    Siblings(tmp_path, 2)._open(tmp_path).close()
    async with other.answering(breaks):
        assert len(names(tmp_path)) == 2
        assert await asking.ask({"what": "x"}) == []
        assert len(names(tmp_path)) == 1


async def test_nobody_else_may_enter_where_they_meet(serving: Serving) -> None:
    async with serving() as server:
        (pid, *_) = await server.workers()
        found = os.stat(born(pid)["folder"])  # noqa: PTH116 - no more than a look
        assert (found.st_mode & 0o777, found.st_uid) == (0o700, os.getuid())


def names(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.exists() else []


def test_a_family_stands_in_one_place_on_a_page_of_several() -> None:
    page = (
        b'# HELP a A.\n# TYPE a gauge\na{process="%d"} 1.0\n# HELP b B.\n# TYPE b counter\nb_total{process="%d"} 2.0\n'
    )
    both = merged([page % (0, 0), page % (1, 1)])
    assert both == (
        b'# HELP a A.\n# TYPE a gauge\na{process="0"} 1.0\na{process="1"} 1.0\n'
        b'# HELP b B.\n# TYPE b counter\nb_total{process="0"} 2.0\nb_total{process="1"} 2.0\n'
    )
