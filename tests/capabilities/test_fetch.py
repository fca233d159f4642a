"""fetch: what it takes, how it is carried, what comes back, and what is said when nothing does."""

from __future__ import annotations

import asyncio
import gc
import gzip
import socket
import ssl
import weakref
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from host_api.capabilities.endings import end
from host_api.capabilities.fetch import Abort, Fetch, Read, Start, Visits, Write
from host_api.load.bound import Bound
from host_api.net.chain import Link
from host_api.net.client import Visit
from host_api.net.connector import FEW, LOOKUPS_EACH, Few
from host_api.net.decoding import Decoding, Unreadable
from host_api.net.exchange import Exchange
from host_api.net.failures import FetchFailed, NotPublic
from host_api.net.limits import Fetching
from host_api.net.request import Request
from host_api.settings import Settings
from kernel.capability import Answer, Call, Later, Node, Run, Throw
from kernel.errors import BadRequest, LimitError, Overloaded, ValgateError
from kernel.limits import Limits
from kernel.policy import Policy
from kernel.principals import NOBODY, Authority, Frame, Principal
from kernel.wire import Value
from tests.capabilities.servers import MIB, Out, body_of, going_out, names, raw, serving

STARTED: tuple[Value, ...] = (1, "GET", "http://example.com/a?b=c#d", '["X-A","b"]', None, "whole", "follow")


# -- what it takes -----------------------------------------------------------------------------------------


def test_a_request_is_taken_without_its_fragment() -> None:
    start = Start.parse(STARTED)
    assert (start.id, start.target, start.request.headers) == (1, "GET http://example.com/a?b=c", (("x-a", "b"),))


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, "1"),
        (0, 1.5),
        (1, 7),
        (1, None),
        (2, b"http://example.com/"),
        (2, "mailto:a@example.com"),
        (3, None),
        (3, "x"),
        (4, "text"),
        (4, b"a GET has no body"),
        (5, "streamed"),
        (5, "somehow"),
        (6, "maybe"),
    ],
)
def test_anything_else_is_refused(at: int, value: Value) -> None:
    with pytest.raises(BadRequest):
        Start.parse((*STARTED[:at], value, *STARTED[at + 1 :]))


@pytest.mark.parametrize("values", [(), STARTED[:6], (*STARTED, None)])
def test_so_is_another_number_of_values(values: tuple[Value, ...]) -> None:
    with pytest.raises(BadRequest):
        Start.parse(values)


def test_there_are_four_operations() -> None:
    assert list(Fetch.parsers) == [1, 2, 3, 4]
    assert (Read.parse((1,)), Write.parse((1, b"x")), Write.parse((1, None)), Abort.parse((1,))) == (
        Read(1),
        Write(1, b"x"),
        Write(1, None),
        Abort(1),
    )


# -- there and back ----------------------------------------------------------------------------------------


async def _echo(request: web.BaseRequest) -> web.StreamResponse:
    said = f"{request.method} {request.raw_path} {request.headers.get('x-said', '')} "
    lengths = f"{request.headers.get('content-length')} {request.headers.get('transfer-encoding')} "
    return web.Response(body=(said + lengths).encode() + await request.read())


@pytest.fixture
async def out() -> AsyncIterator[Out]:
    async with going_out("127.0.0.1") as opened:
        yield opened


async def _told(out: Out, method: str, url: str, *headers: str, body: bytes | None = None) -> str:
    exchange = out.exchange(method, url, *headers, body=body)
    await exchange.head()
    return (await body_of(exchange)).decode()


@pytest.mark.parametrize(
    ("method", "body", "told"),
    [
        ("GET", None, "GET /x yes None None "),
        ("DELETE", None, "DELETE /x yes None None "),
        ("POST", b"hello", "POST /x yes 5 None hello"),
        ("POST", b"", "POST /x yes 0 None "),
        ("POST", None, "POST /x yes 0 None "),
        ("PUT", b"x", "PUT /x yes 1 None x"),
        ("patch", b"x", "PATCH /x yes 1 None x"),
        ("REPORT", b"x", "REPORT /x yes 1 None x"),
    ],
)
async def test_a_request_arrives_as_it_was_asked_for(out: Out, method: str, body: bytes | None, told: str) -> None:
    async with serving(_echo) as server:
        said = await _told(out, method, server.url("/x"), "X-Said", "yes", body=body)
    assert said.replace("DELETE /x yes 0", "DELETE /x yes None") == told


