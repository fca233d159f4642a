"""A val that answers itself is let loose on HTTP.

The attacker writes the val, or a few lines of what a client sends. They try to say a second answer inside the first, to leave a
connection without an end, to speak for the control origin or to the proxy before it, and to be told a token that was for the server.
"""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from aiohttp import web

from host_api.house import House
from host_api.http.server import make_runner
from host_api.settings import Settings
from host_api.store.model import Privacy
from kernel.limits import Limits
from tests.attacks.siege import responsive
from tests.http.conftest import World, open_world

if TYPE_CHECKING:
    from tests.http.conftest import Answer

pytestmark = pytest.mark.asyncio(loop_scope="module")

STREAMED = r"""export const streamed = () => new Response(new ReadableStream({ start(c) {
  c.enqueue(new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")); c.close() } }))"""
LYING = """export const lying = (req, res) => {
  const length = Number(req.query.length);
  globalThis.TextEncoder = class { encode() { return { length, slice: () => new Uint8Array(10).fill(65) } } };
  res.send("x".repeat(100000)) }"""
LATE = """export const late = (request) => { let at = 0; return new Response(new ReadableStream({ async pull(c) {
  const text = at++ ? await request.text() : "first"; @me.wrote = text;
  c.enqueue(new TextEncoder().encode(`${text}.`));
  if (at > 1) c.close() } }, { highWaterMark: 0 })) }"""
SPEAKING = """export const speaking = (req, res) => {
  for (const name of Object.keys(req.query)) res.append(name, req.query[name]);
  res.send("said") }"""
WEIGHING = """export const weighing = (req, res) =>
  res.json([req.body.length, "content-encoding" in req.headers, "content-length" in req.headers])"""
PLAIN = "export const plain = (req, res) => res.end('<p>plain</p>')"
ENDLESS = "export const endless = (req, res) => { const piece = new Uint8Array(262144); for (;;) res.write(piece) }"
TOLD = "export const told = (req, res) => res.json(req.rawHeaders)"
SLOW = "export const slow = async (req, res) => { res.write('begun'); @me.wrote = 1; await new Promise((done) => setTimeout(done, 50)); res.end('done') }"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with open_world(replace(Settings(), db=str(tmp_path_factory.mktemp("served") / "test.db"))) as made:
        for code in (STREAMED, LYING, LATE, SPEAKING, TOLD, SLOW, WEIGHING, PLAIN):
            await made.val("bob", code, Privacy.PUBLIC)
        yield made


NEXT = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
"""What comes after it on the same connection, and is the last there."""


def asking(target: str, *fields: str, method: str = "GET", version: str = "1.1", host: str = "x") -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/{version}", f"Host: {host}", *fields, "", ""]).encode()


async def exchange(world: World, *sent: bytes) -> bytes:
    """Send all of it; return everything that comes until the server closes."""
    reader, writer = await asyncio.open_connection(*world.place)
    try:
        async with asyncio.timeout(20):
            writer.write(b"".join(sent))
            return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


# -- one answer for one request ----------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["/v1/web/bob.streamed", "/v1/run/bob.streamed"])
async def test_what_is_streamed_at_a_head_request_is_not_taken_for_the_next_answer(served: World, target: str) -> None:
    got = await exchange(served, asking(target, method="HEAD"), NEXT)
    assert b"evil" not in got
    assert got.endswith(b'{"status":"ok"}')


@pytest.mark.parametrize("length", [1_000_000, 41])
async def test_a_body_shorter_than_its_length_ends_the_connection(served: World, length: int) -> None:
    got = await exchange(served, asking(f"/v1/express/bob.lying?length={length}"), NEXT)
    assert f"Content-Length: {length}\r\n".encode() in got
    assert b'{"status":"ok"}' not in got


@pytest.mark.parametrize("length", ["-5", "1e300", "NaN", "0.5"])
async def test_a_length_that_is_none_is_refused(served: World, length: str) -> None:
    got = await exchange(served, asking(f"/v1/express/bob.lying?length={length}"), NEXT)
    assert got.startswith(b"HTTP/1.1 502 ")
    assert got.endswith(b'{"status":"ok"}')


async def test_nothing_is_said_within_an_answer_that_has_begun(served: World) -> None:
    body = b"4\r\nsent\r\n0\r\n\r\n"
    ask = asking("/v1/web/bob.late", "Expect: 100-continue", "Transfer-Encoding: chunked", method="POST")
    got = await exchange(served, ask, body, NEXT)
    assert b"100 Continue" not in got
    assert b"first." in got
    assert b"sent." in got


async def test_an_answer_to_an_old_client_ends_with_the_connection(served: World) -> None:
    got = await exchange(served, asking("/v1/express/bob.slow", "Connection: keep-alive", version="1.0"))
    assert got.endswith(b"\r\n\r\nbegundone")


async def test_a_tunnel_is_dug_to_no_val(served: World) -> None:
    host = "bob-told.localhost"
    got = await exchange(served, asking(f"{host}:80", method="CONNECT", host=host), NEXT)
    assert got.startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize("form", ["/v1/web/bob.late", "/express/bob.slow"])
