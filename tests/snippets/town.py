"""The town: a web server on loopback with what people fetched in 2023, each answer short and always the same."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

STORIES = {
    1: {"id": 1, "title": "Wasm & you", "score": 120, "url": "https://example.org/wasm"},
    2: {"id": 2, "title": "<script> considered", "score": 45, "url": "https://example.org/script"},
    3: {"id": 3, "title": "QuickJS at ten", "score": 300, "url": "https://example.org/quickjs"},
}
PAGE = """<html><body><h1>Books</h1>
<ul><li class="book"><a href="/b/1">Dune</a> <span>$9.99</span></li>
<li class="book"><a href="/b/2">Emma &amp; I</a> <span>$12.50</span></li></ul></body></html>"""
FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Notes</title>
<item><title>First</title><link>https://notes.example/1</link><pubDate>Mon, 01 May 2023 10:00:00 GMT</pubDate></item>
<item><title><![CDATA[Second & last]]></title><link>https://notes.example/2</link><pubDate>Tue, 02 May 2023 08:30:00 GMT</pubDate></item>
</channel></rss>"""
KEY = "sk-town-0123456789"


@dataclass
class Town:
    """What the server has seen: requests that changed something."""

    address: str = ""
    seen: list[tuple[str, str, object]] = field(default_factory=list)
    flaky: int = 0


def text(body: str, kind: str, status: int = 200) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A page that is always the same."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=body, content_type=kind, status=status)

    return answer


async def top(_: web.Request) -> web.Response:
    return web.json_response([3, 1, 2])


async def repository(request: web.Request) -> web.Response:
    return web.json_response({"stargazers_count": len(request.match_info["repo"]) * 100})


async def story(request: web.Request) -> web.Response:
    return web.json_response(STORIES[int(request.match_info["id"])])


async def chat(request: web.Request) -> web.StreamResponse:
    if request.headers.get("Authorization") != f"Bearer {KEY}":
        return web.json_response({"error": {"message": "Incorrect API key provided"}}, status=401)
    asked = await request.json()
    words = f"You said: {asked['messages'][-1]['content']}"
    if not asked.get("stream"):
        answer = {"choices": [{"index": 0, "message": {"role": "assistant", "content": words}}]}
        return web.json_response(answer)
    stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await stream.prepare(request)
    for word in words.split(" "):
        piece = {"choices": [{"delta": {"content": word + " "}}]}
        await stream.write(f"data: {json.dumps(piece)}\n\n".encode())
        await asyncio.sleep(0)
    await stream.write(b"data: [DONE]\n\n")
    return stream


@asynccontextmanager
async def open_town() -> AsyncIterator[Town]:
    """Serve on a free port of loopback."""
    town = Town()

    async def note(request: web.Request) -> web.Response:
        if request.content_type == "multipart/form-data":
            form = await request.post()
            fields = {
                name: part.file.read().decode() if isinstance(part, web.FileField) else part
                for name, part in form.items()
            }
            town.seen.append((request.method, request.path, fields))
        else:
            town.seen.append((request.method, request.path, await request.json()))
        return web.json_response({"ok": True}, status=201)

    async def flaky(_: web.Request) -> web.Response:
        town.flaky += 1
        return web.Response(status=503 if town.flaky % 3 else 200, text="up at last")

    async def slow(_: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response(text="late")

    async def page(request: web.Request) -> web.Response:
        number = int(request.query.get("page", "1"))
        items = [f"item {number}.{i}" for i in range(2)]
        return web.json_response({"items": items, "next": number + 1 if number < 3 else None})

    async def weather(request: web.Request) -> web.Response:
        assert request.query["hourly"] == "temperature_2m"
        return web.json_response({"place": request.query["q"], "at": "2023-05-04T13:30:00Z", "temperature": 18.456})

    app = web.Application()
    app.router.add_get("/v0/topstories.json", top)
    app.router.add_get("/v0/item/{id}.json", story)
    app.router.add_get("/books", text(PAGE, "text/html"))
    app.router.add_get("/feed.xml", text(FEED, "application/rss+xml"))
    app.router.add_get("/notes.md", text("# Title\n\nSome *text* and `code`.\n\n- one\n- two\n", "text/markdown"))
    app.router.add_post("/v1/chat/completions", chat)
    app.router.add_post("/hook", note)
    app.router.add_post("/upload", note)
    app.router.add_get("/flaky", flaky)
    app.router.add_get("/slow", slow)
    app.router.add_get("/list", page)
    app.router.add_get("/weather", weather)
    app.router.add_get("/repos/{owner}/{repo}", repository)
    app.router.add_get("/down", text("", "text/plain", 500))
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    town.address = f"127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield town
    finally:
        await runner.cleanup()