@pytest.mark.parametrize(
    "path", ["/a%7Eb/%2F/../c", "/?a=%27'\"b&c=d+e%20f", "/%E2%82%AC;x=y", "//double", "/?", "/a|b^c`d"]
)
async def test_the_path_arrives_as_it_was_written(out: Out, path: str) -> None:
    async with serving(_echo) as server:
        await _told(out, "GET", server.url(path))
        assert server.seen in ([f"GET {path}"], [f"GET {path.rstrip('?')}"])


async def test_a_vals_own_agent_and_encodings_stay(out: Out) -> None:
    async def agents(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(
            text=" ".join(request.headers.getall(name)[0] for name in ("User-Agent", "Accept-Encoding", "Accept"))
        )

    async with serving(agents) as server:
        assert await _told(out, "GET", server.url()) == "Valgate gzip, deflate */*"
        mine = ("User-Agent", "mine", "Accept-Encoding", "identity", "Accept", "text/html")
        assert await _told(out, "GET", server.url(), *mine) == "mine identity text/html"


async def test_the_head_comes_whole_and_set_cookie_several_times(out: Out) -> None:
    answer = b"HTTP/1.1 418 I'm a te\xe4pot\r\nSet-Cookie: a=1\r\nX-Raw: \xe9\xff\r\nset-cookie: b=2\r\nContent-Length: 0\r\n\r\n"
    async with raw([answer]) as server:
        head = await out.exchange("GET", server.url("/p?q")).head()
    assert (head.status, head.text, head.url, head.redirected) == (418, "I'm a te\xe4pot", server.url("/p?q"), False)
    assert head.headers == (
        ("set-cookie", "a=1"),
        ("x-raw", "\xe9\xff"),
        ("set-cookie", "b=2"),
        ("content-length", "0"),
    )


async def test_a_cookie_that_was_set_is_not_sent_back() -> None:
    async def cookies(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text=str(request.headers.get("Cookie")), headers={"Set-Cookie": "a=1; Path=/"})

    async with serving(cookies) as server, going_out("127.0.0.1", lookup=names(one_example="127.0.0.1")) as named:
        url = server.url(host="one.example")
        assert [await _told(named, "GET", url) for _ in range(2)] == ["None", "None"]
        assert await _told(named, "GET", url, "Cookie", "mine=1") == "mine=1"


async def test_nothing_of_the_environment_goes_along(out: Out, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login operator password word")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async def names_of_headers(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text=" ".join(sorted(name.lower() for name in request.headers)))

    async with serving(names_of_headers) as server:
        assert await _told(out, "GET", server.url()) == "accept accept-encoding host user-agent"


async def test_guests_share_no_connection(out: Out) -> None:
    async def peer(request: web.BaseRequest) -> web.StreamResponse:
        name = request.transport and request.transport.get_extra_info("peername")
        return web.Response(text=str(name))

    async with serving(peer) as server:
        first = [await _told(out, "GET", server.url()) for _ in range(2)]
        out.visit.close()
        out.visit = Visit(out.client, Link(1))
        assert (first[0] == first[1], await _told(out, "GET", server.url()) in first) == (True, False)


@pytest.mark.parametrize("status", [200, 204, 205, 304, 404, 500, 599])
async def test_any_status_is_an_answer(out: Out, status: int) -> None:
    async with raw([f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n".encode()]) as server:
        exchange = out.exchange("GET", server.url())
        assert (await exchange.head()).status == status
        assert await exchange.read() is None
        assert await exchange.read() is None


async def test_a_head_request_has_no_body_whatever_its_length_says(out: Out) -> None:
    async with serving(_echo) as server:
        exchange = out.exchange("HEAD", server.url())
        await exchange.head()
        assert await exchange.read() is None


CODED = {
    "gzip": gzip.compress(b"hello"),
    "x-gzip": gzip.compress(b"hello"),
    "GZip": gzip.compress(b"hel") + gzip.compress(b"lo"),
    "gzip ": gzip.compress(b"hello") + b"\0\0\0",
    "deflate": zlib.compress(b"hello"),
    "Deflate": zlib.compress(b"hello", wbits=-15),
    "deflate, gzip": gzip.compress(zlib.compress(b"hello")),
    "identity": b"hello",
    "zstd": b"hello",
    "gzip, unknown": b"hello",
}


@pytest.mark.parametrize("coding", CODED)
async def test_a_coded_body_is_decoded_where_we_know_the_coding(out: Out, coding: str) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\n\r\n" % coding.encode()
    one_by_one = [CODED[coding][at : at + 1] for at in range(len(CODED[coding]))]
    async with raw([answer, *one_by_one]) as server:
        exchange = out.exchange("GET", server.url())
        assert ("content-encoding", coding.strip()) in (await exchange.head()).headers
        assert await body_of(exchange) == b"hello"


@given(
    st.binary(max_size=2000),
    st.integers(1, 300),
    st.integers(1, 300),
    st.sampled_from(["gzip", "deflate", "raw", "both"]),
)
def test_a_body_decodes_to_the_same_in_pieces_of_any_size(body: bytes, fed: int, most: int, how: str) -> None:
    coded = {
        "gzip": gzip.compress(body),
        "deflate": zlib.compress(body),
        "raw": zlib.compress(body, wbits=-15),
        "both": gzip.compress(zlib.compress(body)),
    }[how]
    decoding = Decoding({"raw": "deflate", "both": "deflate, gzip"}.get(how, how))
    assert _decoded(decoding, coded, fed, most) == body


@given(st.binary(max_size=500), st.sampled_from(["gzip", "deflate", "gzip, deflate"]))
def test_any_bytes_decode_or_are_unreadable(coded: bytes, coding: str) -> None:
    with suppress(Unreadable):
        _decoded(Decoding(coding), coded, 7, 100)


def _decoded(decoding: Decoding, coded: bytes, fed: int, most: int) -> bytes:
    whole = b""
    for at in range(0, len(coded), fed):
        decoding.feed(coded[at : at + fed])
        while (piece := decoding.take(most)) or decoding.unfinished:
            assert len(piece) <= most
            whole += piece
    decoding.end()
    return whole


async def test_a_body_may_be_as_large_as_the_limit_and_not_one_byte_larger(out: Out) -> None:
    async def sized(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=bytes(int(request.query["size"])))

    async with serving(sized) as server:
        exact = out.exchange("GET", server.url("/?size=300000"), limit=300_000)
        await exact.head()
        assert len(await body_of(exact)) == 300_000
        larger = out.exchange("GET", server.url("/?size=300001"), limit=300_000)
        await larger.head()
        with pytest.raises(LimitError, match="300000 bytes"):
            await body_of(larger)


async def test_a_body_is_read_as_it_comes(out: Out) -> None:
    turn = asyncio.Event()

    async def slowly(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first")
        await turn.wait()
        await response.write(b"second")
        return response

    async with serving(slowly) as server:
        exchange = out.exchange("GET", server.url())
        await exchange.head()
        assert await exchange.read() == b"first"
        turn.set()
        assert await body_of(exchange) == b"second"


# -- a request's body in pieces ---------------------------------------------------------------------------


@pytest.mark.parametrize(("upload", "lengths"), [("gathered", "6 None"), ("streamed", "None chunked")])
async def test_a_body_is_sent_in_pieces(out: Out, upload: str, lengths: str) -> None:
    async with serving(_echo) as server:
        exchange = out.exchange("POST", server.url("/x"), upload=upload)
        heading = asyncio.ensure_future(exchange.head())
        for piece in (b"one", b"", b"two", None):
            await exchange.write(piece)
        await heading
        assert await body_of(exchange) == f"POST /x  {lengths} onetwo".encode()
        with pytest.raises(FetchFailed):
            await exchange.write(b"more")


async def test_what_is_written_goes_out_before_the_rest_is_there(out: Out) -> None:
    first = asyncio.Event()

    async def listening(request: web.BaseRequest) -> web.StreamResponse:
        assert await request.content.readany() == b"one"
        first.set()
        return web.Response(body=await request.read())

    async with serving(listening) as server:
        exchange = out.exchange("POST", server.url(), upload="streamed")
        heading = asyncio.ensure_future(exchange.head())
        await exchange.write(b"one")
        await first.wait()
        await exchange.write(b"two")
        await exchange.write(None)
        await heading
        assert await body_of(exchange) == b"two"


async def test_a_server_that_does_not_take_the_body_makes_the_writer_wait_and_stop_frees_it(out: Out) -> None:
    async with raw([], close=False) as server:
        exchange = out.exchange("POST", server.url(), upload="gathered")
        heading = asyncio.ensure_future(exchange.head())
        await exchange.write(b"x")
        exchange.stop()
        with pytest.raises(FetchFailed):
            await heading
        with pytest.raises(FetchFailed):
            await exchange.write(b"x")


async def test_a_writer_whom_nobody_takes_from_is_freed_by_stop(out: Out) -> None:
    exchange = out.exchange("POST", "http://127.0.0.1:1/", upload="streamed")
    await exchange.write(b"one")
    waiting = asyncio.ensure_future(exchange.write(b"two"))
    await asyncio.sleep(0)
    exchange.stop()
    with pytest.raises(FetchFailed):
        await waiting


async def test_a_requests_body_has_the_limit_too(out: Out) -> None:
    async with serving(_echo) as server:
        exchange = out.exchange("POST", server.url(), upload="gathered", limit=3)
        heading = asyncio.ensure_future(exchange.head())
        await exchange.write(b"one")
        with pytest.raises(LimitError, match="3 bytes"):
            await exchange.write(b"t")
        with pytest.raises(FetchFailed):
            await heading
        assert server.seen == []


async def test_only_a_request_that_says_so_takes_pieces(out: Out) -> None:
    with pytest.raises(FetchFailed):
        await out.exchange("POST", "http://127.0.0.1/", body=b"x").write(b"y")


# -- redirects ---------------------------------------------------------------------------------------------


async def _redirecting(request: web.BaseRequest) -> web.StreamResponse:
    if request.path == "/end":
        kept = [name for name in ("Authorization", "Cookie", "Content-Type", "X-Mine") if name in request.headers]
        return web.Response(text=f"{request.method} {' '.join(kept)} {(await request.read()).decode()}")
    location = request.query.get("to", "/end")
    return web.Response(
        status=int(request.query["status"]), headers={"Location": location} if location != "none" else {}
    )


MINE = ("Authorization", "Bearer x", "Cookie", "a=1", "Content-Type", "text/plain", "X-Mine", "1")


@pytest.mark.parametrize(
    ("status", "method", "arrives"),
    [
        (301, "POST", "GET Authorization Cookie X-Mine "),
        (302, "POST", "GET Authorization Cookie X-Mine "),
        (303, "POST", "GET Authorization Cookie X-Mine "),
        (303, "PUT", "GET Authorization Cookie X-Mine "),
        (301, "PUT", "PUT Authorization Cookie Content-Type X-Mine body"),
        (302, "PATCH", "PATCH Authorization Cookie Content-Type X-Mine body"),
        (307, "POST", "POST Authorization Cookie Content-Type X-Mine body"),
        (308, "POST", "POST Authorization Cookie Content-Type X-Mine body"),
    ],
)
async def test_a_redirect_keeps_or_drops_method_and_body_as_its_status_says(
    out: Out, status: int, method: str, arrives: str
) -> None:
    async with serving(_redirecting) as server:
        exchange = out.exchange(method, server.url(f"/?status={status}"), *MINE, body=b"body")
        head = await exchange.head()
        assert (head.url, head.redirected) == (server.url("/end"), True)
        assert (await body_of(exchange)).decode() == arrives


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_303_leaves_get_and_head_as_they_are(out: Out, method: str) -> None:
    async with serving(_redirecting) as server:
        await out.exchange(method, server.url("/?status=303")).head()
        assert server.seen == [f"{method} /?status=303", f"{method} /end"]


async def test_what_was_for_one_origin_does_not_go_to_another() -> None:
    lookup = names(one_example="127.0.0.1", two_example="127.0.0.1")
    async with serving(_redirecting) as server, going_out("127.0.0.1", lookup=lookup) as out:
        there = server.url("/end", "two.example")
        told = await _told(out, "GET", server.url(f"/?status=302&to={there}", "one.example"), *MINE)
        assert told == "GET Content-Type X-Mine "
        back = server.url(f"/?status=302%26to={server.url('/end', 'one.example')}", "two.example")
        told = await _told(out, "GET", server.url(f"/?status=302&to={back}", "one.example"), *MINE)
        assert told == "GET Content-Type X-Mine "


async def test_another_port_is_another_origin(out: Out) -> None:
    async with serving(_redirecting) as one, serving(_redirecting) as two:
        told = await _told(out, "GET", one.url(f"/?status=302&to={two.url('/end')}"), *MINE)
        assert told == "GET Content-Type X-Mine "


async def test_redirects_end_after_twenty(out: Out) -> None:
    async def counting(request: web.BaseRequest) -> web.StreamResponse:
        left = int(request.query["left"])
        return (
            web.Response(status=302, headers={"Location": f"?left={left - 1}"}) if left else web.Response(text="there")
        )

    async with serving(counting) as server:
        assert await _told(out, "GET", server.url("/?left=20")) == "there"
        with pytest.raises(FetchFailed, match="more than 20 redirects"):
            await out.exchange("GET", server.url("/?left=21")).head()
        assert len(server.seen) == 21 + 21


async def test_redirect_manual_gives_the_redirect_and_error_fails(out: Out) -> None:
    async with serving(_redirecting) as server:
        head = await out.exchange("GET", server.url("/?status=302"), redirect="manual").head()
        assert (head.status, head.redirected, ("location", "/end") in head.headers) == (302, False, True)
        with pytest.raises(FetchFailed, match="redirect is 'error'"):
            await out.exchange("GET", server.url("/?status=302"), redirect="error").head()
        assert len(server.seen) == 2


@pytest.mark.parametrize("status", [300, 304, 305])
async def test_other_statuses_are_no_redirects(out: Out, status: int) -> None:
    async with serving(_redirecting) as server:
        assert (await out.exchange("GET", server.url(f"/?status={status}")).head()).status == status


async def test_a_redirect_to_nowhere_is_the_answer(out: Out) -> None:
    async with serving(_redirecting) as server:
        assert (await out.exchange("GET", server.url("/?status=302&to=none")).head()).status == 302


@pytest.mark.parametrize(
    ("to", "arrives"),
    [
        ("/end#part", "/end"),
        ("end", "/end"),
        ("?a=b%26c&d", "/?a=b%26c&d"),
        (" /end ", "/end"),
        ("\\end", "/end"),
        ("/e n\u00e4", "/e%20n%C3%A4"),
        ("/%7e%zz", "/%7e%25zz"),
    ],
)
async def test_an_address_of_a_redirect_is_read_as_a_browser_does(out: Out, to: str, arrives: str) -> None:
    async def once(request: web.BaseRequest) -> web.StreamResponse:
        first = len(server.seen) == 1
        return web.Response(status=302 if first else 200, headers={"Location": to} if first else {})

    async with serving(once) as server:
        head = await out.exchange("GET", server.url("/")).head()
        assert head.url in (server.url(arrives), server.url(arrives.replace("%7e", "~")))


@pytest.mark.parametrize(
    "to", ["http://user:word@127.0.0.1:{port}/end", "//user@127.0.0.1:{port}/end", "file:///end", "data:,end"]
)
async def test_a_redirect_to_what_may_not_be_asked_for_is_not_followed(out: Out, to: str) -> None:
    async with serving(_redirecting) as server:
        with pytest.raises(FetchFailed, match="fetched"):
            await out.exchange("GET", server.url(f"/?status=302&to={to.format(port=server.port)}")).head()
        assert len(server.seen) == 1


async def test_the_body_of_a_redirect_is_let_go_of(out: Out) -> None:
    async with serving(_echo) as there:
        moved = f"HTTP/1.1 302 Found\r\nLocation: {there.url('/end')}\r\n\r\nendless".encode()
        async with raw([moved], close=False) as server:
            exchange = out.exchange("GET", server.url())
            await exchange.head()
            assert await body_of(exchange)
            await server.gone.wait()
            assert out.client.room.used == 1  # the one that is kept for the next fetch


async def test_a_gathered_body_goes_along_and_a_streamed_one_cannot(out: Out) -> None:
    async def send(upload: str, status: int) -> bytes:
        exchange = out.exchange("POST", server.url(f"/?status={status}"), upload=upload)
        heading = asyncio.ensure_future(exchange.head())
        await exchange.write(b"body")
        await exchange.write(None)
        await heading
        return await body_of(exchange)

    async with serving(_redirecting) as server:
        assert await send("gathered", 307) == b"POST  body"
        assert await send("streamed", 303) == b"GET  "
        with pytest.raises(FetchFailed, match="streamed body"):
            await send("streamed", 307)


# -- what goes wrong -----------------------------------------------------------------------------------------


@contextmanager
def _deaf_port() -> Iterator[int]:
    """A port where nobody listens, and nobody else begins to: a free one may be another's by then."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


async def test_a_refused_connection_says_so_and_nothing_else(out: Out) -> None:
    with _deaf_port() as port, pytest.raises(FetchFailed) as failed:
        await out.exchange("GET", f"http://127.0.0.1:{port}/").head()
    assert str(failed.value) == "fetch failed: 127.0.0.1 refused the connection"


async def test_a_server_without_tls_says_so(out: Out) -> None:
    async with serving(_echo) as server:
        with pytest.raises(FetchFailed) as failed:
            await out.exchange("GET", server.url().replace("http", "https")).head()
    assert str(failed.value) == "fetch failed: 127.0.0.1 does not speak TLS as we do"


def _certificate(folder: Path, name: str, days: int = 1) -> ssl.SSLContext:
    """A server's context with a certificate that only it has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=3)).not_valid_after(now + timedelta(days=days))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / f"{name}.pem"
    path.write_bytes(secret + made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.mark.parametrize(
    ("name", "days", "reason"),
    [
        ("good.example", 1, None),
        (
            "other.example",
            1,
            "has no valid certificate (Hostname mismatch, certificate is not valid for 'good.example'.)",
        ),
        ("good.example", -1, "has no valid certificate (certificate has expired)"),
        ("stranger.example", 1, "has no valid certificate (self-signed certificate)"),
    ],
)
async def test_tls_is_verified(tmp_path: Path, name: str, days: int, reason: str | None) -> None:
    serves = _certificate(tmp_path, name, days)
    trust = ssl.create_default_context()
    if name != "stranger.example":
        trust.load_verify_locations(tmp_path / f"{name}.pem")
    good = names(good_example="127.0.0.1")
    async with serving(_echo, serves) as server, going_out("127.0.0.1", lookup=good, trust=trust) as out:
        exchange = out.exchange("GET", server.url("/x", "good.example").replace("http", "https"))
        if reason is None:
            assert (await exchange.head()).status == 200
            return
        with pytest.raises(FetchFailed) as failed:
            await exchange.head()
    assert str(failed.value) == f"fetch failed: good.example {reason}"


async def test_a_lookup_that_failed_for_the_moment_is_not_called_a_missing_name() -> None:
    async def lookup(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    async with going_out(lookup=lookup) as out:
        with pytest.raises(FetchFailed, match="try again later"):
            await out.exchange("GET", "http://example.com/").head()


async def test_the_server_has_room_for_so_many_connections_and_gets_it_back(out: Out) -> None:
    out.client.room = Bound("connections", 1)
    out.visit.close()
    async with serving(_echo) as server:
        first, second = (out.exchange("GET", server.url()) for _ in range(2))
        async with raw([b"HTTP/1.1 200 OK\r\n\r\n"], close=False) as silent:
            held = out.exchange("GET", silent.url())
            await held.head()
            with pytest.raises(Overloaded):
                await first.head()
            held.stop()
            await silent.gone.wait()
            assert (await second.head()).status == 200


async def test_one_caller_leaves_room_for_another_and_a_kept_connection_counts(out: Out) -> None:
    out.client.room = Bound("connections", 4, share=1)
    async with serving(_echo) as server:
        visits = [Visit(out.client, Link(1), who) for who in ("a", "a", "a", "b")]
        exchanges = [
            Exchange(Request.parse("GET", server.url(), "[]", None, "whole", "follow"), visit.send, 1000, print)
            for visit in visits
        ]
        for exchange in exchanges[:2]:
            await exchange.head()
            await body_of(exchange)
        with pytest.raises(Overloaded, match="too many connections"):
            await exchanges[2].head()
        assert (await exchanges[3].head()).status == 200
        for visit in visits:
            visit.close()


async def test_one_caller_whose_lookups_hang_does_not_hold_up_those_of_another() -> None:
    asked: list[str] = []
    known = asyncio.Event()

    async def slow(host: str, port: int) -> list[str]:
        asked.append(host)
        await known.wait()
        return ["127.0.0.1"]

    async with going_out(lookup=slow) as out:
        few = [Few(slow, out.client.lookups, "a") for _ in range(10)]
        waiting = [asyncio.ensure_future(one("a.example", 80)) for one in few for _ in range(FEW)]
        await asyncio.sleep(0)
        waiting.append(asyncio.ensure_future(Few(slow, out.client.lookups, "b")("b.example", 80)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert asked == ["a.example"] * LOOKUPS_EACH + ["b.example"]
        waiting[LOOKUPS_EACH].cancel()  # it waits for a turn, and then no more
        known.set()
        ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert len([end for end in ends if end == ["127.0.0.1"]]) == 10 * FEW
    assert len(asked) == 10 * FEW


async def test_what_it_takes_to_decode_a_body_is_told_to_who_pays(out: Out) -> None:
    paid: list[float] = []
    packed = gzip.compress(bytes(MIB))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    async with raw([head, packed]) as server:
        request = Request.parse("GET", server.url(), "[]", None, "whole", "follow")
        exchange = Exchange(request, out.visit.send, 2 * MIB, print, paid.append)
        await exchange.head()
        assert len(await body_of(exchange)) == MIB
    assert len(paid) >= 4
    assert min(paid) >= 0
    assert sum(paid) > 0


async def test_an_evaluation_pays_for_the_decoding_of_what_it_fetches(out: Out) -> None:
    guest = Guest(out)
    packed = gzip.compress(bytes(MIB))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    async with raw([head, packed]) as server:
        await promised(await guest.get(1, server.url()))
        assert guest.run.worked == 0
        while await guest.later(2, 1) is not None:
            pass
    assert guest.run.worked > 0


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("https://public.example/x", True),
        ("https://PUBLIC.example:8443/", True),
        ("http://public.example./", True),
        ("https://one.example:444/", True),
        ("https://one.example/", False),
        ("https://not.public.example/", False),
        ("https://public.example.evil.example/", False),
        ("http://127.0.0.1:8787/", True),
    ],
)
def test_a_public_name_of_this_server_is_known(url: str, own: bool) -> None:  # noqa: FBT001 - expected
    known = Settings(public_hosts=("public.example", "one.example:444")).own_addresses
    assert known.is_own(URL(url)) is own


# -- the capability --------------------------------------------------------------------------------------------


class Nothing:
    """Records nothing."""

    def open(self, node: Node) -> None:
        pass

    def close(self, node: Node) -> None:
        pass


A = Principal("A")


class Guest:
    """A guest that calls the capability."""

    def __init__(self, out: Out, limits: Fetching | None = None, caller: Principal = A) -> None:
        self.fetch = Fetch(out.client, limits or Fetching())
        self.run = Run("e", Limits(), Nothing())
        out.runs.append(self.run)
        self.frame = Frame(Policy.RESTRICTED, caller, caller, Authority.OWN)
        self.nodes: list[Node] = []

    async def ask(self, op: int, *values: Value, frame: Frame | None = None) -> Answer:
        node = Node(len(self.nodes) + 1, None, "@A", Authority.OWN, "fetch", "?", "?")
        self.nodes.append(node)
        operation = Fetch.parsers[op](values)
        node.op, node.target = operation.name, operation.target
        answer = await self.fetch.perform(operation, Call(self.run, frame or self.frame, (), "eval", node))
        node.seen, node.effect, node.recorded = answer.seen, answer.effect, answer.recorded
        return answer

    async def get(self, number: int, url: str) -> Answer:
        return await self.ask(1, number, "GET", url, "[]", None, "whole", "follow")

    async def later(self, op: int, *values: Value) -> Value:
        return await promised(await self.ask(op, *values))


async def promised(answer: Answer) -> Value:
    assert isinstance(answer.reply, Later)
    return await answer.reply.work()


async def test_a_fetch_is_an_effect_and_its_reads_are_not_recorded(out: Out) -> None:
    guest = Guest(out)
    async with serving(_echo) as server:
        await promised(await guest.get(1, server.url("/x?key=1#part")))
        assert await guest.later(2, 1) == b"GET /x?key=1  None None "
        assert await guest.later(2, 1) is None
    first, *others = guest.nodes
    assert (first.op, first.target, first.seen, first.effect, first.recorded) == (
        "start",
        f"GET {server.url('/x?key=1')}",
        "granted",
        True,
        True,
    )
    assert {node.recorded for node in others} == {False}


async def test_what_an_evaluation_fetched_goes_with_it_and_waits_for_no_collector(out: Out) -> None:
    """With thousands of them to look through, one look takes longer than anybody should wait."""
    guest = Guest(out)
    async with serving(_echo) as server:
        await promised(await guest.get(1, server.url("/")))
    exchange = weakref.ref(Visits.of(guest.run, 1).exchanges[guest.frame, 1])
    gc.collect()
    gc.disable()
    try:
        end(guest.run)
        assert exchange() is None
    finally:
        gc.enable()


async def test_redirects_stand_in_the_record(out: Out) -> None:
    guest = Guest(out)
    async with serving(_redirecting) as server:
        await promised(await guest.get(1, server.url("/?status=302")))
        assert guest.nodes[0].target == f"GET {server.url('/?status=302')} → GET {server.url('/end')}"


async def test_the_record_says_what_was_refused_and_what_failed() -> None:
    async with going_out(lookup=names(inside_example="10.0.0.1")) as out:
        guest = Guest(out)
        literal = await guest.get(1, "http://10.0.0.1/")
        assert isinstance(literal.reply, Throw)
        with pytest.raises(NotPublic):
            await promised(await guest.get(2, "http://inside.example/"))
        assert [(node.seen, node.effect) for node in guest.nodes] == [("refused", False), ("refused", True)]
    async with going_out("127.0.0.1") as out:
        guest = Guest(out)
        with _deaf_port() as port, pytest.raises(FetchFailed):
            await promised(await guest.get(1, f"http://127.0.0.1:{port}/"))
        assert [(node.seen, node.effect) for node in guest.nodes] == [("error", True)]


async def test_nothing_is_sent_before_the_start_of_the_evaluation_is_durable(out: Out) -> None:
    guest, durable, asked = Guest(out), asyncio.Event(), asyncio.Event()

    async def begin() -> None:
        asked.set()
        await durable.wait()

    guest.run.state["durably_begun"] = begin
    async with serving(_echo) as server:
        going = asyncio.ensure_future(promised(await guest.get(1, server.url())))
        await asked.wait()
        assert server.seen == []
        durable.set()
        await going
        assert len(server.seen) == 1


@pytest.mark.parametrize(("caller", "most"), [(A, 3), (NOBODY, 2)])
async def test_an_evaluation_makes_so_many_fetches_and_not_one_more(out: Out, caller: Principal, most: int) -> None:
    guest = Guest(out, Fetching(most=3, anonymous=2), caller)
    for number in range(most):
        await guest.get(number, "http://127.0.0.1:1/")
    with pytest.raises(LimitError, match=f"{most} fetches"):
        await guest.get(most, "http://127.0.0.1:1/")


async def test_so_many_go_at_once_and_the_others_wait_first_come_first_served(out: Out) -> None:
    guest, order, free = Guest(out, Fetching(at_once=6)), [], asyncio.Semaphore(0)

    async def waiting(request: web.BaseRequest) -> web.StreamResponse:
        order.append(request.path)
        await free.acquire()
        return web.Response()

    async with serving(waiting) as server:
        going = [asyncio.ensure_future(promised(await guest.get(n, server.url(f"/{n}")))) for n in range(9)]
        while len(order) < 6:
            await asyncio.wait(going, timeout=0.01, return_when=asyncio.FIRST_COMPLETED)
        assert sorted(order) == [f"/{n}" for n in range(6)]
        for more in range(3):
            free.release()
            while len(order) < 7 + more:
                await asyncio.wait(going, timeout=0.01)
        assert order[6:] == ["/6", "/7", "/8"]
        for _ in range(9):
            free.release()
        await asyncio.gather(*going)


async def test_an_answer_that_nobody_reads_keeps_nobody_waiting(out: Out) -> None:
    guest = Guest(out, Fetching(at_once=1))
    async with raw([b"HTTP/1.1 200 OK\r\n\r\nhello"], close=False) as server:
        for number in range(3):
            await promised(await guest.get(number, server.url()))
        assert [await guest.later(2, number) for number in (2, 0, 1)] == [b"hello"] * 3


async def test_a_number_means_one_fetch_of_one_guest(out: Out) -> None:
    guest = Guest(out)
    other = Frame(Policy.RESTRICTED, A, Principal("B"), Authority.FOREIGN)
    async with serving(_echo) as server:
        await promised(await guest.get(1, server.url()))
        for wrong in (guest.get(1, server.url()), guest.ask(2, 2), guest.ask(2, 1, frame=other)):
            with pytest.raises(BadRequest):
                await wrong
        await guest.ask(4, 9)  # what never began needs no stop


async def test_what_is_open_at_the_end_is_closed(out: Out) -> None:
    guest = Guest(out)
    async with raw([b"HTTP/1.1 200 OK\r\n\r\n"], close=False) as server:
        await promised(await guest.get(1, server.url()))
        waiting = asyncio.ensure_future(guest.later(2, 1))
        await asyncio.sleep(0)
        assert out.client.room.used == 1
        end(guest.run)
        with pytest.raises(ValgateError):
            await waiting
        await server.gone.wait()
        assert out.client.room.used == 0


async def test_an_aborted_fetch_lets_go_and_fails(out: Out) -> None:
    guest = Guest(out)
    async with raw([], close=False) as server:
        going = asyncio.ensure_future(promised(await guest.get(1, server.url())))
        await server.asked.wait()
        assert (await guest.ask(4, 1)).recorded is False
        with pytest.raises(FetchFailed, match="aborted"):
            await going
        await server.gone.wait()
        assert guest.nodes[0].seen == "error"
