"""The attacker's plan: ask for his own runs of a val that others run all day, or for runs of a kind that he has none of: both read everything."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from host_api.store import Privacy, evaluations
from tests.http.conftest import World, settings, world

if TYPE_CHECKING:
    import pytest

__all__ = ["settings", "world"]


async def test_lists_of_runs_are_not_read_on_the_loop(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    val = await world.val("alice", "export const v = () => 1", Privacy.PUBLIC)
    readers: set[sqlite3.Connection] = set()
    read = evaluations.of

    def noted(db: sqlite3.Connection, *others: object, **named: object) -> object:
        readers.add(db)
        return read(db, *others, **named)  # type: ignore[arg-type] # handed on

    monkeypatch.setattr(evaluations, "of", noted)
    (await world.call("GET", f"/v1/vals/{val.id}/runs", by="bob")).insist(200)
    (await world.call("GET", "/v1/me/runs?source=email", by="bob")).insist(200)
    assert len(readers) == 2
    assert world.house.store._db not in readers


async def test_ones_own_runs_of_a_val_are_found_by_val_and_caller(world: World) -> None:
    plan = "EXPLAIN QUERY PLAN SELECT id FROM evaluations WHERE caller IS 'bob' AND val_id = 'x' ORDER BY seq DESC LIMIT 20"
    ((*_, told),) = world.house.store._db.execute(plan).fetchall()
    assert "evaluations_val (val_id=? AND caller=?)" in told
