"""The attacker's plan: promises whose values wait in the host, where no guest's memory is charged for them.

A thousand promises of one megabyte text cost the guest one megabyte, and the host a thousand.
"""

from __future__ import annotations

import weakref
from typing import Any

import pytest

from kernel import evaluation
from kernel.guest import Guest, Settled
from tests.semantics.live import World

MANY = (
    "const text = 'x'.repeat(1000000); export const many = (n) => Array.from({length: n}, () => Promise.resolve(text))"
)
LENGTHS = "Promise.allSettled(@B.many({n}).map((p) => p.then((s) => s.length, (e) => {{ throw e.name }})))"


async def test_what_promises_came_to_and_nobody_took_yet_is_bounded_as_a_guests_memory_is(world: World) -> None:
    await world.save("B", MANY)
    found = await world.eval(LENGTHS.format(n=90))
    assert [one.get("value") for one in found].count(1_000_000) == 67  # 64 MiB of them
    assert {one["reason"] for one in found if one["status"] == "rejected"} == {"LimitError"}


async def test_what_was_taken_does_not_wait_in_the_host_any_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.save("B", MANY)
    made: list[weakref.ref[Settled]] = []

    class Watched(Settled):
        """One that can be looked for: a value of the host's has no weak references."""

        __slots__ = ("__weakref__",)

        def __init__(self, *told: Any) -> None:  # noqa: ANN401 - handed on
            super().__init__(*told)
            made.append(weakref.ref(self))

    most = 0
    say = Guest.say

    def watched(self: Guest, *told: Any) -> None:  # noqa: ANN401 - handed on
        nonlocal most
        most = max(most, sum(len(one.payload) for ref in made if (one := ref()) is not None))
        say(self, *told)

    monkeypatch.setattr(evaluation, "Settled", Watched)
    monkeypatch.setattr(Guest, "say", watched)
    outcome = await world.outcome(
        "{ let n = 0; for (let i = 0; i < 60; i++) n += (await @B.many(1)[0]).length; return n }"
    )
    assert outcome.json == b"60000000", outcome.error
    assert len(made) >= 60
    assert 1_000_000 <= most < 5_000_000


async def test_a_library_that_hands_out_too_much_does_not_fill_its_callers_table_for_good(world: World) -> None:
    await world.save("B", "export const many = (n) => Array.from({length: n}, (_, i) => () => i)")
    await world.save("B", "export const later = (n) => Promise.resolve(Array.from({length: n}, (_, i) => () => i))")
    assert await world.eval("{ try { @B.many(1500) } catch {} return @B.many(900)[899]() }") == 899
    assert await world.eval("{ try { await @B.later(1500) } catch {} return @B.many(900)[899]() }") == 899
