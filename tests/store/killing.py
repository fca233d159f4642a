"""A server that is killed under load: who loads it, and what each was told that must be there afterwards.

A client does one thing after another, so of each client one thing at most is neither acknowledged nor refused when the server dies.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPMethod, HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

ADDRESS = re.compile(r"http://[0-9.:]+")
GONE = (aiohttp.ClientError, ConnectionError, asyncio.IncompleteReadError)
OK = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT})


@dataclass
class Ledger:
    """What one client was told, and the one thing that it was not."""

    seen: Counter[str] = field(default_factory=Counter)
    newest: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    """A val's name → its id, version and code."""
    versions: dict[tuple[str, int], tuple[str, str]] = field(default_factory=dict)
    """A name and a version → id and code; never another's, whatever happens to the val."""
    numbers: dict[str, int] = field(default_factory=dict)
    """A name → its highest version."""
    dropped: set[str] = field(default_factory=set)
    """Ids of vals that were deleted."""
    mails: dict[str, str] = field(default_factory=dict)
    """A mail's text → its evaluation."""
    records: dict[str, tuple[object, int]] = field(default_factory=dict)
    """An evaluation → its value and its effects."""
    secrets: dict[str, str] = field(default_factory=dict)
    counts: list[int] = field(default_factory=list)
    open: tuple[str, str, str] = ("", "", "")
    """What was asked and not yet answered: what, about whom, with what."""

    def has_version(self, name: str, told: dict[str, Any], code: str) -> None:
        """Note a version; a number that was seen before would be one too many."""
        number = told["version"]
        assert number > self.numbers.get(name, -1), (name, number)
        assert (told["name"], told["code"]) == (name, code)
        self.numbers[name] = number
        self.newest[name] = told["id"], number, code
        self.versions[name, number] = told["id"], code


@dataclass
class Client:
    """One who writes, and keeps account of what was acknowledged."""

    number: int
    token: str
    ledger: Ledger = field(default_factory=Ledger)
    serial: int = 0

    async def load(self, address: str, seed: str, acknowledged: Callable[[], None]) -> None:
        """Do one thing after another until the server is gone."""
        chance = random.Random(f"{seed}/{self.number}")  # noqa: S311 - the same each time
        writing = (self.create, self.create, self.change, self.change, self.add, self.rename, self.drop)
        doings = (*writing, self.count, self.count, self.mail, self.note, self.keep_secret)
        async with aiohttp.ClientSession(address, headers={"Authorization": f"Bearer {self.token}"}) as session:
            while True:
                self.serial += 1
                doing = chance.choice(doings)
                try:
                    await doing(session, chance)
                except GONE:
                    return
                self.ledger.seen[doing.__name__.replace("_", " ")] += 1
                self.ledger.open = ("", "", "")
                acknowledged()

    async def ask(
        self, session: aiohttp.ClientSession, method: HTTPMethod, path: str, body: object = None
    ) -> tuple[Any, str]:
        """Ask, and return the answer and the evaluation that it names."""
        async with session.request(method, path, json=body) as got:
            told = await got.read()
            assert got.status in OK, (method, path, got.status, told)
            return json.loads(told) if told else None, got.headers.get("X-Evaluation-Id", "")

    def code(self) -> str:
        """Code or data, no two alike; sometimes more than a page of the database."""
        text = f"{self.number}/{self.serial}" + "." * (9_000 if self.serial % 7 == 0 else 0)
        return f'"{text}"' if self.serial % 2 else f'() => "{text}"'

    async def create(self, session: aiohttp.ClientSession, chance: random.Random) -> None:
        name = f"w{self.number}_{chance.randrange(6)}"
        if name in self.ledger.newest:
            await self._write(session, HTTPMethod.PUT, f"/v1/vals/{self.ledger.newest[name][0]}", name, {})
        else:
            await self._write(session, HTTPMethod.POST, "/v1/vals", name, {"name": name})

    async def change(self, session: aiohttp.ClientSession, chance: random.Random) -> None:
        name = self._some(chance)
        if name:
            await self._write(session, HTTPMethod.PUT, f"/v1/vals/{self.ledger.newest[name][0]}", name, {})

    async def add(self, session: aiohttp.ClientSession, chance: random.Random) -> None:
        name = self._some(chance)
        if name:
            path = f"/v1/vals/{self.ledger.newest[name][0]}/versions"
            await self._write(session, HTTPMethod.POST, path, name, {})

    async def rename(self, session: aiohttp.ClientSession, chance: random.Random) -> None:
        """Give a val another name and other code, at once."""
        old = self._some(chance)
        if old:
            new = f"r{self.number}_{self.serial}"
            code, val_id = self.code(), self.ledger.newest[old][0]
            self.ledger.open = "rename", f"{old} {new}", code
            told, _ = await self.ask(session, HTTPMethod.PUT, f"/v1/vals/{val_id}", {"name": new, "code": code})
            del self.ledger.newest[old]
            self.ledger.has_version(new, told, code)

    async def drop(self, session: aiohttp.ClientSession, chance: random.Random) -> None:
        name = self._some(chance)
        if name:
            self.ledger.open = "drop", name, ""
            await self.ask(session, HTTPMethod.DELETE, f"/v1/vals/{self.ledger.newest[name][0]}")
            self.ledger.dropped.add(self.ledger.newest.pop(name)[0])

    async def count(self, session: aiohttp.ClientSession, _: random.Random) -> None:
        self.ledger.open = "count", "", ""
        told, evaluation = await self.ask(session, HTTPMethod.POST, "/v1/run/alice.count")
        self.ledger.counts.append(told)
        self.ledger.records[evaluation] = told, 1

    async def mail(self, session: aiohttp.ClientSession, _: random.Random) -> None:
        text = f"mail {self.number}/{self.serial}"
        self.ledger.open = "mail", text, ""
        code = f'console.email("{text}", "{text}")'
        _, evaluation = await self.ask(session, HTTPMethod.POST, "/v1/eval", {"code": code})
        self.ledger.mails[text] = evaluation
        self.ledger.records[evaluation] = None, 1

    async def note(self, session: aiohttp.ClientSession, _: random.Random) -> None:
        """Write two vals in one evaluation that says something and returns something."""
        text = f"note {self.number}/{self.serial}"
        self.ledger.open = "note", text, ""
        name = f"n{self.number}"
        code = f'{{ console.log("{text}"); @me.{name}_a = "{text}"; @me.{name}_b = "{text}"; return "{text}" }}'
        told, evaluation = await self.ask(session, HTTPMethod.POST, "/v1/eval", {"code": code})
        self.ledger.records[evaluation] = told, 2

    async def keep_secret(self, session: aiohttp.ClientSession, chance: random.Random) -> None:
        name, value = f"s{self.number}_{chance.randrange(3)}", f"secret {self.number}/{self.serial}"
        self.ledger.open = "secret", name, value
        await self.ask(session, HTTPMethod.PUT, f"/v1/me/secrets/{name}", {"value": value})
        self.ledger.secrets[name] = value

    def _some(self, chance: random.Random) -> str | None:
        return chance.choice(sorted(self.ledger.newest)) if self.ledger.newest else None

    async def _write(
        self, session: aiohttp.ClientSession, method: HTTPMethod, path: str, name: str, body: dict[str, str]
    ) -> None:
        code = self.code()
        self.ledger.open = "write", name, code
        told, _ = await self.ask(session, method, path, {**body, "code": code})
        self.ledger.has_version(name, told, code)


