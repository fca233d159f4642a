"""Whose code stands in which image: what others are born of has nothing that they may not read, from the moment that is so."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel.principals import Authority
from tests.images.places import beside, holds, keys, memory_of, prepared, who_holds
from tests.semantics.live import PRIVATE, PUBLIC, UNLISTED, Machine, World

OWN, FOREIGN = Authority.OWN, Authority.FOREIGN
MARK = "only in the code of the private val"
HIDDEN = f"const words = '{MARK}'; export const hidden = () => words"
MAIN = "export const main = (x) => x ? typeof @me.hidden : 1"


async def test_a_private_val_is_in_its_owners_image_and_in_no_other(world: World) -> None:
    await world.save("B", HIDDEN, PRIVATE)
    await world.save("B", MAIN)
    assert await who_holds(world, "B.main", MARK) == [OWN]
    assert await keys(world, "B.main", OWN) == ["@b.hidden@0", "@b.main@0"]
    assert await keys(world, "B.main", FOREIGN) == ["@b.main@0"]
    assert await world.eval("@B.main(1)") == "undefined"


async def test_what_a_private_val_names_is_not_told_either(world: World) -> None:
    await world.save("B", "export const deepest = () => 'deepest'", PUBLIC)
    await world.save("B", "export const hidden = () => @me.deepest() + @me.unspeakable", PRIVATE)
    await world.save("B", MAIN)
    assert await who_holds(world, "B.main", "unspeakable") == [OWN]
    assert "@b.deepest@0" not in await keys(world, "B.main", FOREIGN)


async def test_an_image_is_of_one_owner(world: World) -> None:
    await world.save("C", "const words = 'the words of C'; export const theirs = () => words")
    await world.save("B", "export const main = (x) => x ? @C.theirs() : 1")
    assert await who_holds(world, "B.main", "the words of C") == []
    assert await world.eval("@B.main(1)") == "the words of C"
    assert await who_holds(world, "B.main", "the words of C") == []


@pytest.mark.parametrize("how", ["hidden", "saved private", "deleted", "deleted and made anew", "renamed"])
async def test_a_val_that_is_not_to_be_read_any_more_is_in_no_image_from_then_on(world: World, how: str) -> None:
    val = await world.save("B", HIDDEN, PUBLIC)
    await world.save("B", MAIN)
    assert await who_holds(world, "B.main", MARK) == [OWN, FOREIGN]
    assert await world.eval("@B.main(1)") == "function"
    await change(world, val.id, how)
    assert FOREIGN not in await who_holds(world, "B.main", MARK)
    assert await world.eval("@B.main(1)") == ("function" if how == "deleted and made anew" else "undefined")
    assert await world.eval("@B.main(0)") == 1


async def change(world: World, val_id: str, how: str) -> None:
    store = world.house.store
    match how:
        case "hidden":
            await store.update_val(val_id, privacy=PRIVATE)
        case "saved private":
            await world.save("B", HIDDEN, PRIVATE)
        case "renamed":
            await store.update_val(val_id, name="elsewhere")
        case "deleted":
            await store.delete_val("B", "hidden")
        case _:
            await store.delete_val("B", "hidden")
            await world.save("B", "export const hidden = () => 'another'", PUBLIC)


@pytest.mark.parametrize("how", ["hidden", "saved private", "deleted", "deleted and made anew", "renamed"])
async def test_also_when_another_process_changed_it(
    engine_room: Machine, world: World, tmp_path: Path, how: str
) -> None:
    async with beside(engine_room, tmp_path) as other:
        val = await world.save("B", HIDDEN, PUBLIC)
        await world.save("B", MAIN)
        assert await who_holds(other, "B.main", MARK) == [OWN, FOREIGN]
        await change(world, val.id, how)
        assert FOREIGN not in await who_holds(other, "B.main", MARK)
        assert await other.eval("@B.main(1)") == ("function" if how == "deleted and made anew" else "undefined")


async def test_the_val_itself_has_no_image_for_others_once_it_is_private(world: World) -> None:
    val = await world.save("B", HIDDEN, PUBLIC)
    before = await prepared(world, "B.hidden", FOREIGN)
    assert holds(memory_of(before), MARK)
    await world.house.store.update_val(val.id, privacy=PRIVATE)
    assert await who_holds(world, "B.hidden", MARK) == [OWN]
    assert await world.eval("typeof @B.hidden") == "undefined"
    assert await world.eval("@me.hidden()", by="B") == MARK


async def test_versions_from_before_a_val_was_public_are_in_no_image_for_others(world: World) -> None:
    await world.save("B", HIDDEN, PRIVATE)
    await world.save("B", "export const hidden = () => 'open'", PUBLIC)
    await world.save("B", "export const main = () => [typeof @me.hidden@0, @me.hidden()]")
    assert await who_holds(world, "B.main", MARK) == [OWN]
    assert await world.eval("@B.main()") == ["undefined", "open"]
    assert (await world.run("B.main")).json == b'["function","open"]'


async def test_a_pinned_val_is_the_version_that_was_asked_for(world: World) -> None:
    await world.save("B", "export const lib = () => 'first'")
    await world.save("B", "export const lib = () => 'second'")
    await world.save("B", "export const main = () => [@me.lib@0(), @me.lib(), @me.lib@1()]")
    assert await keys(world, "B.main", OWN) == ["@b.lib@0", "@b.lib@1", "@b.main@0"]
    for _ in range(2):
        assert await world.eval("@B.main()") == ["first", "second", "second"]
        await world.save("B", "export const lib = () => 'third'")
        assert await world.eval("@B.main()") == ["first", "third", "second"]
        await world.save("B", "export const lib = () => 'second'")


async def test_an_old_version_that_is_asked_for_by_number_keeps_its_image(world: World) -> None:
    """Else it would be made anew each time."""
    await world.save("B", "export const lib = () => 'first'")
    old = world.house.store.val("B", "lib")
    await world.save("B", "export const lib = () => 'second'")
    assert old is not None
    first = await world.house.images.of(old, FOREIGN)
    assert first is not None
    assert await world.eval("[@B.lib@0(), @B.lib()]") == ["first", "second"]
    assert await world.house.images.of(old, FOREIGN) is first


async def test_a_fork_is_of_its_new_owner(world: World) -> None:
    await world.save("B", "export const lib = () => 'of B'")
    val = await world.save("B", "export const main = () => @me.lib()")
    await world.save("A", "export const lib = () => 'of A'", PRIVATE)
    await world.house.fork("A", val, privacy=PUBLIC)
    assert await keys(world, "A.main", OWN) == ["@a.lib@0", "@a.main@0"]
    assert await keys(world, "A.main", FOREIGN) == ["@a.main@0"]
    assert await world.eval("@me.main()") == "of A"
    assert (await world.error("@A.main()", by="C")).name == "TypeError"
    assert await world.eval("@B.main()") == "of B"


async def test_a_hidden_val_has_no_name_in_a_stack_that_others_see(world: World) -> None:
    """An own image labels it as an evaluation does."""
    looks = "['unspeakable', '@b (private'].map((word) => e.stack.includes(word))"
    await world.save(
        "A", f"export const hear = (f) => {{ try {{ return f() }} catch (e) {{ return {looks} }} }}", PUBLIC
    )
    await world.save("B", "export const f = () => { throw new Error('x') }", PRIVATE, "unspeakable")
    await world.save("B", "export const main = () => @A.hear(() => @me.unspeakable())", PUBLIC)
    assert await keys(world, "B.main", OWN) == ["@b.main@0", "@b.unspeakable@0"]
    assert holds(memory_of(await prepared(world, "B.main", OWN)), "@b (private 2)")
    assert (await world.run("B.main")).json == b"[false,true]"


async def test_an_unlisted_val_counts_as_public(world: World) -> None:
    await world.save("B", HIDDEN, UNLISTED)
    await world.save("B", MAIN)
    assert await who_holds(world, "B.main", MARK) == [OWN, FOREIGN]


# -- no data, no secrets ------------------------------------------------------------------------------------


async def test_no_image_holds_a_secret_or_stored_data(world: World) -> None:
    await world.save("B", '({ words: "what B has stored" })', PUBLIC, "data")
    tops = ["const s = @me.secrets.foo;", "const d = @me.data;", "const d = @B.data; const s = process.env.foo;", ""]
    for number, top in enumerate(tops):
        code = f"{top} export const main = () => [@me.secrets.foo, @me.data.words]"
        name = f"main{number}"
        await world.save("B", code, PUBLIC, name)
        for _ in range(2):
            assert await who_holds(world, f"B.{name}", "the secret of B") == []
            assert await who_holds(world, f"B.{name}", "what B has stored") == []
            assert (await world.run(f"B.{name}")).json == b'["the secret of B","what B has stored"]'
            assert await world.eval(f"@B.{name}()") == [None, "what B has stored"]


async def test_data_that_was_code_has_no_image(world: World) -> None:
    await world.save("B", "export const lib = () => 'code'")
    await world.save("B", "export const main = () => typeof @me.lib === 'function' ? @me.lib() : @me.lib")
    assert await world.eval("@B.main()") == "code"
    await world.save("B", "'data'", PUBLIC, "lib")
    assert await keys(world, "B.main", FOREIGN) == ["@b.main@0"]
    assert await world.eval("@B.main()") == "data"
    await world.house.store.delete_val("B", "lib")
    assert await world.eval("typeof @B.lib") == "undefined"
