"""Whoever gets at the server's folder and its log, but not at the key, greps them for secrets.

The attacker has backups, the database with its log, caches, what the server said on stdout and stderr with debug on.
He looks for each secret as it is, and as JSON, addresses and forms spell it.
Vals meanwhile read their owner's secrets and let them go by every way there is, in runs that succeed and in runs that fail.
What a val stores in a val, or mails, is its own doing: mails come last, and are left out of what is searched then.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sqlite3
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import aiohttp
import pytest
from aiohttp import web
from platformdirs import user_cache_dir

COMPILED = Path(user_cache_dir("valgate", appauthor=False))
SECRETS = {
    "plain": "hunter2hunter2",
    "eight": "xK9#fQ2z",
    "quotes": "sk-\"double\"'single'`back`\\slash",
    "one_quote": "it's-a-secret\\with",
    "unicode": "pässwörd-\N{SNOWMAN}-\N{MATHEMATICAL SCRIPT CAPITAL X}-ünï",
    "percent": "a%20b%2Fc+d/e=f&g?h#i",
    "control": "tab\there\x1bbell\x07end",
    "long": "".join(f"{number:x}/" for number in range(700, 1300)),
    "pem": "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQE\nFAASCBKcwggSjAgEAAoIBAQC7VJ\n-----END KEY-----\n",
}

LEAKS = {
    "returns": "(k) => secret(k)",
    "returns_within": "(k) => ({ [secret(k)]: [secret(k)], url: new URL('http://a/?' + new URLSearchParams({ k: secret(k) })) })",
    "logs": "(k) => { const s = secret(k); console.log(s); console.log({ s }); console.log([[s]]); console.error(new Error(s)); console.info('%s %o %j', s, s, s); console.warn(JSON.stringify(s), new Map([[s, s]])); console.table?.([{ s }]) }",
    "logs_addresses": "(k) => console.log(encodeURIComponent(secret(k)), encodeURI(secret(k)), String(new URLSearchParams({ k: secret(k) })))",
    "throws": "(k) => { throw new Error(`no ${secret(k)}`) }",
    "throws_text": "(k) => { throw secret(k) }",
    "throws_object": "(k) => { throw { s: secret(k), message: secret(k) } }",
    "throws_name": "(k) => { const e = new Error('x', { cause: secret(k) }); e.name = secret(k); e.stack = `    at ${secret(k)}`; throw e }",
    "throws_address": "(k) => { throw new TypeError('http://a/?k=' + encodeURIComponent(secret(k))) }",
    "rejects": "(k) => { Promise.reject(new Error(secret(k))) }",
    "parses": "(k) => JSON.parse(secret(k))",
    "compiles": "(k) => new Function(secret(k))()",
    "calls": "(k) => @me.nothing[secret(k)]()",
    "clones": "(k) => { @me.x = { [secret(k)]: new WeakMap() } }",
    "waits": "async (k) => { secret(k); await new Promise((done) => setTimeout(done, 150)) }",
    "writes": "(k) => { @me.touched = Date.now(); return secret(k).length }",
    "burns": "(k) => { console.log(secret(k)); for (;;); }",
    "borrows": "(k) => @bob.echo(secret(k))",
    "borrows_badly": "(k) => @bob.fail(secret(k))",
    "fetches": "async (k) => { const s = secret(k); const at = 'http://127.0.0.1:PORT'; await fetch(`${at}/${encodeURIComponent(s)}?q=${encodeURIComponent(s)}`, { method: 'POST', body: s }); return (await fetch(`${at}/echo/${s.replace(/[^ -~]/g, '')}?` + new URLSearchParams({ s }))).text() }",
    "fetches_nothing": "async (k) => await fetch('http://127.0.0.1:1/?' + new URLSearchParams({ s: secret(k) }))",
    "fetches_nowhere": "async (k) => await fetch(secret(k))",
    "fetches_inside": "async (k) => await fetch('http://10.0.0.1/' + encodeURIComponent(secret(k)))",
}
ONE_BY_ONE = ("logs", "calls", "clones", "parses", "compiles", "fetches_nowhere", "throws_object")
"""What says a text in part: the engine's messages cut what they name, the console writes lines one by one."""
ONES = ("plain", "long", "pem")
READS = """const secret = (k) => k === "all" ? Object.keys(@me.secrets).map((k) => @me.secrets[k]).join(" | ") : @me.secrets[k];
export const it = """
MAILS = "(k) => { console.email(secret(k), 'the secret'); console.email({ html: secret(k), subject: secret(k).replace(/[^ -~]/g, '').slice(0, 900) }) }"


