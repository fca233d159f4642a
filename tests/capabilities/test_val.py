"""val: what it takes, and that each host call is decided for itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from host_api.capabilities.val import Vals
from host_api.capabilities.val_operations import Delete, Read, ReadToWrite, Write, WriteSource
from kernel.capability import Operation
from kernel.errors import BadRequest
from kernel.policy import Access
from kernel.principals import Principal
from kernel.wire import Value
from tests.semantics.live import PRIVATE, World

B = Principal("b")


def test_references_are_taken() -> None:
    assert Read.parse(("b", "foo", 3, -1)) == Read(B, "foo", 3, -1)
    assert Read.parse(("b", "foo", 3.0, -1.0)).target == "@b.foo@3"
    assert ReadToWrite.parse(("me", "foo", -1)) == ReadToWrite(None, "foo", -1)
    assert Delete.parse(("me", "foo", -2)) == Delete(None, "foo", -2)
    assert WriteSource.parse(("me", "f", "() => 1", -2)).target == "@me.f"
    assert Write.parse_back(("me", "x", b"\1", "null", "null", None, 2)).back


def test_each_operation_asks_for_what_it_does() -> None:
    assert [ask for ask, _ in Read(B, "x", -1, -1).asks] == [Access.PUBLIC, Access.PRIVATE]
    assert [ask for ask, _ in Write(B, "x", b"", None, "", None, -2).asks] == [Access.WRITE]
    assert Access.WRITE in [ask for ask, _ in ReadToWrite(B, "x", -1).asks]
    assert Access.WRITE in [ask for ask, _ in Delete(B, "x", -2).asks]


@pytest.mark.parametrize(
    ("parse", "values"),
    [
        (Read.parse, ("b", "foo", 1)),
        (Read.parse, ("b", "foo", "1", -1)),
        (Read.parse, ("b", "not a name", 1, -1)),
        (Read.parse, ("b", "me", 1, -1)),
        (Read.parse, ("secrets", "foo", 1, -1)),
        (Read.parse, ("b", "foo", 1.5, -1)),
        (Read.parse, ("b", "foo", True, -1)),
        (Write.parse, ("b", "foo", "bytes", None, "t", None, -2)),
    ],
)
def test_anything_else_is_refused(parse: Callable[[tuple[Value, ...]], Operation], values: tuple[Value, ...]) -> None:
    with pytest.raises(BadRequest):
        parse(values)


def test_there_are_six_operations() -> None:
    assert list(Vals.parsers) == [1, 3, 4, 5, 6, 7]


async def test_a_read_of_data_gives_a_copy_each_time(world: World) -> None:
    await world.save("B", "({list: [1]})", name="box")
    assert await world.eval("@B.box.list.push(2); return @B.box.list") == [1]


async def test_own_data_is_one_object(world: World) -> None:
    await world.save("A", "({list: [1]})", PRIVATE, name="box")
    assert await world.eval("const b = @me.box; b.list.push(2); return [b === @me.box, @me.box.list]") == [True, [1, 2]]


async def test_a_write_makes_a_version_and_says_who_wrote_it(world: World) -> None:
    outcome = await world.outcome("@me.note = {text: 'hi'}")
    val = world.house.store.val("A", "note")
    assert val is not None
    assert (val.version, val.privacy, val.evaluation, val.code) == (
        0,
        PRIVATE,
        outcome.evaluation,
        'export let note = {"text":"hi"};',
    )


async def test_a_refused_write_is_silent_to_the_val_and_loud_in_the_record(world: World) -> None:
    outcome = await world.outcome("@B.publicFoo = 1")
    assert outcome.json == b"1"
    assert [(call["op"], call["verdict"], call["effect"]) for call in await world.calls(outcome, "val")] == [
        ("write", "no-op", False)
    ]


def test_there_is_no_way_to_code_but_reading_it() -> None:
    """A guest that could ask for `load("@a.getClient@0")` outright would have code that nobody decided about."""
    assert 2 not in Vals.parsers
