"""The attacker's plan: the web's objects carry code. A body that streams is B's function, called each time A wants more; a signal, a target and a
stream are B's objects that feel like A's own; and B's guest may have patched whatever writes their state.
"""

from __future__ import annotations

import pytest

from tests.attacks.siege import CODE, assault
from tests.semantics.live import World

TEXT = "new TextEncoder().encode('ab')"
CHUNKS = ["'text'", "5", "null", "({ byteLength: 2, buffer: 1 })", "[1, 2]", "new ArrayBuffer(2)", "() => loot()", "({ get byteLength() { return loot() } })", "Promise.resolve(1)", "new Float64Array(1)"]  # fmt: skip


@pytest.mark.parametrize("chunk", CHUNKS)
async def test_a_body_that_brings_no_bytes_is_an_error_of_the_read(world: World, chunk: str) -> None:
    library = f"() => new Response(new ReadableStream({{ pull(c) {{ loot(); c.enqueue({chunk}); c.close() }} }}))"
    use = "try { return typeof await attack().text() } catch (e) { return e instanceof Error }"
    assert (await assault(world, library, use)).got is True


PATCHES = [
    "Uint8Array.prototype.slice = () => ({ length: 1, get 0() { return loot() } })",
    "Object.getPrototypeOf(Uint8Array.prototype).slice = () => 'theirs'; Object.defineProperty(Object.getPrototypeOf(Uint8Array.prototype), 'byteLength', { get: () => 7 })",
    "ReadableStream.prototype.tee = () => [1, 2]; ReadableStream.prototype.getReader = () => ({ read: loot })",
    "Promise.prototype.then = function (f) { return f('theirs') }",
    "Array.prototype[Symbol.iterator] = function* () { yield loot() }; Array.prototype.push = loot",
    "Object.defineProperty(Object.prototype, 'value', { get: loot, configurable: true }); Object.defineProperty(Object.prototype, 'done', { get: () => false, configurable: true })",
    "Headers.prototype.get = loot; Response.prototype.text = loot; Object.defineProperty(Response.prototype, 'status', { get: loot })",
    "String.prototype.isWellFormed = () => true; Array.isArray = () => true; Reflect.apply = loot",
]


@pytest.mark.parametrize("patch", PATCHES)
async def test_state_written_by_a_patched_guest_is_sound_or_refused(hasty: World, patch: str) -> None:
    made = f"[new Response(new ReadableStream({{ start(c) {{ c.enqueue({TEXT}); c.close() }} }})), new Response('cd', {{ headers: {{ a: '1' }} }}), new URL('https://a.example/'), new Headers({{ b: '2' }}), new Blob(['ef'])]"
    library = f"() => {{ const made = {made}; try {{ {patch} }} catch {{}} return made }}"
    use = """const seen = []; let got; try { got = attack() } catch (e) { return 'refused' }
      for (const read of [() => got[0].text(), () => got[1].text(), () => got[1].status, () => got[2].href, () => got[3].get('b'), () => got[4].text()]) try { seen.push(await read()) } catch (e) { seen.push('error') }
      return seen"""
    found = await assault(hasty, library, use)
    if found.end != "value":
        assert found.end in {"deadlock", "cpu_limit"}
    elif isinstance(found.got, list):
        for one, right in zip(found.got, ["ab", "cd", 200, "https://a.example/", "2", "ef"], strict=True):
            assert one in {right, "error"}
    else:
        assert found.got == "refused" or "Error" in found.got


RECEIVED = "new Response('x'), new URL('https://a.example/'), new Headers({ a: '1' }), new Blob(['x']), new FormData(), new URLSearchParams('a=1'), new Request('https://a.example/'), new File(['x'], 'n'), new DOMException('m', 'AbortError')"


