"""The attacker's plan: ask for A's things in every way the language has, hoping that one is decided otherwise than the rest."""

from __future__ import annotations

import pytest

from kernel.errors import NotFound
from tests.semantics.live import PRIVATE, World

SECRETS = [
    "@me.secrets.foo",
    "@A.secrets.foo",
    "@a.secrets.foo",
    "@A.secrets['foo']",
    "@A.secrets[`f${'oo'}`]",
    "@A.secrets?.foo",
    "@A.secrets?.['foo']",
    "({ ...@A.secrets }).foo",
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
    "(() => { try { return @A.hidden() } catch (e) { return e.message.includes('the hidden') ? e.message : undefined } })()",
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


def thunks(spellings: list[str]) -> str:
    told = "try {{ return [{0}] }} catch (e) {{ return [e.name, e.message] }}"
    return "[" + ", ".join(f"() => {{ {told.format(one)} }}" for one in spellings) + "].map((f) => f())"


async def test_no_spelling_yields_a_secret(world: World) -> None:
    await world.save("B", f"export const f = () => {thunks(SECRETS)}")
    seen = await world.eval("@B.f()")
    assert [(code, got) for code, got in zip(SECRETS, seen, strict=True) if "the secret of" in str(got)] == []
    assert [got for got in seen if got != [None] and "TypeError" not in got] == []


@pytest.mark.parametrize("owner", ["A", "C"])
async def test_no_spelling_yields_a_private_val_and_private_and_missing_are_one_answer(
    world: World, owner: str
) -> None:
    """Existence probing: the same code on private data, on a private function and on nothing comes to the same value and words."""
    await world.save(owner, "({ x: 'the hidden' })", PRIVATE, "hidden")
    await world.save(owner, "export const cloaked = () => 'the hidden'", PRIVATE)
    answers = []
    for name in ("hidden", "cloaked", "absent"):
        spelled = [
            code.replace("@A.", f"@{owner}.").replace("hidden", name).replace("HIDDEN", name.upper())
            for code in PRIVATES
        ]
        await world.save("B", f"export const f = () => {thunks(spelled)}")
        seen = await world.eval("@B.f()")
        assert "the hidden" not in str(seen)
        answers.append([str(got).replace(name, "NAME") for got in seen])
    for code, *told in zip(PRIVATES, *answers, strict=True):
        assert len(set(told)) == 1, (code, told)
    assert world.stored(owner, "hidden") == {"x": "the hidden"}


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
    await world.save("A", "1", PRIVATE, "hidden")
    told = []
    for name in ("A.hidden", "A.absent", "Nobody.x"):
        with pytest.raises(NotFound) as refused:
            await world.run(name, by="B")
        told.append(str(refused.value))
    assert len(set(told)) == 1
