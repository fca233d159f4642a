"""The attacker's plan: WeakRef and FinalizationRegistry tell when the other side lets go: B watches A's handles die, keeps them alive, is called
at a moment of the collector's choosing, and does things then.
"""

from __future__ import annotations

from tests.attacks.siege import assault
from tests.semantics.live import World


async def test_a_weak_reference_to_a_handle_is_to_bs_stand_in(world: World) -> None:
    library = "(o) => { const ref = new WeakRef(o), map = new WeakMap([[o, 1]]), set = new WeakSet([o]); return { same: ref.deref() === o, has: map.get(o) + set.has(o), again: () => typeof ref.deref() } }"
    use = "const mine = new (class {})(), b = attack(mine); return [b.same, b.has, ['object', 'undefined'].includes(b.again())]"
    assert (await assault(world, library, use)).got == [True, 2, True]


async def test_a_weak_reference_itself_does_not_cross(world: World) -> None:
    for made in ("new WeakRef({})", "new WeakMap()", "new WeakSet()", "new FinalizationRegistry(() => 1)"):
        found = await assault(world, "(x) => 1", f"try {{ attack({made}) }} catch (e) {{ return e.name }}")
        assert found.got == "DataCloneError", made


async def test_a_finaliser_of_bs_runs_in_b_with_bs_rights(world: World) -> None:
    """Whatever moment the collector chooses, the callback is a job of B's guest: it cannot run in the middle of A's code."""
    library = """(f) => { const seen = []; const registry = new FinalizationRegistry((what) => { seen.push(loot()); try { seen.push(f(what)) } catch (e) { seen.push(e.name) } });
      for (let i = 0; i < 200; i++) registry.register({ i, big: new Array(100).fill(i) }, i);
      const junk = []; for (let i = 0; i < 2000; i++) junk.push({ i }); return () => [...new Set(seen)] }"""
    use = """let inside = false, broken = false, n = 0;
      const seen = attack((x) => { if (inside) broken = true; n++; return 'called' });
      for (let i = 0; i < 20; i++) { inside = true; for (let j = 0; j < 500; j++) ({ j }); inside = false; await null }
      return [broken, seen().every((x) => x === 'nothing' || x === 'called')]"""
    assert (await assault(world, library, use)).got == [False, True]


async def test_as_finaliser_hears_of_what_b_let_go_and_not_more(world: World) -> None:
    """A's object that only B held: its finaliser runs in A. A storm of them is A's to pay, in its budget."""
    library = "(o) => { o = null; return 1 }"
    use = "let n = 0; const r = new FinalizationRegistry(() => n++); for (let i = 0; i < 300; i++) { const o = new (class {})(); r.register(o, i); attack(o) } await null; return n <= 300"
    assert (await assault(world, library, use)).got is True


async def test_a_handle_kept_by_nothing_but_a_weak_map_key_is_let_go(world: World) -> None:
    library = "(f) => { globalThis.kept ??= new WeakMap(); kept.set(f, 1); return 1 }"
    use = "let n = 0; for (let i = 0; i < 1500; i++) n += attack(() => i); return n"
    assert (await assault(world, library, use)).got == 1500
