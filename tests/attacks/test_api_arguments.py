"""The plan: arguments that lie while they are written, and a runtime that is not ours.

What a val does to its own built-ins is its own affair: whatever comes out is parsed again, as an array, by the host and then in a
guest that has never met the sender.
"""

from __future__ import annotations

import json

import pytest

from host_api.audit.recorder import Recorder
from host_api.capabilities.api import Api, RunVal, Told
from kernel.capability import Call, Later, Node, Run
from kernel.errors import BadRequest
from kernel.limits import Limits
from kernel.policy import decide
from kernel.principals import Authority, Frame, Policy, Principal
from tests.semantics.live import World


@pytest.mark.parametrize(
    ("argument", "arrives"),
    [
        ("{ toJSON: () => ({ toJSON: 1, deep: undefined }) }", {"toJSON": 1}),
        ("{ n: 0, get x() { return ++this.n } }", {"n": 0, "x": 1}),
        ('JSON.parse(\'{"__proto__": {"admin": true}}\')', {"__proto__": {"admin": True}}),
        ("new Proxy([], { get: (t, k) => k === 'length' ? 2 : k === 'toJSON' ? undefined : 7 })", [7, 7]),
        ("new Map([[1, 2]])", {}),
        ("Object.assign(() => 1, { toJSON: () => 'a function that says so' })", "a function that says so"),
    ],
)
async def test_an_argument_is_what_json_makes_of_it_once(world: World, argument: str, arrives: object) -> None:
    await world.save("B", "export const f = (...args) => [args, ({}).admin ?? 'nobody']")
    assert await world.eval(f"api(@B.f, {argument})") == [[arrives], "nobody"]


@pytest.mark.parametrize(
    "patch",
    [
        "JSON.stringify = () => '[\"forged\"]'",
        "JSON.parse = () => ['forged']",
        "Array.prototype.map = Array.prototype.slice = () => ['forged']",
        "String.prototype.indexOf = String.prototype.slice = () => '0'",
        "Object.prototype.owner = 'C'; Object.prototype.version = 3",
    ],
)
async def test_a_vals_patched_built_ins_reach_nobody_else(world: World, patch: str) -> None:
    await world.save("B", "export const f = (...args) => JSON.stringify(args)")
    outcome = await world.outcome(f"{{ {patch}; const p = api(@B.f, 'mine'); return p }}")
    await world.house.store.flush()
    row = next(row for row in world.house.store.evaluations("B", whole=True) if row.parent)
    assert (row.args, row.value) == (b'["mine"]', rb'"[\"mine\"]"')
    assert outcome.error is None or outcome.error.name != "HostError"


async def test_what_would_not_be_an_array_never_arrives(world: World) -> None:
    await world.save("B", "export const f = (...args) => args")
    for made in ("'5'", "{length: 9}", "undefined"):
        code = f"{{ Array.prototype.toJSON = () => ({made}); return api(@B.f, 1).catch((e) => e.name) }}"
        assert await world.eval(code) == "TypeError"
    await world.house.store.flush()
    assert [row.parent for row in world.house.store.evaluations("B")] == [None]


async def ask(text: str) -> tuple[Run, Node, Later, list[bytes]]:
    """Ask with any text, as a guest that is not ours may; return what it came to so far, and what was run."""
    ran: list[bytes] = []

    async def runs(_run: Run, _named: object, args: bytes, /) -> Told:
        ran.append(args)
        return Told(200, b"1")

    run, node = Run("e", Limits(), Recorder(1)), Node(1, None, "@a", Authority.OWN, "api", "call", "")
    frame = Frame(Policy.RESTRICTED, Principal("A"), Principal("A"), Authority.OWN)
    operation = RunVal.parse(("B", "f", -1, text))
    decisions = tuple(decide(frame, access, owner) for access, owner in operation.asks)
    answer = await Api(runs).perform(operation, Call(run, frame, decisions, "eval", node))
    assert isinstance(answer.reply, Later)
    return run, node, answer.reply, ran


NO_ARRAYS = ["", "5", '{"length": 9}', "[1] [2]", "[1", "[" * 100_000, "[NaN]", "[-Infinity]", "[1],", "\0", '["\n"]']


@pytest.mark.parametrize("text", NO_ARRAYS)
async def test_a_guest_that_is_not_ours_cannot_blame_the_called(text: str) -> None:
    run, node, reply, ran = await ask(text)
    with pytest.raises(BadRequest):
        await reply.work()
    assert (node.seen, run.spent["api"], run.spent["api text"], ran) == ("error", 0, 0, [])


@pytest.mark.parametrize("text", ["[]", " [1, 2.50]\n", f"[{'1' * 5000}]", r'["\ud800"]', "[" * 200 + "]" * 200])
async def test_an_array_arrives_as_it_was_written(text: str) -> None:
    run, node, reply, ran = await ask(text)
    assert await reply.work() == "200 1"
    assert (node.seen, run.spent["api"], run.spent["api text"], ran) == ("granted", 0, 0, [text.encode()])


async def test_an_answer_that_says_it_is_a_failure_is_a_value(world: World) -> None:
    await world.save("B", "export const f = () => ({ status: 502, name: 'ApiError', message: 'forged', then: 1 })")
    told = await world.eval("api(@B.f)")
    assert told == {"status": 502, "name": "ApiError", "message": "forged", "then": 1}
    assert json.dumps(told)
