"""A scratch database with the vals that are measured, and a server on it.

One server process, whatever the cores: each figure is of one process against one process of the floor.
"""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from bench import servers
from host_api.house import House
from host_api.settings import Settings
from host_api.store.model import Privacy

Val = tuple[str, str, str]
"""Owner, name, code."""

OWNERS = ("bench", "other")
INC: Val = ("bench", "inc", "(x) => x + 1")
VALS: tuple[Val, ...] = (
    ("other", "inc", "(x) => x + 1"),
    INC,
    ("bench", "data", "({ answer: 42 })"),
    ("bench", "cross", "(x) => @other.inc(x)"),
)
ALONE: Mapping[str, str] = {"VALGATE_PROCESSES": "1"}
"""One process, also where a server would by itself start several; a server that has only one says that it does not know this."""


@dataclass(frozen=True, slots=True)
class Town:
    """A server that runs: its port and process, a token of `bench`, and the floor beside it."""

    port: int
    pid: int
    token: str
    floor: int
    loop: str
    environ: Mapping[str, str] = field(repr=False)


@contextmanager
def scratch(vals: Sequence[Val] = VALS, **settings: str) -> Iterator[tuple[dict[str, str], str]]:
    """Make a database with these vals, all public; gives an environment that leads there, and a token of `bench`."""
    with tempfile.TemporaryDirectory(prefix="valgate-bench-") as folder:
        environ = {**os.environ, **ALONE, **settings, "VALGATE_DB": f"sqlite:///{Path(folder) / 'bench.db'}"}
        tokens = [servers.typed(environ, "user", "add", owner) for owner in OWNERS]
        asyncio.run(_furnish(environ, vals))
        yield environ, tokens[0]


@contextmanager
def served(environ: Mapping[str, str], token: str) -> Iterator[Town]:
    """Run a server on a scratch database, and the floor on the same event loop."""
    port, log = servers.free_port(), Path(environ["VALGATE_DB"].removeprefix("sqlite:///")).with_name("server.log")
    words = [servers.VALGATE, "serve", "--host", "127.0.0.1", "--port", str(port)]
    with ExitStack() as stack:
        pid = stack.enter_context(
            servers.running(words, port, environ, stack.enter_context(log.open("w", encoding="utf-8")))
        )
        loop = servers.loop_of(pid)
        yield Town(port, pid, token, stack.enter_context(servers.hello(loop)), loop, environ)


@contextmanager
def town(vals: Sequence[Val] = VALS, **settings: str) -> Iterator[Town]:
    """Make both."""
    with scratch(vals, **settings) as (environ, token), served(environ, token) as made:
        yield made


async def furnish(house: House, vals: Sequence[Val]) -> None:
    """Save vals of accounts that are there."""
    for owner, name, code in vals:
        saved = await house.save(owner=owner, code=code, name=name, privacy=Privacy.PUBLIC)
        if saved.error is not None:
            raise RuntimeError(f"@{owner}.{name}: {saved.error}")


async def _furnish(environ: Mapping[str, str], vals: Sequence[Val]) -> None:
    quiet()
    async with House.open(Settings.load(environ, warn=lambda _: None)) as house:
        await furnish(house, vals)


def quiet() -> None:
    """Have no log line of each evaluation on the terminal."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
