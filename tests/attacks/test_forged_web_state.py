"""The attacker's plan: row 11 lets foreign code write data into A's public val; so it writes the state of a Response, a URL or a Blob that no such
object ever had, and A's own guest makes the object of it: the runtime's JavaScript reads what a stranger wrote.
"""

from __future__ import annotations

from random import Random

import pytest

from host_api.store import Kind
from tests.attacks.siege import SECRET
from tests.fuzz.mutate import mutated
from tests.semantics.live import World

MADE = {
    "a URL": "new URL('https://u:p@example.com:81/a?q=1#h')",
    "URLSearchParams": "new URLSearchParams('a=1&b=2')",
    "Headers": "new Headers({ 'X-A': '1', b: '2' })",
    "a Response": "new Response('text', { status: 201, statusText: 'Made', headers: { a: '1' } })",
    "a Response of bytes": "new Response(new Uint8Array([1, 2, 3]))",
    "a Request": "new Request('https://example.com/', { method: 'POST', body: 'text', headers: { a: '1' } })",
    "a Blob": "new Blob(['abc'], { type: 'text/plain' })",
    "a File": "new File(['abc'], 'n.txt', { lastModified: 5 })",
    "FormData": "(() => { const f = new FormData(); f.append('a', '1'); f.append('f', new File(['x'], 'n')); return f })()",
    "a DOMException": "new DOMException('m', 'AbortError')",
}
FORGED = 60
LOOK = """async (x) => { for (const use of [() => String(x), () => JSON.stringify(x), () => x.href, () => x.searchParams.get('q'), () => [...x], () => x.get('a'), () => x.headers.get('a'), () => x.clone().text(),
  () => x.text(), () => x.formData(), () => x.stream().getReader().read(), () => x.slice(1).text(), () => structuredClone(x), () => console.log(x), () => new Request(x), () => new Response(x.body, x)]) try { await use() } catch {} return 1 }"""


@pytest.mark.parametrize("name", MADE)
async def test_state_that_is_nearly_right_is_an_object_or_an_error(world: World, name: str) -> None:
    await world.save("A", f"export const it = {MADE[name]}")
    kept = world.house.store.val("A", "it")
    assert kept is not None
    assert kept.payload is not None, "it is data"
    chance = Random(name)  # noqa: S311 - the same each time is the point
    for number in range(FORGED):
        payload = mutated(chance, (kept.payload,), intact=0)
        await world.house.store.write_val("A", f"v{number}", code="x", kind=Kind.DATA, payload=payload, type="object")
    reads = ", ".join(f"() => @me.v{number}" for number in range(FORGED))
    code = f"{{ const look = {LOOK}; let objects = 0, refused = 0; for (const read of [{reads}]) {{ let x; try {{ x = read() }} catch (e) {{ refused++; continue }} objects += await look(x) }} return [objects + refused, [2].map((x) => x), typeof ({{}}).theirs] }}"
    outcome = await world.outcome(code)
    assert outcome.error is None, outcome.error
    assert outcome.json == f'[{FORGED},[2],"undefined"]'.encode()
    assert SECRET not in str((await world.record(outcome))["logs"])
