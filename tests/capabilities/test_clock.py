"""clock: what it takes, and that waiting is answered with a promise."""

from __future__ import annotations

import pytest

from host_api.capabilities.clock import LONGEST, Clock, Sleep
from kernel.errors import BadRequest
from kernel.wire import Value
from tests.semantics.live import World


@pytest.mark.parametrize("milliseconds", [0, 1.5, LONGEST])
def test_milliseconds_are_taken(milliseconds: float) -> None:
    assert Sleep.parse((milliseconds,)) == Sleep(float(milliseconds))


@pytest.mark.parametrize(
    "values", [(), (-1,), (LONGEST + 1,), (float("nan"),), (float("inf"),), (True,), ("5",), (1, 2)]
)
def test_anything_else_is_refused(values: tuple[Value, ...]) -> None:
    with pytest.raises(BadRequest):
        Sleep.parse(values)


def test_there_is_one_operation() -> None:
    assert list(Clock.parsers) == [1]


async def test_timers_fire_in_the_order_of_their_delays(world: World) -> None:
    code = """
        const order = [];
        const after = (ms) => new Promise((done) => setTimeout(() => { order.push(ms); done() }, ms));
        await Promise.all([after(400), after(1), after(200)]);
        return order"""
    assert await world.eval(code) == [1, 200, 400]


async def test_a_cleared_timer_does_not_fire(world: World) -> None:
    code = """
        let cleared = 0, fired = 0;
        clearTimeout(setTimeout(() => cleared++, 1));
        await new Promise((done) => {
          const ticking = setInterval(() => { if (++fired === 3) { clearInterval(ticking); setTimeout(done, 20) } }, 1);
        });
        return [cleared, fired]"""
    assert await world.eval(code) == [0, 3]


async def test_a_timer_passes_its_arguments(world: World) -> None:
    assert await world.eval("new Promise((done) => setTimeout((a, b) => done(a + b), 1, 2, 3))") == 5


async def test_a_timer_takes_a_function(world: World) -> None:
    assert (await world.error("setTimeout('1 + 1', 1)")).name == "TypeError"


async def test_what_waits_at_the_end_is_cancelled_and_recorded(world: World) -> None:
    outcome = await world.outcome("setTimeout(() => {}, 100000); return 1")
    assert outcome.json == b"1"
    assert {"cancelled": 1} in (await world.record(outcome))["calls"]
