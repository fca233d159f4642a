"""§4, §9: the chain of `api()` calls: how deep, and an account that all its evaluations share."""

from __future__ import annotations

import gc
import json
from dataclasses import replace
from pathlib import Path

import pytest

from host_api.net.chain import FIRST, LEAST, Chains, Link
from host_api.settings import Settings
from kernel.errors import LimitError
from tests.semantics.live import ROOMY, Machine, World, open_world

DOWN = """export const down = async (n) => {
  if (n === 0) return 'bottom';
  try { return await api(@B.down, n - 1) } catch (e) { return [n, e.status, e.cause.name] } }"""


@pytest.mark.parametrize(("depth", "told"), [(14, "bottom"), (15, [1, 422, "LimitError"])])
async def test_a_chain_is_fifteen_calls_long(world: World, depth: int, told: object) -> None:
    assert Settings().api_chain == 15
    await world.save("B", DOWN)
    assert await world.eval(f"api(@B.down, {depth})") == told


async def test_a_chain_of_none_refuses_the_first(engine_room: Machine, tmp_path: Path) -> None:
    async with open_world(engine_room, tmp_path, api_chain=0) as world:
        await world.save("B", DOWN)
        assert await world.eval("api(@B.down, 0).catch((e) => [e.status, e.cause.name])") == [422, "LimitError"]


async def test_one_that_is_called_has_full_limits_and_its_cost_is_the_chains(
    engine_room: Machine, tmp_path: Path
) -> None:
    limits = replace(ROOMY, cpu=0.3)
    async with open_world(engine_room, tmp_path, limits, api_chain=3) as world:
        await world.save("B", "export const f = () => 1")
        await world.eval("api(@B.f)")  # the compiler has seen it
        await world.save(
            "B",
            """export const spin = async () => {
          for (;;); }""",
        )
        code = """{ const told = []; for (let i = 0; i < 5; i++) {
          const e = await api(@B.spin).catch((e) => e); told.push([e.status, /chain/.test(e.message)]) } return told }"""
        told = await world.eval(code)
        await world.house.store.flush()
        ran = [row for row in world.house.store.evaluations("B") if row.parent and row.entry_name == "spin"]
    # Each uses all that it may, and a little more: two run, and of the third nothing is left that would do.
    assert told == [[422, False]] * 2 + [[422, True]] * 3
    assert len(ran) == 2
    assert all(row.cpu_us >= 300_000 for row in ran)


# -- the account by itself ----------------------------------------------------------------------------------


def test_an_account_holds_what_each_may_use_and_gets_back_what_it_did_not() -> None:
    chains = Chains(3, 0.1)
    first = chains.join(FIRST)
    below = chains.join(first.below)
    assert (below.depth, below.account) == (1, first.account)
    held = [below.hold(100_000) for _ in range(3)]
    assert first.account.left == 0
    with pytest.raises(LimitError):
        below.hold(100_000)
    for each, used in zip(held, (40_000, 0, 0), strict=True):
        below.release(each, used)
    assert first.account.left == 300_000 - 40_000 - 2 * LEAST


def test_the_first_of_a_chain_has_its_budget_to_itself() -> None:
    chain = Chains(1, 0.1).join(FIRST)
    chain.release(chain.hold(100_000), 99_000)
    assert chain.account.left == 100_000


def test_an_evaluation_that_uses_nothing_costs_a_little_all_the_same() -> None:
    chains = Chains(1, 0.01)
    first = chains.join(FIRST)
    for _ in range(10_000 // LEAST):
        below = chains.join(first.below)
        below.release(below.hold(0), 0)
    with pytest.raises(LimitError):
        chains.join(first.below).hold(0)


def test_the_depth_is_refused_at_one_past_the_limit() -> None:
    chains = Chains(2, 1.0)
    assert chains.join(Link(2)).depth == 2
    with pytest.raises(LimitError):
        chains.join(Link(3))


def test_an_unknown_or_closed_account_is_a_new_one() -> None:
    chains = Chains(2, 1.0)
    chain = chains.join(FIRST)
    said = chain.below
    assert chains.join(Link(1, "guessed")).account is not chain.account
    assert chains.join(said).account is chain.account
    chain.account.left = 1
    del chain
    gc.collect()
    assert chains.join(said).account.left == 2_000_000


def test_a_chain_that_goes_through_another_process_has_one_account_there_too() -> None:
    here, there = Chains(2, 1.0), Chains(2, 1.0)
    first = here.join(FIRST)
    twice = there.join(first.below), there.join(first.below)
    assert twice[0].account is twice[1].account
    assert here.join(twice[0].below).account is first.account


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("", FIRST),
        ("3", Link(3)),
        ("3.ab", Link(3, "ab")),
        ("-1.ab", FIRST),
        ("٣", FIRST),
        ("1234567", FIRST),
        ("x.ab", FIRST),
        (".ab", FIRST),
    ],
)
def test_a_link_is_read_from_a_header_and_anything_else_is_the_first(text: str, link: Link) -> None:
    assert Link.parse(text) == link
    assert Link.parse(str(link)) == link


async def test_no_two_chains_share_an_account(world: World) -> None:
    await world.save("B", "export const f = () => 1")
    ids = {world.house._evaluator._chains.join(FIRST).account.id for _ in range(100)}
    assert len(ids) == 100
    assert json.loads((await world.run("B.f")).json) == 1
