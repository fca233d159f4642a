"""The attacker's plan: an error carries a stack, and a stack carries names: of private vals, of the host's files, of functions. B formats stacks
itself with `Error.prepareStackTrace`, takes them with `captureStackTrace`, reads them by getters, and lies in them.
"""

from __future__ import annotations

import pytest

from tests.attacks.siege import assault, insist_bs_rights, insist_clean_end
from tests.semantics.live import PRIVATE, World

SPIES = [
    "try { f() } catch (e) { return String(e.stack) }",
    "try { f() } catch (e) { return JSON.stringify(e, Object.getOwnPropertyNames(e)) }",
    "Error.prepareStackTrace = (e, frames) => frames.map((x) => [x.getFileName?.(), String(x)].join()).join('\\n'); try { f() } catch (e) { return String(e.stack) + new Error().stack }",
    "let seen = ''; try { f({ get spy() { seen += new Error().stack; return 1 } }) } catch {} try { f({ get spy() { seen += new Error().stack; throw 1 } }) } catch {} return seen",
    "let seen = ''; try { f(() => { seen += new Error().stack }) } catch {} return seen",
    "const o = {}; Error.captureStackTrace?.(o); try { f() } catch {} return String(o.stack)",
    "Error.stackTraceLimit = 1000; try { f() } catch (e) { return String(e.stack) }",
    "const walk = (g, n) => n ? walk(g, n - 1) : g(); try { walk(f, 5) } catch (e) { return String(e.stack) + e.message + e.fileName + e.lineNumber }",
    "const all = [() => String(f), () => f.toString(), () => Function.prototype.toString.call(f), () => f.name, () => f.caller, () => f.arguments, () => f.constructor.name]; return all.map((g) => { try { return String(g()) } catch { return '' } }).join()",
]


@pytest.mark.parametrize("spy", SPIES)
@pytest.mark.parametrize("entry", ["eval", "run"])
async def test_no_name_of_a_private_val_or_of_the_hosts_reaches_b(world: World, spy: str, entry: str) -> None:
    caught = spy if "return" in spy else f"{spy}; return ''"
    await world.save("B", f"export const spy = (f) => {{ {caught} }}")
    await world.save("A", "export const privateName = (x) => { x?.spy; x?.(); null.boom }", PRIVATE)
    await world.save("A", "export const hiddenEntry = () => @B.spy((x) => @me.privateName(x))", PRIVATE)
    outcome = await (
        world.run("A.hiddenEntry", by="A") if entry == "run" else world.outcome("@B.spy((x) => @me.privateName(x))")
    )
    assert outcome.error is None, outcome.error
    seen = outcome.json.decode()
    for leak in ("privateName", "hiddenEntry", ".py", "/work", "site-packages", "wasm"):
        assert leak.lower() not in seen.lower()


async def test_a_stack_lends_no_functions(world: World) -> None:
    """`CallSite.getFunction` would hand out the runtime's own functions, and with them calls to the host in B's words."""
    body = """export const spy = (f) => {
      const found = [];
      Error.prepareStackTrace = (e, frames) => { for (const x of frames) for (const k of ['getFunction', 'getThis', 'getTypeName', 'getEvalOrigin']) { try { const v = x[k]?.(); if (typeof v === 'function' || (typeof v === 'object' && v)) found.push(k) } catch {} } return '' };
      const look = () => new Error().stack;
      f({ get x() { look(); return 1 } }); f(look);
      try { @A.foo = { toJSON() { look(); return 1 }, get y() { look(); return 1 } } } catch {}
      console.log({ get z() { look(); return 1 } });
      look(); return found }"""
    await world.save("B", body)
    assert await world.eval("@B.spy((x) => { x?.x; if (typeof x === 'function') x() })") == []


async def test_a_failed_evaluation_tells_its_reader_nothing_of_the_host(world: World) -> None:
    for code in (
        "null.x",
        "throw { toString() { throw 1 } }",
        "JSON.parse('[')",
        "new Proxy({}, { get() { throw new Error('x') } }).y",
        "@B.none()",
    ):
        error = await world.error(code)
        assert not any(
            word in f"{error.name} {error.message} {error.stack}"
            for word in (".py", "valgate:", "wasm", "/work", "guests/")
        )


VALUES = {
    "a hook of the formatter": "Error.prepareStackTrace = loot; return new Error('x')",
    "a hook that answers an object": "Error.prepareStackTrace = () => ({ toString: loot, [Symbol.toPrimitive]: loot }); const e = new Error('x'); e.stack; return e",
    "a stack that is a getter": "return Object.defineProperty(new Error('x'), 'stack', { get: loot })",
    "a stack that is no text": "const e = new Error('x'); e.stack = { toString: loot }; return e",
    "a stack of its own words": "const e = new Error('x'); e.stack = 'Error: x\\n    at stolen (@a.hidden@0:1:1)\\n    at x (/etc/passwd:1:1)'; return e",
    "a capture on something else": "const o = new (class {})(); Error.captureStackTrace?.(o, loot); return o",
    "a limit that is code": "Object.defineProperty(Error, 'stackTraceLimit', { get: loot, configurable: true }); return new Error('x')",
}


@pytest.mark.parametrize("name", VALUES)
async def test_whatever_a_does_with_it_it_has_bs_rights(world: World, name: str) -> None:
    await insist_bs_rights(world, VALUES[name])


@pytest.mark.parametrize("name", VALUES)
async def test_as_the_answer_or_what_is_thrown_it_ends_the_evaluation_cleanly(world: World, name: str) -> None:
    await insist_clean_end(world, VALUES[name])


async def test_bs_formatter_formats_no_stack_of_as(world: World) -> None:
    """`Error.prepareStackTrace` is a property of each guest's own `Error`: A's errors are written by A's engine."""
    library = "(f) => { const seen = []; Error.prepareStackTrace = (e, frames) => { for (const x of frames) seen.push(x.getFileName()); return 'theirs' }; Error.stackTraceLimit = 0; try { f() } catch {} return seen }"
    use = "let stack; const seen = attack(() => { const e = new Error('of A'); stack = e.stack; throw e }); return [stack.includes('theirs'), stack.length > 0, seen.some((name) => !/^@b\\./i.test(name)), new Error('x').stack.length > 0]"
    assert (await assault(world, library, use)).got == [False, True, False, True]


async def test_as_formatter_gets_no_frame_of_bs_and_b_not_its_answer(world: World) -> None:
    library = "() => { const e = new Error('of B'); return [e, e.stack.includes('mine')] }"
    use = "let called = 0; Error.prepareStackTrace = () => { called++; return 'mine' }; const [e, theirs] = attack(); const text = String(e.stack); Error.prepareStackTrace = undefined; return [theirs, called, text.includes('mine')]"
    assert (await assault(world, library, use)).got == [False, 0, False]
