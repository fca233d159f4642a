"""The plan: reach with api() what one may not read, or learn from it what is there.

A name is forged, or an object that says another name each time it is asked; a private val of another's, or one's own, is told from
a missing one by value, by words or by the record; foreign code calls in the caller's name; who is called learns by whom.
"""

from __future__ import annotations

import json

import pytest

from host_api.audit.redact import SHORTEST
from tests.semantics.live import PRIVATE, World

FORGED = [
    '{ owner: "B", name: "open", version: null }',
    'Object.freeze({ owner: "B", name: "open", version: null })',
    'new Proxy({}, { get: (_, key) => ({ owner: "B", name: "open", version: null })[key] })',
    '{ get owner() { return "B" }, get name() { return "open" }, version: null }',
    '{ owner: "B", name: "open", version: null, toString: () => "https://example.com/" }',
    "Object.create(genuine)",
    "new Proxy(genuine, {})",
    'new (genuine.constructor)({ owner: "B", name: "open", version: null }) && {}',
    '["B", "open"]',
    "'@B.open'",
    "null",
]  # fmt: skip


@pytest.mark.parametrize("forged", FORGED)
async def test_what_only_looks_like_a_name_is_none(world: World, forged: str) -> None:
    await world.save("B", "export const open = () => 'reached'")
    # The compiler gives `api` a name; whoever replaces the global one is given it.
    code = f"""{{ const real = api; let genuine; globalThis.api = (name) => {{ genuine = name }}; api(@B.open);
      return real({forged}).then((x) => x, (e) => e.name) }}"""
    assert await world.eval(code) == "TypeError"


async def test_a_name_is_what_the_compiler_wrote_and_does_not_change(world: World) -> None:
    await world.save("B", "export const open = () => 'open'")
    await world.save("B", "export const closed = () => 'closed'", PRIVATE)
    code = """{ const real = api; let name; globalThis.api = (it) => { name = it }; api(@B.open);
      try { name.name = 'closed' } catch {} try { Object.defineProperty(name, 'owner', { value: 'C' }) } catch {}
      Object.defineProperty(Object.prototype, 'version', { value: 7, configurable: true });
      return [{ ...name }, await real(name)] }"""
    assert await world.eval(code) == [{"owner": "b", "name": "open", "version": None}, "open"]


@pytest.mark.parametrize("by", ["A", "B", "C", None])
async def test_private_and_missing_look_the_same_to_whom_ever_asks(world: World, by: str | None) -> None:
    await world.save("B", "export const closed = () => 'reached'", PRIVATE)
    await world.save("B", "'data'", PRIVATE, "kept")
    told = []
    for name in ("@B.closed", "@B.kept", "@B.missing"):
        outcome = await world.outcome(
            f"api({name}).catch((e) => [e.name, e.status, e.message, e.cause.name, Object.keys(e)])", by=by
        )
        calls = [{key: call[key] for key in call if key != "target"} for call in await world.calls(outcome, "api")]
        told.append((json.loads(outcome.json), calls))
    assert told[0] == told[1] == told[2]
    assert "reached" not in str(told)


async def test_foreign_code_calls_as_anybody_and_not_in_the_callers_name(world: World) -> None:
    await world.save("A", "export const closed = () => @me.secrets.foo", PRIVATE)
    await world.save("A", "export const open = () => 'open'")
    await world.save(
        "B",
        "export const f = () => Promise.all([api(@A.closed).catch((e) => e.status), api(@A.open), api(@me.closed).catch((e) => e.status)])",
    )
    outcome = await world.outcome("@B.f()")
    assert json.loads(outcome.json) == [404, "open", 404]
    assert {call["author"] for call in await world.calls(outcome, "api")} == {"@b"}


async def test_who_is_called_does_not_learn_by_whom(world: World) -> None:
    look = """export const look = (...args) => {
      const seen = [args, new Error().stack]; for (const key of Reflect.ownKeys(globalThis)) try { seen.push(String(key), String(globalThis[key])) } catch {}
      return JSON.stringify(seen) }"""
    await world.save("B", look)
    await world.save("A", "export const topSecretName = () => api(@B.look, 1)", PRIVATE)
    outcome = await world.run("A.topSecretName", by="A")
    assert "topSecretName" not in json.loads(outcome.json)
    await world.house.store.flush()
    rows = [row for row in world.house.store.evaluations("B", whole=True) if row.parent]
    assert [row.requester for row in rows] == [None]
    told = b"".join(part or b"" for row in rows for part in (row.args, row.value, row.logs, row.calls))
    assert outcome.evaluation.encode() not in told
    assert b"topSecretName" not in told


async def test_a_secret_goes_where_it_is_sent_and_stays_out_of_the_senders_record_alone(world: World) -> None:
    secret = "the secret of A"
    assert len(secret) >= SHORTEST
    await world.save("B", "export const f = (x) => { throw new Error('I have ' + x) }")
    outcome = await world.outcome("api(@B.f, @me.secrets.foo)")
    record = await world.record(outcome)
    assert secret not in json.dumps([record["calls"], record["error"]])
    assert outcome.error is not None
    assert secret not in outcome.error.message
    await world.house.store.flush()
    theirs = next(row for row in world.house.store.evaluations("B", whole=True) if row.parent)
    assert secret.encode() in (theirs.args or b"")
