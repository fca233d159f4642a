"""The attacker's plan: time of check, time of use. B changes what A passed after A looked at it, while A looks, or after the call returned;
or it waits until A changes its own, hoping to see it.
"""

from __future__ import annotations

import pytest

from tests.attacks.siege import assault
from tests.semantics.live import World

# how it is made, how B changes it, how A sees whether it is still what it was
KINDS = {
    "an object": ("({ a: 1, list: [1] })", "x.a = 2; x.list.push(2); delete x.a; x.b = 1", "x.a === 1 && x.list.length === 1 && !('b' in x)"),
    "an array": ("[1, 2, 3]", "x.length = 0; x.push('theirs')", "x.join() === '1,2,3'"),
    "a typed array": ("new Uint8Array([1, 2, 3])", "x.fill(9)", "x.join() === '1,2,3'"),
    "a buffer": ("new Uint8Array([1, 2]).buffer", "try { new Uint8Array(x).fill(9); x.transfer() } catch {}", "x.byteLength === 2 && new Uint8Array(x)[0] === 1"),
    "two views of one buffer": ("(() => { const b = new ArrayBuffer(4); return [new Uint8Array(b), new DataView(b)] })()", "x[0].fill(9)", "x[1].getUint8(0) === 0"),
    "a Map": ("new Map([['a', 1]])", "x.set('a', 2); x.set('b', 1)", "x.get('a') === 1 && x.size === 1"),
    "a Set": ("new Set([1])", "x.clear(); x.add('theirs')", "x.has(1) && x.size === 1"),
    "a Date": ("new Date(5)", "x.setTime(9)", "x.getTime() === 5"),
    "a regular expression": ("/a/g", "x.lastIndex = 3; x.exec = () => null", "x.lastIndex === 0 && x.source === 'a' && !Object.hasOwn(x, 'exec')"),
    "an error": ("new Error('mine')", "x.message = 'theirs'; x.stack = ''; x.cause = 1", "x.message === 'mine' && x.cause === undefined"),
    "what is inside a Map": ("new Map([['k', { a: 1 }]])", "x.get('k').a = 2", "x.get('k').a === 1"),
    "a template's strings": ("((s) => s)`a${1}b`", "try { x[0] = 'theirs' } catch {} try { x.raw[0] = 'theirs' } catch {}", "x[0] === 'a' && x.raw[0] === 'a'"),
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
async def test_by_copy_neither_sees_what_the_other_changes_later(world: World, name: str) -> None:
    """B changes its copy during the call, after it, and in a job; A changes its own; each sees its own."""
    made, change, intact = KINDS[name]
    library = f"""(x) => {{
      const change = () => {{ {change} }}; const intact = () => !!({intact});
      return {{ before: intact(), intact, change, later: Promise.resolve().then(change).then(() => 1) }} }}"""
    use = f"""const x = {made}, same = () => !!({intact});
      const b = attack(x), seen = [b.before, b.intact()];
      b.change(); seen.push(same()); await b.later; seen.push(same());
      const c = attack(x); {change}; seen.push(c.intact());
      return seen"""
    assert (await assault(world, library, use)).got == [True] * 5


async def test_what_a_passes_while_its_own_getter_changes_it_is_what_was_read(world: World) -> None:
    library = "(x) => [x.price, x.total]"
    use = "const order = { price: 1, get total() { order.price = 99; return 1 } }; return attack(order)"
    assert (await assault(world, library, use)).got == [1, 1]


async def test_b_swaps_what_it_gave_between_as_look_and_as_use(world: World) -> None:
    """A checks `order.amount`, then uses it: of a copy it is the same; of an instance of B's class A asks B twice, and is told so twice."""
    library = "() => { let n = 0; class Order { get amount() { return n++ ? 1000 : 1 } } return { instance: new Order(), plain: { get amount() { return n++ ? 1000 : 1 } } } }"
    use = "const { instance, plain } = attack(); const looks = (o) => [o.amount, o.amount]; const copy = { ...instance, amount: instance.amount }; return [looks(plain)[0] === looks(plain)[1], looks(copy)[0] === looks(copy)[1]]"
    assert (await assault(world, library, use)).got == [True, True]


async def test_an_argument_list_that_b_keeps_is_no_list_of_as(world: World) -> None:
    library = "(...args) => { const mine = args; return { change() { mine[0] = 'theirs'; mine.length = 0 }, see: () => mine } }"
    use = "const args = [1, 2], b = attack(...args); b.change(); const c = attack.apply(null, args); args[0] = 'later'; return [args.length, c.see()]"
    assert (await assault(world, library, use)).got == [2, [1, 2]]


async def test_sloppy_arguments_of_bs_function_are_not_tied_to_as_variables(world: World) -> None:
    library = "Function('a', 'arguments[0] = 2; a = 3; return [a, arguments[0]]')"
    use = "let mine = 1; const got = attack(mine); return [mine, got]"
    assert (await assault(world, library, use)).got == [1, [3, 3]]


async def test_what_goes_by_reference_is_lent_and_a_sees_what_b_changes_of_it(world: World) -> None:
    """Not an attack: an instance is A's one object, and B was given it."""
    use = "const mine = new (class { a = 1; #b = 2; get b() { return this.#b } })(); attack(mine); return [mine.a, mine.b]"
    assert (await assault(world, "(x) => { x.a = 2; try { x.b = 9 } catch {} }", use)).got == [2, 2]
