"""The attacker's plan: private fields are a brand that no reflection sees. A constructor that returns another's object stamps its fields onto
it (`class Stamp extends Return {{ #x }}`): onto A's handles, to mark them, to make A's checks pass, or to put B's state into A's objects.
"""

from __future__ import annotations

import pytest

from tests.attacks.siege import assault
from tests.semantics.live import World

STAMP = "class Return { constructor(o) { return o } } class Stamp extends Return { #x = 'theirs'; static has(o) { return #x in o } static get(o) { return o.#x } static set(o, v) { o.#x = v } }"


async def test_a_stamp_on_a_handle_is_on_bs_stand_in_and_nowhere_else(world: World) -> None:
    """B stamps what A lent. A's object has no field of B's; it is what it was, and goes home as itself."""
    library = f"(o) => {{ {STAMP} const had = Stamp.has(o); let how = 'stamped'; try {{ new Stamp(o) }} catch (e) {{ how = e.name }} return {{ had, how, has: Stamp.has(o), o, check: (x) => Stamp.has(x) }} }}"
    use = f"{STAMP} class Mine {{ #y = 1; static has(x) {{ return #y in x }} }} const mine = new Mine(), b = attack(mine); return [b.had, ['stamped', 'TypeError'].includes(b.how), b.o === mine, Mine.has(mine), Stamp.has(mine), Reflect.ownKeys(mine).length]"
    assert (await assault(world, library, use)).got == [False, True, True, True, False, 0]


async def test_a_brand_of_as_is_on_no_object_of_bs(world: World) -> None:
    """B's class copies A's by name, extends it, wraps it in a Proxy, sets its prototype, returns A's own object: only A's constructor brands."""
    library = """(Mine, mine) => {
      class Fake { constructor() { this.x = 1 } } Object.defineProperty(Fake, 'name', { value: 'Mine' });
      const made = { fake: new Fake(), wrapped: new Proxy(mine, {}), child: Object.create(mine), plain: { ...mine } };
      try { made.sub = new (class extends Mine {})() } catch {}
      try { made.odd = Reflect.construct(Object, [], Mine) } catch {}
      try { made.set = Object.setPrototypeOf({}, Mine.prototype) } catch {}
      return Object.entries(made) }"""
    use = "class Mine { #y = 1; static has(x) { try { return #y in x } catch { return false } } } return attack(Mine, new Mine()).map(([k, v]) => [k, Mine.has(v)])"
    found = dict((await assault(world, library, use)).got)
    assert {name for name, has in found.items() if has} <= {"sub"}  # it ran A's constructor, with A's leave


async def test_as_constructor_called_with_bs_new_target_brands_nothing_of_bs(world: World) -> None:
    """A's constructor that returns its argument would stamp A's private fields, with what they hold, onto an object of B's."""
    library = "(Holder) => { const trap = new Proxy({}, { defineProperty() { return true } }); const got = new Holder(trap); return [got === trap, Reflect.ownKeys(got).length, JSON.stringify(got) ?? 'none', Holder.reveal === undefined] }"
    use = "class Return { constructor(o) { return o } } class Holder extends Return { #key = held; } return attack(Holder)"
    found = (await assault(world, library, use)).got
    assert found[1:] == [0, "{}", True] or "TypeError" in str(found)


@pytest.mark.parametrize(
    "trick",
    [
        "o.method.call({ #y: 1 })", "o.method.call(new Proxy(o, {}))", "o.method.call(Object.create(o))", "Reflect.apply(o.method, {}, [])", "o.constructor.prototype.method.call({})",
        "(class extends o.constructor { steal() { return this.#y } })", "Object.getPrototypeOf(o).method.call(globalThis)", "o.constructor.peek({})", "o.constructor.peek(new Proxy(o, {}))",
        "Function('o', 'return o.#y')(o)", "eval('o.#y')", "o['#y'].length", "Object.getOwnPropertySymbols(o)[0].description", "structuredClone(o)",
    ],
)  # fmt: skip
async def test_no_trick_reads_a_private_field(world: World, trick: str) -> None:
    source = trick.replace("{ #y: 1 }", "{}").replace("this.#y", "this['#y']")
    library = f"(o) => {{ try {{ const got = {source}; return [typeof got, JSON.stringify(got) ?? ''] }} catch (e) {{ return [e.name, e.message] }} }}"
    use = "class Mine { #y = held; method() { return this.#y.length ? held : 0 } static peek(o) { return o.#y } } const mine = new Mine(); return attack(mine)"
    await assault(world, library, use)


async def test_super_and_home_objects_stay_at_home(world: World) -> None:
    """`super` in A's method is A's, whatever object B calls it on and whatever prototype B gives that."""
    library = "(o) => { const seen = []; for (const on of [o, {}, Object.setPrototypeOf({}, { who: () => 'theirs' })]) try { seen.push(o.who.call(on)) } catch (e) { seen.push(e.name) } return seen }"
    use = "class Base { who() { return 'base' } } class Mine extends Base { who() { return super.who() } } return attack(new Mine())"
    assert (await assault(world, library, use)).got == ["base", "base", "base"]


async def test_a_field_initialiser_of_bs_subclass_runs_in_b(world: World) -> None:
    library = "(Base) => class extends Base { field = loot(); #mine = loot(); constructor(x) { super(x); this.late = loot() } read() { return this.#mine } }"
    use = "class Base { constructor(x) { this.x = x } } const Sub = attack(Base), made = new Sub(1); return [made.x, made.field, made.late, made instanceof Base]"
    assert (await assault(world, library, use)).got == [1, "nothing", "nothing", True]
