"""secret: what it takes, whom it reads, and the read-only view."""

from __future__ import annotations

import pytest

from host_api.capabilities.secret import LONGEST_KEY, Names, Read, Secret
from kernel.errors import BadRequest
from kernel.principals import Principal
from kernel.wire import Value
from tests.semantics.live import World


def test_a_reference_is_taken() -> None:
    assert Read.parse(("me", "key")) == Read(None, "key")
    assert Read.parse(("B", "key")) == Read(Principal("b"), "key")
    assert Read.parse(("b", "key")).target == "@b.secrets.key"
    assert Names.parse(("me",)) == Names(None)


@pytest.mark.parametrize(
    "values", [(), ("me",), ("me", 1), (1, "k"), ("no name", "k"), ("me", "k" * (LONGEST_KEY + 1))]
)
def test_anything_else_is_refused(values: tuple[Value, ...]) -> None:
    with pytest.raises(BadRequest):
        Read.parse(values)


def test_there_are_two_operations() -> None:
    assert list(Secret.parsers) == [1, 2]


async def test_own_code_reads_by_name_by_variable_and_by_listing(world: World) -> None:
    code = "const k = 'foo'; return [@me.secrets.foo, @me.secrets[k], 'foo' in @me.secrets, Object.keys(@me.secrets)]"
    assert await world.eval(code) == ["the secret of A", "the secret of A", True, ["foo"]]


async def test_the_environment_is_the_same_view(world: World) -> None:
    code = "[process.env.foo, Deno.env.get('foo'), Deno.env.has('bar'), Deno.env.toObject()]"
    assert await world.eval(code) == ["the secret of A", "the secret of A", False, {"foo": "the secret of A"}]


@pytest.mark.parametrize("change", ["@v.foo = 1", "delete @v.foo", "Object.defineProperty(@v, 'x', {value: 1})"])
async def test_the_view_is_read_only(world: World, change: str) -> None:
    error = await world.error("const v = @me.secrets; " + change.replace("@v", "v"))
    assert (error.name, error.status) == ("TypeError", 502)


async def test_foreign_code_has_an_empty_view(world: World) -> None:
    await world.save(
        "B", "export const look = () => [Object.keys(process.env), 'foo' in @me.secrets, @me.secrets.foo ?? null]"
    )
    assert await world.eval("@B.look()") == [[], False, None]


async def test_each_read_is_recorded_with_its_verdict_and_row(world: World) -> None:
    await world.save("B", "export const look = () => @A.secrets.foo")
    outcome = await world.outcome("[@me.secrets.foo, @B.look()]")
    seen = [
        (call["author"], call["target"], call["verdict"], call["row"]) for call in await world.calls(outcome, "secret")
    ]
    assert seen == [("@a", "@me.secrets.foo", "granted", None), ("@b", "@a.secrets.foo", "refused", 2)]


async def test_a_failure_of_the_host_is_no_fault_of_the_val_and_tells_nothing(world: World) -> None:
    """The key file is gone while the server runs: the val sees a fixed sentence, the requester a 500."""
    world.house.store._keys._known = None
    for path in world.house.store.path.parent.glob("*.key*"):
        path.write_text("not a key")
    error = await world.error("@me.secrets.foo")
    assert (error.status, error.code, error.name) == (500, "host_failure", "HostError")
    assert str(world.house.store.path.parent) not in error.message + error.stack
