"""The plan: one request becomes evaluations without number, each with a full budget of its own.

A val calls itself by api() for ever; each of them calls ten more, at once, so that no single one is deep or slow; or it calls what
costs no processor time, and fills another's records.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from host_api.net.chain import LEAST
from tests.attacks.siege import responsive
from tests.semantics.live import ROOMY, Machine, World, open_world


async def test_a_val_that_calls_itself_comes_to_an_end(world: World) -> None:
    await world.save("B", "export const f = async (n) => { try { return await api(@B.f, n + 1) } catch { return n } }")
    async with responsive():
        assert await world.eval("api(@B.f, 1)") == world.house.settings.api_chain


async def test_a_tree_of_calls_is_paid_from_one_account(engine_room: Machine, tmp_path: Path) -> None:
    limits = replace(ROOMY, cpu=0.2)
    async with open_world(engine_room, tmp_path, limits, api_chain=3) as world:
        code = """export const f = async () => {
          const all = await Promise.all(Array.from({ length: 10 }, () => api(@B.f).catch(() => 0)));
          return all.reduce((a, b) => a + b, 1) }"""
        await world.save("B", code)
        async with responsive():
            ran = await world.eval("@B.f()")
        await world.house.store.flush()
        rows = [row for row in world.house.store.evaluations("B", limit=10_000) if row.parent]
    whole = limits.cpu * 3
    assert sum(row.cpu_us for row in rows) <= (whole + limits.cpu) * 1e6
    assert len(rows) <= whole * 1e6 / LEAST
    assert 1 <= ran <= len(rows) + 1


async def test_what_costs_nothing_fills_nobodys_records(engine_room: Machine, tmp_path: Path) -> None:
    async with open_world(engine_room, tmp_path, replace(ROOMY, cpu=0.1), api_chain=1) as world:
        await world.save("B", "1", name="data")
        code = "{ let n = 0; try { for (;;) { await api(@B.data); n++ } } catch (e) { return [n, e.status] } }"
        async with responsive():
            told = await world.eval(code)
        await world.house.store.flush()
        left = [row for row in world.house.store.evaluations("B", limit=10_000) if row.parent]
    assert told == [len(left), 422]
    assert len(left) <= 100_000 // LEAST


async def test_the_servers_next_evaluation_has_an_account_of_its_own(engine_room: Machine, tmp_path: Path) -> None:
    async with open_world(engine_room, tmp_path, replace(ROOMY, cpu=0.1), api_chain=1) as world:
        await world.save("B", "1", name="data")
        drained = await world.outcome("for (;;) await api(@B.data)")
        assert drained.error is not None
        assert json.loads((await world.outcome("api(@B.data)")).json) == 1