@dataclass(frozen=True)
class Town:
    """A server, and alice at it."""

    address: str
    session: aiohttp.ClientSession
    process: Process
    token: str

    async def call(self, method: str, path: str, body: object = None, *, by: str | None = "alice") -> tuple[int, str]:
        """Ask as alice, with another token, or as nobody."""
        token = self.token if by == "alice" else by
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        data = None if body is None else json.dumps(body)
        async with self.session.request(method, self.address + path, data=data, headers=headers) as got:
            return got.status, await got.text()


def spellings(value: str) -> set[bytes]:
    whole = value.encode("utf-8", "replace")
    texts = {
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        quote(whole, "!'()*~"),
        quote(whole, "!#$&'()*+,/:;=?@~"),
        quote_plus(whole, "*"),
        value.replace("\\", "\\\\"),
        *(line for line in value.split("\n") if len(line) > 20),
    }
    return {whole, value.encode("utf-16-le", "surrogatepass"), *(text.encode("utf-8", "replace") for text in texts)}


def leaks(where: str, content: bytes) -> Iterator[str]:
    for name, value in SECRETS.items():
        for spelling in spellings(value):
            place = content.find(spelling)
            if place >= 0:
                yield f"{name} in {where}: {content[max(0, place - 60) : place + 60]!r}"


def _warm_cache(folder: Path) -> Path:
    """Copy what is compiled of the engine; its files are older than anything that this test's server writes."""
    copy = folder / "cache" / COMPILED.name
    copy.mkdir(mode=0o700, parents=True)
    # Those are whole: what others write and throw away there meanwhile has another name.
    for path in COMPILED.glob("*.cwasm"):
        shutil.copy2(path, copy)
    for path in (folder / "cache").rglob("*"):
        os.utime(path, (1, 1))
    return folder / "cache"


def contents(folder: Path) -> list[tuple[Path, bytes]]:
    while True:
        with suppress(FileNotFoundError):  # the server has given a file its name meanwhile: look for it under that
            files = [path for path in folder.rglob("*") if path.is_file()]
            return [(path, path.read_bytes()) for path in files if path.stat().st_mtime > 1]


def leaks_in_files(folder: Path) -> list[str]:
    files = contents(folder)
    assert {"town.db", "town.db-wal", "stderr", "stdout", "backup.db"} <= {path.name for path, _ in files}
    return [leak for path, content in files for leak in leaks(path.name, content)]


