"""The attacker's plan: an error carries a stack, and a stack carries names: of private vals, of the host's files, of functions."""

from __future__ import annotations

import pytest

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
