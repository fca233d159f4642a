"""Servers of several processes, on loopback, with their logs as they are written."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

ADDRESS = re.compile(r"http://[^\s/]+")
PATIENCE = 120.0
SERVES = "a process serves"
ENDED = "a process ended; the next one starts"

Line = dict[str, Any]


@dataclass
class Server:
    """A supervisor with its processes, and what all of them wrote."""

    process: Process
    database: Path
    address: str = ""
    printed: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    told: asyncio.Condition = field(default_factory=asyncio.Condition)
    closed: bool = False

    def events(self, event: str, **fields: object) -> list[Line]:
        """What the log says of this kind, with these fields."""
        wanted = {"event": event, **fields}
        return [line for line in self.lines if wanted.items() <= line.items()]

    async def until(self, event: str, count: int = 1, **fields: object) -> list[Line]:
        """Wait until the log has said so often enough."""
        async with asyncio.timeout(PATIENCE), self.told:
            await self.told.wait_for(lambda: len(self.events(event, **fields)) >= count)
        return self.events(event, **fields)

    async def workers(self, count: int = 2) -> list[int]:
        """The process ids of those that serve first, in the order of their places."""
        lines = sorted(await self.until(SERVES, count), key=lambda line: int(line["place"]))
        return [line["worker"] for line in lines]

    async def ended(self) -> int:
        """Wait until the supervisor has ended."""
        return await asyncio.wait_for(self.process.wait(), PATIENCE)

    async def ask(self, path: str = "/v1/eval", *, method: str = "POST", **options: Any) -> tuple[int, Any]:  # noqa: ANN401 - as aiohttp takes it
        """Ask on a connection of its own; return the status and what was answered."""
        connector = aiohttp.TCPConnector(force_close=True)
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.request(method, self.address + path, **options) as got,
        ):
            body = await got.read()
            return got.status, json.loads(body) if got.content_type == "application/json" else body.decode()

    async def evaluate(self, code: str = "1", **options: Any) -> tuple[int, Any]:  # noqa: ANN401 - as above
        """Evaluate on a connection of its own."""
        return await self.ask(json={"code": code}, **options)

    async def read(self) -> None:
        """Read the log until everybody who may write to it has ended."""
        assert self.process.stderr is not None
        async for raw in self.process.stderr:
            text = raw.decode()
            async with self.told:
                self.lines.append(json.loads(text) if text.startswith("{") else {"event": text.strip()})
                self.told.notify_all()
        self.closed = True

    async def listen(self) -> None:
        """Read what is printed until the address is."""
        assert self.process.stdout is not None
        while not self.address:
            line = (await asyncio.wait_for(self.process.stdout.readline(), PATIENCE)).decode()
            assert line, self.lines
            self.printed.append(line)
            found = ADDRESS.search(line)
            self.address = found[0] if found else ""


def names(folder: str) -> list[str]:
    """What is in a folder; nothing where there is none."""
    return os.listdir(folder) if Path(folder).exists() else []  # noqa: PTH208 - names are enough


def born(pid: int) -> dict[str, Any]:
    """What a process was told when it was started."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    told: dict[str, Any] = json.loads(next(word for word in words if word.startswith(b"{")))
    return told


Serving = Callable[..., AbstractAsyncContextManager[Server]]


@pytest.fixture
def serving(tmp_path: Path) -> Serving:
    """Start a server; what still runs at the end is killed, and its processes end with it."""

    @asynccontextmanager
    async def run(*options: str, processes: int = 2, stdin: int = DEVNULL, **settings: str) -> AsyncIterator[Server]:
        words = [sys.executable, "-m", "host_api.cli", "serve", "--port", "0", "--processes", str(processes), *options]
        environ = os.environ | {"VALGATE_DB": str(tmp_path / "valgate.db"), **settings}
        process = await asyncio.create_subprocess_exec(*words, stdin=stdin, stdout=PIPE, stderr=PIPE, env=environ)
        server = Server(process, tmp_path / "valgate.db")
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(server.read())
            try:
                await server.listen()
                yield server
            finally:
                if process.returncode is None:
                    process.kill()
                # Every process holds the log open: its end is theirs.
                await asyncio.wait_for(reading, PATIENCE)
                await process.communicate()

    return run
