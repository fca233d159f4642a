"""Extism behind aiohttp: a plugin for each request, of a module that is compiled once. No JavaScript: a few lines of WebAssembly.

Extism's own JavaScript needs a compiler that no registry carries; so what it is given here is less than what the others do.
"""

from __future__ import annotations

import json
import sys

import extism  # type: ignore[import-not-found]  # installed by `make bench-peers`, in a folder of its own
import wasmtime
from aiohttp import web
from extism.extism import CompiledPlugin  # type: ignore[import-not-found]

MODULE = """
(module
  (import "extism:host/env" "input_load_u8" (func $input (param i64) (result i32)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))
  (func (export "increment") (result i32)
    (local $at i64)
    (local.set $at (call $alloc (i64.const 1)))
    (call $store (local.get $at) (i32.add (call $input (i64.const 0)) (i32.const 1)))
    (call $output (local.get $at) (i64.const 1))
    (i32.const 0)))
"""
"""A digit in, the next one out."""


def main(port: int) -> None:
    """Compile once and serve."""
    compiled = CompiledPlugin(bytes(wasmtime.wat2wasm(MODULE)))

    async def run(request: web.Request) -> web.Response:
        args = json.loads(await request.read())["args"]
        with extism.Plugin(compiled) as plugin:
            value = bytes(plugin.call("increment", str(args[0]).encode()))
        return web.Response(body=value, content_type="application/json")

    async def health(_: web.Request) -> web.Response:
        return web.Response(text="true")

    app = web.Application()
    app.add_routes([web.post("/run", run), web.get("/healthz", health)])
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    main(int(sys.argv[1]))