def leaks_beside_mail(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        rows = [(table, row) for table in tables if table != "mail" for row in db.execute(f"SELECT * FROM {table}")]  # noqa: S608 - its own tables
    parts = [(table, part) for table, row in rows for part in row if isinstance(part, str | bytes)]
    encoded = [(table, part if isinstance(part, bytes) else part.encode("utf-8", "replace")) for table, part in parts]
    return [leak for table, part in encoded for leak in leaks(table, part)]


@asynccontextmanager
async def neighbour() -> AsyncIterator[int]:
    """A server on loopback that tells back what it was asked."""

    async def echo(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.rel_url} {await request.text()}")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def typed(folder: Path, *words: str) -> str:
    """Type a command of valgate's; return what it printed."""
    command = [sys.executable, "-m", "host_api.cli", *words, "--db", str(folder / "town.db")]
    ended = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    out, _ = await ended.communicate()
    assert ended.returncode == 0
    return out.decode()


@asynccontextmanager
async def town(folder: Path, port: int) -> AsyncIterator[Town]:
    token = (await typed(folder, "user", "add", "alice", "--email", "alice@example.org")).strip()
    await typed(folder, "user", "add", "bob")
    environ = os.environ | {
        "VALGATE_DEBUG": "1",
        "VALGATE_FETCH_ALLOW": f"127.0.0.1:{port},127.0.0.1:1",
        "XDG_CACHE_HOME": str(_warm_cache(folder)),
    }
    command = [sys.executable, "-m", "host_api.cli", "serve", "--port", "0", "--db", str(folder / "town.db")]
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        process = await asyncio.create_subprocess_exec(*command, stdout=out, stderr=err, env=environ)
    try:
        while not (found := re.search(r"http://[0-9.:]+", (folder / "stdout").read_text())):
            assert process.returncode is None, (folder / "stderr").read_text()
            await asyncio.sleep(0.05)
        async with aiohttp.ClientSession() as session:
            yield Town(found[0], session, process, token)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def write_vals(town: Town, port: int) -> None:
    for name, code in [*LEAKS.items(), ("mails", MAILS)]:
        val = {"name": name, "code": READS + code.replace("PORT", str(port)), "privacy": "public"}
        status, told = await town.call("POST", "/v1/vals", val)
        assert status == 200, told


async def let_go(town: Town, name: str) -> None:
    """Let all secrets go by one way, and some one by one."""
    for key in ("all", *(ONES if name in ONE_BY_ONE else ())):
        given = " | ".join(SECRETS.values()) if key == "all" else SECRETS[key]
        status, told = await town.call("POST", f"/v1/run/alice.{name}", [key, given])
        assert status in {200, 422, 502}, (name, status, told)
        if status != HTTPStatus.OK:
            assert not list(leaks(f"the answer of {name}", told.encode("utf-8", "replace")))


async def write_them_into_code(town: Town) -> None:
    """Send code that has them in clear, and reads them too."""
    spelt = json.dumps(list(SECRETS.values()))
    read = f"[{', '.join(f'@me.secrets.{key}' for key in SECRETS)}]"
    for code in (
        f"{{ @me.touched = 1; return [{spelt}, {read}] }}",
        f"{{ if ({spelt}) throw new Error({read}) }}",
        f"{{ await new Promise((done) => setTimeout(done, 150)); return [{spelt}, {read}] }}",
    ):
        status, told = await town.call("POST", "/v1/eval", {"code": code})
        assert status in {200, 502}, told
    await town.call("POST", "/v1/vals", {"name": "bad", "code": f"throw new Error({read})"})


async def use_a_token(town: Town) -> str:
    status, told = await town.call("POST", "/v1/me/tokens", {"name": "made", "scopes": ["eval", "runs:read"]})
    assert status == 201, told
    token: str = json.loads(told)["token"]
    for path in ("/v1/me", "/v1/eval/1"):
        assert (await town.call("GET", path, by=token))[0] == 200
    return token


async def bobs_library(folder: Path, town: Town) -> None:
    token = (await typed(folder, "token", "new", "bob")).strip()
    for name, code in {
        "echo": "(s) => { console.log(s); return s }",
        "fail": "(s) => { console.error('bob has', s); throw new RangeError(`bob has ${s}`) }",
    }.items():
        status, told = await town.call("POST", "/v1/vals", {"name": name, "code": code, "privacy": "public"}, by=token)
        assert status == 200, told


async def runs_of(town: Town) -> list[dict[str, Any]]:
    _, told = await town.call("GET", "/v1/me/runs?limit=100")
    return [json.loads((await town.call("GET", f"/v1/runs/{run['id']}"))[1]) for run in json.loads(told)["data"]]


async def test_no_file_that_the_server_wrote_holds_a_secret_or_a_token_in_clear(tmp_path: Path) -> None:
    async with neighbour() as port, town(tmp_path, port) as there:
        await bobs_library(tmp_path, there)
        await write_vals(there, port)
        for key, value in SECRETS.items():
            assert (await there.call("PUT", f"/v1/me/secrets/{key}", {"value": value}))[0] == 204
        token = await use_a_token(there)
        for name in list(LEAKS)[::2]:
            await let_go(there, name)
        await typed(tmp_path, "key", "rotate")
        for name in list(LEAKS)[1::2]:
            await let_go(there, name)
        await write_them_into_code(there)
        await typed(tmp_path, "backup", str(tmp_path / "backup.db"))
        assert (await there.call("DELETE", "/v1/me/secrets/plain"))[0] == 204
        found = leaks_in_files(tmp_path)
        assert not found, "\n".join(found)
        assert not [path.name for path, content in contents(tmp_path) if token.encode() in content]
        assert not list(
            leaks(
                "what is told of runs", json.dumps(await runs_of(there), ensure_ascii=False).encode("utf-8", "replace")
            )
        )
        status, told = await there.call("POST", "/v1/run/alice.mails", ["all"])
        assert status == HTTPStatus.OK, told
        assert leaks_beside_mail(tmp_path / "town.db") == []
        assert not list(leaks("the log", (tmp_path / "stderr").read_bytes()))
        there.process.terminate()
        assert await there.process.wait() == 0


async def test_a_secret_that_a_val_throws_is_not_told_to_whoever_asked(tmp_path: Path) -> None:
    async with neighbour() as port, town(tmp_path, port) as there:
        await write_vals(there, port)
        await there.call("PUT", "/v1/me/secrets/plain", {"value": SECRETS["plain"]})
        for name in (name for name in LEAKS if name.startswith("throws")):
            status, told = await there.call("POST", f"/v1/run/alice.{name}", ["plain"], by=None)
            assert (status, list(leaks(name, told.encode()))) == (502, [])
            assert "[secret @alice.plain]" in json.loads(told)["error"] or name == "throws_object"


@pytest.mark.parametrize("name", SECRETS)
def test_a_leak_would_be_seen(name: str) -> None:
    value = SECRETS[name]
    for text in (
        f"<{value}>",
        json.dumps({"k": value}),
        f"https://x/?k={quote_plus(value.encode('utf-8', 'replace'))}",
    ):
        assert [leak for leak in leaks("a file", text.encode("utf-8", "replace")) if leak.startswith(f"{name} ")]
