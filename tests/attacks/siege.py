"""What every attack must come to.

On the host: a typed error within the budget, a responsive loop, and a clean next evaluation. Of a library on its caller: nothing read,
written, mailed or run in the caller's name, and the caller's built-ins as they were.
"""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from host_api.house import Outcome
from kernel.limits import MIB, Limits
from tests.semantics.live import PRIVATE, Machine, World, open_world

TIGHT = replace(Limits(), cpu=0.25, wall=20.0, memory=40 * MIB)
"""A fresh guest has half of this memory already: what it booted with."""
LONGEST_TURN = 0.15
"""Processor seconds that the loop's thread may work before it comes round: far more than it does, for a busy machine stretches
processor time too, and far less than what an attack that is not preempted takes: its whole budget."""


class Heart:
    """Beats on the loop; remembers the longest time that the loop's thread worked between two beats."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def beat(self) -> None:
        last = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            self.longest, last = max(self.longest, now - last), now


@asynccontextmanager
async def responsive() -> AsyncIterator[None]:
    """Insist that nothing inside keeps the loop from others."""
    heart = Heart()
    gc.collect()
    gc.disable()  # what all the tests before left behind takes longer to collect than an attack may hold the loop
    beating = asyncio.ensure_future(heart.beat())
    await asyncio.sleep(0)
    try:
        yield
    finally:
        gc.enable()
        beating.cancel()
    assert heart.longest < LONGEST_TURN, f"the loop was away for {heart.longest * 1000:.0f} ms of processor time"


async def besiege(made: Machine, folder: Path, code: str, limits: Limits = TIGHT) -> Outcome:
    """Evaluate hostile code beside others; return what it came to, when the next evaluation was seen to be clean."""
    async with open_world(made, folder, limits) as world:
        await world.outcome("0")
        async with responsive():
            outcome = await world.outcome(code)
        await insist_clean(world, outcome)
        return outcome


async def insist_clean(world: World, outcome: Outcome) -> None:
    row = (await world.record(outcome))["row"]
    assert row.cpu_us <= (world.house.settings.limits.cpu + 2 * LONGEST_TURN) * 1e6
    assert await world.eval("[1, 2].map((x) => x * 2)") == [2, 4]


def ended(outcome: Outcome) -> str:
    """Return how it ended: "value", the code of a limit, or the name of what was thrown."""
    if outcome.error is None:
        return "value"
    return outcome.error.name if outcome.error.code == "thrown" else outcome.error.code


# -- B's library against A ------------------------------------------------------------------------------

SECRET, HELD, HIDDEN = "the secret of A", "the held secret of A", "private of A"
LOOT = "[() => @me.secrets.foo, () => @A.secrets.foo, () => process.env.foo, () => @A.hidden, () => @me.hidden, () => { @me.n = 'theirs' }].map((f) => { try { return f() } catch {} }).find((x) => x) ?? 'nothing'"
"""What code of B's tries wherever it comes to run: with B's rights it finds nothing."""
CODE = "return process.env.foo ?? 'nothing'"
"""Code made at run time: it finds A's secret if it is made by A's `Function`, and nothing by B's."""
SNAP = """() => {
  const looked = [globalThis, Object, Object.prototype, Function.prototype, Array, Array.prototype, Promise, Promise.prototype, Map.prototype,
    Set.prototype, String.prototype, RegExp, RegExp.prototype, Error, Error.prototype, TypeError.prototype, JSON, Reflect, Math, Symbol,
    Symbol.prototype, Date.prototype, Uint8Array.prototype, Object.getPrototypeOf(Uint8Array), Object.getPrototypeOf(Uint8Array.prototype),
    Object.getPrototypeOf([][Symbol.iterator]()), Object.getPrototypeOf(function* () {}), Object.getPrototypeOf(function* () {}).prototype,
    Object.getPrototypeOf(async () => 1), Object.getPrototypeOf(async function* () {}).prototype, console, process, setTimeout];
  const seen = [];
  for (const one of looked) for (const key of Reflect.ownKeys(one)) {
    const found = Reflect.getOwnPropertyDescriptor(one, key);
    seen.push(one, key, found.value, found.get, found.set, Object.isFrozen(one), Object.getPrototypeOf(one));
  }
  return seen }"""


@dataclass(frozen=True)
class Assault:
    """What an attack of B's library came to: what A's code returned, everything that was told to anybody, and how it ended."""

    got: Any
    told: str
    end: str


