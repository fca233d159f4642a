"""api: what it takes, whose evaluation it is, how it fails, and what each record says of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from host_api.audit.recorder import Recorder
from host_api.capabilities.api import AT_ONCE, NEWEST, WAITING, Api, Runs, RunVal, Told
from host_api.capabilities.effects import DURABLY
from host_api.store import State
from kernel.capability import Call, Later, Node, Run
from kernel.errors import BadRequest, HostFailure, LimitError
from kernel.limits import Limits
from kernel.policy import decide
from kernel.principals import Authority, Frame, Policy, Principal
from kernel.wire import Value
from tests.capabilities.servers import serving
from tests.semantics.live import PRIVATE, ROOMY, UNLISTED, Machine, World, open_world

TELL = "catch (e) { return [e.name, e.status, e.message, e.cause?.name, e instanceof Error] }"


def test_a_name_and_arguments_are_taken() -> None:
    assert RunVal.parse(("B", "foo", 3, "[1]")) == RunVal(Principal("B"), "foo", 3, "[1]")
    assert RunVal.parse(("me", "foo", NEWEST, "[]")) == RunVal(None, "foo", None, "[]")
    assert [RunVal(Principal("B"), "foo", 3, "").target, RunVal(None, "foo", None, "").target] == [
        "@b.foo@3",
        "@me.foo",
    ]


@pytest.mark.parametrize(
    "values",
    [
        (),
        ("B", "foo", NEWEST),
        ("B", "foo", NEWEST, "[]", "[]"),
        ("B", "a b", NEWEST, "[]"),
        ("anonymous", "foo", NEWEST, "[]"),
        ("B", "secrets", NEWEST, "[]"),
        ("B", "foo", 1.5, "[]"),
        ("B", "foo", None, "[]"),
        ("B", "foo", NEWEST, b"[]"),
    ],
)
def test_anything_else_is_refused(values: tuple[Value, ...]) -> None:
    with pytest.raises(BadRequest):
        RunVal.parse(values)


def test_there_is_one_operation() -> None:
    assert list(Api.parsers) == [1]


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ("api(@B.add, 1, 2)", 3),
        ("api(@b.ADD, 'x', {a: [1]}.a)", "x1"),
        ("api(@B.data)", {"kept": [1, None]}),
        ("api(@B.data@0)", {"kept": [1, None]}),
        ("api(@B.hidden)", "from a link"),
        ("api(@B.nothing)", None),
        ("api(@B.echo, undefined, () => 1, NaN, new Date(0), {toJSON: () => 7})", [None, None, None, "1970-01-01T00:00:00.000Z", 7]),
        ("api(@B.echo)", []),
        (r"api(@B.echo, '\ud800', '\u2028').then(([a, b]) => [a.length, b.length])", [1, 1]),
        ("typeof api(@B.add, 1, 2).then", "function"),
    ],
)  # fmt: skip
async def test_a_vals_answer_is_json_and_a_promise(world: World, call: str, value: object) -> None:
    await world.save("B", "export const add = (a, b) => a + b")
    await world.save("B", "({kept: [1, undefined]})", name="data")
    await world.save("B", "'from a link'", UNLISTED, "hidden")
    await world.save("B", "export const nothing = () => undefined")
    await world.save("B", "export const echo = (...args) => args")
    assert await world.eval(call) == value


async def test_it_is_the_authors_own_evaluation_with_the_authors_rights(world: World) -> None:
    await world.save("B", "let hits = 0; hits", PRIVATE, "hits")
    await world.save(
        "B", "export const f = () => { @me.hits++; return [@me.secrets.foo, @A.secrets.foo ?? 'nothing'] }"
    )
    assert await world.eval("[await api(@B.f), @B.f()]") == [["the secret of B", "nothing"], [None, "nothing"]]
    assert world.stored("B", "hits") == 1


async def test_me_is_the_author_of_the_code_that_is_running(world: World) -> None:
    for owner in ("A", "B"):
        await world.save(owner, f"export const who = () => '{owner}'")
    await world.save("B", "export const ask = () => api(@me.who)")
    assert await world.eval("Promise.all([api(@me.who), @B.ask(), api(@B.ask)])") == ["A", "B", "B"]
    assert await world.eval(f"try {{ return await api(@me.who) }} {TELL}", by=None) == NOT_FOUND


NOT_FOUND = ["ApiError", 404, "There is no such val.", "Error", True]


@pytest.mark.parametrize("name", ["@B.closed", "@A.closed", "@me.closed", "@B.missing", "@nobody.at", "@B.add@7"])
async def test_private_and_missing_are_one_answer_also_ones_own(world: World, name: str) -> None:
    for owner in ("A", "B"):
        await world.save(owner, "export const closed = () => 'reached'", PRIVATE)
    await world.save("B", "export const add = (a, b) => a + b")
    outcome = await world.outcome(f"try {{ return await api({name}) }} {TELL}")
    assert json.loads(outcome.json) == NOT_FOUND
    (call,) = await world.calls(outcome, "api")
    assert call["verdict"] == "unavailable"


async def test_a_version_from_before_a_val_was_public_is_missing(world: World) -> None:
    val = await world.save("B", "export const f = () => 'private'", PRIVATE)
    await world.house.save(owner="B", code="export const f = () => 'public'", val_id=val.id, privacy=UNLISTED)
    assert await world.eval(f"[await api(@B.f), await api(@B.f@1), await (async () => {{ try {{ return await api(@B.f@0) }} {TELL} }})()]") == [
        "public", "public", NOT_FOUND,
    ]  # fmt: skip


async def test_a_failure_has_the_status_of_http_and_the_vals_own_words(world: World) -> None:
    await world.save("B", "export const bad = () => { throw new RangeError('too far') }")
    assert await world.eval(f"try {{ await api(@B.bad) }} {TELL}") == ["ApiError", 502, "too far", "RangeError", True]
    error = await world.error("{\n  await api(@B.bad) }")
    assert (error.status, error.name, error.message, error.line) == (502, "ApiError", "too far", 2)
    assert "RangeError: too far" in error.stack


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("() => { for (;;); }", [422, "LimitError"]),
        ("() => new Promise(() => {})", [422, "Deadlock"]),
        ("() => 1n", [502, "TypeError"]),
    ],
)
async def test_how_the_called_ends_is_the_callers_to_catch(
    engine_room: Machine, tmp_path: Path, code: str, told: list[object]
) -> None:
    async with open_world(engine_room, tmp_path, replace(ROOMY, cpu=0.5)) as world:
        await world.save("B", f"export const f = {code}")
        assert await world.eval("try { await api(@B.f) } catch (e) { return [e.status, e.cause.name] }") == told


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("api()", "TypeError: api takes the name of a val"),
        ("api(1)", "TypeError: api takes the name of a val"),
        ("api('B.add', 1)", "TypeError: api takes the name of a val"),
        ("api('file:///etc/passwd')", "TypeError: api takes the name of a val"),
        ("api(@B.add, 1, {items: [0, 1n]})", "TypeError: a bigint at args[1].items[1] cannot"),
        ("((x) => (x.x = [x], api(@B.add, x)))({})", "TypeError: a cycle at args[0].x[0] cannot"),
        ("api(@B.add, {get x() { throw new RangeError('mine') }})", "RangeError: mine"),
        ("api(@B.add, 'x'.repeat(1 << 20))", "LimitError: a message of more than 1048576 bytes"),
    ],
)
async def test_what_cannot_be_asked_rejects_and_runs_nothing(world: World, call: str, error: str) -> None:
    await world.save("B", "export const add = (a, b) => a + b")
    told = await world.eval(f"{{ let thrown; const p = {call}; return p.then(() => 'answered', String) }}")
    assert told.startswith(error)
    await world.house.store.flush()
    assert [row.entry_name for row in world.house.store.evaluations("B")] == ["add"]  # its save


async def test_an_answer_larger_than_a_message_is_a_failure(engine_room: Machine, tmp_path: Path) -> None:
    async with open_world(engine_room, tmp_path, replace(ROOMY, message=4096)) as world:
        await world.save("B", "export const f = (n) => 'x'.repeat(n)")
        assert await world.eval("api(@B.f, 4094).then((text) => text.length)") == 4094
        assert (await world.eval(f"try {{ await api(@B.f, 4095) }} {TELL}"))[:2] == ["ApiError", 422]


# -- records ------------------------------------------------------------------------------------------------


async def test_the_callers_record_has_the_call_and_the_answer(world: World) -> None:
    await world.save("B", "export const add = (a, b) => a + b")
    await world.save("B", "export const bad = () => { throw new RangeError('too far') }")
    outcome = await world.outcome("[await api(@B.add, 1, 2), await api(@B.bad).catch(() => 0)]")
    calls = [
        (call["author"], call["op"], call["target"], call["verdict"], call["effect"], json.loads(call["answer"]))
        for call in await world.calls(outcome, "api")
    ]
    assert calls == [
        ("@a", "call", "@b.add", "granted", True, 3),
        ("@a", "call", "@b.bad", "error", True, {"name": "RangeError", "message": "too far"}),
    ]


async def test_the_calleds_record_is_its_authors_and_names_no_requester(world: World) -> None:
    await world.save("B", "export const add = (a, b) => { console.log(a); return a + b }")
    outcome = await world.outcome("api(@B.add, 1, 2)")
    await world.house.store.flush()
    row = world.house.store.evaluations("B", whole=True)[0]
    assert (row.caller, row.requester, row.source, row.parent) == ("b", None, "api", outcome.evaluation)
    assert (row.args, row.value, row.state) == (b"[1,2]", b"3", State.DONE)
    assert (await world.record(outcome))["logs"] == []


async def test_the_callers_start_is_durable_before_the_called_begins(world: World) -> None:
    await world.save("B", "export const f = () => 1")
    outcome = await world.outcome("api(@B.f)")
    await world.house.store.flush()
    child = world.house.store.evaluations("B")[0]
    order = [row.id for _, row in world.house.store.evaluations_after("A", 0)]
    places = {row.id: place for owner in "AB" for place, row in world.house.store.evaluations_after(owner, 0)}
    assert outcome.evaluation in order
    assert places[outcome.evaluation] < places[child.id]


async def test_a_recorded_answer_is_cut_at_the_field_and_all_answers_at_ten(
    engine_room: Machine, tmp_path: Path
) -> None:
    async with open_world(engine_room, tmp_path, replace(ROOMY, field=1000)) as world:
        await world.save("B", "export const f = (n) => 'x'.repeat(n)")
        outcome = await world.outcome("for (let i = 0; i < 12; i++) await api(@B.f, i ? 998 : 999); 0")
        answers = [call["answer"] for call in await world.calls(outcome, "api")]
    assert [len(one) for one in answers] == [1000 + len("… (cut)"), *[1000] * 9, *[len("… (cut)")] * 2]


async def test_a_secret_in_an_answer_is_taken_out_of_the_record_of_who_read_it(world: World) -> None:
    await world.save("B", "export const echo = (x) => x")
    outcome = await world.outcome("api(@B.echo, { [@me.secrets.foo]: @me.secrets.foo })")
    assert json.loads(outcome.json) == {"the secret of A": "the secret of A"}
    (call,) = await world.calls(outcome, "api")
    assert json.loads(call["answer"]) == {"[secret @a.foo]": "[secret @a.foo]"}
    await world.house.store.flush()
    assert b"the secret of A" in (world.house.store.evaluations("B", whole=True)[0].args or b"")


# -- the end ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stuck", ["await new Promise((done) => setTimeout(done, 1e6))", "for (;;);"])
@pytest.mark.parametrize("ending", ["return 'over'", "await started(); throw new Error('over')"])
async def test_what_is_pending_at_the_end_is_cancelled_and_its_record_says_so(
    world: World, stuck: str, ending: str
) -> None:
    await world.save("B", "0", name="begun")
    await world.save("B", f"export const f = async () => {{ @me.begun = 1; {stuck} }}")
    outcome = await world.outcome(
        "{ const started = async () => { while (!@B.begun) await new Promise((done) => setTimeout(done, 1)) };"
        f"api(@B.f).catch(() => 0); await started(); {ending} }}"
    )
    record = await world.record(outcome)
    assert record["calls"][-1] == {"cancelled": 1}
    await world.house.store.flush()
    row = next(row for row in world.house.store.evaluations("B") if row.parent)
    assert (row.state, json.loads(row.error or b"")["name"]) == (State.FAILED, "Cancelled")
    assert world.house.underway.of("b") == []


async def test_a_call_that_never_began_leaves_nothing(world: World) -> None:
    await world.save("B", "export const f = () => 1")
    await world.outcome("{ api(@B.f); return 1 }")
    await world.house.store.flush()
    assert [row.parent for row in world.house.store.evaluations("B")] == [None]


async def test_six_are_called_at_once_and_a_seventh_waits(world: World) -> None:
    assert AT_ONCE == 6
    await world.save("B", "0", name="came")
    meet = "export const meet = async (n) => { @me.came++; while (@me.came < n) await new Promise((done) => setTimeout(done, 1)); return 'met' }"
    await world.save("B", meet)
    assert await world.eval("Promise.all([1, 2, 3, 4, 5, 6].map(() => api(@B.meet, 6)))") == ["met"] * 6
    await world.save("B", "0", name="came")
    code = """{ for (let i = 0; i < 7; i++) api(@B.meet, 7).catch(() => 0);
      while (@B.came < 6) await new Promise((done) => setTimeout(done, 1)); return @B.came }"""
    outcome = await world.outcome(code)
    assert json.loads(outcome.json) == 6
    await world.house.store.flush()
    assert len([row for row in world.house.store.evaluations("B") if row.parent == outcome.evaluation]) == 6


async def test_one_call_too_many_under_way_is_a_limit_error(world: World) -> None:
    assert WAITING == 500
    await world.save("B", "export const f = () => new Promise((done) => setTimeout(done, 1e6))")
    code = "{ const calls = []; for (let i = 0; i < 501; i++) calls.push(api(@B.f).catch((e) => e.name)); return calls[500] }"
    assert await world.eval(code) == "LimitError"


async def perform(run: Run, text: str, runs: Runs) -> tuple[Later, Node]:
    """Ask as a guest of A's does, without one."""
    frame = Frame(Policy.RESTRICTED, Principal("A"), Principal("A"), Authority.OWN)
    operation = RunVal(Principal("B"), "f", None, text)
    decisions = tuple(decide(frame, access, owner) for access, owner in operation.asks)
    node = Node(1, None, "@a", Authority.OWN, "api", "call", "")
    answer = await Api(runs).perform(operation, Call(run, frame, decisions, "eval", node))
    assert isinstance(answer.reply, Later)
    return answer.reply, node


