"""Engines for hostile guests, open as long as the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from kernel.engine import Engine
from tests.kernel.stage import PAGE, PLAYER, Script, Stage

Put = Callable[..., Stage]


@pytest.fixture(scope="module")
def player() -> Iterator[Engine]:
    with Engine(PLAYER) as engine:
        yield engine


@pytest.fixture
def script(player: Engine) -> Put:
    """Put a script on the stage."""

    def put(root: list[bytes], library: list[bytes] | None = None, *, loop: bool = False) -> Stage:
        return Stage(player, Script(root, library or [], loop).image())

    return put


@pytest.fixture
def guest() -> Iterator[Put]:
    """Put a program of its own on the stage."""
    with ExitStack() as stack:

        def put(code: bytes, memory: bytes = bytes(PAGE), *, inbox: tuple[int, int] = (0, 0)) -> Stage:
            return Stage(stack.enter_context(Engine(code)), memory, inbox)

        yield put
