"""serve: which heads are taken, in which order, and that only the caller's own code answers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from host_api.capabilities.serve import Begin, Serve, Whole, Write
from host_api.door import Head, Left, Manner, Served, Tray
from host_api.house import Entry, Outcome
from kernel.errors import BadRequest, LimitError
from kernel.policy import Policy
from kernel.principals import Authority, Frame, Principal
from kernel.wire import Value

if TYPE_CHECKING:
    from tests.semantics.live import World

REQUEST = {
    "method": "GET",
    "url": "http://b-site.localhost/",
    "path": "/",
    "search": "",
    "base": "",
    "protocol": "http",
    "hostname": "b-site.localhost",
    "ip": "127.0.0.1",
    "headers": ["host", "b-site.localhost"],
}
OK = (200, "OK", '["content-type", "text/plain"]')


class Recorded(Tray):
    """A tray that also keeps in which pieces an answer came."""

    def __init__(self) -> None:
        super().__init__(10_000_000)
        self.said: list[str] = []

    def whole(self, head: Head, body: bytes) -> None:
        self.said.append("whole")
        super().whole(head, body)

    async def begin(self, head: Head, length: int | None) -> None:
        self.said.append("begin" if length is None else f"begin {length}")
        await super().begin(head, length)

    async def write(self, piece: bytes) -> None:
        self.said.append("write")
        await super().write(piece)

    def end(self) -> None:
        self.said.append("end")


async def visit(
    world: World, name: str, *, manner: Manner = Manner.SERVE, by: str | None = None, as_author: bool = True
) -> tuple[Outcome, Recorded]:
    tray, (owner, val) = Recorded(), name.split(".")
    served = Served(tray, json.dumps(REQUEST).encode(), b"")
    entry = Entry(val=(owner, val, None))
    outcome = await world.house.evaluate(
        requester=by, source="api", entry=entry, args=None, as_author=as_author, manner=manner, served=served
    )
    return outcome, tray


def test_an_answer_is_taken() -> None:
    assert Whole.parse((*OK, b"x")) == Whole(Head(200, "OK", (("content-type", "text/plain"),)), b"x")
    assert Whole.parse((*OK, "ü")).body == "ü".encode()
    assert Whole.parse((*OK, None)).body == b""
    assert Begin.parse((*OK, 3)).length == 3
    assert Write.parse((b"x",)) == Write(b"x")


@pytest.mark.parametrize(
    "head",
    [
        (199, "", "[]"),
        (101, "Switching Protocols", "[]"),
        (1000, "", "[]"),
        ("200", "", "[]"),
        (200, "OK\r\nX: y", "[]"),
        (200, "x\u2028", "[]"),
        (200, "", '["x"]'),
        (200, "", '{"x": "y"}'),
        (200, "", "[1, 2]"),
        (200, "", "["),
        (200, "", '["x y", "z"]'),
        (200, "", '["x:", "z"]'),
        (200, "", '["", "z"]'),
        (200, "", json.dumps(["x", "y\r\nset-cookie: a=b"])),
        (200, "", json.dumps(["x\n", "y"])),
        (200, "", json.dumps(["x", "y\0"])),
        (200, "", json.dumps(["x", "\u0100"])),
        (200, "", json.dumps(["x", "y"] * 501)),
        (200, "", json.dumps(["x", "y" * 70_000])),
        (200, "", "[" * 100_000),
    ],
)
def test_what_could_end_a_head_early_is_no_head(head: tuple[Value, ...]) -> None:
    with pytest.raises(BadRequest):
        Whole.parse((*head, b""))
    with pytest.raises(BadRequest):
        Begin.parse((*head, None))


def test_only_own_code_holds_it() -> None:
    own = Frame(Policy.RESTRICTED, Principal("A"), Principal("A"), Authority.OWN)
    assert Serve().grant(own)
    assert not Serve().grant(replace(own, author=Principal("B"), authority=Authority.FOREIGN))
    assert not Serve().grant(replace(own, authority=Authority.FOREIGN))


async def test_a_small_answer_goes_at_once_and_a_large_one_in_pieces(world: World) -> None:
    await world.save("B", "export const small = (req, res) => res.send('x'.repeat(1000))")
    await world.save("B", "export const large = (req, res) => res.send('x'.repeat(600_000))")
    assert (await visit(world, "B.small"))[1].said == ["whole"]
    _, tray = await visit(world, "B.large")
    assert tray.said == ["begin 600000", "write", "write", "write", "end"]
    assert bytes(tray.body) == b"x" * 600_000


@pytest.mark.parametrize("size", [4, 300_000])
async def test_a_part_of_a_buffer_is_that_part(world: World, size: int) -> None:
    bytes_ = f"Buffer.from('ab' + 'c'.repeat({size}) + 'de').subarray(1, -1)"
    await world.save("B", f"export const sent = (req, res) => res.type('bin').send({bytes_})")
    await world.save("B", f"export const streamed = (req, res) => {{ res.write({bytes_}); res.end() }}")
    await world.save("B", f"export const blob = () => new Response(new Blob([{bytes_}, 'x']).slice(1, -1))")
    whole = b"b" + b"c" * size + b"d"
    assert bytes((await visit(world, "B.sent"))[1].body) == whole
    assert bytes((await visit(world, "B.streamed"))[1].body) == whole
    assert bytes((await visit(world, "B.blob"))[1].body) == whole[1:]


async def test_two_parameters_mean_express_and_fewer_a_fetch_handler(world: World) -> None:
    await world.save("B", "export const two = (req, res) => res.send(req.constructor.name)")
    await world.save("B", "export const one = (request) => new Response(request.constructor.name)")
    await world.save("B", "export const none = () => new Response('none')")
    assert bytes((await visit(world, "B.two"))[1].body) == b"ExpressRequest"
    assert bytes((await visit(world, "B.one"))[1].body) == b"Request"
    assert bytes((await visit(world, "B.none"))[1].body) == b"none"
    outcome, _ = await visit(world, "B.one", manner=Manner.EXPRESS)
    assert outcome.error is None


async def test_a_handler_that_is_through_and_has_nothing_under_way_has_no_answer(world: World) -> None:
    await world.save("B", "export const quiet = async (req, res) => { await 1 }")
    outcome, tray = await visit(world, "B.quiet")
    assert (outcome.error, tray.said) == (None, [])


async def test_a_handler_that_is_through_may_answer_as_long_as_something_is_under_way(world: World) -> None:
    await world.save("B", "export const late = (req, res) => void setTimeout(() => res.send('late'), 1)")
    assert bytes((await visit(world, "B.late"))[1].body) == b"late"


async def test_a_handler_that_waits_for_what_cannot_come_is_a_deadlock(world: World) -> None:
    await world.save("B", "export const stuck = async (req, res) => { await new Promise(() => {}) }")
    outcome, _ = await visit(world, "B.stuck")
    assert outcome.error is not None
    assert outcome.error.name == "Deadlock"


async def test_what_is_under_way_when_the_answer_is_complete_is_cancelled_and_recorded(world: World) -> None:
    await world.save("B", "export const busy = (req, res) => { setTimeout(() => @me.late = 1, 60_000); res.send('x') }")
    outcome, _ = await visit(world, "B.busy")
    assert {"cancelled": 1} in (await world.record(outcome))["calls"]
    assert world.stored("B", "late") == "missing"


async def test_changes_in_place_of_a_handler_without_an_answer_are_written(world: World) -> None:
    await world.save("B", "export const visits = []")
    await world.house.store.update_val(world.house.store.val("B", "visits").id, privacy="private")  # type: ignore[union-attr, arg-type]
    await world.save("B", "export const quiet = (req, res) => { const v = @me.visits; v.push(1) }")
    await visit(world, "B.quiet")
    assert world.stored("B", "visits") == [1]


async def test_a_second_answer_is_ignored_and_said_on_the_console(world: World) -> None:
    await world.save(
        "B", "export const twice = (req, res) => { res.send('first'); res.json('second'); res.end('third') }"
    )
    outcome, tray = await visit(world, "B.twice")
    assert bytes(tray.body) == b"first"
    logs = (await world.record(outcome))["logs"]
    assert [line["level"] for line in logs] == ["warn", "warn"]


async def test_foreign_code_answers_through_the_callers_objects_and_has_no_right_of_its_own(world: World) -> None:
    await world.save(
        "B", "export const page = (req, res) => res.send(`${@me.secrets.foo} ${@A.secrets.foo} ${req.path}`)"
    )
    outcome, tray = await visit(world, "B.page", by="A", as_author=False)
    assert (outcome.caller, bytes(tray.body)) == ("a", b"undefined undefined /")
    _, own = await visit(world, "B.page", by=None)
    assert bytes(own.body) == b"the secret of B undefined /"


async def test_another_val_that_the_handler_calls_cannot_answer(world: World) -> None:
    await world.save("C", "export const evil = () => { const own = new Response('evil'); return 'tame'; }")
    await world.save("B", "export const page = (req, res) => res.send(@C.evil())")
    assert bytes((await visit(world, "B.page"))[1].body) == b"tame"


async def test_a_response_of_a_run_is_the_answer(world: World) -> None:
    outcome = await world.outcome("new Response('hi', {status: 418})")
    assert outcome.answer is not None
    assert (outcome.answer[0].status, outcome.answer[1]) == (418, b"hi")
    await world.save("B", "export const kept = new Response('kept')")
    outcome = await world.run("B.kept")
    assert outcome.answer is not None
    assert outcome.answer[1] == b"kept"


def test_a_tray_holds_so_much_and_no_more() -> None:
    tray = Tray(3)
    tray.whole(Head(200, "", ()), b"abc")
    with pytest.raises(LimitError):
        Tray(2).whole(Head(200, "", ()), b"abc")


async def test_a_client_that_has_left_is_told_to_the_guest_as_a_refusal(world: World) -> None:
    class Gone(Recorded):
        async def begin(self, head: Head, length: int | None) -> None:
            raise ConnectionResetError

    await world.save("B", "export const page = (req, res) => { res.write('x') }")
    served = Served(Gone(), json.dumps(REQUEST).encode(), b"")
    entry = Entry(val=("B", "page", None))
    outcome = await world.house.evaluate(
        requester=None, source="api", entry=entry, args=None, as_author=True, manner=Manner.SERVE, served=served
    )
    assert outcome.error is not None
    assert outcome.error.message == str(Left())
