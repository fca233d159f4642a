"""console: what it takes, and what the record keeps."""

from __future__ import annotations

import pytest

from host_api.capabilities.console import Console, Write
from kernel.errors import BadRequest
from tests.semantics.live import World


def test_a_line_has_a_level_and_a_text() -> None:
    assert Write.parse(("warn", "careful")) == Write("warn", "careful")


@pytest.mark.parametrize("values", [(), ("log",), ("shout", "x"), ("log", 1), ("log", "x", "y"), (None, "x")])
def test_anything_else_is_refused(values: tuple[str, ...]) -> None:
    with pytest.raises(BadRequest):
        Write.parse(values)


def test_there_is_one_operation() -> None:
    assert list(Console.parsers) == [1]


async def test_a_line_is_kept_with_its_level_and_its_author(world: World) -> None:
    await world.save("B", "export const talk = () => console.warn('%s is %d', 'this', 7, {a: [1]})")
    outcome = await world.outcome("console.log('mine'); @B.talk()")
    logs = (await world.record(outcome))["logs"]
    assert [(line["level"], line["message"], line["author"]) for line in logs] == [
        ("log", "mine", "@a"),
        ("warn", "this is 7 { a: [ 1 ] }", "@b"),
    ]


async def test_what_is_built_on_lines_writes_lines(world: World) -> None:
    code = "console.group('g'); console.count(); console.count(); console.groupEnd(); console.assert(false, 'no'); 1"
    logs = (await world.record(await world.outcome(code)))["logs"]
    assert [line["message"] for line in logs] == ["g", "  default: 1", "  default: 2", "Assertion failed: no"]


async def test_a_console_line_is_no_entry_of_the_tree(world: World) -> None:
    outcome = await world.outcome("console.log(1)")
    assert await world.calls(outcome, "console") == []