async def test_reading_them_runs_nothing_that_the_receiver_patched(world: World) -> None:
    """The other way round: A patched all of the web's classes, and B's objects arrive without touching one of them."""
    library = f"() => [{RECEIVED}]"
    use = """let hits = 0; const define = Object.defineProperty, found = [];
      for (const C of [Response, URL, Headers, Blob, FormData, URLSearchParams, Request, File, ReadableStream, EventTarget, AbortSignal, TextEncoder, TextDecoder, Array, String, Uint8Array, Object, Promise, Map, Set, WeakMap, RegExp, Function, Symbol, Number, Boolean, ArrayBuffer, DataView, Date, Error, TypeError, DOMException,
          Proxy, JSON, Math, Reflect, Object.getPrototypeOf(Uint8Array), Object.getPrototypeOf([][Symbol.iterator]()), Object.getPrototypeOf(new Map().entries()), Object.getPrototypeOf(function* () {}), Object.getPrototypeOf(function* () {}).prototype, Object.getPrototypeOf(async function* () {}).prototype])
        for (const one of [C, C.prototype]) if (one) for (const key of Reflect.ownKeys(one)) if (!['prototype', 'constructor', 'length', 'name'].includes(key) && Object.getOwnPropertyDescriptor(one, key).configurable) found.push([one, key, Object.getOwnPropertyDescriptor(one, key)]);
      attack();
      for (let i = 0; i < found.length; i++) try { define(found[i][0], found[i][1], { get() { hits++; return undefined }, set() { hits++ }, configurable: true }) } catch {}
      const before = hits; const got = attack(); const after = hits;
      for (let i = 0; i < found.length; i++) try { define(found[i][0], found[i][1], found[i][2]) } catch {}
      return [after - before, await got[0].text(), got[1].href, got[2].get('a'), got[3].size, got[5].get('a'), got[6].url, got[7].name, got[8].name]"""
    assert (await assault(world, library, use)).got == [
        0, "x", "https://a.example/", "1", 1, "1", "https://a.example/", "n", "AbortError",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "walk",
    [
        "x.constructor.constructor", "x.__proto__.constructor.constructor", "x.getReader?.().constructor.constructor", "x.getReader?.().closed.constructor.constructor", "x.addEventListener?.constructor",
        "x.signal?.constructor.constructor", "x.readable?.constructor.constructor", "Object.getPrototypeOf(x)?.constructor?.constructor", "x.dispatchEvent?.constructor", "x.pipeTo?.constructor", "x.values?.().constructor.constructor",
    ],
)  # fmt: skip
async def test_no_walk_from_a_stream_a_signal_or_a_target_ends_at_as_function(world: World, walk: str) -> None:
    library = (
        f"(list) => list.map((x) => {{ try {{ return String(({walk})({CODE!r})()) }} catch (e) {{ return e.name }} }})"
    )
    use = "return attack([new ReadableStream(), new WritableStream(), new TransformStream(), new AbortController(), AbortSignal.abort(), new EventTarget(), new Event('e'), new TextDecoder()])"
    found = (await assault(world, library, use)).got
    assert {one for one in found if not one.endswith("Error")} <= {"nothing", "undefined"}


async def test_a_listener_of_bs_hears_events_and_finds_nothing_in_them(world: World) -> None:
    library = f"(t) => {{ const seen = []; t.addEventListener('e', (e) => {{ for (const way of [() => e.constructor.constructor, () => e.target.constructor.constructor, () => e.composedPath().constructor.constructor, () => e.detail.constructor.constructor]) try {{ seen.push(way()({CODE!r})()) }} catch (x) {{ seen.push(x.name) }} try {{ e.target.dispatchEvent = null; e.__proto__.theirs = 1 }} catch {{}} }}); return () => seen }}"
    use = "const t = new EventTarget(), seen = attack(t); t.dispatchEvent(new CustomEvent('e', { detail: { f: () => held } })); return [seen(), typeof t.dispatchEvent, Event.prototype.theirs ?? null]"
    found = (await assault(world, library, use)).got
    assert found[2] is None
    assert not [one for one in found[0] if one not in {"nothing", "TypeError", "DataCloneError", "ReferenceError"}]


async def test_a_body_without_end_ends_in_the_budget(hasty: World) -> None:
    library = "() => new Response(new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(1000)) } }))"
    assert (await assault(hasty, library, "return (await attack().text()).length")).end in {"cpu_limit", "memory_limit"}


async def test_a_body_that_never_comes_is_a_deadlock(world: World) -> None:
    library = "() => new Response(new ReadableStream({ pull: () => new Promise(() => {}) }))"
    assert (await assault(world, library, "return await attack().text()")).end == "deadlock"


async def test_what_b_does_with_as_body_after_the_call_leaves_as_its_own(world: World) -> None:
    """Arguments mutated after the call: a Request's body is teed, B reads, cancels or keeps its half, and A reads all of its own."""
    made = "new Request('https://a.example/', { method: 'POST', duplex: 'half', headers: { k: 'mine' }, body: new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode('mine')); c.close() } }) })"
    for library in (
        "(r) => { r.headers.set('k', 'theirs'); r.text().catch(() => 1) }",
        "(r) => { r.body.cancel('theirs').catch(() => 1) }",
        "(r) => { const reader = r.body.getReader(); globalThis.kept = reader }",
        "(r) => { r.body.pipeTo(new WritableStream({ write() { throw new Error('theirs') } })).catch(() => 1) }",
    ):
        found = await assault(
            world, library, f"const r = {made}; attack(r); return [await r.text(), r.headers.get('k')]"
        )
        assert found.got == ["mine", "mine"], (library, found)
