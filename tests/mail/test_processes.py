"""`valgate serve`, `valgate mail-in` and `valgate mail`, as an operator has them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiosmtplib
import pytest
from aiosmtpd.smtp import SMTP, Envelope

from tests.mail.office import Office

SCRIPT = str(Path(sys.executable).with_name("valgate"))
PASSWORD = "right"


@pytest.fixture
def environment(tmp_path: Path, office: Office) -> dict[str, str]:
    return {
        **os.environ,
        "VALGATE_DB": str(tmp_path / "valgate.db"),
        "VALGATE_SMTP_URL": f"smtp://valgate:{PASSWORD}@127.0.0.1:{office.port}?starttls=never",
        "VALGATE_MAIL_DOMAIN": "vals.example",
    }


async def run(environment: dict[str, str], *words: str, stdin: str = "") -> str:
    """Run a command to its end and return what it printed."""
    pipe = asyncio.subprocess.PIPE
    made = await asyncio.create_subprocess_exec(SCRIPT, *words, stdin=pipe, stdout=pipe, stderr=pipe, env=environment)
    out, err = await made.communicate(stdin.encode())
    assert made.returncode == 0, err
    return out.decode()


@asynccontextmanager
async def started(environment: dict[str, str], *words: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Start a command that goes on; give it with its first line."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(SCRIPT, *words, stdout=pipe, stderr=pipe, env=environment)
    try:
        assert process.stdout is not None
        yield process, (await process.stdout.readline()).decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def test_a_server_sends_what_the_command_line_put_into_the_outbox(
    environment: dict[str, str], office: Office, tmp_path: Path
) -> None:
    arrived = asyncio.Event()

    async def arrive(_: SMTP, __: Envelope) -> str:
        arrived.set()
        return "250 OK"

    office.data = arrive
    await run(environment, "user", "add", "alice", "--email", "alice@example.com")
    await run(environment, "eval", "console.email('the-body', 'hello')", "--as", "alice")
    assert "Delivery: waiting" in await run(environment, "mail", "alice")
    async with started(environment, "serve", "--port", "0") as (process, _):
        async with asyncio.timeout(60):
            await arrived.wait()
        process.send_signal(signal.SIGTERM)
        out, err = await process.communicate()
    assert process.returncode == 0
    (shown,) = json.loads(await run(environment, "mail", "alice", "--json"))
    assert shown["delivery"] == {"state": "sent", "attempts": 1, "nextAt": None, "error": None}
    assert "Delivery: sent after 1 try" in await run(environment, "mail", "alice")
    said = (out + err).decode() + await run(environment, "settings")
    assert "Traceback" not in said
    assert f":{PASSWORD}@" not in said
    assert "the-body" not in said
    assert f":{PASSWORD}@".encode() not in every_byte(tmp_path)


def every_byte(folder: Path) -> bytes:
    """All that is in the files of a folder."""
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


async def test_a_failed_delivery_is_shown_with_its_reason(environment: dict[str, str]) -> None:
    await run(environment, "user", "add", "carol")
    await run(environment, "eval", "console.email('x')", "--as", "carol")
    assert "Delivery: failed: the account has no e-mail address" in await run(environment, "mail", "carol")


async def test_mail_in_runs_beside_a_server_and_ends_when_it_is_told(environment: dict[str, str]) -> None:
    await run(environment, "user", "add", "alice", "--email", "alice@example.com")
    await run(
        environment,
        "val",
        "put",
        "alice",
        "-",
        "--privacy",
        "public",
        stdin="export const inbox = (email) => email.subject",
    )
    async with (
        started(environment, "serve", "--port", "0") as (server, _),
        started(environment, "mail-in", "--port", "0") as (process, line),
    ):
        found = re.fullmatch(r"Valgate takes mail for \*@vals\.example on 127\.0\.0\.1:(\d+)\n", line)
        assert found is not None, line
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=int(found[1]), local_hostname="client.example")
        async with client:
            await client.sendmail("bob@example.com", "alice.inbox@vals.example", "Subject: hello\r\n\r\nthe-body")
        process.send_signal(signal.SIGTERM)
        _, err = await process.communicate()
        assert process.returncode == 0
        assert server.returncode is None
    (record,) = json.loads(await run(environment, "runs", "alice", "--json"))[:1]
    assert (record["source"], record["value"], record["requester"]) == ("email", "hello", None)
    assert not any(word in err.decode() for word in ("Traceback", "the-body", "bob@example.com"))


async def test_a_port_in_use_is_told(environment: dict[str, str], office: Office) -> None:
    pipe = asyncio.subprocess.PIPE
    words = ("mail-in", "--port", str(office.port))
    made = await asyncio.create_subprocess_exec(SCRIPT, *words, stdout=pipe, stderr=pipe, env=environment)
    _, err = await made.communicate()
    assert made.returncode == 1
    assert b"--port" in err
    assert b"Traceback" not in err
