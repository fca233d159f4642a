"""LangChain's quickjs-rs behind aiohttp: a runtime, which is a WebAssembly instance, and a context for each request."""

from __future__ import annotations

import json
import sys

import quickjs_rs  # type: ignore[import-not-found]  # installed by `make bench-peers`, in a folder of its own
from aiohttp import web

CODE = "(x) => x + 1"
MEMORY = 64 * 1024 * 1024


async def run(request: web.Request) -> web.Response:
    """Evaluate the code with the arguments that were sent."""
    args = json.loads(await request.read())["args"]
    with quickjs_rs.Runtime(memory_limit=MEMORY) as runtime, runtime.new_context(timeout=1.0) as context:
        value = context.eval(f"({CODE})(...{json.dumps(args)})")
    return web.Response(text=json.dumps(value), content_type="application/json")


async def health(_: web.Request) -> web.Response:
    """Say that it is up."""
    return web.Response(text="true")


if __name__ == "__main__":
    app = web.Application()
    app.add_routes([web.post("/run", run), web.get("/healthz", health)])
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