async def test_nothing_is_run_before_the_start_of_the_evaluation_is_durable() -> None:
    durable, began, run = asyncio.Event(), asyncio.Event(), Run("e", Limits(), Recorder(1))

    async def runs(*_: object) -> Told:
        assert durable.is_set()
        return Told(200, b"1")

    async def begin() -> None:
        began.set()
        await durable.wait()

    run.state[DURABLY] = begin
    reply, node = await perform(run, "[]", runs)
    working = asyncio.ensure_future(reply.work())
    await began.wait()
    durable.set()
    assert await working == "200 1"
    assert node.answer == "1"


async def test_what_cannot_begin_durably_is_a_failure_of_the_host() -> None:
    async def runs(*_: object) -> Told:
        raise AssertionError

    async def begin() -> None:
        raise OSError

    run = Run("e", Limits(), Recorder(1))
    run.state[DURABLY] = begin
    reply, node = await perform(run, "[]", runs)
    with pytest.raises(HostFailure):
        await reply.work()
    assert (node.seen, node.answer) == ("error", None)


async def test_arguments_at_once_have_as_much_room_as_a_guest() -> None:
    async def never(*_: object) -> Told:
        raise AssertionError

    run = Run("e", replace(Limits(), memory=10), Recorder(1))
    for text, fits in (("[12345]", True), ("[12]", False), ("[1]", True), ("[]", False)):
        if fits:
            await perform(run, text, never)
            continue
        with pytest.raises(LimitError):
            await perform(run, text, never)
    assert (run.spent["api"], run.spent["api text"]) == (2, 10)


