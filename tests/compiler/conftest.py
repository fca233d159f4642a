"""The compiler as the server has it, in its guest; and a guest with a small world, where compiled code runs."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from guests import build
from guests.boot import Booter
from host_api.compiler import Compiler
from host_api.compiler.guest import COMPILER_LIMITS, guest_of
from kernel.engine import Engine
from kernel.evaluation import Kernel
from kernel.image import Image
from tests.semantics.live import CACHE

LIMITS = replace(COMPILER_LIMITS, cpu=60.0, wall=120.0)
WORLD = Path(__file__).with_name("world.js")


@dataclass(frozen=True)
class Seen:
    """What running a val came to: its value, the data afterwards, and the operations on references."""

    value: Any
    data: Any
    log: list[str]


Call = Callable[[str], Awaitable[str]]
Evaluate = Callable[[str, str], Awaitable[Seen]]


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    with Engine(build.ENGINE.read_bytes(), CACHE) as engine:
        yield engine


def caller(engine: Engine, image: Image) -> Call:
    """Call `pure` of a fresh guest, as the house does."""
    return guest_of(Kernel(engine, engine.program(image)), LIMITS)


@pytest.fixture(scope="session")
def compile_in_guest(engine: Engine) -> Call:
    return caller(engine, Image.parse(build.COMPILER.read_bytes()))


@pytest.fixture(scope="session")
def compiler(compile_in_guest: Call) -> Compiler:
    return Compiler(compile_in_guest)


@pytest.fixture(scope="session")
def evaluate(engine: Engine, compile_in_guest: Call) -> Evaluate:
    """Compile and run a val in the world of world.js, with this data (a JavaScript object)."""
    script = f"(function (glue, globalThis) {{\n{WORLD.read_text()}\nreturn {{ pure: (_, text) => globalThis.inWorld(glue, text) }}; }})"
    world = caller(engine, Booter(build.ENGINE.read_bytes(), build.JS_STACK).image(script))

    async def run(source: str, data: str = "{}") -> Seen:
        answer = json.loads(await world(json.dumps([await compile_in_guest(source), data])))
        if "error" in answer:
            raise AssertionError(answer["error"])
        return Seen(answer["value"], answer["data"], answer["log"])

    return run
