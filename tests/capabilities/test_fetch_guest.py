"""fetch as a val writes it: live guests and servers on loopback, which the operator of these worlds allows."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from tests.capabilities.servers import Served, names, raw, serving, spelled
from tests.semantics.live import ROOMY, Machine, World, open_world


@pytest.fixture
async def world(engine_room: Machine, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(engine_room, tmp_path, fetch_allow=("127.0.0.1", "[::1]:9")) as opened:
        yield opened


@pytest.fixture
async def server() -> AsyncIterator[Served]:
    async with serving(_answer) as served:
        yield served


async def _answer(request: web.BaseRequest) -> web.StreamResponse:
    """Answer as the path says."""
    match request.path.split("/")[1:]:
        case ["echo"]:
            kept = {
                name: value for name, value in request.headers.items() if name.lower() in {"content-type", "x-mine"}
            }
            told = {"method": request.method, "headers": kept, "body": (await request.read()).decode("latin-1")}
            return web.json_response(told)
        case ["size"]:
            size = sum([len(piece) async for piece in request.content.iter_any()])
            return web.json_response(
                [size, request.headers.get("content-length"), request.headers.get("transfer-encoding")]
            )
        case ["status", status]:
            return web.Response(status=int(status), reason="As Asked")
        case ["bytes", count]:
            return web.Response(body=bytes(int(count)))
        case ["cookies"]:
            response = web.Response(text="x")
            response.headers.add("Set-Cookie", "a=1")
            response.headers.add("Set-Cookie", "b=2")
            return response
        case ["gzip"]:
            return web.Response(body=gzip.compress(b'{"a": 1}'), headers={"Content-Encoding": "gzip"})
        case ["to", *rest]:
            return web.Response(status=307, headers={"Location": "/" + "/".join(rest)})
        case ["slow"]:
            await asyncio.Event().wait()
    return web.Response(text="hello")


# -- the answer ---------------------------------------------------------------------------------------------


async def test_an_answer_is_a_response(world: World, server: Served) -> None:
    code = f"""
        const r = await fetch("{server.url("/status/404?q#part")}");
        return [r instanceof Response, r.status, r.statusText, r.ok, r.url, r.redirected, r.type, r.bodyUsed, await r.text()]"""
    url = server.url("/status/404?q")
    assert await world.eval(code) == [True, 404, "As Asked", False, url, False, "basic", False, "404: As Asked"[:0]]


@pytest.mark.parametrize(
    ("read", "value"),
    [
        ("r.json()", {"a": 1}),
        ("r.text()", '{"a": 1}'),
        ("r.arrayBuffer().then((b) => b.byteLength)", 8),
        ("r.bytes().then((b) => b[0])", 123),
        ("r.blob().then((b) => b.size)", 8),
        ("r.headers.get('Content-Encoding')", "gzip"),
        ("r.body.getReader().read().then(({value}) => new TextDecoder().decode(value))", '{"a": 1}'),
        ("Array.fromAsync(r.body).then((all) => all.length)", 1),
        ("Promise.all([r.clone().json(), r.text()])", [{"a": 1}, '{"a": 1}']),
        ("r.text().then(() => r.text()).catch((e) => e.name)", "TypeError"),
    ],
)
async def test_a_body_is_read_in_every_way(world: World, server: Served, read: str, value: object) -> None:
    assert await world.eval(f"const r = await fetch('{server.url('/gzip')}'); return await {read}") == value


async def test_set_cookie_is_there_several_times(world: World, server: Served) -> None:
    code = f"const r = await fetch('{server.url('/cookies')}'); return r.headers.getSetCookie()"
    assert await world.eval(code) == ["a=1", "b=2"]


@pytest.mark.parametrize(("status", "method"), [(204, "GET"), (304, "GET"), (200, "HEAD")])
async def test_some_answers_have_no_body(world: World, server: Served, status: int, method: str) -> None:
    code = f"const r = await fetch('{server.url(f'/status/{status}')}', {{method: '{method}'}}); return [r.body, await r.text()]"
    assert await world.eval(code) == [None, ""]


async def test_headers_of_an_answer_are_immutable(world: World, server: Served) -> None:
    code = f"const r = await fetch('{server.url()}'); r.headers.set('a', 'b')"
    assert (await world.error(code)).name == "TypeError"


async def test_a_redirect_is_followed_and_told(world: World, server: Served) -> None:
    code = f"const r = await fetch('{server.url('/to/echo')}', {{method: 'POST', body: 'x'}}); return [r.redirected, r.url, (await r.json()).body]"
    assert await world.eval(code) == [True, server.url("/echo"), "x"]
    manual = f"const r = await fetch('{server.url('/to/echo')}', {{redirect: 'manual'}}); return [r.status, r.headers.get('location')]"
    assert await world.eval(manual) == [307, "/echo"]
    assert (await world.error(f"await fetch('{server.url('/to/echo')}', {{redirect: 'error'}})")).name == "TypeError"


async def test_a_large_body_is_read_as_it_comes(world: World, server: Served) -> None:
    code = f"""
        let bytes = 0, most = 0, pieces = 0;
        for await (const piece of (await fetch("{server.url("/bytes/3000000")}")).body) {{
            bytes += piece.length; pieces++; most = Math.max(most, piece.length) }}
        return [bytes, pieces > 10, most <= 262144]"""
    assert await world.eval(code) == [3_000_000, True, True]


# -- the request --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("init", "told"),
    [
        ("{}", {"method": "GET", "headers": {}, "body": ""}),
        (
            "{method: 'post', body: 'a\u20ac'}",
            {"method": "POST", "headers": {"Content-Type": "text/plain;charset=UTF-8"}, "body": "a\xe2\x82\xac"},
        ),
        (
            "{method: 'PUT', body: new URLSearchParams({a: 'b c'})}",
            {
                "method": "PUT",
                "headers": {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"},
                "body": "a=b+c",
            },
        ),
        (
            "{method: 'POST', body: new Uint8Array([104, 105, 33]).subarray(0, 2), headers: {'X-Mine': '1'}}",
            {"method": "POST", "headers": {"X-Mine": "1"}, "body": "hi"},
        ),
        (
            "{method: 'POST', body: new Blob(['x'], {type: 'text/html'}), headers: [['content-type', 'a/b']]}",
            {"method": "POST", "headers": {"Content-Type": "a/b"}, "body": "x"},
        ),
        (
            "{method: 'POST', duplex: 'half', body: new Response('from').body}",
            {"method": "POST", "headers": {}, "body": "from"},
        ),
    ],
)
async def test_a_request_goes_as_it_was_written(
    world: World, server: Served, init: str, told: dict[str, object]
) -> None:
    heard = await world.eval(f"(await fetch('{server.url('/echo')}', {init})).json()".join(["return ", ""]))
    heard["headers"] = {name.title(): value for name, value in heard["headers"].items()}
    assert heard == told


async def test_a_request_object_goes_too_and_its_body_is_used(world: World, server: Served) -> None:
    code = f"""
        const request = new Request(new URL("{server.url("/echo")}"), {{method: "POST", body: "x", headers: {{"X-Mine": "1"}}}});
        const {{method, body, headers}} = await (await fetch(request)).json();
        return [method, body, headers["X-Mine"] ?? headers["x-mine"], request.bodyUsed]"""
    assert await world.eval(code) == ["POST", "x", "1", True]


async def test_a_form_arrives_as_a_form(world: World, server: Served) -> None:
    code = f"""
        const form = new FormData(); form.set("a", "1"); form.set("f", new File(["x"], "f.txt"));
        const {{headers, body}} = await (await fetch("{server.url("/echo")}", {{method: "POST", body: form}})).json();
        return (await new Response(body, {{headers}}).formData()).get("a")"""
    assert await world.eval(code) == "1"


@pytest.mark.parametrize("size", [262_144, 262_145, 3_000_000])
async def test_a_body_larger_than_a_message_goes_in_pieces_with_its_length(
    world: World, server: Served, size: int
) -> None:
    code = f"return (await fetch('{server.url('/to/size')}', {{method: 'POST', body: new Uint8Array({size})}})).json()"
    assert await world.eval(code) == [size, str(size), None]


async def test_a_stream_goes_as_it_is_written(world: World, server: Served) -> None:
    code = f"""
        let left = 5;
        const body = new ReadableStream({{ pull(c) {{ left-- ? c.enqueue(new Uint8Array(300000)) : c.close() }} }});
        return (await fetch("{server.url("/size")}", {{method: "POST", body, duplex: "half"}})).json()"""
    assert await world.eval(code) == [1_500_000, None, "chunked"]


async def test_a_stream_that_fails_is_the_fetchs_failure(world: World, server: Served) -> None:
    code = f"""
        const body = new ReadableStream({{ pull(c) {{ c.error(new RangeError("mine")) }} }});
        try {{ await fetch("{server.url("/size")}", {{method: "POST", body, duplex: "half"}}) }} catch (e) {{ return e.message }}"""
    assert await world.eval(code) == "mine"


async def test_a_stream_nobody_takes_is_cancelled(world: World) -> None:
    code = """
        let cancelled = false;
        const body = new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(1)) }, cancel() { cancelled = true } });
        try { await fetch("http://127.0.0.1:1/", {method: "POST", body, duplex: "half"}) } catch (e) {}
        await new Promise((done) => setTimeout(done, 5));
        return cancelled"""
    assert await world.eval(code) is True


# -- what is no fetch -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("data:,a%20b%zz", ["a b%zz", "text/plain;charset=US-ASCII"]),
        ("data:text/html;base64,PGI+eDwvYj4=", ["<b>x</b>", "text/html"]),
        ("data:text/html; BASE64,P GI%2B%0A", ["<b>", "text/html"]),
        ("data:;charset=utf-8,%E2%82%AC#part", ["€", "text/plain;charset=utf-8"]),
        ("data:application/json,{}", ["{}", "application/json"]),
        ("data:no type,x", ["x", "text/plain;charset=US-ASCII"]),
    ],
)
async def test_a_data_address_asks_nobody(world: World, url: str, read: list[str]) -> None:
    outcome = await world.outcome(
        f"const r = await fetch({json.dumps(url)}); return [await r.text(), r.headers.get('content-type')]"
    )
    assert json.loads(outcome.json) == read
    assert await world.calls(outcome, "fetch") == []


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ("fetch()", "address"),
        ("fetch('/path')", "address"),
        ("fetch('blob:x')", "blob:"),
        ("fetch('file:///etc/passwd')", "file:"),
        ("fetch('about:blank')", "about:"),
        ("fetch('data:x')", "comma"),
        ("fetch('data:;base64,*')", "base64"),
        ("fetch('http://user:word@example.com/')", "user"),
        ("fetch('http://example.com/', {body: 'x'})", "body"),
        ("fetch('http://example.com/', {method: 'CONNECT'})", "CONNECT"),
        ("fetch('http://example.com/', {headers: {a: 'x\\ny'}})", ""),
        ("fetch('http://example.com/', {integrity: 'sha256-x'})", "integrity"),
        ("fetch('http://example.com:25/')", "not on the public internet"),
        ("fetch('http://127.0.0.2/')", "127.0.0.2 is not on the public internet"),
    ],
)
async def test_what_is_no_fetch_rejects_with_a_type_error_and_never_throws(world: World, call: str, says: str) -> None:
    name, message = await world.eval(
        f"return {call}.then(() => 0, (e) => [e instanceof TypeError && e.name, e.message])"
    )
    assert name == "TypeError"
    assert says in message


async def test_a_failure_stands_where_the_val_called_fetch(world: World) -> None:
    await world.save("B", "export const get = async () => {\n  return await fetch('http://127.0.0.1:1/')\n}")
    error = await world.error("\nawait fetch('http://127.0.0.1:1/')")
    assert (error.message, error.line) == ("fetch failed: 127.0.0.1 refused the connection", 2)
    assert ":2:" in (await world.error("await @B.get()")).stack


@pytest.mark.parametrize(
    "spelling", ["127.1", "0x7f.1", "2130706433", "[::ffff:7f00:1]", "\uff11\uff12\uff17.1", "localhost", "127.0.0.1."]
)
async def test_no_spelling_gets_past_a_guest_into_the_host(engine_room: Machine, tmp_path: Path, spelling: str) -> None:
    async with (
        raw([b"HTTP/1.1 200 OK\r\n\r\n"]) as server,
        open_world(engine_room, tmp_path, lookup=spelled) as world,
    ):
        error = await world.error(f"await fetch('http://{spelling}:{server.port}/')")
        assert (error.name, server.connections) == ("TypeError", 0)
        assert error.message.endswith(" is not on the public internet, or not there at all")


# -- abort ------------------------------------------------------------------------------------------------------

ABORTS = {
    "before": "c.abort(why); const r = await fetch(url('/slow'), {signal})",
    "in the head": "setTimeout(() => c.abort(why), 5); const r = await fetch(url('/slow'), {signal})",
    "in a Request": "setTimeout(() => c.abort(why), 5); const r = await fetch(new Request(url('/slow'), {signal}))",
    "in the body": "const r = await fetch(url('/endless'), {signal}); setTimeout(() => c.abort(why), 5); await r.text()",
    "after the head": "const r = await fetch(url('/endless'), {signal}); c.abort(why); await r.text()",
    "in a stream": "const r = await fetch(url('/endless'), {signal}); const i = r.body.getReader(); await i.read(); c.abort(why); await i.read()",
    "in an upload": """
        const body = new ReadableStream({ pull(k) { k.enqueue(new Uint8Array(9)); return new Promise((d) => setTimeout(d, 1)) } });
        setTimeout(() => c.abort(why), 9); await fetch(url('/slow'), {signal, body, method: 'POST', duplex: 'half'})""",
    "in a large body": "setTimeout(() => c.abort(why), 9); await fetch(url('/slow'), {signal, body: 'x'.repeat(1e6), method: 'POST'})",
    "by another owner": "setTimeout(() => c.abort(why), 5); await @B.get(url('/slow'), signal)",
}


@pytest.mark.parametrize("stage", ABORTS)
async def test_a_signal_aborts(world: World, stage: str) -> None:
    gone = asyncio.Event()

    async def dawdle(request: web.BaseRequest) -> web.StreamResponse:
        try:
            if request.path == "/endless":
                response = web.StreamResponse()
                await response.prepare(request)
                while True:
                    await response.write(b"x")
                    await asyncio.sleep(0.001)
            await asyncio.Event().wait()
            raise AssertionError
        finally:
            gone.set()

    await world.save("B", "export const get = (url, signal) => fetch(url, {signal}).then((r) => r.text())")
    async with serving(dawdle) as server:
        code = f"""
            const url = (path) => "{server.url()}".slice(0, -1) + path, c = new AbortController(), signal = c.signal, why = new RangeError("enough");
            try {{ {ABORTS[stage]} }} catch (e) {{ return [e.name, e.message] }}"""
        assert await world.eval(code) == ["RangeError", "enough"]
        if server.seen:
            await gone.wait()


async def test_without_a_reason_it_is_an_abort_error_and_a_timeout_says_so(world: World, server: Served) -> None:
    code = f"""
        const c = new AbortController(); setTimeout(() => c.abort(), 5); const names = [];
        for (const signal of [c.signal, AbortSignal.timeout(5), AbortSignal.any([AbortSignal.timeout(5)])])
            await fetch("{server.url("/slow")}", {{signal}}).catch((e) => names.push(e.name));
        return names"""
    assert await world.eval(code) == ["AbortError", "TimeoutError", "TimeoutError"]


async def test_a_signal_that_aborts_later_changes_nothing(world: World, server: Served) -> None:
    code = f"""
        const c = new AbortController(), r = await fetch("{server.url()}", {{signal: c.signal}}), text = await r.text();
        c.abort(); return text"""
    assert await world.eval(code) == "hello"


async def test_a_reader_that_cancels_lets_go_of_the_connection(world: World) -> None:
    async with raw([b"HTTP/1.1 200 OK\r\n\r\nhello"], close=False) as server:
        code = f"const r = await fetch('{server.url()}'); await r.body.cancel(); await new Promise((done) => setTimeout(done, 1)); return 1"
        going = asyncio.ensure_future(world.eval(code))
        await server.gone.wait()
        assert await going == 1


# -- limits and the record ---------------------------------------------------------------------------------------


async def test_settings_are_the_limits(engine_room: Machine, tmp_path: Path, server: Served) -> None:
    allow = ("127.0.0.1",)
    opened = open_world(engine_room, tmp_path, fetch_allow=allow, fetches=3, anonymous_fetches=2, fetch_body=1000)
    async with opened as world:
        count = f"""
            let n = 0;
            try {{ for (;;) {{ await fetch("{server.url()}"); n++ }} }} catch (e) {{ return [n, e.name] }}"""
        assert await world.eval(count) == [3, "LimitError"]
        assert await world.eval(count, by=None) == [2, "LimitError"]
        size = "return (await (await fetch('{}')).bytes()).length"
        assert await world.eval(size.format(server.url("/bytes/1000"))) == 1000
        outcome = await world.outcome(size.format(server.url("/bytes/1001")))
        assert outcome.error is not None
        assert (outcome.error.name, outcome.error.status) == ("LimitError", 422)


async def test_foreign_code_fetches_too_and_shares_the_count(
    engine_room: Machine, tmp_path: Path, server: Served
) -> None:
    async with open_world(engine_room, tmp_path, fetch_allow=("127.0.0.1",), fetches=2) as world:
        await world.save("B", "export const get = async (url) => (await fetch(url)).text()")
        url = server.url()
        outcome = await world.outcome(
            f"await @B.get('{url}'); await fetch('{url}'); return @B.get('{url}').catch((e) => e.name)"
        )
        assert json.loads(outcome.json) == "LimitError"
        told = [(call["author"], call["verdict"], call["effect"]) for call in await world.calls(outcome, "fetch")]
        assert told == [("@b", "granted", True), ("@a", "granted", True), ("@b", "error", False)]


async def test_a_response_crosses_to_another_owner(world: World, server: Served) -> None:
    await world.save("B", "export const read = async (r) => [r instanceof Response, r.status, await r.text()]")
    assert await world.eval(f"return @B.read(await fetch('{server.url()}'))") == [True, 200, "hello"]


async def test_more_fetches_than_go_at_once_all_arrive(world: World, server: Served) -> None:
    code = f"""
        const all = await Promise.all(Array.from({{length: 20}}, () => fetch("{server.url()}")));
        return (await Promise.all(all.map((r) => r.text()))).join("")"""
    assert await world.eval(code) == "hello" * 20


async def test_a_secret_in_an_address_is_not_in_the_record(world: World, server: Served) -> None:
    await world.house.store.put_secret("A", "key", "hunter2hunter2")
    outcome = await world.outcome(f"await fetch('{server.url('/x')}?key=' + @me.secrets.key)")
    (call,) = await world.calls(outcome, "fetch")
    assert call["target"].startswith(f"GET {server.url('/x')}?key=[secret @")
    assert "hunter2" not in call["target"]
    assert server.seen == ["GET /x?key=hunter2hunter2"]


async def test_the_record_says_refused_where_the_val_hears_only_that_it_failed(
    engine_room: Machine, tmp_path: Path
) -> None:
    async with open_world(engine_room, tmp_path, lookup=names(inside_example="10.0.0.1")) as world:
        outcome = await world.outcome(
            "for (const h of ['10.0.0.1', 'inside.example', 'none.example']) await fetch(`http://${h}/`).catch(() => {})"
        )
        assert [call["verdict"] for call in await world.calls(outcome, "fetch")] == ["refused"] * 3


async def test_a_server_that_never_answers_is_given_up_at_the_wall(engine_room: Machine, tmp_path: Path) -> None:
    short = replace(ROOMY, wall=0.3)
    async with (
        raw([], close=False) as server,
        open_world(engine_room, tmp_path, short, fetch_allow=("127.0.0.1",)) as world,
    ):
        outcome = await world.outcome(f"await fetch('{server.url()}')")
        assert outcome.error is not None
        assert outcome.error.code == "wall_limit"
        if server.connections:  # a busy machine may not come so far
            await server.gone.wait()


async def test_what_a_finished_evaluation_left_open_is_closed(world: World) -> None:
    async with raw([b"HTTP/1.1 200 OK\r\n\r\nhello"], close=False) as server:
        assert await world.eval(f"await fetch('{server.url()}'); return 1") == 1
        await server.gone.wait()
