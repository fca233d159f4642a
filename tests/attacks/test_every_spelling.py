"""The attacker's plan: ask for A's things in every way the language has, hoping that one is decided otherwise than the rest."""

from __future__ import annotations

import pytest

from tests.semantics.live import PRIVATE, World

SECRETS = [
    "@me.secrets.foo",
    "@A.secrets.foo",
    "@a.secrets.foo",
    "@A.secrets['foo']",
    "@A.secrets[`f${'oo'}`]",
    "@A.secrets?.foo",
    "@A.secrets?.['foo']",
    "{ ...@A.secrets }.foo",
    "Object.values(@A.secrets)[0]",
    "Object.getOwnPropertyDescriptor(@A.secrets, 'foo')?.value",
    "Reflect.get(@A.secrets, 'foo')",
    "(({ foo }) => foo)(@A.secrets)",
    "JSON.parse(JSON.stringify(@A.secrets)).foo",
    "@A.secrets.valueOf?.().foo",
    "@B.secrets.foo",
    "@C.secrets.foo",
    "process.env.foo",
    "process?.env?.['foo']",
    "Deno.env.get('foo')",
]
PRIVATES = [
    "@A.hidden",
    "@a.HIDDEN",
    "@me.hidden",
    "@A.hidden@0",
    "@A.hidden?.x",
    "@A.hidden@0?.x",
    "[@A.hidden][0]",
    "`${@A.hidden ?? ''}` || undefined",
    "(() => { const { x } = { x: @A.hidden }; return x })()",
    "(() => { try { return @A.hidden() } catch (e) { return e.message.includes('private') ? e.message : undefined } })()",
    "(() => { try { return new @A.hidden() } catch { return undefined } })()",
    "(() => { try { return @A.hidden`x` } catch { return undefined } })()",
    "(() => { try { return @A.hidden.x } catch { return undefined } })()",
    "(() => { try { return @A.hidden.toString() } catch { return undefined } })()",
    "typeof @A.hidden === 'undefined' ? undefined : 'there'",
    "(@A.hidden ??= undefined)",
    "(@A.hidden ||= undefined)",
    "(() => { try { @A.hidden.x = 1 } catch {} return @A.hidden })()",
    "(() => { try { return (@A.hidden += '') === 'undefined' ? undefined : @A.hidden } catch { return undefined } })()",
    "(() => { try { const n = @A.hidden++; return Number.isNaN(n) ? undefined : n } catch { return undefined } })()",
]


@pytest.mark.parametrize("code", SECRETS)
async def test_no_spelling_yields_a_secret(world: World, code: str) -> None:
    written = (
        f"({code})" if not code.startswith("{") else f"({code.replace('{ ...@A.secrets }', '({ ...@A.secrets })')})"
    )
    await world.save(
        "B", f"export const f = () => {{ try {{ return {written} ?? 'nothing' }} catch {{ return 'nothing' }} }}"
    )
    assert await world.eval("@B.f()") == "nothing"


@pytest.mark.parametrize("code", PRIVATES)
async def test_no_spelling_yields_a_private_val(world: World, code: str) -> None:
    await world.save("A", "({ x: 'private of A' })", PRIVATE, "hidden")
    await world.save("B", f"export const f = () => {code}")
    assert await world.eval("@B.f()") == "undefined"
    assert world.stored("A", "hidden") == {"x": "private of A"}


@pytest.mark.parametrize("code", PRIVATES)
async def test_private_and_missing_are_one_answer(world: World, code: str) -> None:
    """Existence probing: the same code on a private val and on none must come to the same, in value, words and record."""
    await world.save("A", "({ x: 'private of A' })", PRIVATE, "hidden")
    await world.save("A", "export const hiddenCode = () => 'private of A'", PRIVATE, "concealed")
    for owner in ("A", "C"):
        answers = []
        for name in ("hidden", "absents", "concealed"):
            probe = code.replace("@A.", f"@{owner}.").replace("hidden", name).replace("HIDDEN", name.upper())
            told = f"(() => {{ try {{ return {{ value: {probe} }} }} catch (e) {{ return {{ name: e.name, message: e.message }} }} }})()"
            await world.save("B", f"export const f = () => JSON.stringify({told})")
            answers.append((await world.eval("@B.f()")).replace(name, "NAME"))
        assert len(set(answers)) == 1, answers


async def test_calling_a_private_val_and_a_missing_one_is_one_error(world: World) -> None:
    await world.save("A", "export const hidden = () => 1", PRIVATE)
    await world.save(
        "B",
        "export const f = () => [() => @A.hidden(), () => @A.absent(), () => new @A.hidden(), () => new @A.absent()].map((g) => { try { g() } catch (e) { return e.name + e.message } })",
    )
    call, none, make, nothing = await world.eval("@B.f()")
    assert call.replace("hidden", "absent") == none
    assert make.replace("hidden", "absent") == nothing


async def test_a_run_of_a_private_val_and_of_a_missing_one_is_one_answer(world: World) -> None:
    from kernel.errors import NotFound  # noqa: PLC0415

    await world.save("A", "1", PRIVATE, "hidden")
    told = []
    for name in ("A.hidden", "A.absent", "Nobody.x"):
        with pytest.raises(NotFound) as refused:
            await world.run(name, by="B")
        told.append(str(refused.value))
    assert len(set(told)) == 1
