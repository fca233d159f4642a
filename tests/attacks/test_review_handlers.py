"""B's Express handler holds A's `req`, `res` and `next` by reference: it looks for a way from them to what makes code with A's rights.

In the old API A visits, so the evaluation is A's and the handler foreign. Whatever is read, called or given there runs in A's guest.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from host_api.settings import Settings
from host_api.store.model import Privacy
from tests.http.conftest import World, open_world

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET = "the secret of alice"
FURNISHED = """
  const CODE = "return process.env.foo ?? 'nothing'";
  const found = [], seen = new Set();
  const safely = (f) => { try { return f() } catch (e) { return undefined } };
  const tell = (what) => { const text = safely(() => typeof what === 'object' ? JSON.stringify(what) : String(what)); if (typeof text === 'string') found.push(text.slice(0, 300)) };
  // Whatever is a function may be what makes code, or lead to it.
  const exploit = (f) => {
    for (const make of [() => f(CODE)(), () => new f(CODE)(), () => f.call(undefined, CODE)(), () => Reflect.apply(f, globalThis, [CODE])(), () => f.constructor(CODE)(),
      () => Reflect.construct(f, [CODE], Object)(), () => f.bind(null, CODE)()()]) tell(safely(make));
  };
  const NAMES = ['constructor', '__proto__', 'prototype', 'caller', 'arguments', 'get', 'set', 'header', 'send', 'json', 'format', 'locals', 'req', 'headers', 'body', 'rawBody', 'app', 'then', 'call', 'apply', 'bind', 'valueOf', 'toString'];
  const walk = (x, depth) => {
    if (x === null || (typeof x !== 'object' && typeof x !== 'function') || seen.has(x)) return;
    seen.add(x);
    if (typeof x === "function" && x !== next) exploit(x);
    if (depth === 0) return;
    for (const name of [...NAMES, ...(safely(() => Reflect.ownKeys(x)) ?? [])]) walk(safely(() => x[name]), depth - 1);
    walk(safely(() => Object.getPrototypeOf(x)), depth - 1);
  };
"""
ATTACKS = {
    "walking": "for (const x of [req, res, next]) walk(x, 3)",
    "reading a header of anything": """
      const things = [req, res, next, req.get, res.send, res.format, res.set, walk, {}, [], '', 1];
      for (const headers of things) for (const name of NAMES) {
        walk(safely(() => req.get.call({ headers }, name)), 2);
        walk(safely(() => { req.headers = headers; return req.get(name) }), 2);
        walk(safely(() => { req.query = headers; req.params = headers; return req.param(name) }), 2);
        walk(safely(() => req.param.call({ params: headers, body: headers, query: headers }, name)), 2);
      }""",
    "reading a header of a class": """
      for (const thing of [req, res]) {
        const made = safely(() => req.get.call({ headers: thing }, 'constructor'));
        walk(made, 2);
        for (const name of NAMES) walk(safely(() => req.get.call({ headers: made }, name)), 2);
        const proto = safely(() => req.get.call({ headers: made }, 'prototype'));
        for (const name of NAMES) { walk(safely(() => req.param.call({ params: proto }, name)), 2); safely(() => { proto[name] = walk }) }
        walk(safely(() => new made({ headers: [], path: '/', search: '', hostname: '', base: '' }, {}, new Uint8Array())), 2);
        walk(safely(() => new made({ whole: (...all) => walk(all, 2), begun: false, ended: false }, req, (...all) => walk(all, 2)).send('x')), 2);
      }""",
    "giving functions to be called": """
      safely(() => res.format({ default(...all) { walk(this, 2); all.forEach((x) => walk(x, 2)) } }));
      safely(() => { req.accepts = function (...all) { walk(this, 2); walk(all, 2); return 'html' }; res.redirect.call(res, 'x') });
      safely(() => res.write('x', 'utf8', function (...all) { walk(this, 2); walk(all, 2) }));
      safely(() => res.json({ toJSON(...all) { walk(this, 2); walk(all, 2); return 'x' } }));
      safely(() => res.set({ get a() { return { toString: function (...all) { walk(this, 2); return 'x' } } } }));
      safely(() => res.cookie('a', 'b', { encode(...all) { walk(this, 2); walk(all, 2); return 'x' }, expires: { valueOf() { walk(this, 2); return 1 } } }));
      safely(() => res.cookie('a', 'b', { encode: req.get }))""",
    "giving components to be rendered": """
      class Seen { constructor(...all) { walk(this, 2); walk(all, 2) } render(...all) { walk(this, 3); walk(all, 2); return <p>x</p> } getChildContext() { walk(this, 3); return {} } }
      function Plain(...all) { walk(this, 3); walk(all, 2); return <Seen a={req} ref={(x) => walk(x, 3)}/> }
      Plain.contextType = new Proxy(function () {}, { get: (target, name) => { walk(target, 1); return walk } });
      safely(() => res.send(<Plain b={res} dangerouslySetInnerHTML={{ __html: 'x' }}/>));
      for (const Type of [req.get, res.send, res.format, next]) safely(() => res.send(<Type a={1}/>))""",
    "answering with what is awaited": "return { then(resolve, reject) { walk(resolve, 2); walk(reject, 2); walk(this, 2); resolve({ then(...all) { walk(all, 2); throw new Proxy(function () {}, { get: (t, k, r) => { walk(r, 1); return walk } }) } }) } }",
    "failing with what is shown": """
      next(new Proxy(new Error('x'), { get: (target, name, self) => { walk(self, 2); return { toString() { walk(this, 2); return CODE } } } }))""",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with open_world(replace(Settings(), db=str(tmp_path_factory.mktemp("served") / "test.db"))) as made:
        await made.house.store.put_secret("alice", "foo", SECRET)
        await made.house.store.put_secret("bob", "foo", "the secret of bob")
        await made.val("alice", "export const untouched = 1")
        yield made


async def handled(served: World, attack: str, by: str) -> tuple[bytes, list[dict[str, Any]]]:
    """Let B's handler answer; return all that was told to anybody, and the calls in the record."""
    code = f"export const handler = (req, res, next) => {{ {FURNISHED}\n {ATTACKS[attack]}; @me.untouched = 2; console.log(JSON.stringify([...new Set(found)])) }}"
    await served.val("bob", code, Privacy.PUBLIC)
    got = await served.call("POST", "/express/bob.handler?callback=x", by=by, body={"a": 1})
    store = served.house.store
    await store.flush()
    row = store.evaluation(store.evaluations(by)[0].id)
    assert row is not None
    return got.body + (row.logs or b"") + (row.error or b""), json.loads(row.calls or b"[]")


@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_handler_finds_in_what_it_is_given_no_way_to_its_callers_rights(served: World, attack: str) -> None:
    told, calls = await handled(served, attack, "alice")
    assert SECRET.encode() not in told
    assert b"[secret" not in told
    assert [call for call in calls if call["capability"] == "grant" and call["from"] == "@alice" and call["uses"]]
    theirs = [call for call in calls if call["author"] == "@alice"]
    assert {call["target"] for call in theirs if call["capability"] == "val"} == {theirs[0]["target"]}
    assert [call for call in theirs if call["capability"] == "secret"] == []
    untouched = served.house.store.val("alice", "untouched")
    assert untouched is not None
    assert (untouched.version, untouched.json) == (0, b"1")


async def test_what_the_handler_looks_for_is_there_to_be_found(served: World) -> None:
    told, _ = await handled(served, "walking", "bob")
    assert b"[secret @bob.foo]" in told
