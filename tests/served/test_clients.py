"""The same vals through other people's HTTP: fetch of Node, and curl."""

from __future__ import annotations

import asyncio
import json
import shutil
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.served.conftest import Street
from tests.served.express_vals import SIGNED

pytestmark = pytest.mark.asyncio(loop_scope="module")

FETCHES = """
const base = process.argv[1];
const text = async (path, init) => { const got = await fetch(base + path, init); return [got.status, await got.text()]; };
const form = new FormData();
form.append("name", "Ada");
form.append("city", "Zürich");
const chunks = async function* () { yield new TextEncoder().encode("half "); yield new TextEncoder().encode("whole"); };
const events = [];
for await (const piece of (await fetch(base + "/v1/web/alice.events")).body) events.push(Buffer.from(piece).toString());
const moved = await fetch(base + "/v1/express/alice.goHome", { redirect: "manual" });
console.log(JSON.stringify({
  page: await text("/v1/express/alice.homePage?name=Ada"),
  form: await text("/v1/web/alice.formed", { method: "POST", body: form }),
  upload: await text("/v1/express/alice.upload", { method: "POST", body: form }),
  query: await text("/v1/express/alice.signUp", { method: "POST", body: new URLSearchParams({ a: "1 2" }) }),
  echo: await text("/v1/web/alice.echoed", { method: "POST", body: chunks(), duplex: "half" }),
  events: events.join("").split("\\n\\n").length,
  moved: [moved.status, moved.headers.get("location")],
  teapot: await text("/express/@alice.teapot"),
  json: await text("/v1/express/alice.todos", { method: "POST", headers: { "content-type": "application/json" }, body: '{"a":1}' }),
}));
"""


async def output(*words: str) -> str:
    """Run a program, and return what it printed."""
    ran = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    out, _ = await ran.communicate()
    assert ran.returncode == 0, out
    return out.decode()


async def test_node_fetches_them_all(street: Street) -> None:
    given: dict[str, Any] = json.loads(
        await output("node", "--input-type=module", "--eval", FETCHES, street.world.address)
    )
    assert given == {
        "page": [200, "<!DOCTYPE html><h1>Hello Ada</h1>"],
        "form": [200, "name=Ada&city=Zürich"],
        "upload": [200, "Ada,Zürich,multipart/form-data"],
        "query": [200, '{"body":{"a":"1 2"},"query":{},"is":"urlencoded"}'],
        "echo": [200, "half whole"],
        "events": 4,
        "moved": [302, "/there"],
        "teapot": [418, "short and stout"],
        "json": [201, '{"a":1,"id":2}'],
    }


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_curl_reaches_a_host_and_sends_a_webhook(street: Street) -> None:
    port = urlsplit(street.world.address).port
    address = f"http://alice-hook.localhost:{port}/"
    said = await output(
        *("curl", "-sS", "--resolve", f"alice-hook.localhost:{port}:127.0.0.1", address),
        *("-H", "Content-Type: application/json", "-H", f"X-Hub-Signature-256: sha256={SIGNED}"),
        *("-H", "X-GitHub-Event: issues", "-d", '{"action":"opened","number":1}', "-w", " %{http_code}"),
    )
    assert said == '{"got":"opened","event":"issues"} 202'


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_curl_waits_to_be_asked_for_a_large_body(street: Street) -> None:
    said = await output(
        *("curl", "-sS", f"{street.world.address}/v1/express/alice.big", "-H", "Expect: 100-continue"),
        *("-H", "Content-Type: text/plain", "-d", "y" * 100_000),
    )
    assert said == "100000"