# -- addresses ----------------------------------------------------------------------------------------------


@pytest.fixture
async def out(engine_room: Machine, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(engine_room, tmp_path, fetch_allow=("127.0.0.1",), fetches=3) as opened:
        yield opened


async def _elsewhere(request: web.BaseRequest) -> web.StreamResponse:
    """Answer as another Valgate would."""
    match request.path:
        case "/v1/run/b.echo":
            told = {"method": request.method, "type": request.content_type, "body": await request.json()}
            return web.json_response(told | {"token": request.headers.get("Authorization")})
        case "/v1/run/b.bad":
            body = {"type": "error", "error": "RangeError: too far", "name": "RangeError", "message": "too far"}
            return web.json_response(body, status=502)
        case "/v1/run/b.none":
            return web.json_response({"type": "error", "error": "Not found."}, status=404)
        case "/v1/run/b.page":
            return web.Response(text="<p>no JSON</p>")
        case "/v1/run/b.broken":
            return web.Response(text="<p>no JSON either</p>", status=500)
    return web.Response(status=204)


@pytest.mark.parametrize(
    ("val", "told"),
    [
        ("b.echo", {"method": "POST", "type": "application/json", "body": {"args": [1, {"a": None}]}, "token": None}),
        ("b.bad", ["ApiError", 502, "too far", "RangeError", True]),
        ("b.none", ["ApiError", 404, "Not found.", None, True]),
        ("b.page", ["ApiError", 200, "the answer is not JSON", None, True]),
        ("b.broken", ["ApiError", 500, "the answer has status 500", None, True]),
        ("b.empty", None),
    ],
)
async def test_an_address_is_asked_by_a_fetch_of_the_vals_own(out: World, val: str, told: object) -> None:
    async with serving(_elsewhere) as server:
        url = server.url(f"/v1/run/{val}")
        outcome = await out.outcome(f"try {{ return await api('{url}', 1, {{a: null}}) }} {TELL}")
    assert json.loads(outcome.json) == told
    assert [call["target"] for call in await out.calls(outcome, "fetch")] == [f"POST {url}"]
    assert await out.calls(outcome, "api") == []


async def test_what_fetch_refuses_has_no_status_and_its_limits_are_its_limits(out: World) -> None:
    told = await out.eval(f"try {{ return await api('http://10.0.0.1/v1/run/b.f') }} {TELL}")
    assert (told[:2], told[3:]) == (["ApiError", 0], ["TypeError", True])
    async with serving(_elsewhere) as server:
        calls = f"for (let i = 0; i < 4; i++) await api('{server.url('/v1/run/b.empty')}')"
        assert (await out.error(f"{{ {calls} }}")).name == "LimitError"
