"""The attacker's plan: be handed something of the runtime's (`fetch`, `crypto`, a logger), and change it where it lives.

A passes `crypto` to a library, as people do; the library puts a `digest` of its own in the place of A's, and whatever A signs later
goes through the library's hands.
"""

from __future__ import annotations

import pytest

from tests.attacks.siege import assault
from tests.semantics.live import World

SPOIL = """(thing) => {
  const evil = (...args) => "evil", spoilt = [];
  for (const key of ["call", "apply", "bind", "then", "digest", "sign", "subtle", "randomUUID", "now", "custom", "name", "length"]) {
    try { Reflect.set(thing, key, evil) && spoilt.push("set " + key) } catch {}
    try { Reflect.defineProperty(thing, key, { value: evil, configurable: true }) && spoilt.push("define " + key) } catch {}
    try { Object.hasOwn(thing, key) && Reflect.deleteProperty(thing, key) && spoilt.push("delete " + key) } catch {}
  }
  return spoilt }"""


THINGS = [
    "fetch",
    "setTimeout",
    "clearTimeout",
    "crypto",
    "crypto.subtle",
    "performance",
    "console.log",
    "console.email",
]


@pytest.mark.parametrize("thing", THINGS)
async def test_what_the_runtime_made_is_used_by_others_and_not_changed(world: World, thing: str) -> None:
    use = f"""const look = () => {{ const seen = []; for (const key of Reflect.ownKeys({thing})) {{ const found = Reflect.getOwnPropertyDescriptor({thing}, key); seen.push(key, found.value, found.get) }} return seen }};
      const before = look(), spoilt = attack({thing}), after = look();
      return [spoilt, before.length === after.length && before.every((one, i) => Object.is(one, after[i]))]"""
    assert (await assault(world, SPOIL, use)).got == [[], True]


async def test_what_inspects_for_a_custom_view_is_not_changed_either(world: World) -> None:
    made = f"""() => ({{ [Symbol.for("nodejs.util.inspect.custom")](depth, options, inspect) {{
      return "spoilt " + JSON.stringify(({SPOIL})(inspect)) }} }})"""
    found = await assault(world, made, "console.log(attack()); return 1")
    assert "spoilt []" in found.told


async def test_what_the_val_made_itself_takes_what_others_set(world: World) -> None:
    use = "class Own { }; const own = new Own(); const f = () => 1; return [attack(own), own.set, attack(f), f.set]"
    found = await assault(world, "(one) => { one.set = 1; return one.set }", use)
    assert found.got == [1, 1, 1, 1]
