"""What the tests of `crypto` share: hexadecimal and text to bytes, written once for the guest, and how something fails there."""

from __future__ import annotations

from typing import Any

from tests.semantics.live import World

PRELUDE = """
const { subtle } = crypto;
const enc = new TextEncoder();
const hex = (bytes) => Array.from(new Uint8Array(bytes), (b) => b.toString(16).padStart(2, "0")).join("");
const un = (text) => Uint8Array.from(text.match(/../g) ?? [], (two) => parseInt(two, 16));
"""
FAILING = """
const fails = async (work) => {
  try { await work() } catch (error) { return [error instanceof DOMException ? error.name : "!" + error.name, error.message] }
  return ["nothing failed", ""];
};
"""


async def ask(world: World, body: str) -> Any:  # noqa: ANN401 - any JSON
    """Evaluate a body with the prelude; return its JSON."""
    return await world.eval(PRELUDE + body)


async def failures(world: World, prepare: str, cases: dict[str, str]) -> dict[str, list[str]]:
    """Run each expression by itself; return the name and message of what it failed with."""
    tries = ", ".join(f"[{name!r}, async () => {code}]" for name, code in cases.items())
    return dict(
        await ask(
            world,
            f"{FAILING}{prepare}; const seen = []; for (const [name, work] of [{tries}]) seen.push([name, await fails(work)]); return seen",
        )
    )