STARTER = """
import gc, os, sys
import host_api.commands.line, host_api.http.server, host_api.store.tending
from host_api import cli

gc.freeze()
for database in sys.stdin:
    child = os.fork()
    if not child:
        print(os.getpid(), flush=True)
        os._exit(cli.main(["serve", "--port", "0", "--db", database.strip()]))
    os.waitpid(child, 0)
    print("gone", flush=True)
"""
"""Starts servers as `valgate serve` does, each in a process of its own, but loads the modules once for all of them."""


@dataclass
class Server:
    """A process that listens; it is killed once, since its number may be another's then."""

    pid: int
    address: str
    killed: bool = False

    def kill(self) -> None:
        if not self.killed:
            self.killed = True
            os.kill(self.pid, signal.SIGKILL)


@dataclass(frozen=True)
class Starter:
    """Starts one server after another on the same database."""

    process: Process
    database: Path

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Server]:
        """Start a server and wait until it listens; it is killed at the end, unless it is dead by then."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{self.database}\n".encode())
        pid, printed = int(await self._line()), await self._line()
        address = ADDRESS.search(printed)
        assert address is not None, (printed, "see the log beside the database")
        server = Server(pid, address[0])
        try:
            yield server
        finally:
            server.kill()
            while (said := await self._line()) != "gone":
                assert said  # what else the server printed when it began

    async def _line(self) -> str:
        assert self.process.stdout is not None
        return (await self.process.stdout.readline()).decode().strip()


@asynccontextmanager
async def starting(database: Path) -> AsyncIterator[Starter]:
    """Make a starter; what its servers log stands beside the database."""
    environ = os.environ | {"VALGATE_EMAILS_PER_MINUTE": "1000000"}
    with database.with_name("log").open("ab") as told:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", STARTER, stdin=PIPE, stdout=PIPE, stderr=told, env=environ
        )
    try:
        yield Starter(process, database)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


async def furnish(address: str, token: str) -> None:
    """Give alice a val that counts."""
    async with aiohttp.ClientSession(address, headers={"Authorization": f"Bearer {token}"}) as session:
        for name, code in (("total", "0"), ("count", "() => ++@me.total")):
            async with session.post("/v1/vals", json={"name": name, "code": code}) as got:
                assert got.status == HTTPStatus.OK