async def test_when_the_host_fails_halfway_no_second_answer_is_put_into_the_first(served: World, form: str) -> None:
    writer = served.house.store._writer
    full = "CREATE TRIGGER full BEFORE UPDATE ON evaluations BEGIN SELECT RAISE(ABORT, 'full'); END"
    await writer.submit(lambda db: db.execute(full).fetchone())
    try:
        got = await exchange(served, asking(form, f"Authorization: Bearer {served.tokens['bob']}", method="POST"), NEXT)
    finally:
        await writer.submit(lambda db: db.execute("DROP TRIGGER full").fetchone())
    assert got.count(b"HTTP/1.1") == 1
    assert b"operator" not in got
    assert not got.endswith(b"0\r\n\r\n")


async def test_a_client_that_never_reads_holds_no_connection_beyond_its_evaluation(tmp_path: Path) -> None:
    limits = replace(Limits(), wall=1.0)
    async with House.open(replace(Settings(), db=str(tmp_path / "test.db"), limits=limits)) as house:
        await house.store.add_account("bob", "bob@example.com")
        await house.save(owner="bob", code=ENDLESS, privacy=Privacy.PUBLIC)
        runner = make_runner(house)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        assert runner.server is not None
        _, writer = await asyncio.open_connection("127.0.0.1", runner.addresses[0][1], limit=1)
        writer.write(asking("/v1/express/bob.endless"))
        try:
            async with asyncio.timeout(20):
                while not runner.server.connections:  # noqa: ASYNC110 - it says to nobody when it has one
                    await asyncio.sleep(0)
                while runner.server.connections:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        finally:
            writer.transport.abort()
            await runner.cleanup()


# -- what a body costs -------------------------------------------------------------------------------------


@cache
def bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(bytes(1_000_000)) for _ in range(400)) + packer.flush()


@pytest.mark.parametrize("target", ["/v1/run/bob.told", "/v1/express/bob.told", "/v1/me", "/healthz"])
@pytest.mark.parametrize("codings", ["gzip", "gzip, gzip"])
async def test_a_body_that_unpacks_to_hundreds_of_times_its_size_keeps_nobody_waiting(
    served: World, target: str, codings: str
) -> None:
    body = gzip.compress(bomb()) if "," in codings else bomb()
    ask = asking(target, f"Content-Encoding: {codings}", f"Content-Length: {len(body)}", method="POST")
    async with responsive():
        got = await exchange(served, ask, body, NEXT)
    assert got.startswith((b"HTTP/1.1 413 ", b"HTTP/1.1 401 ", b"HTTP/1.1 405 "))


@pytest.mark.parametrize("codings", ["gzip", "deflate", "gzip, identity"])
async def test_a_packed_body_is_the_vals_as_it_was(served: World, codings: str) -> None:
    text = b"said " * 300_000
    packed = zlib.compress(text) if codings == "deflate" else gzip.compress(text)
    headers = {"Content-Encoding": codings, "Content-Type": "text/plain"}
    got = (await served.call("POST", "/v1/express/bob.weighing", body=packed, headers=headers)).insist(200)
    assert got == [len(text), False, False]


@pytest.mark.parametrize("form", ["/v1/express/bob.weighing", "/v1/web/bob.late", "/v1/run/bob.told"])
async def test_a_packed_body_that_does_not_end_is_refused(served: World, form: str) -> None:
    packed = gzip.compress(b"said " * 300_000)[:-9]
    got = await served.call("POST", form, body=packed, headers={"Content-Encoding": "gzip"})
    assert (got.status, b"encoding that its headers" in got.body) == (400, True)


@pytest.mark.parametrize("target", ["/v1/express/bob.weighing", "/v1/web/bob.late"])
async def test_a_client_that_leaves_amid_its_body_is_no_failure_of_the_host(
    served: World, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, writer = await asyncio.open_connection(*served.place)
    writer.write(asking(target, "Content-Length: 1000000", method="POST") + b"some")
    async with asyncio.timeout(20):
        while not served.house.underway.of("bob"):  # noqa: ASYNC110 - it says to nobody what runs
            await asyncio.sleep(0)
        writer.close()
        await writer.wait_closed()
        while served.house.underway.of("bob"):  # noqa: ASYNC110
            await asyncio.sleep(0)
    (await served.call("GET", "/healthz")).insist(200)
    told = capsys.readouterr().out
    assert "code=cancelled" in told
    assert "host failure" not in told


# -- whose the origin is -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["X-Accel-Redirect", "x-sendfile", "X-Lighttpd-Send-File", "X-Reproxy-URL"])
async def test_a_proxy_is_given_no_orders(served: World, name: str) -> None:
    for host in ("x", "bob-speaking.localhost"):
        got = await exchange(
            served, asking(f"/v1/express/bob.speaking?{name}=/etc/secret", "Connection: close", host=host)
        )
        assert got.endswith(b"said")
        assert b"secret" not in got


@pytest.mark.parametrize(
    "name", ["NEL", "Report-To", "Reporting-Endpoints", "Accept-CH", "Origin-Agent-Cluster", "Set-Cookie2"]
)
async def test_nothing_is_said_for_the_whole_control_origin(served: World, name: str) -> None:
    got = await served.call("GET", f"/v1/express/bob.speaking?{name}=evil")
    assert (got.status, got.body) == (200, b"said")
    assert name.title() not in got.headers


async def test_parts_of_an_answer_set_no_cookies_either(served: World) -> None:
    kind = "Content-Type=Multipart/X-Mixed-Replace;boundary=x"
    got = await served.call("GET", f"/v1/express/bob.speaking?{kind}")
    assert got.headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "target", ["/v1/%72un/bob.told", "/v1/%65val/1", "/%65val/1", "/v1/%65xpress/bob.told/x", "/v1/m%65"]
)
async def test_a_route_has_one_spelling(served: World, target: str) -> None:
    assert (await served.call("GET", target, by="bob")).status == 404


