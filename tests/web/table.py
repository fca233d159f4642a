"""Tables of JavaScript expressions and the JSON they come to, each in a guest of its own."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.semantics.live import Machine, World, open_world

Cases = dict[str, tuple[str, Any]]
"""Name → (what is evaluated, the JSON of its value)."""

PRELUDE = """
const thrown = (f) => { try { f(); return "nothing" } catch (e) { return e.name } };
const rejected = async (p) => { try { await (typeof p === "function" ? p() : p); return "nothing" } catch (e) { return e?.name ?? e } };
const bytes = (...list) => new Uint8Array(list);
const chunks = async (stream) => { const seen = []; for await (const chunk of stream) seen.push(typeof chunk === "string" ? chunk : [...chunk]); return seen };
const streamed = (...parts) => new ReadableStream({ start(c) { for (const p of parts) c.enqueue(typeof p === "string" ? new TextEncoder().encode(p) : p); c.close() } });
"""


STATEMENTS = ("const ", "let ", "class ")


async def one(world: World, code: str) -> Any:  # noqa: ANN401 - any JSON
    """Return the value of an expression, or of statements that return; or how it failed."""
    body = code if code.startswith(STATEMENTS) else f"return ({code})"
    outcome = await world.outcome(f"{PRELUDE}\n{body.strip()}")
    if outcome.error is not None:
        return f"{outcome.error.name}: {outcome.error.message}"
    return json.loads(outcome.json)


def answers_of(made: Machine, folder: Path, cases: Cases, vals: dict[str, str]) -> dict[str, Any]:
    """Evaluate each case as A; `vals` are B's."""

    async def all_of_them() -> dict[str, Any]:
        async with open_world(made, folder) as world:
            for name, code in vals.items():
                await world.save("B", code, name=name)
            return {name: await one(world, code) for name, (code, _) in cases.items()}

    return asyncio.run(all_of_them())