async def assault(world: World, library: str, use: str = "return attack()", owned: str = "") -> Assault:
    """Let B's library, the body of `export const attack = …`, loose on A's code, and insist that it has got nothing.

    `use` is the body of A's: it has `attack`, `held` and what `owned` declares; what it returns is what B found.
    A's built-ins, vals, secrets and mail are looked at before and after.
    """
    await world.save("A", f'"{HIDDEN}"', PRIVATE, "hidden")
    await world.save("B", f"const loot = () => {LOOT}; export const attack = {library}")
    code = f"""{{
      const {{ is }} = Object, snap = {SNAP}, held = '{HELD}'; {owned};
      const before = snap(), attack = @B.attack;
      let got, thrown = false;
      try {{ got = await (async () => {{ {use} }})() }} catch (e) {{ thrown = true; got = `${{e?.name}}: ${{e?.message}}` }}
      const after = snap();
      let same = before.length === after.length;
      for (let i = 0; i < before.length; i++) same &&= is(before[i], after[i]);
      return {{ same, thrown, got }} }}"""
    outcome = await world.outcome(code)
    record = await world.record(outcome)
    told = outcome.json.decode() + str(outcome.error) + str(record["logs"])
    assert not [word for word in (SECRET, HELD, HIDDEN) if word in told], told
    _insist_rights(world, record)
    found = json.loads(outcome.json) if outcome.error is None else {"same": True, "got": None}
    assert found["same"], "A's built-ins are not what they were"
    assert ended(outcome) not in {"BrokenGuest", "broken_guest", "host_failure"}, outcome.error
    return Assault(found.get("got"), told, ended(outcome))


def _insist_rights(world: World, record: dict[str, Any]) -> None:
    """Nothing was read, written or mailed but in B's name, and to no effect."""
    calls = [call for call in record["calls"] if call.get("capability") in {"secret", "mail", "val"}]
    assert [call for call in calls if call["author"] == "@a" and call["capability"] != "val"] == []
    assert [call for call in calls if call["capability"] == "secret" and call["verdict"] == "granted"] == []
    assert [call for call in calls if call.get("effect")] == []
    assert world.stored("A", "hidden") == HIDDEN
    assert world.stored("A", "n") == "missing"
    assert world.house.store.mail("A") == []


USES = [
    "await x",
    "JSON.stringify(x)",
    "`${x}`",
    "x + 1",
    "+x",
    "[...x]",
    "({ ...x })",
    "Object.entries(x)",
    "x instanceof Object",
    "({}) instanceof x",
    "x.x",
    "x()",
    "new x()",
    "x.map((y) => y)",
    "keep(x)",
    "console.log(x)",
    "x.message",
    "typeof x",
    "x == 1",
    "[].concat(x)",
    "Promise.all([x])",
    "({})[x]",
    "'abc'.replace(x, '')",
    "new Date(x)",
    "Object.assign({}, x)",
    "structuredClone(x)",
]
"""Everything that A might do with a value of B's."""


async def insist_bs_rights(world: World, made: str) -> None:
    """Whatever A does with the value that B made, the code behind it has B's rights; `made` is a function's body."""
    tries = ", ".join(f"async (x) => {use}" for use in USES)
    use = f"""const seen = [], keep = (v) => {{ const m = new Map([[1, v]]); return m.get(1) }};
      for (const use of [{tries}]) {{ try {{ const got = await use(attack()); seen.push(typeof got === 'string' ? got : JSON.stringify(got)) }} catch (e) {{ seen.push(`${{e?.name}}: ${{e?.message}}`) }} }}
      return seen.join(' | ')"""
    await assault(world, f"() => {{ {made} }}", use)


async def insist_clean_end(world: World, made: str) -> None:
    """As the answer, or as what is thrown, the value ends the evaluation cleanly."""
    await world.save("B", f"const loot = () => {LOOT}; export const give = () => {{ {made} }}")
    for code in ("@B.give()", "{ throw @B.give() }", "[@B.give()]", "Promise.reject(@B.give())"):
        outcome = await world.outcome(code)
        assert b"the secret of" not in outcome.json
        assert outcome.error is None or (
            outcome.error.code in {"thrown", "clone", "limit", "deadlock"} and "the secret" not in outcome.error.message
        )