async def test_a_port_that_is_none_is_told_to_nobody(served: World) -> None:
    fields = "Sec-Fetch-Dest: document", "Connection: close"
    for port, written in (("65535", ":65535"), ("00080", ":80"), ("65536", ""), ("0", ""), ("99999", "")):
        got = await exchange(served, asking("/v1/web/bob.streamed", *fields, host=f"x:{port}"))
        assert f"Location: http://bob-streamed.web.localhost{written}/\r\n".encode() in got


@pytest.mark.parametrize("host", ["bob-told.localhost:", "bob-told.localhost.:", "BOB-TOLD.LOCALHOST.:0"])
async def test_a_vals_host_is_one_however_it_is_spelled(served: World, host: str) -> None:
    got = await exchange(served, asking("/v1/me", "Connection: close", host=host))
    assert got.endswith(f'["host","{host}"]'.encode())


async def test_a_version_from_before_a_val_was_public_is_its_owners(served: World) -> None:
    kept = await served.val("bob", "export const kept = (req, res) => res.send('hidden')")
    shown = "export const kept = (req, res) => res.send('shown')"
    await served.house.save(owner="bob", code=shown, privacy=Privacy.PUBLIC, val_id=kept.id)
    for form in ("/v1/express/bob.kept", "/express/bob.kept"):
        assert (await served.call("GET", f"{form}@0")).status == 404
        assert (await served.call("GET", f"{form}@9", by="bob")).status == 404
        assert (await served.call("GET", f"{form}@0", by="bob")).body == b"hidden"
        for version in ("", "@1"):
            assert (await served.call("GET", form + version)).body == b"shown"
    navigating = {"Sec-Fetch-Dest": "document"}
    assert (await served.call("GET", "/v1/express/bob.kept@1", headers=navigating)).body == b"shown"


@pytest.mark.parametrize(("name", "body"), [("slow", b"begundone"), ("plain", b"<p>plain</p>")])
async def test_what_has_no_type_is_sniffed_at_home_and_nowhere_else(served: World, name: str, body: bytes) -> None:
    home = await served.call("GET", "/", headers={"Host": f"bob-{name}.localhost"})
    assert (home.body, home.headers.get("Content-Type")) == (body, None)
    here = await served.call("GET", f"/v1/express/bob.{name}")
    assert (here.body, here.headers.get("Content-Type")) == (body, None)
    assert here.headers["X-Content-Type-Options"] == "nosniff"


# -- whose the token is ------------------------------------------------------------------------------------


def spelled(token: str) -> list[tuple[str, ...]]:
    return [
        ("Authorization: Basic eDp5", f"Authorization: Bearer {token}"),
        (f"Authorization: Bearer {token}", "Authorization: Basic eDp5"),
        (f"Authorization: Bearer\t{token}",),
        (f"AUTHORIZATION: {token}",),
        (f"Authorization: Token {token}",),
        (f"Authorization: Bearer x {token}",),
        (f"Authorization: Bearer {token}, Basic eDp5",),
        (f"Authorization: Bearer {token}\xa0",),
        (f"Authorization:  bearer   {token}  ",),
    ]


@pytest.mark.parametrize("which", range(9))
@pytest.mark.parametrize("form", ["/v1/express/bob.told", "/express/bob.told"])
async def test_a_token_reaches_no_val_however_it_is_spelled(served: World, form: str, which: int) -> None:
    token = served.tokens["alice"]
    got = await exchange(served, asking(form, *spelled(token)[which], "Connection: close"))
    assert token.encode() not in got
    assert got.startswith((b"HTTP/1.1 401 ", b"HTTP/1.1 200 "))


async def test_what_is_no_token_of_ours_is_the_vals(served: World) -> None:
    for said in ("Basic dmdfOnZnXw==", "vg_short", "Digest nonce=vg_", "Bearer theirs"):
        got: Answer = await served.call("GET", "/v1/express/bob.told", headers={"Authorization": said})
        assert said in got.insist(200)
