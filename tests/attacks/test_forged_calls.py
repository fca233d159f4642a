"""The attacker's plan: somewhere in the guest lie the functions and numbers with which the runtime asks the host; find them, ask oneself.

First a walk over everything reachable from the global object: there is no glue, no `call`, no handle.
Then calls forged through what can be reached: whatever they say, they are decided as B's.
"""

from __future__ import annotations

import pytest

from tests.semantics.live import PRIVATE, World

WALK = """() => {
  const seen = new Set(), names = [], odd = [];
  const visit = (value, path) => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value) || path.split('.').length > 12) return;
    seen.add(value);
    let keys; try { keys = Reflect.ownKeys(value) } catch { return }
    for (const key of keys) {
      const at = path + '.' + String(key);
      let d; try { d = Object.getOwnPropertyDescriptor(value, key) } catch { continue }
      if (!d) continue;
      for (const found of [d.value, d.get, d.set]) {
        if (typeof found === 'function') names.push([at, found.name, Function.prototype.toString.call(found).slice(0, 400)]);
        visit(found, at);
      }
    }
    visit(Object.getPrototypeOf(value), path + '.__proto__');
  };
  visit(globalThis, 'globalThis');
  return names;
}"""
GLUE = ("kernel", "glue", "evaluate", "unpack", "pack", "attend", "finish", "foreign", "host", "born", "handle", "wait")
OWN = "glue.|handles|host.call"


async def test_a_walk_over_all_globals_finds_no_way_to_the_host_but_the_published_ones(world: World) -> None:
    await world.save("B", f"export const walk = {WALK}")
    for found in (await world.eval(f"({WALK})()"), await world.eval("@B.walk()")):
        assert len(found) > 500
        for path, name, _ in found:
            last = path.rsplit(".", 1)[-1]
            published = last == "host" and path.startswith("globalThis.URL.prototype.")
            assert published or last not in GLUE, path
            assert name not in GLUE, path
            if last == "call":
                assert "Function" in path or "__proto__" in path, path
        native = [
            path
            for path, _, text in found
            if "native code" not in text and "console" not in path and "Deno" not in path
        ]
        assert {path.split(".")[1] for path in native} <= {
            "setTimeout",
            "setInterval",
            "clearTimeout",
            "clearInterval",
            "api",
            "process",
            "queueMicrotask",
        }, native


async def test_no_global_is_there_that_javascript_does_not_know(world: World) -> None:
    names = await world.eval("Object.getOwnPropertyNames(globalThis).filter((k) => !/^[A-Z]/.test(k)).sort()")
    known = {
        "api",
        "clearInterval",
        "clearTimeout",
        "console",
        "decodeURI",
        "decodeURIComponent",
        "encodeURI",
        "encodeURIComponent",
        "escape",
        "eval",
        "globalThis",
        "isFinite",
        "isNaN",
        "parseFloat",
        "parseInt",
        "process",
        "queueMicrotask",
        "setInterval",
        "setTimeout",
        "undefined",
        "unescape",
        "atob",
        "btoa",
        "structuredClone",
        "crypto",
        "fetch",
        "navigator",
        "performance",
        "reportError",
        "self",
    }
    assert set(names) <= known
    for gone in (
        "std",
        "os",
        "scriptArgs",
        "print",
        "require",
        "module",
        "WebAssembly",
        "SharedArrayBuffer",
        "Atomics",
    ):
        if gone in {"SharedArrayBuffer", "Atomics"}:
            continue
        assert await world.eval(f"typeof globalThis.{gone}") == "undefined"


@pytest.mark.parametrize(
    "code",
    [
        "Function('return process.env.foo ?? null')()",
        "eval('process.env.foo ?? null')",
        "(0, eval)('process.env.foo ?? null')",
        "new Function('return globalThis.process.env.foo ?? null')()",
        "Function('return this')().process.env.foo ?? null",
        "Reflect.construct(Function, ['return process.env.foo ?? null'])()",
        "(async () => 1).constructor('return process.env.foo ?? null')()",
        "(function* () {}).constructor('yield process.env.foo ?? null')().next().value",
        "setTimeout.constructor('return process.env.foo ?? null')()",
        "new Promise((d) => setTimeout(() => d(process.env.foo ?? null), 0))",
        "Object.keys(process.env)[0] ?? null",
        "Object.entries(process.env)[0] ?? null",
        "({ ...process.env }).foo ?? null",
        "JSON.parse(JSON.stringify(process.env)).foo ?? null",
        "Reflect.get(process.env, 'foo') ?? null",
        "Reflect.getOwnPropertyDescriptor(process.env, 'foo')?.value ?? null",
        "('foo' in process.env) || null",
        "Deno.env.get('foo') ?? null",
        "Deno.env.toObject().foo ?? null",
        "eval('@' + 'A.secrets.foo')",
        "Function('return @A.secrets.foo')()",
    ],
)
async def test_code_made_at_run_time_gives_nothing_more(world: World, code: str) -> None:
    await world.save(
        "B",
        f"export const f = () => {{ try {{ return {code} }} catch (e) {{ return e instanceof SyntaxError ? null : String(e) }} }}",
    )
    assert await world.eval("@B.f()") is None


async def test_references_are_made_by_the_compiler_and_by_nothing_else(world: World) -> None:
    for code in ("eval('@me.secrets.foo')", "Function('return @me.secrets.foo')()"):
        assert (await world.error(code)).name == "SyntaxError"
    assert await world.eval("typeof $ + typeof $1") == "undefinedundefined"


@pytest.mark.parametrize("what", ["0", "1", "-1", "4294967295", "{}", "null", "[1, 2]"])
async def test_a_reference_object_that_b_makes_itself_is_decided_as_bs(world: World, what: str) -> None:
    """The references of B's unit hang on frozen lists of B's own guest: changing how they are read changes only what B asks for."""
    await world.save("A", "'private of A'", PRIVATE, "hidden")
    await world.save("B", "'bait'", PRIVATE, "bait")
    body = f"""const parse = JSON.parse; export const f = () => {{
      const lower = String.prototype.toLowerCase;
      String.prototype.toLowerCase = () => 'a.hidden@';
      Object.defineProperty(Object.prototype, 'version', {{ get: () => {what}, configurable: true }});
      try {{ return [@me.bait ?? null, @A.hidden ?? null] }} catch (e) {{ return [null, null] }} finally {{ String.prototype.toLowerCase = lower; delete Object.prototype.version }} }}"""
    await world.save("B", body)
    assert await world.eval("@B.f()") == [None, None]
